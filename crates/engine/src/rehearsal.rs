//! What a listener would decide on a payload, by the code that decides when one comes: for `try`, `test` and `diff`.
//!
//! ```text
//! payload ─▶ Intake::read ─▶ Intake::decide ─▶ what would be stored, and for whom
//!                               │    └ scripts are asked; other handlers are, or are left out
//!                               ▼
//!                          AnswerStyle ─▶ the answers
//! ```
//!
//! Nothing is stored, sent or answered. What depends on more than this message is left out: copies are not recognised,
//! and no destination waits for an answer.

mod asking;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use wardline_config::{AckWhen, Config, Listener};
use wardline_flow::{Asked, DestinationId, HandlerName, ListenerId, Refusal, Routing};
use wardline_hl7::ack::Original;
use wardline_hl7::{AckCode, Message};
use wardline_store::{Name, NewMessage};

use self::asking::Asking;
use crate::charsets::Charsets;
use crate::handler::{Handlers, Reach};
use crate::inbound::answer::AnswerStyle;
use crate::inbound::intake::{Decided, Intake, Read, Settled};
use crate::observe::{ListenerCounters, Withheld};
use crate::ways::Ways;

/// A configuration on trial.
pub struct Rehearsal {
    stages: Vec<Stage>,
    waiting: Waiting,
}

/// What runs while a decision is waited for.
enum Waiting {
    /// Nothing of ours.
    Alone(Runtime),
    /// Handlers.
    Asking(Asking),
}

/// One listener with what it decides by.
struct Stage {
    intake: Intake,
    style: AnswerStyle,
    counters: ListenerCounters,
}

/// What answers have in MSH-10 and MSH-7. An engine makes them anew with each.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// MSH-10.
    pub control_id: &'a str,
    /// MSH-7.
    pub time: &'a str,
}

/// What would become of a payload.
pub struct Rehearsed {
    /// What is decided.
    pub fate: Fate,
    /// What would be stored, as one record.
    pub kept: Vec<Kept>,
    /// What would go back on the connection, in order.
    pub answers: Vec<Bytes>,
    /// Whose answer goes back behind these (`ack = "after_delivery"`).
    pub answered_by: Option<DestinationId>,
}

/// What is decided on a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is an answer, and no route names its type: neither kept nor answered.
    PassedOver,
    /// It is refused, with all that is in it.
    Refused {
        /// What the sender is told.
        refusal: Refusal,
        /// How far it came.
        at: RefusedAt,
    },
    /// It is kept.
    Taken,
    /// It is answered positively and not kept: `unrouted = "discard"`.
    Discarded,
}

/// How far a refused payload came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedAt {
    /// It cannot be read.
    Reading,
    /// Its header, or the listener's profile, is against it.
    Header,
    /// A rule, a handler, a route or a destination is.
    Deciding,
}

/// A message that would be stored.
pub struct Kept {
    /// Its bytes.
    pub body: Bytes,
    /// What each destination would be sent.
    pub deliveries: Vec<Sent>,
    /// It is an answer of ours that goes by a destination (`app_ack_to`).
    pub is_answer: bool,
}

/// What one destination would be sent.
pub struct Sent {
    /// The destination.
    pub destination: Name,
    /// The bytes, in its charset.
    pub body: Bytes,
}

impl Rehearsal {
    /// Scripts are asked, and speak with nobody who is not live. Handlers of the program are taken to accept.
    ///
    /// # Errors
    ///
    /// The system gives no event loop.
    pub fn of(config: &Config) -> io::Result<Self> {
        Self::with_scripts(config, Reach::Live)
    }

    /// The same, but scripts speak with nobody at all: it may be asked about all that ever came.
    ///
    /// # Errors
    ///
    /// The system gives no event loop.
    pub fn of_the_past(config: &Config) -> io::Result<Self> {
        Self::with_scripts(config, Reach::Nobody)
    }

    /// The same beside a running engine: what scripts say of it is nowhere.
    pub(crate) fn unheard(config: &Config) -> io::Result<Self> {
        Self::with_scripts(config, Reach::Unheard)
    }

    fn with_scripts(config: &Config, reach: Reach) -> io::Result<Self> {
        if config.handlers.iter().any(|limits| limits.script.is_some()) {
            let asking = Asking::start(config, &Handlers::default(), reach);
            return Ok(Self::with(config, Waiting::Asking(asking)));
        }
        let runtime = Builder::new_current_thread().enable_time().build()?;
        Ok(Self::with(config, Waiting::Alone(runtime)))
    }

    /// The handlers of listeners and routes are started and asked, scripts among them.
    pub fn asking(config: &Config, handlers: &Handlers) -> Self {
        Self::with(config, Waiting::Asking(Asking::start(config, handlers, Reach::Live)))
    }

    fn with(config: &Config, waiting: Waiting) -> Self {
        let callers = match &waiting {
            Waiting::Alone(_) => BTreeMap::new(),
            Waiting::Asking(asking) => asking.callers(),
        };
        let asked: BTreeSet<HandlerName> = callers.keys().cloned().collect();
        let leave_out = |names: &mut Vec<HandlerName>| names.retain(|name| asked.contains(name));
        let mut routing: Routing = config.routing.clone();
        routing.routes.iter_mut().for_each(|route| leave_out(&mut route.handlers));
        let withheld = Arc::new(Withheld::of(config));
        let (ways, _unused) = Ways::new(Arc::new(routing), Charsets::of(config), withheld, callers);
        let stage = |listener: &Listener| {
            let mut listener = listener.clone();
            leave_out(&mut listener.handlers);
            let style =
                AnswerStyle { ack_type: listener.ack_type.clone(), err_before_2_5: listener.err };
            let intake = Intake::new(listener, Arc::clone(&ways));
            Stage { intake, style, counters: ListenerCounters::default() }
        };
        Self { stages: config.listeners.iter().map(stage).collect(), waiting }
    }

    /// Whether this handler is asked.
    pub fn asks(&self, handler: &str) -> bool {
        match &self.waiting {
            Waiting::Alone(_) => false,
            Waiting::Asking(asking) => asking.asks(handler),
        }
    }

    /// The messages of a payload that its listener would split, or the payload.
    pub fn apart(&self, listener: &ListenerId, payload: &Bytes) -> Vec<Bytes> {
        let whole = || vec![payload.clone()];
        let Some(stage) = self.stage(listener) else { return whole() };
        match stage.intake.read(payload, &stage.counters) {
            Read::Batch => stage
                .intake
                .split(payload)
                .map_or_else(|_| whole(), |batch| batch.messages().cloned().collect()),
            Read::Message(..) | Read::Unreadable(_) => whole(),
        }
    }

    /// What would become of this message at that listener; `None` where there is no such listener.
    pub fn rehearse(
        &self,
        listener: &ListenerId,
        payload: &Bytes,
        stamp: Stamp<'_>,
    ) -> Option<Rehearsed> {
        let stage = self.stage(listener)?;
        match stage.intake.read(payload, &stage.counters) {
            Read::Message(message, checked) => Some(self.decide(stage, &message, checked, stamp)),
            Read::Unreadable(refusal) => Some(stage.unreadable(payload, refusal, stamp)),
            Read::Batch => {
                let refusal = stage.intake.split(payload).err()?;
                Some(stage.unreadable(payload, refusal, stamp))
            }
        }
    }

    fn stage(&self, listener: &ListenerId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.intake.listener().id == *listener)
    }

    fn decide(
        &self,
        stage: &Stage,
        message: &Message,
        checked: Result<(), Refusal>,
        stamp: Stamp<'_>,
    ) -> Rehearsed {
        let intake = &stage.intake;
        let asked = intake.asked(message, &stage.counters);
        if asked == Asked::Nothing && !(checked.is_ok() && intake.is_named(message)) {
            return Rehearsed::nothing(Fate::PassedOver);
        }
        if let Err(refusal) = checked {
            let fate = Fate::Refused { refusal, at: RefusedAt::Header };
            return stage.answered(message, asked, fate, Settled::default(), stamp);
        }
        let deciding = intake.decide(message, None, Timestamp::now(), &stage.counters);
        let decided = match &self.waiting {
            Waiting::Alone(runtime) => runtime.block_on(deciding),
            Waiting::Asking(asking) => asking.wait(deciding),
        };
        let (fate, settled) = match decided {
            Decided::Store(settled) => (Fate::Taken, settled),
            Decided::Discard { .. } => (Fate::Discarded, Settled::default()),
            Decided::Refuse(refusal) | Decided::Undecided { refusal, .. } => {
                let fate = Fate::Refused { refusal, at: RefusedAt::Deciding };
                (fate, Settled::default())
            }
        };
        stage.answered(message, asked, fate, settled, stamp)
    }
}

impl Stage {
    fn unreadable(&self, payload: &Bytes, refusal: Refusal, stamp: Stamp<'_>) -> Rehearsed {
        let original = Original::Unreadable(payload);
        let answers = self.answers(original, self.heard(Asked::Original), Some(&refusal), stamp);
        let fate = Fate::Refused { refusal, at: RefusedAt::Reading };
        Rehearsed { answers, ..Rehearsed::nothing(fate) }
    }

    /// What a message with this fate is answered, and what of it goes another way.
    fn answered(
        &self,
        message: &Message,
        asked: Asked,
        fate: Fate,
        mut settled: Settled,
        stamp: Stamp<'_>,
    ) -> Rehearsed {
        let listener = self.intake.listener();
        let (refusal, original) = (fate.refusal(), Original::Message(message));
        let mut asked = self.heard(asked);
        let came = settled.messages.len();
        let relay = match &listener.ack {
            AckWhen::AfterDelivery(relay) => Some(relay),
            AckWhen::AfterStore | AckWhen::None => None,
        };
        if let Some(destination) = listener.app_ack_to.as_ref().filter(|_| relay.is_none()) {
            for answer in self.answers(original, asked.application_only(), refusal, stamp) {
                self.intake.owe(answer, destination, &mut settled);
            }
            asked = asked.without_application();
        }
        let answered_by = relay.map(|relay| &relay.from).filter(|from| {
            let is_due = |code| asked.due(code).application.is_some();
            let mut deliveries = settled.messages.iter().flat_map(|one| &one.deliveries);
            (is_due(AckCode::AA) || is_due(AckCode::AE))
                && deliveries.any(|delivery| *delivery.destination == *from.as_str())
        });
        let mut answers = self.answers(original, asked, refusal, stamp);
        if answered_by.is_some() {
            let accept = asked.due(AckCode::AA).accept;
            answers.truncate(usize::from(accept.is_some()));
        }
        let kept = settled.messages.iter().enumerate();
        Rehearsed {
            kept: kept.map(|(place, message)| Kept::of(message, place >= came)).collect(),
            answers,
            answered_by: answered_by.cloned(),
            fate,
        }
    }

    fn answers(
        &self,
        original: Original<'_>,
        asked: Asked,
        refusal: Option<&Refusal>,
        stamp: Stamp<'_>,
    ) -> Vec<Bytes> {
        let code = refusal.map_or(AckCode::AA, |refusal| refusal.code);
        let answer =
            |code| self.style.answer(original, code, refusal, stamp.control_id, stamp.time);
        asked.due(code).codes().map(answer).collect()
    }

    /// A listener that never answers is asked for nothing.
    fn heard(&self, asked: Asked) -> Asked {
        match self.intake.listener().ack {
            AckWhen::AfterStore | AckWhen::AfterDelivery(_) => asked,
            AckWhen::None => Asked::Nothing,
        }
    }
}

impl Rehearsed {
    fn nothing(fate: Fate) -> Self {
        Self { fate, kept: Vec::new(), answers: Vec::new(), answered_by: None }
    }
}

impl Fate {
    /// Why it is refused, where it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            Self::PassedOver | Self::Taken | Self::Discarded => None,
        }
    }
}

impl Kept {
    fn of(message: &NewMessage, is_answer: bool) -> Self {
        let sent = message.deliveries.iter().map(|delivery| Sent {
            destination: Name::clone(&delivery.destination),
            body: delivery.body.clone().unwrap_or_else(|| message.body.clone()),
        });
        Self { body: message.body.clone(), deliveries: sent.collect(), is_answer }
    }
}

#[cfg(test)]
mod tests;
