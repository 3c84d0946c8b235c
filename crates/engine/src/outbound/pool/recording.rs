//! Outcomes leave for the store, and the destination's figures move.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::Cause;
use wardline_hl7::AckCode;
use wardline_store::limits::MAX_REPLY;
use wardline_store::{Change, Damaged, DeliveryRef, MessageId, Name, Outcome};

use super::OutboundPool;
use super::fate::{Fate, Settled};
use crate::ends::{End, Ended};
use crate::ordering::Stand;
use crate::outbound::limits::MAX_STOPPED;

/// Who holds a destination that rejects everything, or makes nothing clear.
const ENGINE: &str = "wardline";

impl OutboundPool {
    /// Records what became of a delivery. Never awaited: a lane goes on at once.
    pub(super) fn record(&mut self, settled: Settled) {
        self.count(&settled);
        let Settled { id, sends, first_error, reply, fate, .. } = settled;
        self.tell(id, sends, &fate);
        match fate {
            Fate::Delivered(_) => self.tell_sender(id, reply, End::Delivered),
            // What names another message is no word about this one.
            Fate::Dead { cause: Cause::UnclearUnknownId, .. } => {
                self.tell_sender(id, Bytes::new(), End::Dead);
            }
            Fate::Dead { .. } => self.tell_sender(id, reply, End::Dead),
            Fate::Held { .. } => self.tell_sender(id, reply, End::Held),
            Fate::Concluded | Fate::Retry { .. } | Fate::Returned => {}
        }
        let stays_in_hand = matches!(fate, Fate::Retry { .. } | Fate::Returned);
        let too_many_dead = matches!(fate, Fate::Dead { hold: true, .. });
        let is_held = matches!(fate, Fate::Held { .. });
        let outcome = match fate {
            Fate::Delivered(code) => Some(Outcome::Delivered {
                attempts: sends,
                reply_code: code.map(code_bytes),
                application_due: None,
            }),
            Fate::Retry { due, cause } => Some(Outcome::Deferred {
                attempts: sends,
                first_attempt: first_error,
                due,
                cause: name(cause),
            }),
            Fate::Dead { cause, reply, .. } => {
                let reply = (!reply.is_empty()).then_some(reply);
                Some(Outcome::Dead { attempts: sends, cause: name(cause), reply })
            }
            Fate::Held { cause, reply } => {
                let reply = (!reply.is_empty()).then_some(reply);
                Some(Outcome::Held { attempts: sends, cause: name(cause), reply })
            }
            Fate::Concluded | Fate::Returned => None,
        };
        if let Some(outcome) = outcome {
            let delivery = DeliveryRef { message: id, destination: self.destination.id.arc() };
            let change = Change::Delivery { at: Timestamp::now(), delivery, outcome };
            self.store.record(change, None);
        }
        if !stays_in_hand {
            self.feed.outbox.done(id);
        }
        if too_many_dead {
            let limit = self.destination.max_consecutive_dead;
            self.hold_destination(format!("{limit} dead letters in a row"));
        }
        if is_held {
            self.hold_with_too_many_stopped();
        }
    }

    /// Holds the destination where more of its lanes stand still than an operator could look at one by one.
    pub(super) fn hold_with_too_many_stopped(&mut self) {
        if self.dispatch.lanes.are_too_many_stopped() {
            self.hold_destination(format!("{MAX_STOPPED} deliveries held"));
        }
    }

    /// Holds the destination as the engine, unless it is held.
    fn hold_destination(&mut self, reason: String) {
        if self.hold.is_none() {
            tracing::error!(destination = %self.destination.id, reason, "destination held");
            self.counters.destination_held.one();
            let change = self.hold(Name::from(ENGINE), Name::from(reason));
            self.store.record(change, None);
        }
    }

    /// What is stored of a delivery must not be sent: its lane stops there until an operator decides.
    pub(super) fn hold_damaged(&mut self, damaged: Damaged) {
        let Damaged { message, lane, also, attempts, corruption } = damaged;
        let destination = &self.destination.id;
        tracing::error!(%destination, message_id = %message, error = %corruption, "held: an operator must decide");
        let cause = Cause::Damaged;
        self.counters.held.one();
        self.dispatch.trouble = Some(cause);
        let stand = Stand::of(&self.destination.order, lane, also);
        self.dispatch.lanes.stop_before(message, stand);
        let delivery = DeliveryRef { message, destination: destination.arc() };
        let outcome = Outcome::Held { attempts, cause: name(cause), reply: None };
        self.store.record(Change::Delivery { at: Timestamp::now(), delivery, outcome }, None);
        self.hold_with_too_many_stopped();
    }

    /// Whoever waits to hear what the destination said: something that is said once.
    pub(super) fn tell_sender(&self, message: MessageId, reply: Bytes, end: End) {
        let Some(ends) = &self.ends else { return };
        // A longer one is cut, which is no answer any more.
        let reply = if reply.len() < MAX_REPLY { reply } else { Bytes::new() };
        ends.tell(message, Ended { end, reply });
    }

    fn count(&self, Settled { bytes, received_at, fate, .. }: &Settled) {
        match fate {
            Fate::Delivered(_) | Fate::Concluded => {
                let now = Timestamp::now();
                self.counters.delivered.one();
                self.counters.delivered_bytes.add(*bytes as u64);
                // None where the clock was set back meanwhile.
                let took = Duration::try_from(now.duration_since(*received_at));
                self.counters.delivery_latency.add(took.unwrap_or_default());
                self.last_delivered.set(now);
            }
            Fate::Retry { .. } => self.counters.retried.one(),
            Fate::Dead { .. } => self.counters.dead.one(),
            Fate::Held { .. } => self.counters.held.one(),
            Fate::Returned => {}
        }
    }

    /// Says what somebody should know of. A destination that is away says so once, and once that it is back.
    fn tell(&mut self, message: MessageId, attempts: u32, fate: &Fate) {
        let destination = &self.destination.id;
        match fate {
            Fate::Delivered(_) | Fate::Concluded => {
                if std::mem::take(&mut self.troubled) {
                    tracing::info!(%destination, "delivering again");
                }
                tracing::debug!(%destination, message_id = %message, attempts, "delivered");
            }
            Fate::Retry { cause, due } => {
                if !std::mem::replace(&mut self.troubled, true) {
                    tracing::warn!(%destination, cause = cause.code(), "not delivering: retrying");
                }
                tracing::debug!(%destination, message_id = %message, attempts, cause = cause.code(), %due, "deferred");
            }
            Fate::Dead { cause, .. } => {
                tracing::warn!(%destination, message_id = %message, attempts, cause = cause.code(), "dead letter");
            }
            Fate::Held { cause, .. } => {
                tracing::error!(%destination, message_id = %message, attempts, cause = cause.code(), "held: an operator must decide");
            }
            Fate::Returned => {}
        }
    }
}

/// A cause as the store keeps it.
pub(super) fn name(cause: Cause) -> Name {
    Name::from(cause.code())
}

fn code_bytes(code: AckCode) -> [u8; 2] {
    match code {
        AckCode::AA => *b"AA",
        AckCode::AE => *b"AE",
        AckCode::AR => *b"AR",
        AckCode::CA => *b"CA",
        AckCode::CE => *b"CE",
        AckCode::CR => *b"CR",
    }
}
