//! What a start takes for the journal, without a store around it: for tests that damage one in many ways.

use std::path::Path;
use std::sync::Arc;

use crate::api::OpenError;
use crate::disk::{Disk, read_full};
use crate::journal::position::Place;
use crate::journal::segments::Segment;
use crate::recovery::{self, Recovered, scan};

/// The journal that a start finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundJournal {
    /// Every record, in order.
    pub records: Vec<FoundRecord>,
    /// The number that the next record would get.
    pub next_number: u64,
    /// Where the newest file ends, as the next segment would say.
    pub end: u64,
}

/// A record as it stands in the journal.
#[derive(Clone, PartialEq, Eq)]
pub struct FoundRecord {
    /// Its number; of its messages the first.
    pub number: u64,
    /// Its group: what one sync made durable.
    pub group: u64,
    /// Header, meta and bodies.
    pub bytes: Vec<u8>,
}

/// Does what a start does with the journal in `dir`, and shows what counts of it, with all checksums compared.
///
/// # Errors
///
/// Those of a store that does not open.
pub fn find_journal(disk: &dyn Disk, dir: &Path) -> Result<FoundJournal, OpenError> {
    let recovered = recovery::recover(disk, dir)?;
    recovered.make_durable(disk, dir)?;
    let Recovered { segments, end, .. } = recovered;
    let mut records = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        let mut found = Vec::new();
        let mut note = |record: &crate::journal::reader::FoundRecord<'_>| {
            found.push((record.place, record.header));
        };
        match segments.get(at + 1) {
            Some(next) => {
                scan::scan_finished_with(segment, next.header.first_number, &mut note)?;
            }
            None => scan::scan_until(segment, end, &mut note)?,
        }
        for (place, header) in found {
            let bytes = read(segment, place, header.length())?;
            records.push(FoundRecord { number: header.number, group: header.group, bytes });
        }
    }
    Ok(FoundJournal { records, next_number: end.number, end: end.offset })
}

fn read(segment: &Arc<Segment>, place: Place, length: u64) -> Result<Vec<u8>, OpenError> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    let read = read_full(&*segment.file, &mut bytes, place.offset);
    let failed = |source| OpenError::Io { attempt: "read", path: segment.path.clone(), source };
    bytes.truncate(read.map_err(failed)?);
    Ok(bytes)
}

impl std::fmt::Debug for FoundRecord {
    /// The bytes show their size only (PHI-1).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FoundRecord")
            .field("number", &self.number)
            .field("group", &self.group)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
