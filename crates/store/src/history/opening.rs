//! Which runs of an earlier start are of use.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::run::{RUN, Run, RunError};
use super::shelf::remove;
use crate::journal::position::Position;
use crate::journal::segments::{Segment, Segments};

/// Gives the runs that fit the journal; everything else in the folder is removed. Of a segment they follow each other
/// from its beginning, and all have their keys from one configuration: of today's, or of the one that covers more.
pub(super) fn runs(
    folder: &Path,
    segments: &Segments,
    fingerprint: u64,
) -> Result<Vec<Arc<Run>>, RunError> {
    let mut by_segment: BTreeMap<u64, Vec<Arc<Run>>> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // One that was not finished was not given its name.
        let is_named = path.extension().is_some_and(|end| end == RUN);
        match if is_named { Run::open(&path) } else { Err(RunError::Damaged) } {
            Ok(run) => by_segment.entry(run.extent().from.segment).or_default().push(Arc::new(run)),
            Err(error) => {
                tracing::debug!(%error, file = %path.display(), "a run of the history is of no use");
                remove(&path);
            }
        }
    }
    let mut used = Vec::new();
    for (segment, runs) in by_segment {
        let chosen = segments.get(segment).map(|segment| choose(&segment, &runs, fingerprint));
        let chosen = chosen.unwrap_or_default();
        let is_used = |run: &Arc<Run>| chosen.iter().any(|one| Arc::ptr_eq(one, run));
        for run in runs.iter().filter(|run| !is_used(run)) {
            remove(&run.path);
        }
        used.extend(chosen);
    }
    Ok(used)
}

fn choose(segment: &Segment, runs: &[Arc<Run>], fingerprint: u64) -> Vec<Arc<Run>> {
    let mut fingerprints: Vec<u64> = runs.iter().map(|run| run.fingerprint()).collect();
    fingerprints.sort_unstable_by_key(|one| *one != fingerprint);
    fingerprints.dedup();
    let mut best = Vec::new();
    for fingerprint in fingerprints {
        let of_one = runs.iter().filter(|run| run.fingerprint() == fingerprint);
        let chain = chain(segment, &of_one.cloned().collect::<Vec<_>>());
        if covered(segment, &chain).offset > covered(segment, &best).offset {
            best = chain;
        }
    }
    best
}

/// Runs that follow each other from the segment's beginning, the longest first.
fn chain(segment: &Segment, runs: &[Arc<Run>]) -> Vec<Arc<Run>> {
    let end = segment.end().unwrap_or_else(|| segment.length());
    let mut chain = Vec::new();
    loop {
        let at = covered(segment, &chain);
        let next = runs.iter().filter(|run| {
            let extent = run.extent();
            extent.from == at
                && extent.to.offset > at.offset
                && extent.to.offset <= end
                && run.salt() == segment.header.salt
        });
        match next.max_by_key(|run| run.extent().to.offset) {
            Some(next) => chain.push(Arc::clone(next)),
            None => return chain,
        }
    }
}

/// Where the first gap of a segment begins whose runs these are, in order.
pub(super) fn covered(segment: &Segment, runs: &[Arc<Run>]) -> Position {
    runs.last().map_or_else(|| segment.beginning(), |run| run.extent().to)
}

/// Those of one segment, of all in the order of the journal.
pub(super) fn of_segment(runs: &[Arc<Run>], segment: u64) -> &[Arc<Run>] {
    let first = runs.partition_point(|run| run.extent().from.segment < segment);
    let last = runs.partition_point(|run| run.extent().from.segment <= segment);
    runs.get(first..last).unwrap_or_default()
}
