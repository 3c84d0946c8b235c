//! What is decided about a payload before it is stored: is it a message we take, what do the handlers say, where
//! does it go.
//!
//! ```text
//! payload ─▶ parse ─▶ header policy ─▶ handlers of the listener, then of the matching routes ─▶ plan
//!    │refused          │refused          │Reject, Fail, fault             │Emit: plan each
//!    ▼                 ▼                 ▼                                ▼
//!    AR                AR                AR / AE                          Accept for the store (ROUTE-1)
//! ```
//!
//! A payload with several messages is split, each is decided so, and all are kept or none: [`batch`].
//!
//! Nothing is stored or answered here.

mod batch;
mod handlers;
mod owed;
mod settled;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::{Listener, Multiple, ProfileLevel, Unrouted};
use wardline_flow::ack_mode::has_unknown_condition;
use wardline_flow::{
    AckMode, Asked, IntakeLints, Plan, PlanFault, Refusal, RefusalCause, Route, Source, Subject,
    rule,
};
use wardline_hl7::profile::Violation;
use wardline_hl7::{AckCode, ErrorCode, Message, ParseError};
use wardline_store::NewMessage;

pub(crate) use self::batch::{BatchDecided, Member, recognise_each};
use self::settled::Acknowledgement;
pub(crate) use self::settled::Settled;
use super::answer::{failure, rejection};
use super::unasked::Unasked;
use crate::charsets::Untranscodable;
use crate::events::ExceptionReason;
use crate::handler::Received;
use crate::observe::{ListenerCounters, UnroutedTypes};
use crate::planning::{plan_with_scripts, plans};
use crate::ways::{Deciding, Ways};

/// What one listener decides with.
pub(crate) struct Intake {
    listener: Listener,
    source: Source,
    ways: Arc<Ways>,
    told: UnroutedTypes,
    /// Rules of the profile that were broken and told of; there are no more than the profile has.
    told_rules: Mutex<BTreeSet<String>>,
    unasked: Unasked,
}

/// What a payload is.
pub(crate) enum Read {
    /// A message, and why the listener does not take it.
    Message(Message, Result<(), Refusal>),
    /// Several messages, or an envelope: to be split.
    Batch,
    /// Neither.
    Unreadable(Refusal),
}

/// What is to be done with a payload.
pub(crate) enum Decided {
    /// Make these durable, then answer AA.
    Store(Settled),
    /// Answer AA and keep nothing: `unrouted = "discard"`, and no route takes any.
    Discard {
        /// How many.
        messages: u64,
    },
    /// Answer with this.
    Refuse(Refusal),
    /// A handler did not decide: answer with this.
    Undecided {
        /// AE.
        refusal: Refusal,
        /// What became of the handler.
        reason: ExceptionReason,
    },
}

impl Intake {
    pub(crate) fn new(listener: Listener, ways: Arc<Ways>) -> Self {
        let source = Source::Listener(listener.id.clone());
        Self {
            listener,
            source,
            ways,
            told: UnroutedTypes::default(),
            told_rules: Mutex::default(),
            unasked: Unasked::default(),
        }
    }

    /// The listener's settings.
    pub(crate) fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Returns when messages may be decided by this: at once, but for the moment in which a queue is moved.
    pub(crate) async fn opened(&self) {
        self.ways.opened().await;
    }

    /// Whether it decides by this version.
    pub(crate) fn goes_by(&self, ways: &Arc<Ways>) -> bool {
        Arc::ptr_eq(&self.ways, ways)
    }

    /// Begins with a message. None where nobody decides by this any more.
    pub(crate) fn begin(&self) -> Option<Deciding> {
        self.ways.begin()
    }

    /// Reads a payload, and holds a message against the listener's header policy.
    pub(crate) fn read(&self, payload: &Bytes, counters: &ListenerCounters) -> Read {
        let message = match Message::parse_with(payload.clone(), self.listener.reading()) {
            Ok(message) => message,
            Err(ParseError::Envelope) => return Read::Batch,
            Err(error) => return Read::Unreadable(Refusal::unreadable(&error)),
        };
        if self.listener.multiple == Multiple::Split && message.message_headers() > 1 {
            return Read::Batch;
        }
        let checked = self.check(&message, counters);
        Read::Message(message, checked)
    }

    /// Holds a message against the listener's header policy and profile.
    fn check(&self, message: &Message, counters: &ListenerCounters) -> Result<(), Refusal> {
        if !message.lints().is_empty() {
            counters.lint_message.one();
        }
        if self.listener.intake.check(message)? != IntakeLints::default() {
            counters.lint_header.one();
        }
        self.hold_against_profile(message, counters)
    }

    /// Which answers the message asks for.
    pub(crate) fn asked(&self, message: &Message, counters: &ListenerCounters) -> Asked {
        let mode = self.listener.ack_mode;
        if mode != AckMode::Original && has_unknown_condition(message.header()) {
            counters.lint_ack_condition.one();
        }
        let asked = mode.asked(message);
        if asked != Asked::Nothing && asked.due(AckCode::AA).is_empty() {
            self.unasked.hear(message, &self.listener.id, counters);
        }
        asked
    }

    /// Whether a route that takes the message says its type.
    pub(crate) fn is_named(&self, message: &Message) -> bool {
        self.ways.routing.names(&self.source, message)
    }

    /// What breaking a rule of the profile costs, the listener says.
    fn hold_against_profile(
        &self,
        message: &Message,
        counters: &ListenerCounters,
    ) -> Result<(), Refusal> {
        let profile = self.listener.profile.as_deref();
        let Some(profile) = profile.filter(|_| self.listener.profile_level != ProfileLevel::Off)
        else {
            return Ok(());
        };
        let mut violations = profile.check(message).peekable();
        let Some(first) = violations.peek().copied() else { return Ok(()) };
        counters.lint_profile.one();
        if self.listener.profile_level == ProfileLevel::Reject {
            return Err(Refusal::violated(&first));
        }
        violations.for_each(|violation| self.tell_violation(&violation));
        Ok(())
    }

    /// Tells of a broken rule, once for each: a sender breaks the same ones with every message.
    fn tell_violation(&self, violation: &Violation<'_>) {
        let mut told = self.told_rules.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = violation.rule.id.as_str();
        if !told.contains(rule) {
            told.insert(rule.to_owned());
            tracing::warn!(listener = %self.listener.id, rule, place = %violation.path, "messages break a rule of the profile: they are taken and counted");
        }
    }

    /// Decides on a message that was read.
    pub(crate) async fn decide(
        &self,
        message: &Message,
        peer: Option<SocketAddr>,
        received_at: Timestamp,
        counters: &ListenerCounters,
    ) -> Decided {
        let subject = self.ways.routing.subject(message);
        if let Err(refusal) = rule::check(&self.listener.rules, &subject) {
            let is_final = refusal.code == AckCode::AR;
            if is_final { &counters.rules_refused } else { &counters.rule_faults }.one();
            return Decided::Refuse(refusal);
        }
        let routes = match self.ways.routing.matching(&self.source, &subject) {
            Ok(routes) => routes,
            Err(fault) => return unplanned(&fault, counters),
        };
        let mut emitted = None;
        for name in self.handlers_of(&routes) {
            let received = Received {
                message: message.clone(),
                listener: self.listener.id.arc(),
                peer,
                received_at,
                id: None,
                hops: 0,
            };
            match self.show(name, received, counters).await {
                Ok(Some(messages)) => emitted = Some(messages),
                Ok(None) => {}
                Err(decided) => return decided,
            }
        }
        match emitted {
            None => match self.plan_of(&routes, &subject).await {
                Ok(plan) => self.settle(vec![(message.clone(), plan)]),
                Err(fault) => unplanned(&fault, counters),
            },
            Some(messages) if messages.is_empty() => {
                // The message ends with its handler, and is kept to show that it did.
                let body = message.bytes().clone();
                let messages = vec![NewMessage::new(body, Vec::new())];
                Decided::Store(Settled { taken: 1, messages, ..Settled::default() })
            }
            Some(messages) => match plans(&self.ways, &self.source, &messages).await {
                Ok(plans) => self.settle(messages.into_iter().zip(plans).collect()),
                Err(fault) => unplanned(&fault, counters),
            },
        }
    }

    /// The plan of the message in hand, of routes that have been found to match.
    async fn plan_of(&self, routes: &[&Route], subject: &Subject<'_>) -> Result<Plan, PlanFault> {
        if self.ways.has_scripts {
            return plan_with_scripts(&self.ways.routing, &self.source, subject.message()).await;
        }
        self.ways.routing.plan_of(routes, subject)
    }

    /// What becomes of messages whose ways are planned: the listener's `unrouted` speaks for each that has none.
    fn settle(&self, plans: Vec<(Message, Plan)>) -> Decided {
        let mut settled = Settled { taken: 1, ..Settled::default() };
        for (message, plan) in plans {
            if plan.is_unrouted() {
                match self.listener.unrouted {
                    Unrouted::Accept => settled.unrouted.push(message.header().message_code()),
                    Unrouted::Reject => return Decided::Refuse(no_route()),
                    Unrouted::Discard => {
                        settled.discarded += 1;
                        continue;
                    }
                }
            }
            match self.ways.charsets.planned(&message, 0, &plan) {
                Ok(planned) => settled.messages.push(planned),
                Err(error) => return Decided::Refuse(untranscodable(&error)),
            }
            settled.withheld.extend(plan.withheld);
        }
        if settled.messages.is_empty() {
            return Decided::Discard { messages: settled.discarded };
        }
        Decided::Store(settled)
    }
}

/// AE: a change of the destination's settings would let it pass.
fn untranscodable(error: &Untranscodable) -> Refusal {
    failure(RefusalCause::Charset, format!("{error}: {}", error.source))
}

/// AE: a change of the condition or the transform would let it pass. The fault says which, and no value (PHI-1).
fn unplanned(fault: &PlanFault, counters: &ListenerCounters) -> Decided {
    counters.rule_faults.one();
    Decided::Refuse(failure(RefusalCause::RuleFault, fault.to_string()))
}

fn no_route() -> Refusal {
    let (cause, error) = (RefusalCause::Unrouted, ErrorCode::UnsupportedMessageType);
    rejection(cause, error, "No route takes this message")
}

#[cfg(test)]
mod tests;
