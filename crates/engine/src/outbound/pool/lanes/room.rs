//! Room in the outbox's window: what is given back so that others may come, and when it is called.
//!
//! One lane that waits may fill the window, so what stands behind it is given back: by key its place is kept (about
//! [`MAX_PARKED`] of them) and it comes again when its turn does; in one line it is read again behind what it waits for.

use wardline_store::MessageId;

use super::{Lanes, Rule};
use crate::outbound::limits::{CALLED_AT_ONCE, MAX_PARKED};
use crate::outbound::pool::turns::Presence;

/// What was given back to make room.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::outbound::pool) enum GivenUp {
    /// All in hand may go, or has begun.
    Nothing,
    /// This one and all behind it, their places with them.
    From(MessageId),
    /// These, whose places are kept until they are called.
    Parked(Vec<MessageId>),
}

impl Lanes {
    /// Whether room for more deliveries would help, although there are some: all are behind others. Room for what is
    /// `returning` always does, called back or revived: it may be what they wait for.
    pub(in crate::outbound::pool) fn are_stuck(&self, returning: bool) -> bool {
        let others_may_go = match &self.rule {
            Rule::Line | Rule::Beside { .. } => false,
            Rule::Keyed(turns) => !turns.has_barrier() && self.parked.len() < MAX_PARKED,
        };
        self.ready_len() == 0 && (others_may_go || returning)
    }

    /// Gives back what cannot go yet, the youngest of it, at most so many.
    pub(in crate::outbound::pool) fn give_up_youngest(&mut self, most: usize) -> GivenUp {
        match self.rule {
            Rule::Line | Rule::Beside { .. } => self.put_back(most),
            Rule::Keyed(_) => self.park(most),
        }
    }

    /// All from a delivery on, so that they come again in their order. What is in flight or waits stays in hand, and what
    /// is before it.
    fn put_back(&mut self, most: usize) -> GivenUp {
        let waiting = self.waiting.keys().map(|&(_, id)| id).max();
        let stays = waiting.max(self.in_flight.keys().next_back().copied());
        let youngest = self.ready.keys().rev().take_while(|&&id| Some(id) > stays);
        let Some(&from) = youngest.take(most).last() else { return GivenUp::Nothing };
        for id in self.ready.split_off(&from).into_keys() {
            self.leave(id);
        }
        GivenUp::From(from)
    }

    /// Their places are kept.
    fn park(&mut self, most: usize) -> GivenUp {
        let Rule::Keyed(turns) = &mut self.rule else { return GivenUp::Nothing };
        let behind = self.ready.keys().rev().filter(|&&id| !turns.is_free(id));
        let parked: Vec<_> = behind.take(most).copied().collect();
        for &id in &parked {
            turns.set(id, Presence::Away);
            self.ready.remove(&id);
            self.parked.insert(id);
        }
        if parked.is_empty() { GivenUp::Nothing } else { GivenUp::Parked(parked) }
    }

    /// What was given back and is to come again, since its turn has come or is near.
    pub(in crate::outbound::pool) fn call(&mut self) -> Vec<MessageId> {
        let Rule::Keyed(turns) = &mut self.rule else { return Vec::new() };
        let called = turns.call(CALLED_AT_ONCE);
        for &id in &called {
            self.parked.remove(&id);
        }
        called
    }
}
