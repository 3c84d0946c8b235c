//! One destination's deliveries in the order of their numbers, from sled and the overlay together.
//!
//! ```text
//!   sled, first lane    3   7  12        ┐
//!   sled, other lanes      5      13     ├─▶ 3 · 5 · 12 · 13 · 20
//!   overlay                7 gone    20  ┘
//! ```

use std::collections::btree_map;
use std::iter::Peekable;

use super::IndexError;
use super::effects::{Effect, Effects};
use super::entry::{self, Entry};
use crate::api::Lane;

/// A delivery that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) lane: Lane,
    pub(crate) entry: Entry,
}

/// The deliveries of one destination.
pub(super) struct Merged<'v> {
    stored: StoredDeliveries<'v>,
    next_stored: Option<Found>,
    overlay: Peekable<btree_map::Range<'v, (u32, u64), Effect>>,
}

impl<'v> Merged<'v> {
    /// Those from `from` on.
    pub(super) fn new(
        tree: &'v sled::Tree,
        overlay: &'v Effects,
        destination: u32,
        from: u64,
    ) -> Result<Self, IndexError> {
        let mut stored = StoredDeliveries::new(tree, destination, from);
        let next_stored = stored.next()?;
        let range = (destination, from)..=(destination, u64::MAX);
        Ok(Self { stored, next_stored, overlay: overlay.deliveries.range(range).peekable() })
    }

    /// The next one.
    pub(super) fn next(&mut self) -> Result<Option<Found>, IndexError> {
        loop {
            let overlaid = self.overlay.peek().map(|((_, number), _)| *number);
            let stored = self.next_stored.as_ref().map(|found| found.number);
            let (take_stored, take_overlaid) = match (stored, overlaid) {
                (None, None) => return Ok(None),
                (Some(_), None) => (true, false),
                (None, Some(_)) => (false, true),
                (Some(stored), Some(overlaid)) => (stored <= overlaid, overlaid <= stored),
            };
            let below = if take_stored {
                let next = self.stored.next()?;
                std::mem::replace(&mut self.next_stored, next)
            } else {
                None
            };
            let above = if take_overlaid { self.overlay.next() } else { None };
            let found = match above {
                None => below,
                Some(((_, number), effect)) => overlay_one(*number, below, effect),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

/// What an effect leaves of a delivery.
pub(super) fn overlay_one(number: u64, below: Option<Found>, effect: &Effect) -> Option<Found> {
    match effect {
        Effect::New(lane, entry) | Effect::Replaced(lane, entry) => {
            Some(Found { number, lane: *lane, entry: entry.clone() })
        }
        Effect::Changed(state, reply) => below.map(|mut found| {
            found.entry.state = state.clone();
            found.entry.reply = *reply;
            found
        }),
        Effect::Gone => None,
    }
}

/// Those in sled: the first lane by its keys, the others by the keys that tell their lanes.
struct StoredDeliveries<'v> {
    tree: &'v sled::Tree,
    destination: u32,
    first_lane: Peekable<sled::Iter>,
    other_lanes: Peekable<sled::Iter>,
}

impl<'v> StoredDeliveries<'v> {
    fn new(tree: &'v sled::Tree, destination: u32, from: u64) -> Self {
        let first = entry::delivery_key(destination, Lane::FIFO, from)
            ..=entry::delivery_key(destination, Lane::FIFO, u64::MAX);
        let others = entry::lane_key(destination, from)..=entry::lane_key(destination, u64::MAX);
        Self {
            tree,
            destination,
            first_lane: tree.range(first).peekable(),
            other_lanes: tree.range(others).peekable(),
        }
    }

    fn next(&mut self) -> Result<Option<Found>, IndexError> {
        let first = peek_number(&mut self.first_lane)?;
        let other = peek_number(&mut self.other_lanes)?;
        let other_is_next = match (first, other) {
            (None, None) => return Ok(None),
            (Some(first), Some(other)) => other < first,
            (first, _) => first.is_none(),
        };
        if other_is_next {
            let Some((key, lane)) = self.other_lanes.next().transpose()? else { return Ok(None) };
            let number = entry::number_of(&key).ok_or(IndexError::Damaged)?;
            let lane = entry::number_of(&lane).map(Lane).ok_or(IndexError::Damaged)?;
            let value = self.tree.get(entry::delivery_key(self.destination, lane, number))?;
            let value = value.ok_or(IndexError::Damaged)?;
            return found(number, lane, &value).map(Some);
        }
        let Some((key, value)) = self.first_lane.next().transpose()? else { return Ok(None) };
        let number = entry::number_of(&key).ok_or(IndexError::Damaged)?;
        found(number, Lane::FIFO, &value).map(Some)
    }
}

fn peek_number(keys: &mut Peekable<sled::Iter>) -> Result<Option<u64>, IndexError> {
    match keys.peek() {
        None => Ok(None),
        Some(Ok((key, _))) => entry::number_of(key).map(Some).ok_or(IndexError::Damaged),
        Some(Err(error)) => Err(error.clone().into()),
    }
}

/// A delivery out of its value.
pub(super) fn found(number: u64, lane: Lane, value: &[u8]) -> Result<Found, IndexError> {
    let entry = Entry::decode(value).ok_or(IndexError::Damaged)?;
    Ok(Found { number, lane, entry })
}
