//! What a pool decides: which delivery goes to which slot, and what an ended attempt means.
//!
//! ```text
//!   outbox ──add──▶ lanes ──next──▶ slot ──Report──▶ ended ──classify──▶ Settled ──▶ store
//!                     ▲                                        │
//!                     └───────────── retry, give back ─────────┘
//! ```
//!
//! Keeps ORDER-1 (through [`Lanes`]) and END-1: each delivery that went out comes back in exactly one [`Settled`].
//! No socket, no actor, no clock, no chance: they are arguments.

mod attempts;

use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::Destination;
use wardline_flow::{
    Cause, ConsecutiveDead, DeliveryPolicy, Received, Situation, TransportFault, Verdict, classify,
};
use wardline_store::MessageId;

use self::attempts::{
    code, failed_as_a_whole, is_error, is_of_the_way, is_the_destinations, reached_the_peer,
};
use super::fate::{Fate, Settled};
use super::lanes::Lanes;
use super::slots::{CarrierId, Slots, Taken};
use crate::outbound::delivery::{Delivery, Lease};
use crate::outbound::report::{CloseReason, Ended, Report};

/// Everything one destination's pool decides on.
#[derive(Debug)]
pub(super) struct Dispatch {
    pub(super) lanes: Lanes,
    pub(super) slots: Slots,
    policy: DeliveryPolicy,
    streak: ConsecutiveDead,
    group: usize,
    /// Whether somebody wants to know what was answered to what was delivered.
    pub(super) keeps_replies: bool,
    /// Set while nothing may be sent.
    pub(super) paused: bool,
    /// Why the last attempt failed; none since the last that didn't.
    pub(super) trouble: Option<Cause>,
}

/// The moment of a decision, and its share of chance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// For what is measured.
    pub(super) instant: Instant,
    /// For what is kept.
    pub(super) time: Timestamp,
    /// Any number.
    pub(super) random: u64,
}

impl Dispatch {
    /// Nothing in hand yet. At most `group` deliveries go to a slot at once.
    pub(super) fn new(destination: &Destination, slots: usize, group: usize) -> Self {
        Self {
            lanes: Lanes::new(&destination.order),
            slots: Slots::new(slots),
            policy: destination.policy,
            streak: ConsecutiveDead::new(destination.max_consecutive_dead),
            group,
            keeps_replies: false,
            paused: false,
            trouble: None,
        }
    }

    /// The next slot to use and what to send through it.
    pub(super) fn next(&mut self, now: Instant) -> Option<(Taken, Vec<Delivery>)> {
        self.lanes.wake_due(now);
        if self.paused {
            return None;
        }
        let slot = self.slots.free(now)?;
        let group = self.lanes.next(self.group);
        if group.is_empty() {
            return None;
        }
        let taken = self.slots.take(slot, group.iter().map(|delivery| delivery.id).collect())?;
        Some((taken, group))
    }

    /// Whether something could be sent now, if there were something.
    pub(super) fn has_idle_slot(&self, now: Instant) -> bool {
        !self.paused && self.slots.free(now).is_some()
    }

    /// When something may be sent that may not be sent now. What is due and only lacks a slot or room needs no clock.
    pub(super) fn next_moment(&mut self, now: Instant) -> Option<Instant> {
        self.lanes.wake_due(now);
        [self.lanes.next_due(), self.slots.next_end(now)].into_iter().flatten().min()
    }

    /// A carrier spoke. Everything that has left its hands by it is settled.
    pub(super) fn on_report(&mut self, report: Report, now: &Now) -> Vec<Settled> {
        let Report { carrier, ended, closed } = report;
        if !self.slots.is_current(carrier) {
            return Vec::new();
        }
        let panicked = closed == Some(CloseReason::Panicked);
        let failed = panicked || ended.iter().any(|(_, ended)| is_the_destinations(ended));
        let asked = ended.iter().map(|(_, ended)| self.wait_asked_for(ended)).max();
        let pause = if failed { self.pause_of(carrier, asked, now) } else { None };
        let mut settled = Vec::with_capacity(ended.len());
        for (id, ended) in ended {
            self.slots.done_with(carrier, id);
            settled.extend(self.settle(carrier, id, ended, pause, now));
        }
        if closed.is_none() {
            self.slots.open(carrier);
            return settled;
        }
        for id in self.slots.vacate(carrier, pause) {
            // Nothing was said of it: it never got out of the carrier's mailbox. A panic, though, may have come later.
            let left = if panicked {
                Ended::attempted(Received::Transport(TransportFault::Closed))
            } else {
                Ended::NotSent(None)
            };
            settled.extend(self.settle(carrier, id, left, pause, now));
        }
        settled
    }

    /// An operator wants everything tried now, and the count of dead letters to begin anew.
    pub(super) fn try_now(&mut self) {
        self.lanes.wake_all();
        self.slots.wake_all();
        self.streak.reset();
    }

    /// A peer that dials us is there: what waits for a connection, or failed with one, goes on. What waits because the peer
    /// answered so waits on.
    pub(super) fn peer_arrived(&mut self) {
        self.slots.end_pauses();
        if self.trouble.is_some_and(is_of_the_way) {
            self.lanes.wake_all();
        }
    }

    /// One more carrier of this slot failed; when the next may come.
    fn pause_of(
        &mut self,
        carrier: CarrierId,
        asked: Option<Duration>,
        now: &Now,
    ) -> Option<Instant> {
        let failures = self.slots.failed(carrier);
        let pause = self.policy.retry.next_delay(failures, now.random);
        now.instant.checked_add(pause.max(asked.unwrap_or_default()))
    }

    /// The wait that the destination has asked for.
    fn wait_asked_for(&self, ended: &Ended) -> Duration {
        match ended {
            Ended::Attempted { received, .. } => received.wait_asked_for(&self.policy.retry),
            Ended::Concluded | Ended::NotSent(_) => Duration::ZERO,
        }
    }

    fn settle(
        &mut self,
        carrier: CarrierId,
        id: MessageId,
        ended: Ended,
        pause: Option<Instant>,
        now: &Now,
    ) -> Option<Settled> {
        match ended {
            Ended::Attempted { received, reply } => {
                if reached_the_peer(received) && !failed_as_a_whole(received) {
                    self.slots.answered(carrier);
                }
                self.settle_attempt(id, received, &reply, now)
            }
            Ended::Concluded => {
                self.slots.answered(carrier);
                self.went_well();
                self.lanes.end(id).map(|lease| Settled::of(&lease, Fate::Concluded))
            }
            Ended::NotSent(fault) => {
                let lease = self.lanes.in_flight(id)?;
                let fate = match (fault, pause) {
                    (Some(fault), Some(until)) => {
                        lease.failures = lease.failures.saturating_add(1);
                        self.trouble = Some(fault.cause());
                        Fate::Retry { due: now.at(until), cause: fault.cause() }
                    }
                    _ => Fate::Returned,
                };
                let settled = Settled::of(lease, fate);
                self.lanes.give_back(id);
                Some(settled)
            }
        }
    }

    fn settle_attempt(
        &mut self,
        id: MessageId,
        received: Received,
        reply: &Bytes,
        now: &Now,
    ) -> Option<Settled> {
        let lease = self.lanes.in_flight(id)?;
        let situation = lease.attempted(received, now);
        let verdict = classify(&self.policy, &situation, received);
        if verdict != Verdict::Delivered || self.keeps_replies {
            lease.hear(reply);
        }
        let fate = match verdict {
            Verdict::Delivered => Fate::Delivered(code(received)),
            Verdict::RetryAfter { delay, cause } => {
                let due = now.instant + delay;
                self.trouble = Some(cause);
                let settled = Settled::of(lease, Fate::Retry { due: now.at(due), cause });
                self.lanes.retry_at(id, due);
                return Some(settled);
            }
            Verdict::Dead { cause } => {
                let reply = lease.last_reply.clone();
                Fate::Dead { cause, reply, hold: self.streak.dead() }
            }
            Verdict::Hold { cause } => {
                let reply = lease.last_reply.clone();
                self.lanes.stop_at(id);
                Fate::Held { cause, reply }
            }
        };
        match &fate {
            Fate::Delivered(_) => self.went_well(),
            Fate::Dead { cause, .. } | Fate::Held { cause, .. } => self.trouble = Some(*cause),
            Fate::Concluded | Fate::Retry { .. } | Fate::Returned => {}
        }
        self.lanes.end(id).map(|lease| Settled::of(&lease, fate))
    }

    fn went_well(&mut self) {
        self.streak.reset();
        self.trouble = None;
    }
}

impl Lease {
    /// Counts one attempt, and gives what the decision about it needs.
    fn attempted(&mut self, received: Received, now: &Now) -> Situation {
        if reached_the_peer(received) {
            self.delivery.sends = self.delivery.sends.saturating_add(1);
        }
        self.failures = self.failures.saturating_add(1);
        if is_error(received) && self.first_error.is_none() {
            self.first_error = Some(now.time);
        }
        let since = self.first_error.map(|first| now.time.duration_since(first));
        Situation {
            attempts: self.delivery.sends,
            failures: self.failures,
            since_first_error: since.and_then(|since| since.try_into().ok()).unwrap_or_default(),
            random: now.random,
        }
    }
}

impl Now {
    /// The time at which `instant` will be.
    pub(super) fn at(&self, instant: Instant) -> Timestamp {
        let wait = instant.saturating_duration_since(self.instant);
        self.time.checked_add(wait).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests;
