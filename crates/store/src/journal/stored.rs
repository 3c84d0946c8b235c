//! Reading one stored message, or one reply, at its place.

use std::io;

use bytes::Bytes;
use jiff::Timestamp;

use super::position::Place;
use super::segments::{Segment, Segments};
use crate::api::{
    Corruption, CorruptionKind, Digest, Lane, Marks, Name, Origin, ReadError, StoredAnswer,
};
use crate::disk::read_full;
use crate::format::accept::AcceptMeta;
use crate::format::bodies;
use crate::format::carried::CarriedMeta;
use crate::format::fields::{BodySpan, Meta, from_nanoseconds};
use crate::format::record::{Kind, RECORD_HEADER, RecordHeader};

/// Read at first: header, meta and the body of most messages.
const FIRST_READ: usize = 4096;

/// A message as one of its deliveries sees it.
pub(crate) struct StoredMessage {
    pub(crate) received_at: Timestamp,
    pub(crate) listener: Name,
    pub(crate) peer: Name,
    pub(crate) answer: Option<StoredAnswer>,
    pub(crate) hops: u8,
    pub(crate) marks: Marks,
    pub(crate) digest: Option<Digest>,
    pub(crate) origin: Option<Origin>,
    /// The lanes beside its own that the delivery keeps its order in.
    pub(crate) also: Vec<Lane>,
    /// The message's own bytes.
    pub(crate) body: Option<Bytes>,
    /// What the delivery sends, where it differs.
    pub(crate) own_body: Option<Bytes>,
}

/// What of a message is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// No bytes.
    Row,
    /// At most so many of the first bytes that are sent. If there are more, these are not held against the checksum,
    /// which is one of them all.
    Head(usize),
    /// The bytes that are sent.
    Sent,
    /// All bytes.
    Everything,
}

/// Why a message was not read.
pub(crate) enum Unread {
    /// Its segment is gone: it was copied forward or has ended meanwhile.
    Moved,
    Failed(ReadError),
}

impl Unread {
    /// Whether all is known of it but bytes that do not match their checksum.
    pub(crate) fn is_damaged_body(&self) -> bool {
        match self {
            Self::Failed(ReadError::Corrupt(corruption)) => corruption.kind == CorruptionKind::Body,
            Self::Failed(_) | Self::Moved => false,
        }
    }
}

/// A record in memory, as far as it was read.
pub(crate) struct Loaded<'s> {
    segment: &'s Segment,
    place: Place,
    pub(crate) header: RecordHeader,
    bytes: Vec<u8>,
}

/// Reads `message` of the record at `place`, as `destination` gets it.
pub(crate) fn read_message(
    segments: &Segments,
    place: Place,
    message: u64,
    destination: &str,
    wanted: Wanted,
) -> Result<StoredMessage, Unread> {
    let segment = segments.get(place.segment).ok_or(Unread::Moved)?;
    let record = Loaded::load(&segment, place).map_err(Unread::Failed)?;
    record.message(message, destination, wanted).map_err(Unread::Failed)
}

/// Reads the reply that the record at `place` holds for `destination`.
pub(crate) fn read_reply(
    segments: &Segments,
    place: Place,
    destination: &str,
) -> Result<Option<Bytes>, Unread> {
    let segment = segments.get(place.segment).ok_or(Unread::Moved)?;
    let record = Loaded::load(&segment, place).map_err(Unread::Failed)?;
    let span = record.reply_span(destination).map_err(Unread::Failed)?;
    span.map(|span| record.body(span)).transpose().map_err(Unread::Failed)
}

impl<'s> Loaded<'s> {
    /// Reads header and meta, which match their checksum.
    pub(crate) fn load(segment: &'s Segment, place: Place) -> Result<Self, ReadError> {
        let io = |source| ReadError::Io { file: segment.path.clone(), source };
        let corrupt = || ReadError::from(corruption(segment, place.offset, CorruptionKind::Record));
        let mut bytes = vec![0; FIRST_READ];
        let read = read_full(&*segment.file, &mut bytes, place.offset).map_err(io)?;
        bytes.truncate(read);
        let header = RecordHeader::read(&bytes).ok_or_else(corrupt)?;
        if place.offset + header.length() > segment.length() {
            return Err(corrupt());
        }
        let head_length = usize::try_from(header.head_length()).map_err(|_| corrupt())?;
        if head_length > bytes.len() {
            bytes.resize(head_length, 0);
            read_full(&*segment.file, &mut bytes, place.offset).map_err(io)?;
        }
        match bytes.get(..head_length) {
            Some(head) if RecordHeader::is_intact(head, &segment.seal) => {
                Ok(Self { segment, place, header, bytes })
            }
            _ => Err(corrupt()),
        }
    }

    pub(crate) fn meta(&self) -> Meta<'_> {
        let end = RECORD_HEADER + self.header.meta_length as usize;
        let bytes = self.bytes.get(RECORD_HEADER..end).unwrap_or_default();
        Meta { bytes, version: self.segment.header.version }
    }

    fn message(
        &self,
        message: u64,
        destination: &str,
        wanted: Wanted,
    ) -> Result<StoredMessage, ReadError> {
        let no_sense = || self.no_sense();
        let (found, body, own_body) = match self.header.kind {
            Kind::Accept => {
                let accept = AcceptMeta::read(self.meta()).ok_or_else(no_sense)?;
                let index = message.checked_sub(self.header.number);
                let index = index.and_then(|index| usize::try_from(index).ok());
                let meta = index.and_then(|i| accept.messages.get(i)).ok_or_else(no_sense)?;
                let delivery = meta.deliveries.iter().find(|d| d.destination == destination);
                let received_at = from_nanoseconds(self.header.at_nanoseconds);
                let found = StoredMessage {
                    received_at: received_at.ok_or_else(no_sense)?,
                    listener: accept.listener.into(),
                    peer: accept.peer.into(),
                    answer: accept.answer,
                    hops: meta.hops,
                    marks: meta.marks,
                    digest: meta.digest,
                    origin: meta.origin,
                    also: delivery.map(|delivery| delivery.also.clone()).unwrap_or_default(),
                    body: None,
                    own_body: None,
                };
                (found, meta.body, delivery.and_then(|delivery| delivery.own_body))
            }
            Kind::Carried => {
                let carried = CarriedMeta::read(self.meta()).ok_or_else(no_sense)?;
                let delivery = carried.deliveries.iter().find(|d| d.destination == destination);
                let found = StoredMessage {
                    received_at: carried.received_at,
                    listener: carried.listener.into(),
                    peer: carried.peer.into(),
                    answer: carried.answer,
                    hops: carried.hops,
                    marks: carried.marks,
                    digest: carried.digest,
                    origin: carried.origin,
                    also: delivery.map(|delivery| delivery.also.clone()).unwrap_or_default(),
                    body: None,
                    own_body: None,
                };
                (found, carried.body, delivery.and_then(|delivery| delivery.own_body))
            }
            Kind::Change | Kind::Refused => return Err(no_sense()),
        };
        self.with_bytes(found, body, own_body, wanted)
    }

    fn with_bytes(
        &self,
        mut found: StoredMessage,
        body: BodySpan,
        own_body: Option<BodySpan>,
        wanted: Wanted,
    ) -> Result<StoredMessage, ReadError> {
        match wanted {
            Wanted::Row => {}
            Wanted::Head(most) => found.body = Some(self.head(own_body.unwrap_or(body), most)?),
            Wanted::Sent | Wanted::Everything => {
                found.own_body = own_body.map(|span| self.body(span)).transpose()?;
                if found.own_body.is_none() || wanted == Wanted::Everything {
                    found.body = Some(self.body(body)?);
                }
            }
        }
        Ok(found)
    }

    fn reply_span(&self, destination: &str) -> Result<Option<BodySpan>, ReadError> {
        let no_sense = || self.no_sense();
        match self.header.kind {
            Kind::Accept | Kind::Change | Kind::Refused => {
                let spans = bodies::spans(self.header.kind, self.meta()).ok_or_else(no_sense)?;
                Ok(spans.first().copied())
            }
            Kind::Carried => {
                let carried = CarriedMeta::read(self.meta()).ok_or_else(no_sense)?;
                let delivery = carried.deliveries.iter().find(|d| d.destination == destination);
                Ok(delivery.and_then(|delivery| delivery.reply))
            }
        }
    }

    fn head(&self, span: BodySpan, most: usize) -> Result<Bytes, ReadError> {
        match u32::try_from(most) {
            Ok(most) if most < span.length => {
                self.bytes_at(self.header.head_length() + span.start, most)
            }
            _ => self.body(span),
        }
    }

    fn bytes_at(&self, from_record: u64, length: u32) -> Result<Bytes, ReadError> {
        match self.in_memory(from_record, length) {
            Some(bytes) => Ok(Bytes::copy_from_slice(bytes)),
            None => self
                .read_body(from_record, length)
                .map_err(|source| ReadError::Io { file: self.segment.path.clone(), source }),
        }
    }

    /// One of its bodies, which matches its checksum.
    pub(crate) fn body(&self, span: BodySpan) -> Result<Bytes, ReadError> {
        let from_record = self.header.head_length() + span.start;
        let bytes = self.bytes_at(from_record, span.length)?;
        if bytes.len() == span.length as usize && crc32fast::hash(&bytes) == span.crc {
            return Ok(bytes);
        }
        let offset = self.place.offset + from_record;
        Err(corruption(self.segment, offset, CorruptionKind::Body).into())
    }

    fn in_memory(&self, from_record: u64, length: u32) -> Option<&[u8]> {
        let start = usize::try_from(from_record).ok()?;
        self.bytes.get(start..start.checked_add(length as usize)?)
    }

    fn read_body(&self, from_record: u64, length: u32) -> io::Result<Bytes> {
        let mut bytes = vec![0; length as usize];
        let offset = self.place.offset + from_record;
        let read = read_full(&*self.segment.file, &mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes.into())
    }

    /// What its meta says makes no sense.
    pub(crate) fn no_sense(&self) -> ReadError {
        corruption(self.segment, self.place.offset, CorruptionKind::Content).into()
    }
}

fn corruption(segment: &Segment, offset: u64, kind: CorruptionKind) -> Corruption {
    Corruption { file: segment.path.clone(), offset, kind }
}
