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
//! In one line (`order = "fifo"`) nothing is given out while anything before it is in flight, waiting or stopped; a group
//! is given out as one, in order. By key (`order_by`) that holds within each lane, and what merges two stands in both.
//! Without order each delivery is on its own; what is left of an ordered queue still goes in one line.
//!
//! No socket, no actor, no clock. What is in hand is bounded by the outbox's window, which counts whatever was taken from
//! it; [`room`] is made in there. What is stopped is bounded too: with [`MAX_STOPPED`] the pool holds its destination.

mod head;
mod room;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use wardline_config::Order;
use wardline_store::MessageId;

pub(super) use self::room::GivenUp;
use super::turns::{Presence, Turns};
use crate::ordering::Stand;
use crate::outbound::delivery::{Delivery, Lease};
use crate::outbound::limits::MAX_STOPPED;

/// All deliveries of one destination that its pool has in hand.
#[derive(Debug)]
pub(super) struct Lanes {
    rule: Rule,
    ready: BTreeMap<MessageId, Lease>,
    waiting: BTreeMap<(Instant, MessageId), Lease>,
    in_flight: BTreeMap<MessageId, Lease>,
    /// Stopped as unclear; the store has them, their place in the lane is kept here.
    stopped: BTreeSet<MessageId>,
    /// Those of them that an operator has put back in line, until they are here.
    revived: BTreeSet<MessageId>,
    /// Given back to the store, their places kept.
    parked: BTreeSet<MessageId>,
    /// Ended by an operator while they were not in hand; the youngest of them.
    ended: BTreeSet<MessageId>,
}

/// What keeps deliveries from going.
#[derive(Debug)]
enum Rule {
    /// All that is before them.
    Line,
    /// Nothing, once these have gone, which an order was promised.
    Beside { promised: BTreeSet<MessageId> },
    /// What is before them in their lanes.
    Keyed(Turns),
}

/// How many deliveries ended by operators are remembered, those with the greatest ids. Only those on their way from the
/// store at that moment matter, at most a window of them.
const REMEMBERED_ENDS: usize = 1024;

impl Lanes {
    pub(super) fn new(order: &Order) -> Self {
        let rule = match order {
            Order::Fifo => Rule::Line,
            Order::None => Rule::Beside { promised: BTreeSet::new() },
            Order::ByKey(_) => Rule::Keyed(Turns::default()),
        };
        Self {
            rule,
            ready: BTreeMap::new(),
            waiting: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            stopped: BTreeSet::new(),
            revived: BTreeSet::new(),
            parked: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    /// A delivery came from the outbox. One that was stopped takes its place again. False for one that has been ended
    /// meanwhile: it is not in hand.
    pub(super) fn add(&mut self, lease: Lease, stand: Stand) -> bool {
        let id = lease.delivery.id;
        if self.ended.remove(&id) {
            return false;
        }
        debug_assert!(self.in_hand(id).is_none(), "the outbox hands out a delivery once");
        self.stopped.remove(&id);
        self.revived.remove(&id);
        self.parked.remove(&id);
        self.place(id, stand, Presence::Ready);
        self.ready.insert(id, lease);
        true
    }

    /// Its lanes stop at this delivery, which is not in hand.
    pub(super) fn stop_before(&mut self, id: MessageId, stand: Stand) {
        self.parked.remove(&id);
        self.place(id, stand, Presence::Placed);
        self.stop_at(id);
    }

    /// Its lanes stop at this delivery, which is in hand and about to end.
    pub(super) fn stop_at(&mut self, id: MessageId) {
        let stops = match &self.rule {
            Rule::Line | Rule::Keyed(_) => true,
            Rule::Beside { promised } => promised.contains(&id),
        };
        if stops {
            self.stopped.insert(id);
            self.revived.remove(&id);
        }
    }

    /// What may be sent now, at most `most`: from here on it is in flight.
    pub(super) fn next(&mut self, most: usize) -> Vec<Delivery> {
        let most = match &self.rule {
            Rule::Keyed(_) => most,
            Rule::Beside { promised } if promised.is_empty() => most,
            // A group without order goes on past a failure, and these were promised one.
            Rule::Beside { .. } => most.min(1) * usize::from(self.is_line_open()),
            Rule::Line => most * usize::from(self.is_line_open()),
        };
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
            self.make_ready(id, lease);
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
        if !self.stopped.contains(&id) {
            self.leave(id);
        }
        self.in_flight.remove(&id)
    }

    /// Takes a delivery that is not in flight out of the line.
    pub(super) fn withdraw(&mut self, id: MessageId) -> Option<Lease> {
        let lease = self.ready.remove(&id).or_else(|| {
            let key = *self.waiting.keys().find(|&&(_, waiting)| waiting == id)?;
            self.waiting.remove(&key)
        })?;
        self.leave(id);
        Some(lease)
    }

    /// A delivery that is not in hand has been ended. The outbox may just be about to hand it out.
    pub(super) fn ended_elsewhere(&mut self, id: MessageId) {
        self.stopped.remove(&id);
        self.revived.remove(&id);
        self.parked.remove(&id);
        self.leave(id);
        self.ended.insert(id);
        if self.ended.len() > REMEMBERED_ENDS {
            self.ended.pop_first();
        }
    }

    /// It will come again.
    pub(super) fn comes_again(&mut self, id: MessageId) {
        self.ended.remove(&id);
        if self.stopped.contains(&id) {
            self.revived.insert(id);
        }
    }

    /// What waits and is due may be sent again.
    pub(super) fn wake_due(&mut self, now: Instant) {
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= now
        {
            let ((_, id), lease) = entry.remove_entry();
            self.make_ready(id, lease);
        }
    }

    /// Forgets every wait.
    pub(super) fn wake_all(&mut self) {
        for ((_, id), mut lease) in std::mem::take(&mut self.waiting) {
            lease.failures = 0;
            self.make_ready(id, lease);
        }
    }

    /// The earliest moment at which a waiting delivery is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|&(due, _)| due)
    }

    /// The delivery that everything behind it stops at, if any. By key only its lanes stop.
    pub(super) fn stopped(&self) -> Option<MessageId> {
        match self.rule {
            Rule::Line | Rule::Beside { .. } => self.stopped.first().copied(),
            Rule::Keyed(_) => None,
        }
    }

    /// Whether so many wait for an operator that no other may.
    pub(super) fn are_too_many_stopped(&self) -> bool {
        self.stopped.len() - self.revived.len() >= MAX_STOPPED
    }

    /// Whether it is being sent.
    pub(super) fn is_in_flight(&self, id: MessageId) -> bool {
        self.in_flight.contains_key(&id)
    }

    /// Which are being sent.
    pub(super) fn all_in_flight(&self) -> Vec<MessageId> {
        self.in_flight.keys().copied().collect()
    }

    /// How many are being sent.
    pub(super) fn in_flight_len(&self) -> usize {
        self.in_flight.len()
    }

    /// How many could be sent, as far as order allows.
    pub(super) fn ready_len(&self) -> usize {
        match &self.rule {
            Rule::Line | Rule::Beside { .. } => match self.stopped.first() {
                Some(stopped) => self.ready.range(..stopped).count(),
                None => self.ready.len(),
            },
            Rule::Keyed(turns) => turns.len(),
        }
    }

    /// How many are in hand.
    pub(super) fn len(&self) -> usize {
        self.ready.len() + self.waiting.len() + self.in_flight.len()
    }

    /// Whether it is in line already: in hand, or given back and to come again.
    pub(super) fn contains(&self, id: MessageId) -> bool {
        let is_placed = match &self.rule {
            Rule::Line | Rule::Beside { .. } => false,
            Rule::Keyed(turns) => turns.contains(id) && !self.stopped.contains(&id),
        };
        is_placed || self.in_hand(id).is_some()
    }

    /// The delivery in hand of this id.
    pub(super) fn in_hand(&self, id: MessageId) -> Option<&Lease> {
        let waiting = || self.waiting.iter().find(|&(&(_, waiting), _)| waiting == id);
        self.ready
            .get(&id)
            .or_else(|| self.in_flight.get(&id))
            .or_else(|| waiting().map(|(_, lease)| lease))
    }

    /// Whether the earlier deliveries of one line let later ones go.
    fn is_line_open(&self) -> bool {
        self.in_flight.is_empty() && self.waiting.is_empty()
    }

    fn take_ready(&mut self) -> Option<(MessageId, Lease)> {
        if let Rule::Keyed(turns) = &mut self.rule {
            let id = turns.first()?;
            turns.set(id, Presence::Placed);
            return self.ready.remove_entry(&id);
        }
        let first = self.ready.first_entry()?;
        let behind_a_stop = self.stopped.first().is_some_and(|stopped| stopped < first.key());
        if behind_a_stop { None } else { Some(first.remove_entry()) }
    }

    fn make_ready(&mut self, id: MessageId, lease: Lease) {
        if let Rule::Keyed(turns) = &mut self.rule {
            turns.set(id, Presence::Ready);
        }
        self.ready.insert(id, lease);
    }

    fn place(&mut self, id: MessageId, stand: Stand, presence: Presence) {
        match &mut self.rule {
            Rule::Line => {}
            Rule::Beside { promised } => {
                if stand != Stand::Free {
                    promised.insert(id);
                }
            }
            Rule::Keyed(turns) => turns.place(id, stand, presence),
        }
    }

    fn leave(&mut self, id: MessageId) {
        match &mut self.rule {
            Rule::Line => {}
            Rule::Beside { promised } => {
                promised.remove(&id);
            }
            Rule::Keyed(turns) => turns.leave(id),
        }
    }
}

#[cfg(test)]
mod tests;
