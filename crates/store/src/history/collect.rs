//! What a record means for the history: rows with their keys, and events.

use std::io;

use super::answer::HistoryState;
use super::entry::{Event, Row, RowOrigin, What};
use super::keys::{KeyKind, SearchKey, TakeKeys, taken};
use super::memtable::Entries;
use crate::api::{Marks, Name, Origin};
use crate::disk::read_full;
use crate::format::accept::AcceptMeta;
use crate::format::carried::CarriedMeta;
use crate::format::change::{ChangeMeta, OutcomeMeta};
use crate::format::fields::{BodySpan, from_nanoseconds};
use crate::format::record::Kind;
use crate::format::refused::RefusedMeta;
use crate::journal::reader::FoundRecord;
use crate::journal::segments::Segment;
use crate::limits::KEYS_FROM;

/// Names that were read last: most records name the same few, and each is made once.
#[derive(Default)]
pub(super) struct LastNames(Vec<Name>);

/// So many names are looked through before one is made.
const LAST_NAMES: usize = 16;

impl LastNames {
    fn get(&mut self, name: &str) -> Name {
        if let Some(nth) = self.0.iter().position(|known| **known == *name) {
            let found = self.0.remove(nth);
            self.0.push(found.clone());
            return found;
        }
        if self.0.len() >= LAST_NAMES {
            self.0.remove(0);
        }
        self.0.push(name.into());
        Name::from(name)
    }
}

/// What one record means.
#[derive(Default)]
pub(super) struct Collected {
    messages: Vec<Message>,
    events: Vec<(u64, u8, Event)>,
    record: u64,
}

struct Message {
    number: u64,
    row: Row,
    /// Where its body stands in the segment.
    body_at: u64,
    body: BodySpan,
    keys: Vec<SearchKey>,
}

impl Collected {
    /// Reads a record. One without sense means nothing here; `verify` tells of it.
    pub(super) fn of(record: &FoundRecord<'_>, names: &mut LastNames) -> Self {
        let mut collected = Self { record: record.header.number, ..Self::default() };
        let _nothing = match record.header.kind {
            Kind::Accept => collected.accept(record, names),
            Kind::Change => collected.change(record, names),
            Kind::Carried => collected.carried(record, names),
            Kind::Refused => collected.refused(record, names),
        };
        collected
    }

    fn accept(&mut self, record: &FoundRecord<'_>, names: &mut LastNames) -> Option<()> {
        let accept = AcceptMeta::read(record.meta)?;
        let received_at = from_nanoseconds(record.header.at_nanoseconds)?;
        let bodies = record.place.offset + record.header.head_length();
        for (message, number) in accept.messages.iter().zip(record.header.number..) {
            let destinations = message.deliveries.iter();
            let row = Row {
                offset: record.place.offset,
                origin: RowOrigin::Came,
                received_at,
                listener: names.get(accept.listener),
                bytes: u64::from(message.body.length),
                marks: message.marks,
                destinations: destinations.map(|one| names.get(one.destination)).collect(),
            };
            self.message(number, row, bodies, message.body, message.origin);
        }
        accept.concludes.and_then(|concluded| self.outcome(record, &concluded, names))
    }

    fn change(&mut self, record: &FoundRecord<'_>, names: &mut LastNames) -> Option<()> {
        let change = ChangeMeta::read(&mut record.meta.fields())?;
        self.outcome(record, &change, names)
    }

    fn outcome(
        &mut self,
        record: &FoundRecord<'_>,
        change: &ChangeMeta<'_>,
        names: &mut LastNames,
    ) -> Option<()> {
        let ChangeMeta::Delivery { destination, message, outcome } = change else { return None };
        let (state, attempts, cause, reply_code) = match outcome {
            OutcomeMeta::Delivered { attempts, reply_code, .. } => {
                (HistoryState::Delivered, *attempts, None, *reply_code)
            }
            OutcomeMeta::Returned => (HistoryState::Returned, 0, None, None),
            OutcomeMeta::Discarded { .. } => (HistoryState::Discarded, 0, None, None),
            OutcomeMeta::Deferred { attempts, cause, .. } => {
                (HistoryState::Pending, *attempts, Some(*cause), None)
            }
            OutcomeMeta::Dead { attempts, cause, .. } => {
                (HistoryState::Dead, *attempts, Some(*cause), None)
            }
            OutcomeMeta::Held { attempts, cause, .. } => {
                (HistoryState::Held, *attempts, Some(*cause), None)
            }
            OutcomeMeta::Revived { .. } => (HistoryState::Pending, 0, None, None),
        };
        let event = Event {
            offset: record.place.offset,
            at: from_nanoseconds(record.header.at_nanoseconds)?,
            destination: names.get(destination),
            what: What { state, carried: false },
            attempts,
            cause: cause.map(|cause| names.get(cause)),
            reply_code,
        };
        self.events.push((*message, 0, event));
        Some(())
    }

    fn carried(&mut self, record: &FoundRecord<'_>, names: &mut LastNames) -> Option<()> {
        let carried = CarriedMeta::read(record.meta)?;
        let offset = record.place.offset;
        let row = Row {
            offset,
            origin: RowOrigin::Carried,
            received_at: carried.received_at,
            listener: names.get(carried.listener),
            bytes: u64::from(carried.body.length),
            marks: carried.marks,
            destinations: carried.deliveries.iter().map(|one| names.get(one.destination)).collect(),
        };
        let bodies = offset + record.header.head_length();
        self.message(carried.message, row, bodies, carried.body, carried.origin);
        // Beyond 256 destinations the last ones show as pending: nobody sends one message to so many.
        for (delivery, nth) in carried.deliveries.iter().zip(0..=u8::MAX) {
            let state = &delivery.state;
            let event = Event {
                offset,
                at: state.since,
                destination: names.get(delivery.destination),
                what: What { state: state.stands.into(), carried: true },
                attempts: state.attempts,
                cause: state.cause.as_deref().map(|cause| names.get(cause)),
                reply_code: None,
            };
            self.events.push((carried.message, nth, event));
        }
        Some(())
    }

    /// What was refused has a number of its own, which no delivery has.
    fn refused(&mut self, record: &FoundRecord<'_>, names: &mut LastNames) -> Option<()> {
        let refused = RefusedMeta::read(record.meta)?;
        let row = Row {
            offset: record.place.offset,
            origin: RowOrigin::Refused,
            received_at: from_nanoseconds(record.header.at_nanoseconds)?,
            listener: names.get(refused.listener),
            bytes: refused.size,
            marks: Marks::default(),
            destinations: Vec::new(),
        };
        let bodies = record.place.offset + record.header.head_length();
        self.message(record.header.number, row, bodies, refused.body, None);
        Some(())
    }

    /// A message whose record has its bodies from `bodies` on.
    fn message(
        &mut self,
        number: u64,
        row: Row,
        bodies: u64,
        body: BodySpan,
        origin: Option<Origin>,
    ) {
        let mut keys = Vec::new();
        if let Some(Origin { job, message }) = origin {
            keys.push(SearchKey::new(KeyKind::Job, job.to_string().as_bytes()));
            keys.push(SearchKey::new(KeyKind::Original, message.to_string().as_bytes()));
        }
        self.messages.push(Message { number, row, body_at: bodies + body.start, body, keys });
    }

    /// Takes the keys of its messages. `false` = the one who takes them panicked, over at least one.
    pub(super) fn take_keys(
        &mut self,
        segment: &Segment,
        keys: &dyn TakeKeys,
        buffer: &mut Vec<u8>,
    ) -> io::Result<bool> {
        let mut sound = true;
        for message in &mut self.messages {
            let length = message.body.length as usize;
            buffer.resize(length.min(KEYS_FROM), 0);
            let read = read_full(&*segment.file, buffer, message.body_at)?;
            let is_damaged = read < buffer.len()
                || (read == length && crc32fast::hash(buffer) != message.body.crc);
            if is_damaged {
                continue;
            }
            let taken = taken(keys, &message.row.listener, buffer);
            sound &= taken.is_some();
            message.keys.extend(taken.unwrap_or_default());
        }
        Ok(sound)
    }

    /// Puts all of it where it is found.
    pub(super) fn put(self, entries: &mut Entries) {
        for message in &self.messages {
            entries.message(message.number, &message.row, &message.keys);
        }
        for (message, nth, event) in &self.events {
            entries.event(*message, self.record, *nth, event);
        }
    }
}
