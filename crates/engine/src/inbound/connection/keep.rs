//! Keeping what a peer sent: the one place where a positive answer for something stored leaves (ACK-1).

use std::sync::Arc;

use jiff::Timestamp;
use wardline_config::OnUnavailable;
use wardline_flow::RefusalCause;
use wardline_hl7::AckCode;
use wardline_store::{Accept, Marks, NewMessage, StoredAnswer};

use super::batch::Outcome;
use super::recognise::Known;
use super::say::Heard;
use super::{Conversation, Goes};
use crate::inbound::answer::{failure, too_large_to_store};
use crate::inbound::completions::Awaited;
use crate::inbound::handover::{NotHandedOver, hand_over};
use crate::inbound::intake::Settled;

impl Conversation {
    /// Makes the messages durable, then lets the positive answer go. Where there are none, at once.
    pub(super) async fn keep(
        &mut self,
        heard: Heard<'_>,
        mut settled: Settled,
        known: Known,
        received_at: Timestamp,
    ) -> Goes {
        let around = Arc::clone(&self.around);
        let whole = heard;
        let heard = self.owe(whole, Outcome::Taken, &mut settled, received_at).await;
        let mut messages = std::mem::take(&mut settled.messages);
        let control_id = around.control_ids.next();
        if messages.is_empty() {
            known.discarded();
            around.intake.stored(&settled, &around.replies, &around.counters);
            let answers = self.positive(heard, control_id, received_at).await;
            return self.say(answers).await;
        }
        let due = heard.due(AckCode::AA);
        let relaying = around.relaying.as_deref().filter(|_| heard.awaits_the_application());
        let relayed = relaying.and_then(|one| Some((one, one.awaiting(&messages)?)));
        let answer = |code| StoredAnswer {
            code: letters(code),
            control_id: control_id.as_str().into(),
            at: received_at,
        };
        let given = due.codes().next().map(answer);
        if relayed.is_some() {
            for message in &mut messages {
                message.marks = message.marks.with(Marks::RELAYED);
            }
        }
        // What another system will say is not promised with the record.
        let stored_answer = if relayed.is_some() { due.accept.map(answer) } else { given.clone() };
        let for_copies = known.for_copies(received_at, given);
        let deliveries: usize = messages.iter().map(|message| message.deliveries.len()).sum();
        let record = self.record(messages, stored_answer, received_at);
        let awaited = match self.hand_over(record).await {
            Ok(awaited) => awaited,
            Err(NotHandedOver::InTime) => return self.unavailable(heard).await,
            Err(NotHandedOver::Ever) => return self.refuse(whole, &too_large_to_store()).await,
        };
        let answers = self.positive(heard, control_id, received_at).await;
        let Some(stored) = awaited.stored().await else {
            return self.unavailable(heard).await;
        };
        self.deciding = None;
        tracing::debug!(deliveries, unrouted = settled.unrouted.len(), "stored");
        around.intake.stored(&settled, &around.replies, &around.counters);
        match relayed {
            None => {
                if let Some(block) = &self.uncommitted {
                    block.answered(answers.frames());
                }
                for_copies.taken();
                self.say(answers).await
            }
            Some(relayed) => self.relay(heard, answers, relayed, stored, for_copies).await,
        }
    }

    /// One record of what came from this peer.
    pub(super) fn record(
        &self,
        messages: Vec<NewMessage>,
        answer: Option<StoredAnswer>,
        received_at: Timestamp,
    ) -> Accept {
        Accept {
            received_at,
            listener: self.around.intake.listener().id.arc(),
            peer: Arc::clone(&self.peer_name),
            answer,
            messages,
            concludes: None,
        }
    }

    pub(super) async fn hand_over(&self, accept: Accept) -> Result<Awaited, NotHandedOver> {
        let around = &self.around;
        let deadline = tokio::time::Instant::now() + around.intake.listener().unavailable_wait;
        let intake = around.store_intake.clone();
        hand_over(&*around.store, &around.completions, intake, accept, deadline).await
    }

    /// The message cannot be stored, or is not let in: silence, unless the listener is told to answer AE or CE, or MLLP has a word for it.
    pub(super) async fn unavailable(&mut self, heard: Heard<'_>) -> Goes {
        match self.around.intake.listener().on_unavailable {
            OnUnavailable::Answer
                if self.uncommitted.is_none() && !heard.due(AckCode::AE).is_empty() =>
            {
                let text = "The message cannot be stored now";
                self.refuse(heard, &failure(RefusalCause::NotStored, text)).await
            }
            OnUnavailable::Answer | OnUnavailable::Close => self.give_up().await,
        }
    }
}

/// MSA-1 as the store keeps it.
pub(crate) fn letters(code: AckCode) -> [u8; 2] {
    let mut letters = [0; 2];
    letters.copy_from_slice(code.as_str().as_bytes());
    letters
}
