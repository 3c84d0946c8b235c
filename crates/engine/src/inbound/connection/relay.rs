//! `ack = "after_delivery"`: the sender hears what a destination answered to his message.
//!
//! ```text
//!  durable ──▶ 06, CA, where due ──▶ waiting ──its end──▶ the destination's answer, as ours
//!                                      │ answer_within
//!                                      ├────────late───▶ AA, where due │ on_late = "return": withdrawn, AE
//!                                      └─not delivered─▶ AE, where due
//! ```
//!
//! The message is durable before anything is awaited: whatever becomes of this connection, nothing is lost. What was
//! promised by a commit block or CA, or whose sender would not hear AE, is never withdrawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use wardline_config::{OnLate, Relay};
use wardline_flow::RefusalCause;
use wardline_hl7::AckCode;
use wardline_hl7::ack::{Original, Reply, relayed};
use wardline_mllp::Commit;
use wardline_store::{MessageId, Name, NewMessage, Stored};

use super::recognise::ForCopies;
use super::say::{Answers, Heard};
use super::{Conversation, Goes};
use crate::ends::{End, Ended, Ends};
use crate::inbound::answer::{failure, framed};
use crate::outbound::PoolDoor;

/// What a listener needs that answers with what a destination says.
pub(crate) struct Relaying {
    pub(crate) relay: Relay,
    pub(crate) ends: Arc<Ends>,
    /// The way to withdraw what is late.
    pub(crate) pools: BTreeMap<Name, PoolDoor>,
}

/// The deliveries of one record, each with the place of its message there; one of them is awaited.
pub(super) struct Awaiting {
    awaited: usize,
    deliveries: Vec<(usize, Name)>,
}

impl Relaying {
    /// What is to be awaited of these messages: the first delivery to the destination that answers. `None` where none
    /// goes there.
    pub(super) fn awaiting(&self, messages: &[NewMessage]) -> Option<Awaiting> {
        let deliveries: Vec<(usize, Name)> = (messages.iter().enumerate())
            .flat_map(|(place, message)| message.deliveries.iter().map(move |to| (place, to)))
            .map(|(place, to)| (place, Name::clone(&to.destination)))
            .collect();
        let from = self.relay.from.as_str();
        let awaited = deliveries.iter().find(|(_, to)| **to == *from)?.0;
        Some(Awaiting { awaited, deliveries })
    }

    /// Withdraws what has not begun. What has goes on.
    async fn withdraw(&self, awaiting: &Awaiting, stored: Stored) {
        let withdrawn = awaiting.deliveries.iter().map(|(place, destination)| async move {
            let (pool, message) = (self.pools.get(destination)?, id_at(stored, *place)?);
            Some((destination, message, pool.withdraw(message).await))
        });
        for (destination, message_id, result) in join_all(withdrawn).await.into_iter().flatten() {
            match result {
                Ok(withdrawn) => tracing::debug!(%destination, %message_id, withdrawn, "late"),
                Err(error) => {
                    tracing::warn!(%destination, %message_id, %error, "late, and not withdrawn: the sender is told to send again");
                }
            }
        }
    }
}

/// What the sender hears last, which may be nothing.
struct LastWord {
    answers: Answers,
    /// Whether copies of the message get what he has heard; otherwise they are new.
    is_taken: bool,
}

impl Conversation {
    /// Waits for the destination and says what it said. `ours` is what the sender gets where that has no words; `for_copies`
    /// what copies get where what he gets is positive.
    pub(super) async fn relay(
        &mut self,
        heard: Heard<'_>,
        ours: Answers,
        awaited: (&Relaying, Awaiting),
        stored: Stored,
        for_copies: ForCopies,
    ) -> Goes {
        let (accept, ours) = ours.apart();
        let block = self.uncommitted.take();
        let is_promised = block.is_some() || !accept.is_empty();
        if let Some(block) = &block {
            block.kept(accept.frames());
        }
        let promised = self.promise(block.is_some(), accept).await;
        if block.is_none() && promised.is_err() {
            // It is durable and goes its way: the copy that its sender sends for want of a word is one.
            for_copies.taken();
            return promised;
        }
        let heard = heard.behind_accept();
        let last = self.last_word(heard, ours, awaited, stored, is_promised).await;
        if let Some(block) = block {
            // Though nobody may be there to hear it: his copy asks for it.
            let frames = last.answers.frames();
            if last.is_taken { block.answered(frames) } else { block.refused(frames) }
        }
        if last.is_taken {
            for_copies.taken();
        }
        promised?;
        if last.answers.is_empty() { Ok(()) } else { self.say(last.answers).await }
    }

    /// Says that the message is ours, where its sender is to hear that before the destination's answer.
    async fn promise(&mut self, is_block: bool, accept: Answers) -> Goes {
        if is_block {
            self.socket.write(Commit::Acknowledged.frame()).await?;
        }
        if accept.is_empty() { Ok(()) } else { self.say(accept).await }
    }

    /// What the sender hears when the delivery has ended, or he has waited for long enough.
    async fn last_word(
        &mut self,
        heard: Heard<'_>,
        ours: Answers,
        (relaying, awaiting): (&Relaying, Awaiting),
        stored: Stored,
        is_promised: bool,
    ) -> LastWord {
        let counters = Arc::clone(&self.around.counters);
        let ended = self.end_of(relaying, &awaiting, stored).await;
        if let Some((code, answer)) = ended.as_ref().and_then(|ended| relayed_to(heard, ended)) {
            counters.answers_relayed.one();
            let is_due = !heard.due(code).is_empty();
            let is_taken = code.is_positive() || (is_promised && !is_due);
            let answers = Answers::Whole([None, is_due.then(|| (code, framed(&answer)))]);
            return LastWord { answers, is_taken };
        }
        let why = match ended.map(|ended| ended.end) {
            Some(End::Delivered) => return LastWord { answers: ours, is_taken: true },
            Some(End::Dead) => "The message was not delivered",
            Some(End::Discarded) => "The message was discarded",
            Some(End::Held) | None => {
                counters.answers_late.one();
                let may_be_returned = !is_promised && !heard.due(AckCode::AE).is_empty();
                if relaying.relay.on_late == OnLate::Accept || !may_be_returned {
                    return LastWord { answers: ours, is_taken: true };
                }
                relaying.withdraw(&awaiting, stored).await;
                let text = "The message was not delivered in time";
                let refusal = failure(RefusalCause::NotDelivered, text);
                let answers = self.negative(heard, &refusal).await;
                return LastWord { answers, is_taken: false };
            }
        };
        counters.answers_undelivered.one();
        let answers = self.negative(heard, &failure(RefusalCause::NotDelivered, why)).await;
        // What is not said undoes no promise.
        let is_taken = is_promised && answers.is_empty();
        LastWord { answers, is_taken }
    }

    /// How the awaited delivery ended; `None` when that takes too long, or the engine drains and starts nothing more.
    async fn end_of(
        &mut self,
        relaying: &Relaying,
        awaiting: &Awaiting,
        stored: Stored,
    ) -> Option<Ended> {
        let mut question = relaying.ends.ask(id_at(stored, awaiting.awaited)?);
        let ended = tokio::time::timeout(relaying.relay.answer_within, question.answer());
        tokio::select! {
            biased;
            ended = ended => ended.ok().flatten(),
            () = self.drain.begun() => None,
        }
    }
}

/// The number of the message at this place of a record.
fn id_at(stored: Stored, place: usize) -> Option<MessageId> {
    MessageId::from_number(stored.first.get() + place as u64)
}

/// The destination's answer as ours. `None` where it says something else than what became of the message, by a rule of
/// `on_reply`, or nothing that can be given on.
fn relayed_to(heard: Heard<'_>, ended: &Ended) -> Option<(AckCode, Bytes)> {
    let Heard::Whole { original: Original::Message(original), .. } = heard else { return None };
    let reply = Reply::read(&ended.reply).ok()?;
    let code = reply.code()?.at_application_level();
    let answer = relayed(reply.message(), original, code)?;
    (code.is_positive() == (ended.end == End::Delivered)).then_some((code, answer))
}
