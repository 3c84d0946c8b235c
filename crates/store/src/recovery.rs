//! What a start finds in the journal, and what of it counts.
//!
//! ```text
//!   segment 1          segment 2          segment 3 (the last)
//!   header … end₁      header … end₂      header  group group grou·  0 0 0
//!              ▲         │        ▲         │                 ▲
//!              └ said by ┘        └─ said by ┘                 torn: void from the fault on
//! ```
//!
//! Every segment but the last ends where its successor says. The last ends before the first record that cannot be read:
//! its group was never synced, or it is a fault. It was never synced if no valid later group is behind it, since a
//! group is written only after the sync of the one before has returned. Otherwise the journal is damaged and the store
//! does not open (nothing is changed then). Whether the very last group was torn or synced and damaged later, its
//! segment cannot tell: that is asked of the [index](crate::index::witness). A start never writes behind a torn tail:
//! it begins a new segment, and tells what it drops.
//!
//! The last group that counts may never have been synced. After a sync that failed, the system holds such a group to be
//! written and shows it from memory only: a start writes it once more before it syncs.
//!
//! The newest [`SCANNED_AT_OPEN`] bytes are read in full with all checksums, older segments by their headers and
//! lengths; the index reads them from its position on, `verify` reads all.

pub(crate) mod scan;

use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::api::{Corruption, CorruptionKind, OpenError};
use crate::disk::{Disk, DiskFile, Listed, read_full};
use crate::format::BLOCK_BYTES;
use crate::format::segment_header::{NoHeader, SegmentHeader};
use crate::format::version::Version;
use crate::journal::names::{self, FileRole};
use crate::journal::position::Position;
use crate::journal::segments::Segment;
use scan::LastScan;

/// Bytes of the last group that are written again at once: a few steps for the largest group.
const WRITTEN_AT_ONCE: usize = 1024 * 1024;

/// Bytes of the journal that are read at every start, beside the last segment: what a disk reads in a blink.
const SCANNED_AT_OPEN: u64 = 64 * 1024 * 1024;

/// What is there.
pub(crate) struct Recovered {
    /// Oldest first.
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Where the journal ends; the next record goes to a new segment.
    pub(crate) end: Position,
    /// Where in its segment the last group begins of which something counts.
    last_group: u64,
    /// Files filled with zeros by an earlier run, with their lengths.
    pub(crate) prepared: Vec<(PathBuf, u64)>,
}

/// Reads what is in `dir`. Nothing of the journal is changed.
pub(crate) fn recover(disk: &dyn Disk, dir: &Path) -> Result<Recovered, OpenError> {
    let failed = |attempt, path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { attempt, path, source }
    };
    let listed = disk.list(dir).map_err(failed("list", dir))?;
    let mut segments = Vec::new();
    let mut prepared = Vec::new();
    for Listed { name, length } in listed {
        let path = dir.join(&name);
        match FileRole::of(&name) {
            FileRole::Segment(id) => segments.push((id, path, length)),
            FileRole::Prepared(_) => prepared.push((path, length)),
            FileRole::Filling => disk.remove(&path).map_err(failed("remove", &path))?,
            FileRole::Other => {}
        }
    }
    segments.sort_unstable_by_key(|(id, ..)| *id);
    let headers = read_headers(disk, dir, &segments)?;
    let segments = chain(headers)?;
    let (end, last_group) = match segments.split_last() {
        None => (Position { segment: 0, offset: 0, number: 1, group: 1 }, 0),
        Some((last, older)) => {
            let LastScan { end, last_group, dropped } = check(last, older)?;
            tell_dropped(&last.path, end.offset, dropped);
            last.finish(end.offset);
            (end, last_group)
        }
    };
    Ok(Recovered { segments, end, last_group, prepared })
}

impl Recovered {
    /// Makes durable what counts; nothing may be written behind it before.
    pub(crate) fn make_durable(&self, disk: &dyn Disk, dir: &Path) -> Result<(), OpenError> {
        let Some(last) = self.segments.last() else { return Ok(()) };
        let failed = |attempt| {
            let path = last.path.clone();
            move |source| OpenError::Io { attempt, path, source }
        };
        let end = self.end.offset;
        if last.length() < end {
            // Cut in the zeros behind a record: they come again, since the next segment says that it ended there.
            last.file.set_length(end).map_err(failed("extend"))?;
            last.set_length(end);
        }
        write_again(&*last.file, self.last_group..end).map_err(failed("write"))?;
        last.file.sync().map_err(failed("sync"))?;
        let path = dir.to_owned();
        disk.sync_folder(dir).map_err(|source| OpenError::Io { attempt: "sync", path, source })
    }
}

fn tell_dropped(file: &Path, offset: u64, bytes: u64) {
    if bytes > 0 {
        let file = file.display();
        tracing::warn!(%file, offset, bytes, "the journal ends in a group that is not whole: dropped");
    }
}

/// Writes what is in `range` of a file to where it is.
fn write_again(file: &dyn DiskFile, range: Range<u64>) -> io::Result<()> {
    let mut buffer = vec![0; WRITTEN_AT_ONCE];
    let mut at = range.start;
    while at < range.end {
        let left = usize::try_from(range.end - at).unwrap_or(WRITTEN_AT_ONCE);
        let part = buffer.get_mut(..left.min(WRITTEN_AT_ONCE)).unwrap_or_default();
        let read = read_full(file, part, at)?;
        let part = part.get(..read).filter(|part| !part.is_empty());
        let part = part.ok_or(io::ErrorKind::UnexpectedEof)?;
        file.write_all_at(&mut [IoSlice::new(part)], at)?;
        at += read as u64;
    }
    Ok(())
}

struct Opened {
    header: SegmentHeader,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    length: u64,
}

fn read_headers(
    disk: &dyn Disk,
    dir: &Path,
    listed: &[(u64, PathBuf, u64)],
) -> Result<Vec<Opened>, OpenError> {
    let mut opened = Vec::with_capacity(listed.len());
    let first = listed.first().map_or(1, |(id, ..)| *id);
    for (expected, (id, path, length)) in (first..).zip(listed) {
        if *id != expected {
            let file = names::segment(dir, expected);
            return Err(Corruption { file, offset: 0, kind: CorruptionKind::Missing }.into());
        }
        let read = |source| OpenError::Io { attempt: "read", path: path.clone(), source };
        let file = disk.open(path).map_err(read)?;
        let mut block = vec![0; BLOCK_BYTES];
        let filled = read_full(&*file, &mut block, 0).map_err(read)?;
        block.truncate(filled);
        let header = match SegmentHeader::decode(&block) {
            Ok(header) if header.id == *id => header,
            Ok(_) | Err(NoHeader::Unreadable) => {
                let kind = CorruptionKind::Header;
                return Err(Corruption { file: path.clone(), offset: 0, kind }.into());
            }
            Err(NoHeader::Version(found)) => {
                let known = Version::WRITTEN.number();
                return Err(OpenError::UnknownFormat { file: path.clone(), found, known });
            }
        };
        opened.push(Opened { header, path: path.clone(), file, length: *length });
    }
    Ok(opened)
}

/// Every segment but the last ends where its successor says.
fn chain(opened: Vec<Opened>) -> Result<Vec<Arc<Segment>>, Corruption> {
    let ends: Vec<_> = opened.iter().skip(1).map(|next| next.header.previous_end).collect();
    let mut ends = ends.into_iter();
    let mut segments = Vec::with_capacity(opened.len());
    for Opened { header, path, file, length } in opened {
        let end = ends.next();
        if end.is_some_and(|end| end > length) {
            return Err(Corruption { file: path, offset: length, kind: CorruptionKind::CutShort });
        }
        segments.push(Arc::new(Segment::new(header, path, file, length, end)));
    }
    Ok(segments)
}

/// Reads the newest segments; gives what the last holds.
fn check(last: &Arc<Segment>, older: &[Arc<Segment>]) -> Result<LastScan, OpenError> {
    let found = scan::scan_last(last)?;
    let mut budget = SCANNED_AT_OPEN;
    let mut next = last;
    for segment in older.iter().rev() {
        let Some(rest) = budget.checked_sub(segment.end().unwrap_or(0)) else { break };
        budget = rest;
        scan::scan_finished(segment, next.header.first_number)?;
        next = segment;
    }
    Ok(found)
}
