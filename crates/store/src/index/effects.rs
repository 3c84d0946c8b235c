//! What records mean for the queue, folded together.
//!
//! ```text
//!              then: New      Changed          Replaced   Gone
//!   nothing          New      Changed          Replaced   Gone
//!   New              –        New, changed     Replaced   nothing        accepted and ended: sled never hears of it
//!   Changed          –        the later        Replaced   Gone
//!   Replaced         –        Replaced, ch.    the later  Gone
//!   Gone             –        Gone             Replaced   Gone
//! ```
//!
//! The same fold makes the index's batches and the tables of sealed segments.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::IndexError;
use super::entry::{Entry, Hold};
use crate::api::{DeliveryState, Lane, Name};
use crate::format::accept::AcceptMeta;
use crate::format::carried::CarriedMeta;
use crate::format::change::{ChangeMeta, OutcomeMeta};
use crate::format::fields::from_nanoseconds;
use crate::format::record::Kind;
use crate::format::state::State;
use crate::journal::position::Place;
use crate::journal::reader::FoundRecord;

/// Small numbers for the names of destinations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interner {
    ids: HashMap<Name, u32>,
    names: Vec<Name>,
}

impl Interner {
    pub(crate) fn id(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name = Name::from(name);
        self.names.push(name.clone());
        self.ids.insert(name, id);
        id
    }

    pub(crate) fn known(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }

    pub(crate) fn name(&self, id: u32) -> Option<&Name> {
        self.names.get(id as usize)
    }

    pub(crate) fn names(&self) -> &[Name] {
        &self.names
    }
}

/// What records mean for one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It was accepted.
    New(Lane, Entry),
    /// It was accepted earlier and stands otherwise now.
    Changed(State, Option<Place>),
    /// It was carried: whatever was known of it is void.
    Replaced(Lane, Entry),
    /// It was accepted earlier and has ended.
    Gone,
}

/// What a run of records means for the queue.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// By destination and number.
    pub(crate) deliveries: BTreeMap<(u32, u64), Effect>,
    /// Keys that came into `deliveries` since someone took them; only where someone does, since nobody else would
    /// ever forget the ended ones.
    pub(super) inserted: Option<Vec<(u32, u64)>>,
    /// Destinations that were held, or released.
    pub(crate) holds: BTreeMap<u32, Option<Hold>>,
}

impl Effects {
    /// Folds one record in.
    pub(crate) fn fold(
        &mut self,
        interner: &mut Interner,
        record: &FoundRecord<'_>,
    ) -> Result<(), IndexError> {
        let at = from_nanoseconds(record.header.at_nanoseconds).ok_or(IndexError::Damaged)?;
        match record.header.kind {
            Kind::Accept => {
                let accept = AcceptMeta::read(record.meta).ok_or(IndexError::Damaged)?;
                self.accept(interner, record, &accept, at);
            }
            Kind::Change => {
                let change = ChangeMeta::read(&mut record.meta.fields());
                self.change(interner, &change.ok_or(IndexError::Damaged)?, at, record.place);
            }
            Kind::Carried => {
                let carried = CarriedMeta::read(record.meta).ok_or(IndexError::Damaged)?;
                self.carried(interner, &carried, record.place);
            }
            // No queue knows it.
            Kind::Refused => {}
        }
        Ok(())
    }

    fn accept(
        &mut self,
        interner: &mut Interner,
        record: &FoundRecord<'_>,
        accept: &AcceptMeta<'_>,
        at: Timestamp,
    ) {
        for (message, number) in accept.messages.iter().zip(record.header.number..) {
            for delivery in &message.deliveries {
                let entry = Entry {
                    place: record.place,
                    body_bytes: delivery.body(message).length,
                    state: State::fresh(at),
                    reply: None,
                };
                let key = (interner.id(delivery.destination), number);
                self.put(key, Effect::New(delivery.lane, entry));
            }
        }
        if let Some(concluded) = &accept.concludes {
            self.change(interner, concluded, at, record.place);
        }
    }

    fn carried(&mut self, interner: &mut Interner, carried: &CarriedMeta<'_>, place: Place) {
        for delivery in &carried.deliveries {
            let entry = Entry {
                place,
                body_bytes: delivery.own_body.unwrap_or(carried.body).length,
                state: delivery.state.clone(),
                reply: delivery.reply.map(|_| place),
            };
            let key = (interner.id(delivery.destination), carried.message);
            self.put(key, Effect::Replaced(delivery.lane, entry));
        }
    }

    fn change(
        &mut self,
        interner: &mut Interner,
        change: &ChangeMeta<'_>,
        at: Timestamp,
        place: Place,
    ) {
        match change {
            ChangeMeta::Delivery { destination, message, outcome } => {
                let key = (interner.id(destination), *message);
                match new_state(outcome, at, place) {
                    Some((state, reply)) => self.change_delivery(key, state, reply),
                    None => self.end_delivery(key),
                }
            }
            ChangeMeta::DestinationHeld { destination, by, reason } => {
                let (by, reason) = ((*by).into(), (*reason).into());
                let hold = Hold { at, by, reason, place };
                self.holds.insert(interner.id(destination), Some(hold));
            }
            ChangeMeta::DestinationReleased { destination } => {
                self.holds.insert(interner.id(destination), None);
            }
        }
    }

    fn change_delivery(&mut self, key: (u32, u64), state: State, reply: Option<Place>) {
        match self.deliveries.get_mut(&key) {
            None => self.put(key, Effect::Changed(state, reply)),
            Some(Effect::New(_, entry) | Effect::Replaced(_, entry)) => {
                entry.state = state;
                entry.reply = reply;
            }
            Some(Effect::Changed(before, reply_before)) => {
                *before = state;
                *reply_before = reply;
            }
            Some(Effect::Gone) => {}
        }
    }

    fn end_delivery(&mut self, key: (u32, u64)) {
        if let Some(Effect::New(..)) = self.deliveries.get(&key) {
            self.deliveries.remove(&key);
        } else {
            self.put(key, Effect::Gone);
        }
    }

    fn put(&mut self, key: (u32, u64), effect: Effect) {
        if self.deliveries.insert(key, effect).is_none()
            && let Some(inserted) = &mut self.inserted
        {
            inserted.push(key);
        }
    }
}

/// How a delivery stands after an outcome; `None` = it is gone.
fn new_state(
    outcome: &OutcomeMeta<'_>,
    at: Timestamp,
    place: Place,
) -> Option<(State, Option<Place>)> {
    let stopped = |stands, attempts, cause: &str, replied: bool| {
        let state = State {
            stands,
            attempts,
            first_attempt: None,
            due: None,
            cause: Some(cause.into()),
            since: at,
        };
        (state, replied.then_some(place))
    };
    match outcome {
        OutcomeMeta::Delivered { .. } | OutcomeMeta::Returned | OutcomeMeta::Discarded { .. } => {
            None
        }
        OutcomeMeta::Deferred { attempts, first_attempt, due, cause } => {
            let state = State {
                stands: DeliveryState::Pending,
                attempts: *attempts,
                first_attempt: *first_attempt,
                due: Some(*due),
                cause: Some((*cause).into()),
                since: at,
            };
            Some((state, None))
        }
        OutcomeMeta::Dead { attempts, cause, reply } => {
            Some(stopped(DeliveryState::Dead, *attempts, cause, reply.is_some()))
        }
        OutcomeMeta::Held { attempts, cause, reply } => {
            Some(stopped(DeliveryState::Held, *attempts, cause, reply.is_some()))
        }
        OutcomeMeta::Revived { .. } => Some((State::fresh(at), None)),
    }
}

#[cfg(test)]
mod tests;
