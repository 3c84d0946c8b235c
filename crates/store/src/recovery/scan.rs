//! Reading a segment with all its checksums.

use std::io;

use crate::api::{Corruption, CorruptionKind, OpenError, ReadError};
use crate::disk::read_full;
use crate::format::record::{RECORD_HEADER, RecordHeader};
use crate::format::{BLOCK, BLOCK_BYTES, block_aligned};
use crate::journal::position::Position;
use crate::journal::reader::{FoundRecord, Next, RecordReader, bodies_intact};
use crate::journal::segments::Segment;

/// Blocks read at once when looking for a later group.
const BLOCKS_AT_ONCE: usize = 256;

/// Why a scan did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    #[error("cannot read {}", file.display())]
    Io { file: std::path::PathBuf, source: io::Error },
}

impl From<ScanError> for OpenError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Corrupt(corruption) => corruption.into(),
            ScanError::Io { file, source } => Self::Io { attempt: "read", path: file, source },
        }
    }
}

impl From<ScanError> for ReadError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Corrupt(corruption) => corruption.into(),
            ScanError::Io { file, source } => Self::Io { file, source },
        }
    }
}

/// The end of the last segment: before its torn tail, if it has one.
pub(crate) fn scan_last(segment: &Segment) -> Result<Position, ScanError> {
    let failed = |source| ScanError::Io { file: segment.path.clone(), source };
    let (end, _) = walk(segment, segment.length(), |_| {}).map_err(failed)?;
    if later_group(segment, end).map_err(failed)? {
        let kind = CorruptionKind::Record;
        return Err(Corruption { file: segment.path.clone(), offset: end.offset, kind }.into());
    }
    // The torn group's number is spent, whether or not something of it counts.
    Ok(Position { group: end.group + 1, ..end })
}

/// Checks a segment that has a successor, which begins with number `next_number`.
pub(crate) fn scan_finished(segment: &Segment, next_number: u64) -> Result<(), ScanError> {
    scan_finished_with(segment, next_number, |_| {})
}

/// The same, showing every record.
pub(crate) fn scan_finished_with(
    segment: &Segment,
    next_number: u64,
    each: impl FnMut(&FoundRecord<'_>),
) -> Result<(), ScanError> {
    check(segment, segment.end().unwrap_or(BLOCK), next_number, each)
}

/// Checks what is durable of the segment that is being written.
pub(crate) fn scan_until(
    segment: &Segment,
    end: Position,
    each: impl FnMut(&FoundRecord<'_>),
) -> Result<(), ScanError> {
    check(segment, end.offset, end.number, each)
}

fn check(
    segment: &Segment,
    end: u64,
    next_number: u64,
    each: impl FnMut(&FoundRecord<'_>),
) -> Result<(), ScanError> {
    let failed = |source| ScanError::Io { file: segment.path.clone(), source };
    let (reached, body_fault) = walk(segment, end, each).map_err(failed)?;
    if reached.offset >= end && reached.number == next_number {
        return Ok(());
    }
    let kind = if body_fault { CorruptionKind::Body } else { CorruptionKind::Record };
    Err(Corruption { file: segment.path.clone(), offset: reached.offset, kind }.into())
}

/// Reads until `end` or the first record that is not whole. Gives the point reached and whether a body stopped it.
fn walk(
    segment: &Segment,
    end: u64,
    mut each: impl FnMut(&FoundRecord<'_>),
) -> io::Result<(Position, bool)> {
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    loop {
        let before = reader.position();
        match reader.next()? {
            Next::Record(found) => {
                if !bodies_intact(segment, found.place, &found.header, found.meta)? {
                    return Ok((before, true));
                }
                each(&found);
            }
            Next::End | Next::NoRecord => return Ok((before, false)),
        }
    }
}

/// Whether a record of a later group than `end`'s stands behind it.
fn later_group(segment: &Segment, end: Position) -> io::Result<bool> {
    let mut at = block_aligned(end.offset);
    let mut chunk = vec![0; BLOCK_BYTES * BLOCKS_AT_ONCE];
    loop {
        let read = read_full(&*segment.file, &mut chunk, at)?;
        let Some(filled) = chunk.get(..read).filter(|filled| !filled.is_empty()) else {
            return Ok(false);
        };
        for (block, offset) in filled.chunks(BLOCK_BYTES).zip((at..).step_by(BLOCK_BYTES)) {
            if begins_later_group(segment, block, offset, end.group)? {
                return Ok(true);
            }
        }
        at += read as u64;
    }
}

fn begins_later_group(
    segment: &Segment,
    block: &[u8],
    offset: u64,
    group: u64,
) -> io::Result<bool> {
    let Some(header) = RecordHeader::read(block).filter(|header| header.group > group) else {
        return Ok(false);
    };
    if offset + header.length() > segment.length() {
        return Ok(false);
    }
    let Ok(length) = usize::try_from(header.head_length()) else { return Ok(false) };
    let mut head = vec![0; length.max(RECORD_HEADER)];
    let read = read_full(&*segment.file, &mut head, offset)?;
    Ok(read == head.len() && RecordHeader::is_intact(&head, &segment.seal))
}
