//! What the follower does when it has nothing to follow: fills what no run covers, makes anew what is damaged or was
//! made under another configuration, merges the runs of a segment that is no longer written.
//!
//! The newest first, one step at a time, so that new messages are never waited for long.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::follow::{Ground, Reading, Standstill, has_room, run_path, write_run};
use super::memtable::Memtable;
use super::opening::{covered, of_segment};
use super::run::{Run, merge};
use crate::journal::position::Position;
use crate::journal::segments::Segment;

/// What is being made good.
#[derive(Default)]
pub(super) struct Repair {
    remaking: Option<Remaking>,
    /// Segments of the journal that could not be read: not tried again before the next start.
    unreadable: BTreeSet<u64>,
}

/// A run that is made anew, aside, until all of it is there.
struct Remaking {
    run: Arc<Run>,
    at: Position,
    made: Vec<Arc<Run>>,
}

enum Task {
    Fill(Arc<Segment>, Position),
    Remake(Arc<Run>),
    Merge(Vec<Arc<Run>>),
}

impl Repair {
    /// Takes one step. `false` = there is nothing to do. `tail` is the segment that is being followed.
    pub(super) fn step(
        &mut self,
        ground: Ground<'_>,
        tail: u64,
        reading: &mut Reading,
    ) -> Result<bool, Standstill> {
        if let Some(remaking) = self.remaking.take() {
            return self.remake(ground, reading, remaking).map(|()| true);
        }
        match self.task(ground, tail) {
            None => Ok(false),
            Some(Task::Fill(segment, from)) => {
                let end = segment.end().unwrap_or(from.offset);
                let run = self.make(ground, reading, &segment, from, end)?;
                ground.shelf.replace(&ground.core.segments, &[], run.into_iter().collect());
                Ok(true)
            }
            Some(Task::Remake(run)) => {
                let remaking = Remaking { at: run.extent().from, run, made: Vec::new() };
                self.remake(ground, reading, remaking).map(|()| true)
            }
            Some(Task::Merge(runs)) => {
                merge_runs(ground, &runs)?;
                Ok(true)
            }
        }
    }

    fn task(&self, ground: Ground<'_>, tail: u64) -> Option<Task> {
        let runs = ground.shelf.runs();
        let mut remake = None;
        for segment in ground.core.segments.all().into_iter().rev().filter(|one| one.id() <= tail) {
            if self.unreadable.contains(&segment.id()) {
                continue;
            }
            let of_segment = of_segment(&runs, segment.id());
            let covered = covered(&segment, of_segment);
            let is_finished = segment.id() < tail;
            if is_finished && segment.end().is_some_and(|end| covered.offset < end) {
                return Some(Task::Fill(segment, covered));
            }
            let is_stale =
                |run: &&Arc<Run>| run.is_damaged() || run.fingerprint() != ground.shelf.fingerprint;
            let stale = of_segment.iter().find(is_stale);
            if remake.is_none() {
                remake = stale.cloned();
            }
            // Before the next is filled: each run is an open file, and a segment's worth of memory makes many.
            if is_finished && stale.is_none() && of_segment.len() > 1 {
                return Some(Task::Merge(of_segment.to_vec()));
            }
        }
        remake.map(Task::Remake)
    }

    /// Makes a run of what stands from `from` until `end`, or of as much as fits.
    fn make(
        &mut self,
        ground: Ground<'_>,
        reading: &mut Reading,
        segment: &Segment,
        from: Position,
        end: u64,
    ) -> Result<Option<Arc<Run>>, Standstill> {
        let memtable = Memtable::beginning(from);
        let read = reading.read(segment, from, end, &memtable, ground.shelf);
        let is_empty = memtable.extent().to == from;
        if let Err(error) = read {
            self.unreadable.insert(segment.id());
            tracing::error!(%error, segment = segment.id(), "the history of a segment stays behind");
            if is_empty {
                return Err(error.into());
            }
            // What stands before the fault is found all the same.
            ground.shelf.count_fault();
        }
        if is_empty {
            return Ok(None);
        }
        write_run(ground, segment, &memtable).map(Some)
    }

    fn remake(
        &mut self,
        ground: Ground<'_>,
        reading: &mut Reading,
        mut remaking: Remaking,
    ) -> Result<(), Standstill> {
        let end = remaking.run.extent().to;
        // Retention takes the run with its segment.
        let Some(segment) = ground.core.segments.get(end.segment) else { return Ok(()) };
        let made = self.make(ground, reading, &segment, remaking.at, end.offset)?;
        remaking.at = made.as_ref().map_or(end, |run| run.extent().to);
        remaking.made.extend(made);
        if remaking.at.offset < end.offset {
            self.remaking = Some(remaking);
        } else {
            ground.shelf.replace(&ground.core.segments, &[remaking.run], remaking.made);
        }
        Ok(())
    }
}

fn merge_runs(ground: Ground<'_>, runs: &[Arc<Run>]) -> Result<(), Standstill> {
    has_room(ground.core, runs.iter().map(|run| run.bytes).sum())?;
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(()) };
    let (from, to) = (first.extent().from, last.extent().to);
    let path = run_path(&ground.shelf.folder, from, to, ground.shelf.fingerprint);
    let merged = merge(&path, runs)?;
    ground.shelf.replace(&ground.core.segments, runs, vec![Arc::new(merged)]);
    Ok(())
}
