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

use super::recognise::Known;
use super::say::{Answers, Heard};
use super::{Conversation, Goes};
use crate::inbound::answer::{AnswerStyle, ControlIds, framed};
use crate::inbound::intake::{BatchDecided, Member};

/// A batch whose messages are answered one by one.
#[derive(Clone, Copy)]
pub(super) struct EachHeard<'a> {
    batch: &'a Batch,
    members: &'a [Member],
    form: Form,
    /// The message because of which all are refused, counted from 1.
    culprit: Option<usize>,
}

/// How their answers go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Batch,
    Errors,
    Frames,
}

/// What became of all of them.
#[derive(Clone, Copy)]
pub(super) enum Outcome<'r> {
    Taken,
    Refused(&'r Refusal),
}

impl Conversation {
    /// From a payload with several messages to its answers.
    pub(super) async fn answer_batch(&mut self, payload: &Bytes, received_at: Timestamp) -> Goes {
        let around = Arc::clone(&self.around);
        let batch = match around.intake.split(payload) {
            Ok(batch) => batch,
            Err(refusal) => {
                let heard = self.heard(Original::Unreadable(payload), Asked::Original);
                return self.refuse(heard, &refusal).await;
            }
        };
        around.counters.batches.one();
        let members = around.intake.read_each(&batch, &around.counters);
        let peer = Some(self.peer);
        match around.intake.decide_each(&members, peer, received_at, &around.counters).await {
            BatchDecided::Store(settled) => {
                let heard = self.heard_batch(&batch, &members, None);
                if !settled.messages.is_empty() {
                    return self.keep(heard, settled, Known::default(), received_at).await;
                }
                around.counters.discarded.add(settled.discarded);
                let answers = self.positive(heard, around.control_ids.next(), received_at);
                self.say(answers).await
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
            Some(form) => Heard::Each(EachHeard { batch, members, form, culprit }),
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
    /// What is due for the first message that asks for any answer.
    pub(super) fn due(&self, code: AckCode) -> Due {
        let mut dues = self.members.iter().map(|member| member.asked.due(code));
        dues.find(|due| !due.is_empty()).unwrap_or_default()
    }

    /// The answers of all messages; the first id is used first.
    pub(super) fn answers(
        self,
        outcome: Outcome<'_>,
        style: &AnswerStyle,
        first: String,
        control_ids: &ControlIds,
        time: &str,
    ) -> Answers {
        let mut first = Some(first);
        let mut new_id = || first.take().unwrap_or_else(|| control_ids.next());
        let mut codes = Vec::new();
        let mut is_any_due = false;
        let mut answers: Vec<Vec<Bytes>> = Vec::with_capacity(self.members.len());
        for ((number, member), body) in (1..).zip(self.members).zip(self.batch.messages()) {
            let original =
                member.message.as_ref().map_or(Original::Unreadable(body), Original::Message);
            let refusal = self.refusal(outcome, number);
            let code = refusal.as_ref().map_or(AckCode::AA, |refusal| refusal.code);
            let due = member.asked.due(code);
            is_any_due |= !due.is_empty();
            let said = due.codes().filter(|code| self.form != Form::Errors || !code.is_positive());
            let said = said.map(|code| {
                codes.push(code);
                match &refusal {
                    None => style.positive(original, code, &new_id(), time),
                    Some(refusal) => style.negative(original, code, refusal, &new_id(), time),
                }
            });
            answers.push(said.collect());
        }
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
