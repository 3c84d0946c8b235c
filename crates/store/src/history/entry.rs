//! The entries of runs: what is kept of messages, and where the rest stands.
//!
//! ```text
//!   'e' message u64 · record u64 · nth u8     → event      what a record tells of a message
//!   'k' kind u8 · value · 0 1 · message u64   → nothing    a key; 0 inside a value stands as 0 255
//!   'r' message u64                           → row
//!
//!   event = offset of the record · i64 time · destination · u8 what · attempts · cause + 1, or 0 · u8 u8 reply's code, or 0 0
//!   row   = offset of the record · u8 0 came, 1 carried, 2 refused · i64 time received · listener · bytes · u8 marks ·
//!           destinations, each: name
//! ```
//!
//! Numbers of keys are big endian, so that they sort; the others are as short as they can be. Names are numbers of the
//! table that stands in the footer of the run. Offsets are places in the run's segment.

use jiff::Timestamp;

use super::answer::HistoryState;
use super::keys::{KeyKind, kept};
use super::varint::{Taking, put};
use crate::api::{Marks, Name};
use crate::format::fields::{from_nanoseconds, nanoseconds};
use crate::index::Interner;

pub(super) const EVENT: u8 = b'e';
pub(super) const KEY: u8 = b'k';
pub(super) const ROW: u8 = b'r';

/// What is kept of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Of its record, in the segment of its run.
    pub(super) offset: u64,
    pub(super) origin: RowOrigin,
    pub(super) received_at: Timestamp,
    pub(super) listener: Name,
    pub(super) bytes: u64,
    pub(super) marks: Marks,
    pub(super) destinations: Vec<Name>,
}

/// Which record a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowOrigin {
    Came,
    Carried,
    Refused,
}

/// What a record tells of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Of its record, in the segment of its run.
    pub(super) offset: u64,
    pub(super) at: Timestamp,
    pub(super) destination: Name,
    pub(super) what: What,
    pub(super) attempts: u32,
    pub(super) cause: Option<Name>,
    pub(super) reply_code: Option<[u8; 2]>,
}

/// How an event leaves a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct What {
    pub(super) state: HistoryState,
    /// Told by a carried record, not by what happened then.
    pub(super) carried: bool,
}

const CARRIED: u8 = 32;

impl What {
    fn code(self) -> u8 {
        let state = match self.state {
            HistoryState::Pending => 0,
            HistoryState::Held => 1,
            HistoryState::Dead => 2,
            HistoryState::Delivered => 3,
            HistoryState::Returned => 4,
            HistoryState::Discarded => 5,
        };
        if self.carried { state | CARRIED } else { state }
    }

    fn of(code: u8) -> Option<Self> {
        let state = match code & !CARRIED {
            0 => HistoryState::Pending,
            1 => HistoryState::Held,
            2 => HistoryState::Dead,
            3 => HistoryState::Delivered,
            4 => HistoryState::Returned,
            5 => HistoryState::Discarded,
            _ => return None,
        };
        Some(Self { state, carried: code & CARRIED != 0 })
    }
}

/// The names of a run, or of what becomes one.
pub(super) trait Names {
    fn get(&self, id: u64) -> Option<Name>;
}

impl Names for Vec<Name> {
    fn get(&self, id: u64) -> Option<Name> {
        self.as_slice().get(usize::try_from(id).ok()?).cloned()
    }
}

impl Names for Interner {
    fn get(&self, id: u64) -> Option<Name> {
        self.name(u32::try_from(id).ok()?).cloned()
    }
}

impl Row {
    pub(super) fn write(&self, names: &mut Interner) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24 + 2 * self.destinations.len());
        put(&mut bytes, self.offset);
        bytes.push(match self.origin {
            RowOrigin::Came => 0,
            RowOrigin::Carried => 1,
            RowOrigin::Refused => 2,
        });
        bytes.extend_from_slice(&nanoseconds(self.received_at).to_le_bytes());
        put(&mut bytes, u64::from(names.id(&self.listener)));
        put(&mut bytes, self.bytes);
        bytes.push(self.marks.bits());
        put(&mut bytes, self.destinations.len() as u64);
        for destination in &self.destinations {
            put(&mut bytes, u64::from(names.id(destination)));
        }
        bytes
    }

    pub(super) fn read(bytes: &[u8], names: &impl Names) -> Option<Self> {
        let mut rest = Taking(bytes);
        let offset = rest.number()?;
        let origin = match rest.u8()? {
            0 => RowOrigin::Came,
            1 => RowOrigin::Carried,
            2 => RowOrigin::Refused,
            _ => return None,
        };
        let received_at = from_nanoseconds(rest.i64()?)?;
        let listener = names.get(rest.number()?)?;
        let (bytes, marks) = (rest.number()?, Marks::from_bits(rest.u8()?));
        let count = rest.number()?;
        let destinations =
            (0..count).map(|_| names.get(rest.number()?)).collect::<Option<Vec<_>>>()?;
        let row = Self { offset, origin, received_at, listener, bytes, marks, destinations };
        rest.0.is_empty().then_some(row)
    }
}

impl Event {
    pub(super) fn write(&self, names: &mut Interner) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(20);
        put(&mut bytes, self.offset);
        bytes.extend_from_slice(&nanoseconds(self.at).to_le_bytes());
        put(&mut bytes, u64::from(names.id(&self.destination)));
        bytes.push(self.what.code());
        put(&mut bytes, u64::from(self.attempts));
        put(&mut bytes, self.cause.as_ref().map_or(0, |cause| u64::from(names.id(cause)) + 1));
        bytes.extend_from_slice(&self.reply_code.unwrap_or_default());
        bytes
    }

    pub(super) fn read(bytes: &[u8], names: &impl Names) -> Option<Self> {
        let mut rest = Taking(bytes);
        let offset = rest.number()?;
        let at = from_nanoseconds(rest.i64()?)?;
        let destination = names.get(rest.number()?)?;
        let what = What::of(rest.u8()?)?;
        let attempts = u32::try_from(rest.number()?).ok()?;
        let cause = match rest.number()?.checked_sub(1) {
            None => None,
            Some(id) => Some(names.get(id)?),
        };
        let code = [rest.u8()?, rest.u8()?];
        let reply_code = (code != [0, 0]).then_some(code);
        let event = Self { offset, at, destination, what, attempts, cause, reply_code };
        rest.0.is_empty().then_some(event)
    }
}

pub(super) fn row_key(message: u64) -> Vec<u8> {
    numbered(&[ROW], message)
}

pub(super) fn event_key(message: u64, record: u64, nth: u8) -> Vec<u8> {
    let mut key = numbered(&[EVENT], message);
    key.extend_from_slice(&record.to_be_bytes());
    key.push(nth);
    key
}

/// All events of a message stand behind this.
pub(super) fn events_of(message: u64) -> Vec<u8> {
    numbered(&[EVENT], message)
}

/// A key of messages, behind which their numbers stand.
pub(super) fn exact_prefix(kind: KeyKind, value: &[u8]) -> Vec<u8> {
    let mut prefix = open_prefix(kind, value);
    prefix.extend_from_slice(&[0, 1]);
    prefix
}

/// What all keys begin with whose value begins so.
pub(super) fn open_prefix(kind: KeyKind, value: &[u8]) -> Vec<u8> {
    let value = kept(value);
    let mut prefix = Vec::with_capacity(value.len() + 12);
    prefix.extend_from_slice(&[KEY, kind.code()]);
    for &byte in value {
        prefix.push(byte);
        if byte == 0 {
            prefix.push(u8::MAX);
        }
    }
    prefix
}

/// `prefix` with the number of a message behind it.
pub(super) fn numbered(prefix: &[u8], message: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + 17);
    key.extend_from_slice(prefix);
    key.extend_from_slice(&message.to_be_bytes());
    key
}

/// The number at the end of a row's or a key's entry.
pub(super) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|number| u64::from_be_bytes(*number))
}

/// The smallest key behind all that begin with `prefix`, which holds a byte that is not 255.
pub(super) fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time() -> impl Strategy<Value = Timestamp> {
        any::<i64>().prop_map(|nanoseconds| from_nanoseconds(nanoseconds).expect("in range"))
    }

    proptest! {
        #[test]
        fn a_row_reads_back_and_cut_short_it_is_none(
            offset in any::<u64>(), received_at in time(), bytes in any::<u64>(), marks in any::<u8>(),
            destinations in prop::collection::vec("[a-c]{0,2}", 0..5),
        ) {
            let mut names = Interner::default();
            let row = Row {
                offset,
                origin: RowOrigin::Carried,
                received_at,
                listener: "adt-in".into(),
                bytes,
                marks: Marks::from_bits(marks),
                destinations: destinations.iter().map(|name| Name::from(name.as_str())).collect(),
            };
            let written = row.write(&mut names);
            prop_assert_eq!(Row::read(&written, &names), Some(row));
            prop_assert_eq!(Row::read(&written[..written.len() - 1], &names), None);
        }

        #[test]
        fn an_event_reads_back_and_cut_short_it_is_none(
            offset in any::<u64>(), at in time(), attempts in any::<u32>(), code in 0..6u8,
            cause in prop::option::of("[a-c]{1,2}"), carried in any::<bool>(), replied in any::<bool>(),
        ) {
            let mut names = Interner::default();
            let what = What { carried, ..What::of(code).expect("known") };
            let event = Event {
                offset,
                at,
                destination: "lis".into(),
                what,
                attempts,
                cause: cause.map(Name::from),
                reply_code: replied.then_some(*b"AA"),
            };
            let written = event.write(&mut names);
            prop_assert_eq!(Event::read(&written, &names), Some(event));
            prop_assert_eq!(Event::read(&written[..written.len() - 1], &names), None);
        }

        #[test]
        fn no_value_is_taken_for_another(
            one in prop::collection::vec(0..3u8, 0..5), other in prop::collection::vec(0..3u8, 0..5),
        ) {
            let exact = |value: &[u8]| exact_prefix(KeyKind::Visit, value);
            let key = numbered(&exact(&one), 7);
            prop_assert_eq!(key.starts_with(&exact(&other)), one == other);
            let open = open_prefix(KeyKind::Visit, &other);
            prop_assert_eq!(key.starts_with(&open), one.starts_with(&other));
            let inside = (open.as_slice()..behind(&open).as_slice()).contains(&key.as_slice());
            prop_assert_eq!(inside, one.starts_with(&other));
        }

        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let names = vec![Name::from("lis")];
            let _some = Row::read(&bytes, &names);
            let _some = Event::read(&bytes, &names);
        }
    }
}
