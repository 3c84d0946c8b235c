//! Which delivery may be sent next (ORDER-1).
//!
//! ```text
//!              next                    ended
//!   ready ───────────────▶ in flight ─────────▶ gone
//!     ▲  ▲                  │  │  │
//!     │  └─── give_back ────┘  │  └── hold ──▶ stopped ──add again, or ended──▶ …
//!     │ due                    │ retry_at
//!     └────────── waiting ◀────┘
//! ```
//!
//! In a lane (`order = "fifo"`) nothing is given out while anything before it is in flight, waiting or stopped; a group
//! is given out as one, in order. Without order each delivery is on its own.
//!
//! No socket, no actor, no clock. Its size is bounded by the outbox's window, which counts whatever was taken from it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use wardline_config::Order;
use wardline_store::MessageId;

use crate::outbound::delivery::{Delivery, Lease};

/// All deliveries of one destination that its pool has in hand.
#[derive(Debug)]
pub(super) struct Lanes {
    order: Order,
    ready: BTreeMap<MessageId, Lease>,
    waiting: BTreeMap<(Instant, MessageId), Lease>,
    in_flight: BTreeMap<MessageId, Lease>,
    /// Stopped as unclear; the store has them, their place in the lane is kept here.
    stopped: BTreeSet<MessageId>,
    /// Ended by an operator while they were not in hand; the newest of them.
    ended: BTreeSet<MessageId>,
}

/// How many deliveries ended by operators are remembered. Only those on their way from the store at that moment matter,
/// which are the newest and at most a window of them.
const REMEMBERED_ENDS: usize = 1024;

/// The delivery that a lane waits for, as the status shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The message.
    pub(super) id: MessageId,
    /// How often it was tried, failed connections included.
    pub(super) attempts: u32,
    /// When it is tried next; absent while it is in flight, ready or stopped.
    pub(super) due: Option<Instant>,
}

impl Lanes {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            ready: BTreeMap::new(),
            waiting: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            stopped: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    /// A delivery came from the outbox. One that was stopped takes its place again. False for one that has been ended
    /// meanwhile: it is not in hand.
    pub(super) fn add(&mut self, lease: Lease) -> bool {
        let id = lease.delivery.id;
        if self.ended.remove(&id) {
            return false;
        }
        debug_assert!(!self.contains(id), "the outbox hands out a delivery once");
        self.stopped.remove(&id);
        self.ready.insert(id, lease);
        true
    }

    /// The lane stops at this delivery, which is not in hand.
    pub(super) fn stop_at(&mut self, id: MessageId) {
        if self.order == Order::Fifo {
            self.stopped.insert(id);
        }
    }

    /// What may be sent now, at most `most`: from here on it is in flight.
    pub(super) fn next(&mut self, most: usize) -> Vec<Delivery> {
        let most = if self.is_open() { most } else { 0 };
        let mut group = Vec::new();
        while group.len() < most
            && let Some((id, lease)) = self.take_ready()
        {
            group.push(lease.delivery.clone());
            self.in_flight.insert(id, lease);
        }
        group
    }

    /// It was not sent after all: it goes first again.
    pub(super) fn give_back(&mut self, id: MessageId) {
        if let Some(lease) = self.in_flight.remove(&id) {
            self.ready.insert(id, lease);
        }
    }

    /// The delivery in flight of this id.
    pub(super) fn in_flight(&mut self, id: MessageId) -> Option<&mut Lease> {
        self.in_flight.get_mut(&id)
    }

    /// It is sent again at `due`; a lane waits with it.
    pub(super) fn retry_at(&mut self, id: MessageId, due: Instant) {
        if let Some(lease) = self.in_flight.remove(&id) {
            self.waiting.insert((due, id), lease);
        }
    }

    /// It has ended, or the store keeps it: it is no longer in hand.
    pub(super) fn end(&mut self, id: MessageId) -> Option<Lease> {
        self.in_flight.remove(&id)
    }

    /// Takes a delivery that is not in flight out of the line.
    pub(super) fn withdraw(&mut self, id: MessageId) -> Option<Lease> {
        if let Some(lease) = self.ready.remove(&id) {
            return Some(lease);
        }
        let key = *self.waiting.keys().find(|&&(_, waiting)| waiting == id)?;
        self.waiting.remove(&key)
    }

    /// A delivery that is not in hand has been ended. The outbox may just be about to hand it out.
    pub(super) fn ended_elsewhere(&mut self, id: MessageId) {
        self.stopped.remove(&id);
        self.ended.insert(id);
        if self.ended.len() > REMEMBERED_ENDS {
            self.ended.pop_first();
        }
    }

    /// It will come again.
    pub(super) fn comes_again(&mut self, id: MessageId) {
        self.ended.remove(&id);
    }

    /// What waits and is due may be sent again.
    pub(super) fn wake_due(&mut self, now: Instant) {
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= now
        {
            let ((_, id), lease) = entry.remove_entry();
            self.ready.insert(id, lease);
        }
    }

    /// Forgets every wait.
    pub(super) fn wake_all(&mut self) {
        for ((_, id), mut lease) in std::mem::take(&mut self.waiting) {
            lease.failures = 0;
            self.ready.insert(id, lease);
        }
    }

    /// The earliest moment at which a waiting delivery is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|&(due, _)| due)
    }

    /// The first in line.
    pub(super) fn head(&self) -> Option<Head> {
        let tries = |lease: &Lease| lease.delivery.sends.max(lease.failures);
        let ready = self.ready.iter().next().map(|(&id, lease)| (id, tries(lease), None));
        let flying = self.in_flight.iter().next().map(|(&id, lease)| (id, tries(lease), None));
        let waiting = self
            .waiting
            .iter()
            .min_by_key(|((_, id), _)| *id)
            .map(|(&(due, id), lease)| (id, tries(lease), Some(due)));
        let stopped = self.stopped.first().map(|&id| (id, 0, None));
        let (id, attempts, due) =
            [ready, flying, waiting, stopped].into_iter().flatten().min_by_key(|(id, ..)| *id)?;
        Some(Head { id, attempts, due })
    }

    /// The delivery that the lane stops at, if any.
    pub(super) fn stopped(&self) -> Option<MessageId> {
        self.stopped.first().copied()
    }

    /// Whether it is being sent.
    pub(super) fn is_in_flight(&self, id: MessageId) -> bool {
        self.in_flight.contains_key(&id)
    }

    /// How many are being sent.
    pub(super) fn in_flight_len(&self) -> usize {
        self.in_flight.len()
    }

    /// How many could be sent, as far as order allows.
    pub(super) fn ready_len(&self) -> usize {
        self.ready.len()
    }

    /// How many are in hand.
    pub(super) fn len(&self) -> usize {
        self.ready.len() + self.waiting.len() + self.in_flight.len()
    }

    /// Whether it is in hand.
    pub(super) fn contains(&self, id: MessageId) -> bool {
        self.in_hand(id).is_some()
    }

    /// The delivery in hand of this id.
    pub(super) fn in_hand(&self, id: MessageId) -> Option<&Lease> {
        let waiting = || self.waiting.iter().find(|&(&(_, waiting), _)| waiting == id);
        self.ready
            .get(&id)
            .or_else(|| self.in_flight.get(&id))
            .or_else(|| waiting().map(|(_, lease)| lease))
    }

    /// Whether a lane's earlier deliveries let later ones go.
    fn is_open(&self) -> bool {
        match self.order {
            Order::None => true,
            Order::Fifo => self.in_flight.is_empty() && self.waiting.is_empty(),
        }
    }

    fn take_ready(&mut self) -> Option<(MessageId, Lease)> {
        let first = self.ready.first_entry()?;
        let behind_a_stop = self.stopped.first().is_some_and(|stopped| stopped < first.key());
        if behind_a_stop { None } else { Some(first.remove_entry()) }
    }
}

#[cfg(test)]
mod tests;
