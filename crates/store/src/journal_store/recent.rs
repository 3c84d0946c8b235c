//! What came lately, read out of the journal from its end: for whoever must know it again after a start.
//!
//! ```text
//!   segment 7            segment 8            segment 9 (being written)
//!   ◀── not read ──│ since … ◀──────────────── ◀──────────── durable
//! ```
//!
//! A segment is read forward and told backward, one at a time. What is said of an application answer comes from the
//! outcome that told of it, so it is as old as the delivery.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::api::{
    Corruption, CorruptionKind, Digest, Marks, MessageId, Name, ReadError, Recent, StoredAnswer,
};
use crate::core::Core;
use crate::format::accept::AcceptMeta;
use crate::format::carried::CarriedMeta;
use crate::format::change::{ChangeMeta, OutcomeMeta};
use crate::format::fields::from_nanoseconds;
use crate::format::record::Kind;
use crate::journal::position::Position;
use crate::journal::reader::{FoundRecord, Next, RecordReader};
use crate::journal::segments::Segment;

/// Tells what came since, newest first, at most so much.
pub(super) fn tell(
    core: &Core,
    since: Timestamp,
    most: usize,
    visit: &mut dyn FnMut(Recent<'_>),
) -> Result<(), ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let durable = core.progress.durable();
    let mut left = most;
    for segment in core.segments.all().iter().rev().filter(|one| one.id() <= durable.segment) {
        let newest = read(segment, durable, since, left)?;
        left -= newest.len();
        newest.iter().rev().for_each(|one| visit(one.recent()));
        let is_older = segment.created().is_none_or(|created| created < since);
        if left == 0 || is_older {
            break;
        }
    }
    Ok(())
}

/// One thing that is told, owned while its segment is read.
struct Owned {
    message: MessageId,
    what: What,
}

enum What {
    Stored {
        at: Timestamp,
        listener: Name,
        digest: Digest,
        marks: Marks,
        answer: Option<StoredAnswer>,
    },
    ApplicationDue {
        destination: Name,
        due: Timestamp,
    },
}

impl Owned {
    fn recent(&self) -> Recent<'_> {
        let message = self.message;
        match &self.what {
            What::Stored { at, listener, digest, marks, answer } => Recent::Stored {
                at: *at,
                listener,
                message,
                digest: *digest,
                marks: *marks,
                answer: answer.clone(),
            },
            What::ApplicationDue { destination, due } => {
                Recent::ApplicationDue { destination, message, due: *due }
            }
        }
    }
}

/// The newest of a segment's, oldest first.
struct Newest {
    since: Timestamp,
    most: usize,
    /// Successive messages of one listener share its name.
    listener: Name,
    kept: VecDeque<Owned>,
}

fn read(
    segment: &Segment,
    durable: Position,
    since: Timestamp,
    most: usize,
) -> Result<VecDeque<Owned>, ReadError> {
    let mut newest = Newest { since, most, listener: "".into(), kept: VecDeque::new() };
    let end = segment.end().unwrap_or(durable.offset);
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    let io = |source| ReadError::Io { file: segment.path.clone(), source };
    loop {
        let offset = reader.position().offset;
        match reader.next().map_err(io)? {
            Next::Record(record) => newest.note(&record),
            Next::End => return Ok(newest.kept),
            Next::NoRecord => {
                let (file, kind) = (segment.path.clone(), CorruptionKind::Record);
                return Err(Corruption { file, offset, kind }.into());
            }
        }
    }
}

impl Newest {
    /// A record without sense is told by `verify`.
    fn note(&mut self, record: &FoundRecord<'_>) {
        match record.header.kind {
            Kind::Accept => {
                let at = from_nanoseconds(record.header.at_nanoseconds);
                if let (Some(at), Some(accept)) = (at, AcceptMeta::read(record.meta)) {
                    self.accept(record.header.number, at, &accept);
                }
            }
            Kind::Change => {
                if let Some(change) = ChangeMeta::read(&mut record.meta.fields()) {
                    self.change(record.header.at_nanoseconds, &change);
                }
            }
            Kind::Carried => {
                if let Some(carried) = CarriedMeta::read(record.meta) {
                    self.carried(&carried);
                }
            }
            Kind::Refused => {}
        }
    }

    fn accept(&mut self, first: u64, at: Timestamp, accept: &AcceptMeta<'_>) {
        for (message, number) in accept.messages.iter().zip(first..) {
            let Some(digest) = message.digest else { continue };
            let listener = self.listener(accept.listener);
            let (marks, answer) = (message.marks, accept.answer.clone());
            self.keep(number, at, What::Stored { at, listener, digest, marks, answer });
        }
    }

    fn carried(&mut self, carried: &CarriedMeta<'_>) {
        let Some(digest) = carried.digest else { return };
        let listener = self.listener(carried.listener);
        let (at, marks, answer) = (carried.received_at, carried.marks, carried.answer.clone());
        self.keep(carried.message, at, What::Stored { at, listener, digest, marks, answer });
    }

    fn change(&mut self, at_nanoseconds: i64, change: &ChangeMeta<'_>) {
        let ChangeMeta::Delivery { destination, message, outcome } = change else { return };
        let OutcomeMeta::Delivered { application_due: Some(due), .. } = outcome else { return };
        let Some(at) = from_nanoseconds(at_nanoseconds) else { return };
        let destination = Name::from(*destination);
        self.keep(*message, at, What::ApplicationDue { destination, due: *due });
    }

    fn listener(&mut self, name: &str) -> Name {
        if &*self.listener != name {
            self.listener = name.into();
        }
        Name::clone(&self.listener)
    }

    fn keep(&mut self, number: u64, at: Timestamp, what: What) {
        let Some(message) = MessageId::from_number(number) else { return };
        if at < self.since {
            return;
        }
        self.kept.push_back(Owned { message, what });
        if self.kept.len() > self.most {
            self.kept.pop_front();
        }
    }
}
