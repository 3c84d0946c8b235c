//! Who carries a delivery: the slots of a pool and their back-off.
//!
//! ```text
//!           take                 freed
//!   vacant ──────▶ busy ◀────────────────▶ open      a connection stands
//!     ▲             │ ended                 │ ended
//!     └── paused ◀──┴───────────────────────┘        a connection is gone
//! ```
//!
//! A slot is one connection of an MLLP destination, one call of a handler, or the one writer of a folder. A slot whose
//! carrier failed waits longer each time, until something was answered through it again.
//!
//! No socket, no actor, no clock.

use std::time::Instant;

use wardline_store::MessageId;

/// Which slot of its pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::outbound) struct SlotId(usize);

/// Which carrier of which slot: what an earlier carrier still says is no longer of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::outbound) struct CarrierId {
    /// Its slot.
    pub(in crate::outbound) slot: SlotId,
    generation: u64,
}

/// All slots of one pool.
#[derive(Debug)]
pub(super) struct Slots(Vec<Slot>);

#[derive(Debug)]
struct Slot {
    state: SlotState,
    generation: u64,
    /// Carriers in a row that ended without an answer.
    failures: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum SlotState {
    /// Nobody; a new carrier may come from this moment on.
    Vacant { not_before: Option<Instant> },
    /// A carrier that waits for work.
    Open,
    /// A carrier with these in its hands.
    Busy { with: Vec<MessageId> },
}

/// A slot that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// Its carrier, standing or to be made.
    pub(super) carrier: CarrierId,
    /// Whether a carrier must be made.
    pub(super) vacant: bool,
}

impl SlotId {
    /// Its place in a list with one entry for each slot.
    pub(in crate::outbound) fn index(self) -> usize {
        self.0
    }
}

impl Slots {
    /// So many slots, all vacant.
    pub(super) fn new(count: usize) -> Self {
        let vacant =
            || Slot { state: SlotState::Vacant { not_before: None }, generation: 0, failures: 0 };
        Self(std::iter::repeat_with(vacant).take(count).collect())
    }

    /// The slot to use next, one with a standing carrier before one without.
    pub(super) fn free(&self, now: Instant) -> Option<SlotId> {
        let open = self.0.iter().position(|slot| slot.state == SlotState::Open);
        let vacant = || self.0.iter().position(|slot| slot.may_open(now));
        open.or_else(vacant).map(SlotId)
    }

    /// Gives these to the slot's carrier.
    pub(super) fn take(&mut self, id: SlotId, with: Vec<MessageId>) -> Option<Taken> {
        let slot = self.0.get_mut(id.0)?;
        let vacant = matches!(slot.state, SlotState::Vacant { .. });
        slot.generation += u64::from(vacant);
        slot.state = SlotState::Busy { with };
        Some(Taken { carrier: CarrierId { slot: id, generation: slot.generation }, vacant })
    }

    /// Whether this is the slot's carrier of today.
    pub(super) fn is_current(&self, carrier: CarrierId) -> bool {
        self.0.get(carrier.slot.0).is_some_and(|slot| {
            let vacant = matches!(slot.state, SlotState::Vacant { .. });
            slot.generation == carrier.generation && !vacant
        })
    }

    /// The carrier has done with one of its deliveries.
    pub(super) fn done_with(&mut self, carrier: CarrierId, id: MessageId) {
        if let Some(Slot { state: SlotState::Busy { with }, .. }) = self.current(carrier) {
            with.retain(|&held| held != id);
        }
    }

    /// The carrier's deliveries went well so far: the next failure is the first again.
    pub(super) fn answered(&mut self, carrier: CarrierId) {
        if let Some(slot) = self.current(carrier) {
            slot.failures = 0;
        }
    }

    /// The carrier failed. How many did so in a row in this slot.
    pub(super) fn failed(&mut self, carrier: CarrierId) -> u32 {
        self.current(carrier).map_or(0, |slot| {
            slot.failures = slot.failures.saturating_add(1);
            slot.failures
        })
    }

    /// The carrier waits for work.
    pub(super) fn open(&mut self, carrier: CarrierId) {
        if let Some(slot) = self.current(carrier) {
            slot.state = SlotState::Open;
        }
    }

    /// The carrier is gone; no new one before `not_before`. Gives what it had in its hands.
    pub(super) fn vacate(
        &mut self,
        carrier: CarrierId,
        not_before: Option<Instant>,
    ) -> Vec<MessageId> {
        let Some(slot) = self.current(carrier) else {
            return Vec::new();
        };
        match std::mem::replace(&mut slot.state, SlotState::Vacant { not_before }) {
            SlotState::Busy { with } => with,
            SlotState::Vacant { .. } | SlotState::Open => Vec::new(),
        }
    }

    /// Forgets every back-off.
    pub(super) fn wake_all(&mut self) {
        for slot in &mut self.0 {
            slot.failures = 0;
        }
        self.end_pauses();
    }

    /// Ends every pause; the next one is longer all the same.
    pub(super) fn end_pauses(&mut self) {
        for slot in &mut self.0 {
            if let SlotState::Vacant { not_before } = &mut slot.state {
                *not_before = None;
            }
        }
    }

    /// The earliest end of a back-off that still runs.
    pub(super) fn next_end(&self, now: Instant) -> Option<Instant> {
        self.0.iter().filter_map(Slot::paused_until).filter(|&until| until > now).min()
    }

    /// Whether a carrier stands.
    pub(super) fn any_standing(&self) -> bool {
        self.0.iter().any(|slot| !matches!(slot.state, SlotState::Vacant { .. }))
    }

    fn current(&mut self, carrier: CarrierId) -> Option<&mut Slot> {
        self.0.get_mut(carrier.slot.0).filter(|slot| slot.generation == carrier.generation)
    }
}

impl Slot {
    fn paused_until(&self) -> Option<Instant> {
        match self.state {
            SlotState::Vacant { not_before } => not_before,
            SlotState::Open | SlotState::Busy { .. } => None,
        }
    }

    fn may_open(&self, now: Instant) -> bool {
        let vacant = matches!(self.state, SlotState::Vacant { .. });
        vacant && self.paused_until().is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests;
