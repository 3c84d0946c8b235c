//! What the writer remembers while retention works, so that nothing is written that is no longer true (END-1).
//!
//! ```text
//!   retention   begin ── wait until all before is settled ── read the index ── hand over ── wait ── end
//!   writer        └────────── notes every message and destination that something happens to ────────┘
//!                             drops what retention handed over, if it was touched
//! ```
//!
//! What was handed over before `begin` is seen by the reading, what comes after it is noted: nothing falls between. Each
//! round has an epoch of its own, which what it hands over carries. Retention may give a round up while records of it
//! stand in the queue; behind its end, and in every later round, the writer drops them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::api::{Change, MessageId, Name};
use crate::submission::Matter;

/// One round of retention.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// What the writer remembers during a round.
#[derive(Default)]
pub(crate) struct Watch {
    /// Whether a round runs: spares the writer the lock outside of them.
    on: AtomicBool,
    round: Mutex<Round>,
}

#[derive(Default)]
struct Round {
    last: Epoch,
    runs: bool,
    messages: HashSet<MessageId>,
    destinations: HashSet<Name>,
}

impl Watch {
    /// From now on every change is remembered. What was handed over before must be settled before anything is read.
    pub(crate) fn begin(&self) -> Epoch {
        let mut round = self.round();
        let epoch = Epoch(round.last.0 + 1);
        *round = Round { last: epoch, runs: true, ..Round::default() };
        self.on.store(true, Ordering::SeqCst);
        epoch
    }

    /// What the round has handed over and is not written yet never will be.
    pub(crate) fn end(&self) {
        let mut round = self.round();
        *round = Round { last: round.last, ..Round::default() };
        self.on.store(false, Ordering::SeqCst);
    }

    /// The writer is about to write it.
    pub(crate) fn note(&self, matter: &Matter) {
        if !self.on.load(Ordering::SeqCst) {
            return;
        }
        match matter {
            Matter::Change(change) => self.round().touch(change),
            Matter::Accept(accept) => {
                if let Some(concluded) = &accept.concludes {
                    self.round().messages.insert(concluded.delivery.message);
                }
            }
            // In one round no two of them name the same, and another round's are not written.
            Matter::Refused(_)
            | Matter::Carried(..)
            | Matter::CarriedHold(..)
            | Matter::Expired(..) => {}
        }
    }

    /// Whether something may have happened to what retention hands over since it was read.
    pub(crate) fn was_touched(&self, matter: &Matter) -> bool {
        match matter {
            Matter::Accept(_) | Matter::Change(_) | Matter::Refused(_) => false,
            Matter::Carried(carried, epoch) => {
                let round = self.round();
                let message = MessageId::from_number(carried.message);
                !round.is(*epoch) || message.is_none_or(|message| round.messages.contains(&message))
            }
            Matter::CarriedHold(change, epoch) | Matter::Expired(change, epoch) => {
                let round = self.round();
                !round.is(*epoch) || round.was_touched(change)
            }
        }
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Round {
    fn is(&self, epoch: Epoch) -> bool {
        self.runs && self.last == epoch
    }

    fn touch(&mut self, change: &Change) {
        match change {
            Change::Delivery { delivery, .. } => {
                self.messages.insert(delivery.message);
            }
            Change::DestinationHeld { destination, .. }
            | Change::DestinationReleased { destination, .. } => {
                self.destinations.insert(destination.clone());
            }
        }
    }

    fn was_touched(&self, change: &Change) -> bool {
        match change {
            Change::Delivery { delivery, .. } => self.messages.contains(&delivery.message),
            Change::DestinationHeld { destination, .. }
            | Change::DestinationReleased { destination, .. } => {
                self.destinations.contains(destination)
            }
        }
    }
}
