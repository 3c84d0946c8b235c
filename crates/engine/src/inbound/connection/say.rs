//! Saying what is due: no answer, the accept answer, the application's, or both, each a frame of its own (ACK-2).

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::AckWhen;
use wardline_flow::{Asked, Due, Refusal};
use wardline_hl7::AckCode;
use wardline_hl7::ack::{Original, begins_like_hl7};

use super::{Conversation, Goes};
use crate::inbound::answer::{ControlIds, too_large};
use crate::observe::ListenerCounters;

/// What came, and which answers it asks for.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    original: Original<'a>,
    asked: Asked,
}

/// The frames that are due, in the order in which they go.
pub(super) struct Answers([Option<(AckCode, Bytes)>; 2]);

impl Heard<'_> {
    /// What is due when the application's answer is `code`.
    pub(super) fn due(&self, code: AckCode) -> Due {
        self.asked.due(code)
    }
}

impl Conversation {
    /// What came in; a listener that never answers is asked for nothing.
    pub(super) fn heard<'a>(&self, original: Original<'a>, asked: Asked) -> Heard<'a> {
        let asked = match self.around.intake.listener().ack {
            AckWhen::AfterStore => asked,
            AckWhen::None => Asked::Nothing,
        };
        Heard { original, asked }
    }

    /// The positive answers. Whoever says them vouches for ACK-1; the first has this MSH-10.
    pub(super) fn positive(
        &mut self,
        heard: Heard<'_>,
        due: Due,
        control_id: String,
        at: Timestamp,
    ) -> Answers {
        let around = Arc::clone(&self.around);
        let time = self.clock.text(at);
        Answers::each(due, control_id, &around.control_ids, |code, control_id| {
            around.style.positive(heard.original, code, control_id, time)
        })
    }

    /// Answers that it is not taken, and why.
    pub(super) async fn refuse(&mut self, heard: Heard<'_>, refusal: &Refusal) -> Goes {
        let around = Arc::clone(&self.around);
        tracing::debug!(code = %refusal.code, error = refusal.error.number(), "refused");
        let time = self.clock.text(Timestamp::now());
        let due = heard.due(refusal.code);
        let first = around.control_ids.next();
        let answers = Answers::each(due, first, &around.control_ids, |code, control_id| {
            around.style.negative(heard.original, code, refusal, control_id, time)
        });
        self.say(answers).await
    }

    /// Writes the answers; none is counted too.
    pub(super) async fn say(&mut self, Answers(frames): Answers) -> Goes {
        if frames.iter().all(Option::is_none) {
            self.around.counters.unanswered.one();
        }
        for (code, frame) in frames.into_iter().flatten() {
            count(code, &self.around.counters);
            self.socket.write(&frame).await?;
        }
        Ok(())
    }

    /// Answers AR by what was read of the payload, and waits for the peer to take it before closing.
    pub(super) async fn refuse_too_large(&mut self, head: &Bytes) -> Goes {
        let limit = self.around.intake.listener().max_message_size;
        if begins_like_hl7(head) {
            let refused = self.heard(Original::Unreadable(head), Asked::Original);
            self.refuse(refused, &too_large(limit)).await?;
        }
        self.socket.linger().await;
        Ok(())
    }
}

impl Answers {
    /// One for each code that is due; the second has an MSH-10 of its own.
    fn each(
        due: Due,
        first: String,
        control_ids: &ControlIds,
        frame: impl Fn(AckCode, &str) -> Bytes,
    ) -> Self {
        let accept = due.accept.map(|code| (code, frame(code, &first)));
        let own_id = if accept.is_some() { control_ids.next() } else { first };
        Self([accept, due.application.map(|code| (code, frame(code, &own_id)))])
    }
}

fn count(code: AckCode, counters: &ListenerCounters) {
    match code {
        AckCode::AA => counters.answered_aa.one(),
        AckCode::AE => counters.answered_ae.one(),
        AckCode::AR => counters.answered_ar.one(),
        AckCode::CA => counters.answered_ca.one(),
        AckCode::CE => counters.answered_ce.one(),
        AckCode::CR => counters.answered_cr.one(),
    }
}
