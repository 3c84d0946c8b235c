//! The keys and values of the index in sled, all in one tree so that a batch is one unit.
//!
//! ```text
//!   'q' destination u32 · lane u64 · number u64   → entry        a delivery that has not ended
//!   'l' destination u32 · number u64              → lane u64     where its lane is not the first one
//!   'c' destination u32                           → pending, held, dead: 3 × u64
//!   'd' destination u32                           → its name
//!   'h' destination u32                           → its hold
//!   'p'                                           → position: format u32, salt, segment, offset, number, group,
//!                                                   deliveries in all: 6 × u64
//!
//!   entry = segment u64 · offset u64 of its record · u32 bytes that are sent · state · maybe place of the last reply
//! ```
//!
//! Keys are big endian, so that they sort by number; values little endian, as in the journal.

use jiff::Timestamp;

use crate::api::{DeliveryState, Lane, Name};
use crate::format::fields::{FieldReader, Fields};
use crate::format::state::State;
use crate::journal::position::Place;

/// A delivery that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The record that holds its message.
    pub(crate) place: Place,
    /// Bytes that are sent.
    pub(crate) body_bytes: u32,
    /// Where it stands.
    pub(crate) state: State,
    /// The record that holds the last reply.
    pub(crate) reply: Option<Place>,
}

impl Entry {
    pub(crate) fn write(&self, fields: &mut Fields<'_>) {
        write_place(fields, self.place);
        fields.u32(self.body_bytes);
        self.state.write(fields);
        fields.maybe(self.reply, write_place);
    }

    pub(crate) fn read(reader: &mut FieldReader<'_>) -> Option<Self> {
        Some(Self {
            place: read_place(reader)?,
            body_bytes: reader.u32()?,
            state: State::read(reader)?,
            reply: reader.maybe(read_place)?,
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(48);
        self.write(&mut Fields(&mut value));
        value
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let mut reader = FieldReader::new(value);
        Self::read(&mut reader).filter(|_| reader.is_empty())
    }
}

pub(crate) fn write_place(fields: &mut Fields<'_>, place: Place) {
    fields.u64(place.segment);
    fields.u64(place.offset);
}

pub(crate) fn read_place(reader: &mut FieldReader<'_>) -> Option<Place> {
    Some(Place { segment: reader.u64()?, offset: reader.u64()? })
}

/// A destination's hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) at: Timestamp,
    pub(crate) by: Name,
    pub(crate) reason: Name,
    /// The record that says so.
    pub(crate) place: Place,
}

impl Hold {
    pub(crate) fn write(&self, fields: &mut Fields<'_>) {
        fields.time(self.at);
        fields.text(&self.by);
        fields.text(&self.reason);
        write_place(fields, self.place);
    }

    pub(crate) fn read(reader: &mut FieldReader<'_>) -> Option<Self> {
        Some(Self {
            at: reader.time()?,
            by: reader.text()?.into(),
            reason: reader.text()?.into(),
            place: read_place(reader)?,
        })
    }
}

/// How many deliveries of one destination stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) pending: u64,
    pub(crate) held: u64,
    pub(crate) dead: u64,
}

impl Counts {
    pub(crate) fn all(&self) -> u64 {
        self.pending + self.held + self.dead
    }

    pub(super) fn add(&mut self, state: DeliveryState) {
        *self.of(state) += 1;
    }

    pub(super) fn remove(&mut self, state: DeliveryState) {
        let count = self.of(state);
        *count = count.saturating_sub(1);
    }

    fn of(&mut self, state: DeliveryState) -> &mut u64 {
        match state {
            DeliveryState::Pending => &mut self.pending,
            DeliveryState::Held => &mut self.held,
            DeliveryState::Dead => &mut self.dead,
        }
    }

    pub(super) fn encode(self) -> [u8; 24] {
        let mut value = [0; 24];
        for (chunk, count) in value.chunks_exact_mut(8).zip([self.pending, self.held, self.dead]) {
            chunk.copy_from_slice(&count.to_le_bytes());
        }
        value
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let mut reader = FieldReader::new(value);
        Some(Self { pending: reader.u64()?, held: reader.u64()?, dead: reader.u64()? })
    }
}

pub(super) const POSITION: [u8; 1] = [b'p'];

/// The key of a delivery.
pub(super) fn delivery_key(destination: u32, lane: Lane, number: u64) -> [u8; 21] {
    let mut key = [b'q'; 21];
    key[1..5].copy_from_slice(&destination.to_be_bytes());
    key[5..13].copy_from_slice(&lane.0.to_be_bytes());
    key[13..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The key that tells a delivery's lane.
pub(super) fn lane_key(destination: u32, number: u64) -> [u8; 13] {
    let mut key = [b'l'; 13];
    key[1..5].copy_from_slice(&destination.to_be_bytes());
    key[5..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number that a key of either kind ends with.
pub(super) fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|number| u64::from_be_bytes(*number))
}

/// The key of something a destination has one of: `'c'`, `'d'`, `'h'`.
pub(super) fn destination_key(what: u8, destination: u32) -> [u8; 5] {
    let [a, b, c, d] = destination.to_be_bytes();
    [what, a, b, c, d]
}
