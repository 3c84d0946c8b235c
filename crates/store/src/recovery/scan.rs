//! Reading a segment with all its checksums.

use std::io;

use crate::api::{Corruption, CorruptionKind, OpenError, ReadError};
use crate::disk::read_full;
use crate::format::record::{RECORD_HEADER, RecordHeader};
use crate::format::{BLOCK, BLOCK_BYTES};
use crate::journal::position::Position;
use crate::journal::reader::{FoundRecord, Next, RecordReader, bodies_intact};
use crate::journal::segments::Segment;
use crate::limits::MAX_META;

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

/// What the last segment holds.
pub(crate) struct LastScan {
    /// Where it ends: before its torn tail, if it has one.
    pub(crate) end: Position,
    /// Where the last group begins of which something counts; the end, if there is none.
    pub(crate) last_group: u64,
    /// Bytes behind the end that were written and are void.
    pub(crate) dropped: u64,
}

/// Reads the last segment to its end.
pub(crate) fn scan_last(segment: &Segment) -> Result<LastScan, ScanError> {
    let failed = |source| ScanError::Io { file: segment.path.clone(), source };
    let Walked { end, last_group, .. } = walk(segment, segment.length(), |_| {}).map_err(failed)?;
    match tail(segment, end).map_err(failed)? {
        Tail::LaterGroup => {
            let (file, kind) = (segment.path.clone(), CorruptionKind::Record);
            Err(Corruption { file, offset: end.offset, kind }.into())
        }
        Tail::Void { bytes } => {
            // The torn group's number is spent, whether or not something of it counts.
            let end = Position { group: end.group + 1, ..end };
            Ok(LastScan { end, last_group, dropped: bytes })
        }
    }
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
    let Walked { end: reached, body_fault, .. } = walk(segment, end, each).map_err(failed)?;
    if reached.offset >= end && reached.number == next_number {
        return Ok(());
    }
    let kind = if body_fault { CorruptionKind::Body } else { CorruptionKind::Record };
    Err(Corruption { file: segment.path.clone(), offset: reached.offset, kind }.into())
}

/// How far the records of a segment go.
struct Walked {
    end: Position,
    /// Where the group begins that the last record is of.
    last_group: u64,
    /// A body that does not match ended it.
    body_fault: bool,
}

/// Reads until `end` or the first record that is not whole.
fn walk(segment: &Segment, end: u64, mut each: impl FnMut(&FoundRecord<'_>)) -> io::Result<Walked> {
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    let mut last_group = segment.beginning();
    loop {
        let before = reader.position();
        let body_fault = match reader.next()? {
            Next::Record(found) => {
                if bodies_intact(segment, found.place, &found.header, found.meta)? {
                    if before.group != last_group.group {
                        last_group = before;
                    }
                    each(&found);
                    continue;
                }
                true
            }
            Next::End | Next::NoRecord => false,
        };
        return Ok(Walked { end: before, last_group: last_group.offset, body_fault });
    }
}

/// What stands behind the last record that counts.
enum Tail {
    /// A record of a later group: what is before it was synced, and is damaged.
    LaterGroup,
    /// Zeros, behind so many bytes that count for nothing.
    Void { bytes: u64 },
}

fn tail(segment: &Segment, end: Position) -> io::Result<Tail> {
    let mut at = end.offset / BLOCK * BLOCK;
    let mut void_until = end.offset;
    let mut chunk = vec![0; BLOCK_BYTES * BLOCKS_AT_ONCE];
    loop {
        let read = read_full(&*segment.file, &mut chunk, at)?;
        let Some(filled) = chunk.get(..read).filter(|filled| !filled.is_empty()) else {
            return Ok(Tail::Void { bytes: void_until - end.offset });
        };
        for (block, offset) in filled.chunks(BLOCK_BYTES).zip((at..).step_by(BLOCK_BYTES)) {
            if offset >= end.offset && later_header(segment, block, offset, end.group)?.is_some() {
                return Ok(Tail::LaterGroup);
            }
            if let Some(last) = block.iter().rposition(|&byte| byte != 0) {
                void_until = void_until.max(offset + last as u64 + 1);
            }
        }
        at += read as u64;
    }
}

/// Where the next group begins before `end` whose first record is whole; what stands between is damaged.
pub(crate) fn later_group(
    segment: &Segment,
    damaged: Position,
    end: u64,
) -> io::Result<Option<Position>> {
    let mut at = damaged.offset / BLOCK * BLOCK + BLOCK;
    let mut chunk = vec![0; BLOCK_BYTES * BLOCKS_AT_ONCE];
    while at < end {
        let read = read_full(&*segment.file, &mut chunk, at)?;
        let filled = chunk.get(..read).unwrap_or_default();
        if filled.is_empty() {
            break;
        }
        for (block, offset) in filled.chunks(BLOCK_BYTES).zip((at..end).step_by(BLOCK_BYTES)) {
            let header = later_header(segment, block, offset, damaged.group)?;
            if let Some(RecordHeader { group, number, .. }) = header {
                return Ok(Some(Position { segment: segment.id(), offset, number, group }));
            }
        }
        at += read as u64;
    }
    Ok(None)
}

/// The record that a block begins with, where it is whole and of a later group.
fn later_header(
    segment: &Segment,
    block: &[u8],
    offset: u64,
    group: u64,
) -> io::Result<Option<RecordHeader>> {
    let Some(header) = RecordHeader::read(block).filter(|header| header.group > group) else {
        return Ok(None);
    };
    if offset + header.length() > segment.length() || header.meta_length as usize > MAX_META {
        return Ok(None);
    }
    let Ok(length) = usize::try_from(header.head_length()) else { return Ok(None) };
    let mut head = vec![0; length.max(RECORD_HEADER)];
    let read = read_full(&*segment.file, &mut head, offset)?;
    let is_intact = read == head.len() && RecordHeader::is_intact(&head, &segment.seal);
    Ok(is_intact.then_some(header))
}
