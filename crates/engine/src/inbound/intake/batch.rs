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
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::{Asked, Refusal};
use wardline_hl7::batch::Batch;
use wardline_hl7::{Message, ParseError};
use wardline_store::Marks;

use super::{Acknowledgement, Decided, Intake, Settled};
use crate::events::ExceptionReason;
use crate::inbound::apart::{LARGE, apart, take_turns};
use crate::inbound::duplicates::{Duplicates, Found, Several};
use crate::observe::ListenerCounters;
use crate::replies::Replies;

/// One message of a batch.
pub(crate) struct Member {
    /// What came; `None` where it could not be read.
    pub(crate) message: Option<Message>,
    /// Which answers it asks for.
    pub(crate) asked: Asked,
    /// Why it is not taken, by its header.
    checked: Result<(), Refusal>,
    role: Role,
    /// What is known of copies of it.
    found: Option<Found>,
}

/// What a member of a batch is to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A message.
    Message,
    /// One that a destination awaits, too.
    Awaited,
    /// An answer that a destination awaits, or that no route names: it is passed over, like one that comes alone.
    PassedOver,
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

/// What is known of the messages of a batch that was read. Of one that is refused by a header nothing is asked.
pub(crate) async fn recognise_each(
    members: &mut [Member],
    duplicates: Option<&Arc<Duplicates>>,
    at: Timestamp,
    counters: &ListenerCounters,
) -> Several {
    let considered = || members.iter().enumerate().filter(|(_, member)| member.is_considered());
    let is_refused = considered().any(|(_, member)| member.checked.is_err());
    let Some(duplicates) = duplicates.filter(|_| !is_refused) else { return Several::default() };
    let messages = considered().filter_map(|(place, one)| Some((place, one.message.as_ref()?)));
    let several = duplicates.look_each(messages, at, counters).await;
    for found in &several.found {
        if let Some(member) = members.get_mut(found.place) {
            member.found = Some(*found);
        }
    }
    several
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

    /// The same; what is large keeps nobody else waiting.
    pub(crate) async fn split_apart(self: &Arc<Self>, payload: &Bytes) -> Result<Batch, Refusal> {
        if payload.len() <= LARGE {
            return self.split(payload);
        }
        let (intake, payload) = (Arc::clone(self), payload.clone());
        apart(move || intake.split(&payload)).await
    }

    /// Reads each message of a batch and holds it against the listener's header policy.
    pub(crate) async fn read_each(
        &self,
        batch: &Batch,
        replies: &Replies,
        counters: &ListenerCounters,
    ) -> Vec<Member> {
        let mut members = Vec::new();
        for body in batch.messages() {
            let reading = self.listener.reading();
            let parsed = if body.len() > LARGE {
                let body = body.clone();
                apart(move || Message::parse_with(body, reading)).await
            } else {
                Message::parse_with(body.clone(), reading)
            };
            members.push(self.member(parsed, replies, counters));
            take_turns(members.len()).await;
        }
        members
    }

    fn member(
        &self,
        parsed: Result<Message, ParseError>,
        replies: &Replies,
        counters: &ListenerCounters,
    ) -> Member {
        let message = match parsed {
            Ok(message) => message,
            Err(error) => {
                let checked = Err(Refusal::unreadable(&error));
                let asked = Asked::Original;
                return Member { message: None, asked, checked, role: Role::Message, found: None };
            }
        };
        let checked = self.check(&message, counters);
        let asked = self.asked(&message, counters);
        let is_awaited = replies.awaits(&self.listener.id, &message);
        let role = match asked {
            Asked::Nothing if is_awaited => Role::PassedOver,
            Asked::Nothing if checked.is_ok() && self.is_named(&message) => Role::Message,
            Asked::Nothing => Role::PassedOver,
            Asked::Original | Asked::Enhanced { .. } if is_awaited => Role::Awaited,
            Asked::Original | Asked::Enhanced { .. } => Role::Message,
        };
        Member { message: Some(message), asked, checked, role, found: None }
    }

    /// Decides on the messages of a batch.
    pub(crate) async fn decide_each(
        &self,
        members: &[Member],
        peer: Option<SocketAddr>,
        received_at: Timestamp,
        counters: &ListenerCounters,
    ) -> BatchDecided {
        let considered = || (1..).zip(members).filter(|(_, member)| member.is_considered());
        for (number, member) in considered() {
            if let Err(refusal) = &member.checked {
                return BatchDecided::Refuse { number, refusal: refusal.clone(), reason: None };
            }
        }
        let acknowledgements = members.iter().filter_map(Member::acknowledgement).collect();
        let mut settled = Settled { acknowledgements, ..Settled::default() };
        for (number, member) in considered() {
            let Some(message) = &member.message else { continue };
            if let Some(Found { digest, marks, .. }) = member.found
                && marks.has(Marks::SUPPRESSED)
            {
                settled.add(Settled::suppressed(message, digest));
                continue;
            }
            match self.decide(message, peer, received_at, counters).await {
                Decided::Store(mut one) => {
                    if let Some(Found { digest, marks, .. }) = member.found {
                        one.mark(marks, Some(digest));
                    }
                    settled.add(one);
                }
                Decided::Discard { messages } => {
                    settled.discarded += messages;
                    settled.forgotten.extend(member.found.map(|found| found.digest));
                }
                Decided::Refuse(refusal) => {
                    return BatchDecided::Refuse { number, refusal, reason: None };
                }
                Decided::Undecided { refusal, reason } => {
                    return BatchDecided::Refuse { number, refusal, reason: Some(reason) };
                }
            }
            take_turns(number).await;
        }
        BatchDecided::Store(settled)
    }
}

impl Member {
    /// Whether it is decided about.
    fn is_considered(&self) -> bool {
        self.role != Role::PassedOver
    }

    fn acknowledgement(&self) -> Option<Acknowledgement> {
        let is_passed_over = match self.role {
            Role::Message => return None,
            Role::Awaited => false,
            Role::PassedOver => true,
        };
        Some(Acknowledgement { message: self.message.clone()?, is_passed_over })
    }
}
