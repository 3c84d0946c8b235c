//! A payload with several messages: all are kept or none, and it is answered as `batch_ack` says.
//!
//! | `batch_ack` | what goes back |
//! |---|---|
//! | `single` | one answer; MSA-2 is BHS-11, or FHS-11 where there is no BHS or are several |
//! | `batch` | BHS, an answer for each message, BTS; BHS-12 is BHS-11 of what came |
//! | `errors` | the same with negative answers only |
//! | `each` | a frame for each message |
//!
//! What cannot be split and what is empty has nothing to answer for each: one answer speaks for the whole. Where one
//! message is refused the others are too, and their answers say for which one.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::{AckWhen, BatchAck};
use wardline_flow::{Asked, Due, Refusal};
use wardline_hl7::AckCode;
use wardline_hl7::ack::{BatchAnswer, Original, build_batch};
use wardline_hl7::batch::Batch;

use super::say::{Answers, Heard};
use super::{Conversation, Goes};
use crate::inbound::answer::{AnswerStyle, ControlIds, framed};
use crate::inbound::apart::take_turns;
use crate::inbound::intake::{BatchDecided, Member};

/// A batch whose messages are answered one by one.
#[derive(Clone, Copy)]
pub(super) struct EachHeard<'a> {
    batch: &'a Batch,
    members: &'a [Member],
    form: Form,
    /// The message because of which all are refused, counted from 1.
    culprit: Option<usize>,
    way: Way,
}

/// How their answers go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Batch,
    Errors,
    Frames,
}

/// Which answers go where the application's go by a destination.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// All on the connection.
    Any,
    Connection,
    Destination,
}

/// What became of all of them.
#[derive(Clone, Copy)]
pub(super) enum Outcome<'r> {
    Taken,
    Refused(&'r Refusal),
}

impl<'r> Outcome<'r> {
    pub(super) fn refusal(self) -> Option<&'r Refusal> {
        match self {
            Self::Taken => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }

    /// What the application says of it.
    pub(super) fn code(self) -> AckCode {
        self.refusal().map_or(AckCode::AA, |refusal| refusal.code)
    }
}

impl Conversation {
    /// From a payload with several messages to its answers.
    pub(super) async fn answer_batch(&mut self, payload: &Bytes, received_at: Timestamp) -> Goes {
        let around = Arc::clone(&self.around);
        let batch = match around.intake.split_apart(payload).await {
            Ok(batch) => batch,
            Err(refusal) => {
                let heard = self.heard(Original::Unreadable(payload), Asked::Original);
                return self.refuse(heard, &refusal).await;
            }
        };
        around.counters.batches.one();
        let mut members = around.intake.read_each(&batch, &around.replies, &around.counters).await;
        if !self.let_in().await {
            return self.unavailable(self.heard_batch(&batch, &members, None)).await;
        }
        let mut known = self.recognise_each(&mut members, received_at).await;
        let peer = Some(self.peer);
        match around.intake.decide_each(&members, peer, received_at, &around.counters).await {
            BatchDecided::Store(settled) => {
                known.forget(&settled.forgotten);
                let heard = self.heard_batch(&batch, &members, None);
                self.keep(heard, settled, known, received_at).await
            }
            BatchDecided::Refuse { number, refusal, reason } => {
                if let Some(reason) = reason {
                    self.telling.failed(reason);
                }
                match self.heard_batch(&batch, &members, Some(number)) {
                    whole @ Heard::Whole { .. } => {
                        self.refuse(whole, &refusal.within_batch(number)).await
                    }
                    each @ Heard::Each(_) => self.refuse(each, &refusal).await,
                }
            }
        }
    }

    /// Who is answered: the batch, or each message of it.
    fn heard_batch<'a>(
        &self,
        batch: &'a Batch,
        members: &'a [Member],
        culprit: Option<usize>,
    ) -> Heard<'a> {
        let listener = self.around.intake.listener();
        let form = match listener.batch_ack {
            _ if listener.ack == AckWhen::None => None,
            BatchAck::Single => None,
            BatchAck::Batch => Some(Form::Batch),
            BatchAck::Errors => Some(Form::Errors),
            BatchAck::Each => Some(Form::Frames),
        };
        match form.filter(|_| !members.is_empty()) {
            Some(form) => Heard::Each(EachHeard { batch, members, form, culprit, way: Way::Any }),
            None => self.heard(Original::Batch(batch), asked_by(members)),
        }
    }
}

/// What a batch asks for as a whole: what the first of its messages does that asks for anything. An envelope alone asks
/// in original mode.
fn asked_by(members: &[Member]) -> Asked {
    let mut asked = members.iter().map(|member| member.asked);
    match members {
        [] => Asked::Original,
        [_, ..] => asked.find(|asked| *asked != Asked::Nothing).unwrap_or(Asked::Nothing),
    }
}

impl EachHeard<'_> {
    /// The answers that stay where those of applications go another way.
    pub(super) fn on_connection(self) -> Self {
        Self { way: Way::Connection, ..self }
    }

    fn asked(&self, member: &Member) -> Asked {
        match self.way {
            Way::Any => member.asked,
            Way::Connection => member.asked.without_application(),
            Way::Destination => member.asked.application_only(),
        }
    }

    /// What is due for the first message that asks for any answer.
    pub(super) fn due(&self, code: AckCode) -> Due {
        let mut dues = self.members.iter().map(|member| self.asked(member).due(code));
        dues.find(|due| !due.is_empty()).unwrap_or_default()
    }

    /// The answers of all messages, in the frames they go in; the first id is used first.
    pub(super) async fn answers(
        self,
        outcome: Outcome<'_>,
        style: &AnswerStyle,
        first: String,
        control_ids: &ControlIds,
        time: &str,
    ) -> Answers {
        let mut first = Some(first);
        let mut new_id = || first.take().unwrap_or_else(|| control_ids.next());
        let mut answers = self.each(outcome, style, &mut new_id, time).await;
        let is_any_due = answers.iter().any(|due| !due.is_empty());
        if self.form == Form::Errors {
            for due in &mut answers {
                due.retain(|(code, _)| !code.is_positive());
            }
        }
        let codes = answers.iter().flatten().map(|(code, _)| *code).collect();
        let answers: Vec<Vec<Bytes>> = answers
            .into_iter()
            .map(|due| due.into_iter().map(|(_, answer)| answer).collect())
            .collect();
        let frames = match self.form {
            Form::Frames => answers.iter().flatten().map(framed).collect(),
            Form::Batch | Form::Errors if is_any_due => {
                let answer = BatchAnswer { batch: self.batch, answers: &answers, time };
                vec![framed(&build_batch(&answer, new_id))]
            }
            Form::Batch | Form::Errors => Vec::new(),
        };
        Answers::Each { codes, frames }
    }

    /// The application's answers, which go by a destination.
    pub(super) async fn owed(
        self,
        outcome: Outcome<'_>,
        style: &AnswerStyle,
        control_ids: &ControlIds,
        time: &str,
    ) -> Vec<Bytes> {
        let owed = Self { way: Way::Destination, ..self };
        let each = owed.each(outcome, style, || control_ids.next(), time).await;
        each.into_iter().flatten().map(|(_, answer)| answer).collect()
    }

    /// What is due for each message.
    async fn each(
        &self,
        outcome: Outcome<'_>,
        style: &AnswerStyle,
        mut new_id: impl FnMut() -> String,
        time: &str,
    ) -> Vec<Vec<(AckCode, Bytes)>> {
        let mut answers = Vec::with_capacity(self.members.len());
        for ((number, member), body) in (1..).zip(self.members).zip(self.batch.messages()) {
            let original =
                member.message.as_ref().map_or(Original::Unreadable(body), Original::Message);
            let refusal = self.refusal(outcome, number);
            let code = refusal.as_ref().map_or(AckCode::AA, |refusal| refusal.code);
            let due = self.asked(member).due(code).codes().map(|code| {
                let refusal = refusal.as_deref();
                (code, style.answer(original, code, refusal, &new_id(), time))
            });
            answers.push(due.collect());
            take_turns(number).await;
        }
        answers
    }

    /// What the message of this number is told.
    fn refusal<'r>(&self, outcome: Outcome<'r>, number: usize) -> Option<Cow<'r, Refusal>> {
        match (outcome, self.culprit) {
            (Outcome::Taken, _) => None,
            (Outcome::Refused(refusal), Some(culprit)) if culprit != number => {
                Some(Cow::Owned(refusal.of_the_others(culprit)))
            }
            (Outcome::Refused(refusal), _) => Some(Cow::Borrowed(refusal)),
        }
    }
}
