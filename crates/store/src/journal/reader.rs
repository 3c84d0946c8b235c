//! Reading the records of one segment, one behind the other.
//!
//! A record is where it must be, has the number and the group that must come, and matches its checksum: or there is
//! none. Bodies are passed over unless they are asked to be checked.

use std::io;

use super::position::{Place, Position};
use super::segments::Segment;
use crate::disk::read_full;
use crate::format::fields::Meta;
use crate::format::record::{RECORD_HEADER, RecordHeader};
use crate::format::{block_aligned, bodies};
use crate::limits::MAX_META;

/// Read at once: many small records, and no more than a few large ones are passed over in vain.
const CHUNK: usize = 256 * 1024;

/// Walks the records of a segment.
pub(crate) struct RecordReader<'s> {
    segment: &'s Segment,
    next: Position,
    end: u64,
    buffer: Vec<u8>,
    buffer_at: u64,
}

/// A record that was read.
pub(crate) struct FoundRecord<'r> {
    pub(crate) header: RecordHeader,
    pub(crate) place: Place,
    pub(crate) meta: Meta<'r>,
}

/// What stands at the next place.
pub(crate) enum Next<'r> {
    Record(FoundRecord<'r>),
    /// The place asked for as the end is reached.
    End,
    /// No record that could stand here.
    NoRecord,
}

impl<'s> RecordReader<'s> {
    /// Reads from `from` until `end`, both in `segment`.
    pub(crate) fn new(segment: &'s Segment, from: Position, end: u64) -> Self {
        Self { segment, next: from, end, buffer: Vec::new(), buffer_at: 0 }
    }

    /// The point before the record that [`next`](Self::next) looks for.
    pub(crate) fn position(&self) -> Position {
        self.next
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> io::Result<Next<'_>> {
        if self.next.offset >= self.end {
            return Ok(Next::End);
        }
        let place = self.next.place();
        let Some(header) = self.load(place.offset, RECORD_HEADER)?.and_then(RecordHeader::read)
        else {
            return Ok(Next::NoRecord);
        };
        if !self.may_come(&header) {
            return Ok(Next::NoRecord);
        }
        let Ok(head_length) = usize::try_from(header.head_length()) else {
            return Ok(Next::NoRecord);
        };
        let seal = &self.segment.seal;
        if !self
            .load(place.offset, head_length)?
            .is_some_and(|head| RecordHeader::is_intact(head, seal))
        {
            return Ok(Next::NoRecord);
        }
        self.step_over(&header);
        let version = self.segment.header.version;
        let meta =
            self.loaded(place.offset, head_length).and_then(|head| head.get(RECORD_HEADER..));
        Ok(meta.map_or(Next::NoRecord, |bytes| {
            Next::Record(FoundRecord { header, place, meta: Meta { bytes, version } })
        }))
    }

    fn may_come(&self, header: &RecordHeader) -> bool {
        header.group == self.next.group
            && header.number == self.next.number
            && header.numbers >= 1
            && header.meta_length as usize <= MAX_META
            && self.next.offset + header.length() <= self.end
    }

    fn step_over(&mut self, header: &RecordHeader) {
        self.next.offset += header.length();
        self.next.number += u64::from(header.numbers);
        if header.last_of_group {
            self.next.offset = block_aligned(self.next.offset);
            self.next.group += 1;
        }
    }

    /// `length` bytes at `offset`, read if they are not there; `None` = the file ends before.
    fn load(&mut self, offset: u64, length: usize) -> io::Result<Option<&[u8]>> {
        if self.loaded(offset, length).is_none() {
            // Not beyond the end: what comes there is the writer's, and not in the page cache yet.
            let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(CHUNK);
            self.buffer.resize(length.max(left.min(CHUNK)), 0);
            self.buffer_at = offset;
            let read = read_full(&*self.segment.file, &mut self.buffer, offset)?;
            self.buffer.truncate(read);
        }
        Ok(self.loaded(offset, length))
    }

    fn loaded(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.buffer_at)?).ok()?;
        self.buffer.get(start..start.checked_add(length)?)
    }
}

/// Whether every body of a record matches its checksum.
pub(crate) fn bodies_intact(
    segment: &Segment,
    place: Place,
    header: &RecordHeader,
    meta: Meta<'_>,
) -> io::Result<bool> {
    let Some(spans) = bodies::spans(header.kind, meta) else { return Ok(false) };
    let mut at = place.offset + header.head_length();
    let mut total = 0;
    for span in spans {
        if body_checksum(segment, at, span.length)? != Some(span.crc) {
            return Ok(false);
        }
        at += u64::from(span.length);
        total += u64::from(span.length);
    }
    Ok(total == u64::from(header.bodies_length))
}

fn body_checksum(segment: &Segment, at: u64, length: u32) -> io::Result<Option<u32>> {
    let mut hasher = crc32fast::Hasher::new();
    let length = length as usize;
    let mut buffer = vec![0; length.min(CHUNK)];
    let mut done = 0;
    while done < length {
        let wanted = buffer.len().min(length - done);
        let Some(part) = buffer.get_mut(..wanted) else { return Ok(None) };
        if read_full(&*segment.file, part, at + done as u64)? < wanted {
            return Ok(None);
        }
        hasher.update(part);
        done += wanted;
    }
    Ok(Some(hasher.finalize()))
}
