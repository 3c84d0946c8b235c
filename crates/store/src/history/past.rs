//! What was received lately, read from the journal of a store that somebody else may have open.
//!
//! ```text
//!   segment 7      segment 8      segment 9 (the last; it may be growing)
//!   ◀── older ───────────────────────────┤ first the places, newest segment first, no more than were asked for
//!   ──────────────────────────────────▶  then the bodies, oldest message first, one at a time
//! ```
//!
//! It takes no lock and writes nothing: files are opened for reading only. The journal only grows at its end, so what
//! was read stays true; the last segment is read up to the first record that is not whole. A segment that retention
//! removes meanwhile is passed over. In memory are places, never more than one body.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::api::{Corruption, CorruptionKind, Marks, MessageId, Name, OpenError, ReadError};
use crate::disk::{DiskFile, read_full};
use crate::format::BLOCK_BYTES;
use crate::format::accept::AcceptMeta;
use crate::format::carried::CarriedMeta;
use crate::format::fields::{BodySpan, from_nanoseconds};
use crate::format::record::Kind;
use crate::format::segment_header::{NoHeader, SegmentHeader};
use crate::format::version::Version;
use crate::journal::names::FileRole;
use crate::journal::reader::{FoundRecord, Next, RecordReader};
use crate::journal::segments::Segment;

/// A message that was received.
pub struct Past {
    /// Its number.
    pub message: MessageId,
    /// When.
    pub received_at: Timestamp,
    /// Through which listener; of what a handler emitted, the destination.
    pub listener: Name,
    /// What was found out about it.
    pub marks: Marks,
    /// How many handler destinations it has passed.
    pub hops: u8,
    /// Its bytes (RAW-1).
    pub body: Bytes,
}

/// Why the journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The folder or a segment's header could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A record or a body could not.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Shows the newest `most` messages of the store in this folder, the oldest of them first. How many there were.
///
/// # Errors
///
/// The journal cannot be read; what was shown before is right.
pub fn past(
    folder: &Path,
    most: usize,
    visit: &mut dyn FnMut(Past),
) -> Result<usize, HistoryError> {
    let segments = segments(folder)?;
    let mut found = Found { most, ..Found::default() };
    for (place, segment) in segments.iter().enumerate().rev() {
        found.read(place, segment, place + 1 == segments.len())?;
        let oldest = found.places.first_key_value().map(|(number, _)| *number);
        if found.places.len() >= most && oldest >= Some(segment.header.first_number) {
            break;
        }
    }
    let mut count = 0;
    for (number, at) in found.places {
        let Some(segment) = segments.get(at.segment) else { continue };
        let Some(message) = MessageId::from_number(number) else { continue };
        let listener = found.names.get(at.listener).cloned().unwrap_or_else(|| Name::from(""));
        let (received_at, marks, hops) = (at.received_at, at.marks, at.hops);
        let body = match body(segment, &at)? {
            Some(body) => body,
            // Its group is being written.
            None if number >= found.last_group_from => break,
            None => return Err(damaged_body(segment, at.offset).into()),
        };
        visit(Past { message, received_at, listener, marks, hops, body });
        count += 1;
    }
    Ok(count)
}

/// Where a message stands, and what is known of it without its bytes.
struct Place {
    segment: usize,
    /// Of its body, in the file.
    offset: u64,
    length: u32,
    crc: u32,
    listener: usize,
    received_at: Timestamp,
    marks: Marks,
    hops: u8,
}

/// The newest messages that were found.
#[derive(Default)]
struct Found {
    most: usize,
    names: Vec<Name>,
    places: BTreeMap<u64, Place>,
    /// The first number of the last group of all, which somebody may be writing.
    last_group_from: u64,
}

impl Found {
    /// Notes the messages of one segment. Only the last may end anywhere.
    fn read(&mut self, place: usize, segment: &Segment, is_last: bool) -> Result<(), ReadError> {
        let end = segment.end().unwrap_or_else(|| segment.length());
        let mut reader = RecordReader::new(segment, segment.beginning(), end);
        let mut group = 0;
        loop {
            let offset = reader.position().offset;
            let next = reader.next();
            let next =
                next.map_err(|source| ReadError::Io { file: segment.path.clone(), source })?;
            match next {
                Next::Record(record) => {
                    if is_last && record.header.group != group {
                        (group, self.last_group_from) = (record.header.group, record.header.number);
                    }
                    self.note(place, &record);
                }
                Next::NoRecord if !is_last => {
                    let (file, kind) = (segment.path.clone(), CorruptionKind::Record);
                    return Err(Corruption { file, offset, kind }.into());
                }
                Next::End | Next::NoRecord => return Ok(()),
            }
        }
    }

    /// A record without sense is told by `verify`.
    fn note(&mut self, segment: usize, record: &FoundRecord<'_>) {
        let bodies = record.place.offset + record.header.head_length();
        let at = |span: BodySpan| (bodies + span.start, span.length, span.crc);
        match record.header.kind {
            Kind::Accept => {
                let received_at = from_nanoseconds(record.header.at_nanoseconds);
                let (Some(received_at), Some(accept)) =
                    (received_at, AcceptMeta::read(record.meta))
                else {
                    return;
                };
                let listener = self.name(accept.listener);
                for (message, number) in accept.messages.iter().zip(record.header.number..) {
                    let (offset, length, crc) = at(message.body);
                    let (marks, hops) = (message.marks, message.hops);
                    let place =
                        Place { segment, offset, length, crc, listener, received_at, marks, hops };
                    self.keep(number, place);
                }
            }
            Kind::Carried => {
                let Some(carried) = CarriedMeta::read(record.meta) else { return };
                let (offset, length, crc) = at(carried.body);
                let (listener, received_at) = (self.name(carried.listener), carried.received_at);
                let (marks, hops) = (carried.marks, carried.hops);
                let place =
                    Place { segment, offset, length, crc, listener, received_at, marks, hops };
                self.keep(carried.message, place);
            }
            Kind::Change | Kind::Refused => {}
        }
    }

    /// The oldest gives way. One that was carried forward stands twice; either is the same.
    fn keep(&mut self, number: u64, place: Place) {
        self.places.insert(number, place);
        if self.places.len() > self.most {
            self.places.pop_first();
        }
    }

    fn name(&mut self, name: &str) -> usize {
        // There are as many as listeners.
        let known = self.names.iter().position(|known| **known == *name);
        known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        })
    }
}

/// The segments of a folder, oldest first, as far as they are there.
fn segments(folder: &Path) -> Result<Vec<Segment>, HistoryError> {
    let failed = |attempt: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { attempt, path, source }
    };
    let mut listed = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed("list", folder))? {
        let entry = entry.map_err(failed("list", folder))?;
        if let FileRole::Segment(id) = FileRole::of(&entry.file_name().to_string_lossy()) {
            listed.push((id, entry.path()));
        }
    }
    listed.sort_unstable();
    let newest = listed.len().saturating_sub(1);
    let mut opened: Vec<(SegmentHeader, std::path::PathBuf, Arc<dyn DiskFile>, u64)> = Vec::new();
    for (place, (id, path)) in listed.into_iter().enumerate() {
        let file = match File::open(&path) {
            Ok(file) => file,
            // Retention takes the oldest.
            Err(error) if error.kind() == io::ErrorKind::NotFound && opened.is_empty() => continue,
            Err(source) => return Err(failed("read", &path)(source).into()),
        };
        let length = file.metadata().map_err(failed("read", &path))?.len();
        match header(&file, id, &path)? {
            Some(header) => opened.push((header, path, Arc::new(file), length)),
            // It is being begun: nothing stands in it yet.
            None if place == newest => {}
            None => {
                let kind = CorruptionKind::Header;
                return Err(OpenError::from(Corruption { file: path, offset: 0, kind }).into());
            }
        }
    }
    let ends: Vec<u64> = opened.iter().skip(1).map(|(next, ..)| next.previous_end).collect();
    let mut ends = ends.into_iter();
    let segment =
        |(header, path, file, length)| Segment::new(header, path, file, length, ends.next());
    Ok(opened.into_iter().map(segment).collect())
}

/// The header of the segment `id`; `None` where there is none.
fn header(file: &File, id: u64, path: &Path) -> Result<Option<SegmentHeader>, OpenError> {
    let mut block = vec![0; BLOCK_BYTES];
    let read = read_full(file, &mut block, 0);
    let read =
        read.map_err(|source| OpenError::Io { attempt: "read", path: path.into(), source })?;
    block.truncate(read);
    match SegmentHeader::decode(&block) {
        Ok(header) if header.id == id => Ok(Some(header)),
        Ok(_) | Err(NoHeader::Unreadable) => Ok(None),
        Err(NoHeader::Version(found)) => {
            let known = Version::WRITTEN.number();
            Err(OpenError::UnknownFormat { file: path.into(), found, known })
        }
    }
}

/// The bytes; `None` where they are not those that were written.
fn body(segment: &Segment, at: &Place) -> Result<Option<Bytes>, ReadError> {
    let mut bytes = vec![0; at.length as usize];
    let read = read_full(&*segment.file, &mut bytes, at.offset);
    let read = read.map_err(|source| ReadError::Io { file: segment.path.clone(), source })?;
    let is_whole = read == bytes.len() && crc32fast::hash(&bytes) == at.crc;
    Ok(is_whole.then(|| bytes.into()))
}

fn damaged_body(segment: &Segment, offset: u64) -> ReadError {
    Corruption { file: segment.path.clone(), offset, kind: CorruptionKind::Body }.into()
}
