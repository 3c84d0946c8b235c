//! Several messages in one payload: each is decided as if it had come alone, and all are kept, or none.
//!
//! ```text
//! payload ─▶ split, counts ─▶ read each ─▶ decide each, in order ─▶ one record of the store
//!               │refused         │refused       │refused
//!               ▼                ▼              ▼
//!               AR            the whole batch, for the first message that is
//! ```
//!
//! Every header is looked at before any handler sees a message, so that what is refused by its header troubles none.

use std::net::SocketAddr;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::{Asked, Refusal};
use wardline_hl7::Message;
use wardline_hl7::batch::Batch;
use wardline_store::Marks;

use super::{Decided, Intake, Settled};
use crate::events::ExceptionReason;
use crate::observe::ListenerCounters;
use crate::replies::Replies;

/// After so many messages of a batch the others on this arbiter get their turn.
const TURN: usize = 64;

/// One message of a batch.
pub(crate) struct Member {
    /// What came; `None` where it could not be read.
    pub(crate) message: Option<Message>,
    /// Which answers it asks for.
    pub(crate) asked: Asked,
    /// Why it is not taken, by its header.
    checked: Result<(), Refusal>,
    /// It is an answer that a destination awaits, or that no route names: it is passed over, like one that comes alone.
    is_passed_over: bool,
}

/// What is to be done with a batch.
pub(crate) enum BatchDecided {
    /// Make these durable, then answer positively. There may be none: all were passed over or discarded.
    Store(Settled),
    /// Keep nothing of it.
    Refuse {
        /// The message because of which, counted from 1.
        number: usize,
        /// Why.
        refusal: Refusal,
        /// What became of a handler that did not decide.
        reason: Option<ExceptionReason>,
    },
}

impl Intake {
    /// Splits a payload of several messages.
    ///
    /// # Errors
    ///
    /// AR: it is no batch, or BTS-1 or FTS-1 tells that it lost something.
    pub(crate) fn split(&self, payload: &Bytes) -> Result<Batch, Refusal> {
        Batch::split(payload, self.listener.segments).map_err(|error| Refusal::not_a_batch(&error))
    }

    /// Reads each message of a batch and holds it against the listener's header policy. Answers among them go to those
    /// who await them.
    pub(crate) fn read_each(
        &self,
        batch: &Batch,
        replies: &Replies,
        counters: &ListenerCounters,
    ) -> Vec<Member> {
        batch.messages().map(|body| self.read_member(body, replies, counters)).collect()
    }

    fn read_member(&self, body: &Bytes, replies: &Replies, counters: &ListenerCounters) -> Member {
        let message = match Message::parse_with(body.clone(), self.listener.reading()) {
            Ok(message) => message,
            Err(error) => {
                let checked = Err(Refusal::unreadable(&error));
                let asked = Asked::Original;
                return Member { message: None, asked, checked, is_passed_over: false };
            }
        };
        let checked = self.check(&message, counters);
        let asked = self.asked(&message, counters);
        let is_matched = replies.hear(&self.listener.id, &message);
        if is_matched {
            counters.answers_matched.one();
        }
        let asks_nothing = asked == Asked::Nothing;
        let is_unmatched =
            asks_nothing && !is_matched && !(checked.is_ok() && self.is_named(&message));
        if is_unmatched {
            counters.answers_unmatched.one();
        }
        let is_passed_over = asks_nothing && (is_matched || is_unmatched);
        Member { message: Some(message), asked, checked, is_passed_over }
    }

    /// Decides on the messages of a batch.
    pub(crate) async fn decide_each(
        &self,
        members: &[Member],
        peer: Option<SocketAddr>,
        received_at: Timestamp,
        counters: &ListenerCounters,
    ) -> BatchDecided {
        let considered = || (1..).zip(members).filter(|(_, member)| !member.is_passed_over);
        for (number, member) in considered() {
            if let Err(refusal) = &member.checked {
                return BatchDecided::Refuse { number, refusal: refusal.clone(), reason: None };
            }
        }
        let mut settled = Settled::default();
        for (number, member) in considered() {
            let Some(message) = &member.message else { continue };
            match self.decide(message, peer, received_at, counters).await {
                Decided::Store(one) => settled.add(one),
                Decided::Discard { messages } => settled.discarded += messages,
                Decided::Refuse(refusal) => {
                    return BatchDecided::Refuse { number, refusal, reason: None };
                }
                Decided::Undecided { refusal, reason } => {
                    return BatchDecided::Refuse { number, refusal, reason: Some(reason) };
                }
            }
            if number % TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        BatchDecided::Store(settled)
    }
}

impl Settled {
    /// Another message of the same payload.
    fn add(&mut self, other: Self) {
        let Self { taken, mut messages, unrouted, owed, discarded, withheld } = other;
        self.taken += taken;
        for message in &mut messages {
            message.marks = message.marks.with(Marks::IN_BATCH);
        }
        self.messages.append(&mut messages);
        self.unrouted.extend(unrouted);
        self.owed += owed;
        self.discarded += discarded;
        self.withheld.extend(withheld);
    }
}
