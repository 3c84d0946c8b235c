//! `app_ack_to`: the application's answers of the enhanced mode go by a destination, and the accept answers stay on the
//! connection.
//!
//! | what became of the message | its application's answer is |
//! |---|---|
//! | stored | a message of the same record (ROUTE-1): both are durable or neither is |
//! | refused, or discarded as configured | a record of its own, before the accept answer leaves |

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::DestinationId;

use super::batch::Outcome;
use super::say::Heard;
use super::{Conversation, Goes};
use crate::inbound::close::CloseReason;
use crate::inbound::intake::Settled;
use crate::inbound::surroundings::Surroundings;

impl Conversation {
    /// Puts the answers that go by a destination beside what is stored. What is left goes back on the connection.
    pub(super) async fn owe<'a>(
        &mut self,
        heard: Heard<'a>,
        outcome: Outcome<'_>,
        settled: &mut Settled,
        at: Timestamp,
    ) -> Heard<'a> {
        let around = Arc::clone(&self.around);
        let Some(destination) = around.app_ack_to() else { return heard };
        for answer in self.owed(heard, outcome, at).await {
            around.intake.owe(answer, destination, settled);
        }
        heard.on_connection()
    }

    /// What goes back on the connection.
    pub(super) fn staying<'a>(&self, heard: Heard<'a>) -> Heard<'a> {
        if self.around.app_ack_to().is_some() { heard.on_connection() } else { heard }
    }

    async fn owed(&mut self, heard: Heard<'_>, outcome: Outcome<'_>, at: Timestamp) -> Vec<Bytes> {
        let around = Arc::clone(&self.around);
        let time = self.clock.text(at);
        let (style, control_ids) = (&around.style, &*around.control_ids);
        match heard {
            Heard::Whole { original, asked } => {
                let due = asked.application_only().due(outcome.code());
                let answer = |code| {
                    style.answer(original, code, outcome.refusal(), &control_ids.next(), time)
                };
                due.codes().map(answer).collect()
            }
            Heard::Each(each) => each.owed(outcome, style, control_ids, time).await,
        }
    }

    /// Makes the answers to what is not stored durable, in a record of their own; whether they are.
    pub(super) async fn keep_owed(&mut self, mut settled: Settled, at: Timestamp) -> bool {
        let messages = std::mem::take(&mut settled.messages);
        let kept = match self.hand_over(self.record(messages, None, at)).await {
            Ok(awaited) => awaited.stored().await.is_some(),
            Err(_not_taken) => false,
        };
        if kept {
            self.around.intake.stored(&settled, &self.around.replies, &self.around.counters);
        }
        kept
    }

    /// Nothing can be stored, not even an answer: the peer is to send again.
    pub(super) async fn give_up(&mut self) -> Goes {
        if self.uncommitted.is_some() {
            return self.refuse_block().await;
        }
        Err(CloseReason::Unavailable)
    }
}

impl Surroundings {
    /// The destination that the application's answers go by. What is relayed is an answer already, and stays.
    fn app_ack_to(&self) -> Option<&DestinationId> {
        let to = self.intake.listener().app_ack_to.as_ref();
        to.filter(|_| self.relaying.is_none())
    }
}
