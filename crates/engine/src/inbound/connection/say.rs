//! Saying what is due: no answer, the accept answer, the application's, or both, each a frame of its own (ACK-2).

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::AckWhen;
use wardline_flow::{Asked, Condition, Due, Refusal};
use wardline_hl7::AckCode;
use wardline_hl7::ack::{Original, begins_like_hl7};

use super::batch::{EachHeard, Outcome};
use super::{Conversation, Goes};
use crate::inbound::answer::{ControlIds, framed, too_large};
use crate::inbound::intake::Settled;
use crate::observe::ListenerCounters;

/// What came, and which answers it asks for.
#[derive(Clone, Copy)]
pub(super) enum Heard<'a> {
    /// A payload that is answered as a whole.
    Whole { original: Original<'a>, asked: Asked },
    /// A batch with an answer for each of its messages.
    Each(EachHeard<'a>),
}

/// The frames that are due, in the order in which they go.
pub(super) enum Answers {
    /// Those of one payload.
    Whole([Option<(AckCode, Bytes)>; 2]),
    /// Those of the messages of a batch, and the frames they are in.
    Each { codes: Vec<AckCode>, frames: Vec<Bytes> },
}

impl Heard<'_> {
    /// The answers that stay where those of applications go another way.
    pub(super) fn on_connection(self) -> Self {
        match self {
            Self::Whole { original, asked } => {
                Self::Whole { original, asked: asked.without_application() }
            }
            Self::Each(each) => Self::Each(each.on_connection()),
        }
    }

    /// What is due when the application's answer is `code`: of a batch, what is for the first of its messages that asks
    /// for any.
    pub(super) fn due(&self, code: AckCode) -> Due {
        match self {
            Self::Whole { asked, .. } => asked.due(code),
            Self::Each(each) => each.due(code),
        }
    }

    /// Whether it is one message of which the application's answer is due, if that says the right thing.
    pub(super) fn awaits_the_application(&self) -> bool {
        let is_due = |code| self.due(code).application.is_some();
        matches!(self, Self::Whole { original: Original::Message(_), .. })
            && (is_due(AckCode::AA) || is_due(AckCode::AE))
    }

    /// What is left to be said when the accept answer was.
    pub(super) fn behind_accept(self) -> Self {
        match self {
            Self::Whole { original, asked: Asked::Enhanced { application, .. } } => {
                let asked = Asked::Enhanced { accept: Condition::Never, application };
                Self::Whole { original, asked }
            }
            other @ (Self::Whole { .. } | Self::Each(_)) => other,
        }
    }
}

impl Conversation {
    /// What came in; a listener that never answers is asked for nothing.
    pub(super) fn heard<'a>(&self, original: Original<'a>, asked: Asked) -> Heard<'a> {
        let asked = match self.around.intake.listener().ack {
            AckWhen::AfterStore | AckWhen::AfterDelivery(_) => asked,
            AckWhen::None => Asked::Nothing,
        };
        Heard::Whole { original, asked }
    }

    /// The positive answers. Whoever says them vouches for ACK-1; the first has this MSH-10.
    pub(super) async fn positive(
        &mut self,
        heard: Heard<'_>,
        control_id: String,
        at: Timestamp,
    ) -> Answers {
        self.answers(heard, Outcome::Taken, control_id, at).await
    }

    async fn answers(
        &mut self,
        heard: Heard<'_>,
        outcome: Outcome<'_>,
        first: String,
        at: Timestamp,
    ) -> Answers {
        let around = Arc::clone(&self.around);
        let time = self.clock.text(at);
        let (style, control_ids) = (&around.style, &*around.control_ids);
        match heard {
            Heard::Whole { original, asked } => {
                let due = asked.due(outcome.code());
                Answers::whole(due, first, control_ids, |code, control_id| {
                    style.answer(original, code, outcome.refusal(), control_id, time)
                })
            }
            Heard::Each(each) => each.answers(outcome, style, first, control_ids, time).await,
        }
    }

    /// The negative answers to something that is stored: nothing is owed elsewhere.
    pub(super) async fn negative(&mut self, heard: Heard<'_>, refusal: &Refusal) -> Answers {
        let first = self.around.control_ids.next();
        self.answers(heard, Outcome::Refused(refusal), first, Timestamp::now()).await
    }

    /// Answers that it is not taken, and why.
    pub(super) async fn refuse(&mut self, heard: Heard<'_>, refusal: &Refusal) -> Goes {
        let size = self.payload.len() as u64;
        self.refuse_of(size, heard, refusal).await
    }

    /// The same of a payload that has so many bytes; it may be that only its beginning is here.
    async fn refuse_of(&mut self, size: u64, heard: Heard<'_>, refusal: &Refusal) -> Goes {
        tracing::debug!(code = %refusal.code, error = refusal.error.number(), "refused");
        let (now, outcome) = (Timestamp::now(), Outcome::Refused(refusal));
        self.keep_refused(heard, refusal, size, now);
        let mut settled = Settled::default();
        let heard = self.owe(heard, outcome, &mut settled, now).await;
        if !settled.messages.is_empty() && !self.keep_owed(settled, now).await {
            return self.give_up().await;
        }
        let first = self.around.control_ids.next();
        let answers = self.answers(heard, outcome, first, now).await;
        self.say(answers).await
    }

    /// Writes the answers; none is counted too.
    pub(super) async fn say(&mut self, answers: Answers) -> Goes {
        self.deciding = None; // The peer may take its time.
        self.commit().await?;
        if answers.is_empty() {
            self.around.counters.unanswered.one();
        }
        match answers {
            Answers::Whole(frames) => {
                for (code, frame) in frames.into_iter().flatten() {
                    count(code, &self.around.counters);
                    self.socket.write(&frame).await?;
                }
            }
            Answers::Each { codes, frames } => {
                for code in codes {
                    count(code, &self.around.counters);
                }
                for frame in frames {
                    self.socket.write(&frame).await?;
                }
            }
        }
        Ok(())
    }

    /// Answers AR by what was read of the payload, and waits for the peer to take it before closing.
    pub(super) async fn refuse_too_large(&mut self, head: &Bytes) -> Goes {
        let limit = self.around.intake.listener().max_message_size;
        if begins_like_hl7(head) {
            self.commit_unread().await?;
            self.payload = head.clone();
            let refused = self.heard(Original::Unreadable(head), Asked::Original);
            // How long it would have been nobody knows: more than the limit, and more than what is kept of it.
            let size = (limit.max(head.len()) as u64).saturating_add(1);
            self.refuse_of(size, refused, &too_large(limit)).await?;
        }
        self.socket.linger().await;
        Ok(())
    }
}

impl Answers {
    /// The accept answer, and the application's; those of a batch stay together.
    pub(super) fn apart(self) -> (Self, Self) {
        match self {
            Self::Whole([accept, application]) => {
                (Self::Whole([accept, None]), Self::Whole([None, application]))
            }
            each @ Self::Each { .. } => (Self::Whole([None, None]), each),
        }
    }

    /// One for each code that is due; the second has an MSH-10 of its own.
    fn whole(
        due: Due,
        first: String,
        control_ids: &ControlIds,
        answer: impl Fn(AckCode, &str) -> Bytes,
    ) -> Self {
        let frame = |code, control_id: &str| (code, framed(&answer(code, control_id)));
        let accept = due.accept.map(|code| frame(code, &first));
        let own_id = if accept.is_some() { control_ids.next() } else { first };
        Self::Whole([accept, due.application.map(|code| frame(code, &own_id))])
    }

    /// The frames, in their order.
    pub(super) fn frames(&self) -> impl Iterator<Item = &Bytes> + Clone {
        let (whole, each): (&[_], &[_]) = match self {
            Self::Whole(frames) => (frames, &[]),
            Self::Each { frames, .. } => (&[], frames),
        };
        whole.iter().flatten().map(|(_, frame)| frame).chain(each)
    }

    /// Whether none is due.
    pub(super) fn is_empty(&self) -> bool {
        self.frames().next().is_none()
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
