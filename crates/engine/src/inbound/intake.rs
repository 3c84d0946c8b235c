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
//! Nothing is stored or answered here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::{Listener, Unrouted};
use wardline_flow::{HandlerName, IntakeLints, Plan, Refusal, Route, Routing, Source};
use wardline_hl7::{ErrorCode, Message, ParseError, ParseOptions};
use wardline_store::{Lane, NewDelivery, NewMessage};

use super::answer::{failure, rejection};
use crate::handler::{Called, HandlerCaller, HandlerFault, Received, Verdict};
use crate::observe::ListenerCounters;

/// What one listener decides with.
pub(crate) struct Intake {
    listener: Listener,
    source: Source,
    routing: Arc<Routing>,
    handlers: Arc<BTreeMap<HandlerName, HandlerCaller>>,
    /// Message types that no route took and that have been told of.
    told: Mutex<BTreeSet<String>>,
}

/// How many unrouted types one listener tells of, each once: a sender that makes types up must not fill a log.
const MAX_TOLD: usize = 256;

/// What is to be done with a payload.
pub(crate) enum Decided {
    /// Make these durable, then answer AA.
    Store {
        /// The messages with all their deliveries: one record.
        messages: Vec<NewMessage>,
        /// Whether no route takes any of them.
        unrouted: bool,
    },
    /// Answer AA and keep nothing: `unrouted = "discard"`.
    Discard,
    /// Answer with this.
    Refuse(Refusal),
}

impl Intake {
    pub(crate) fn new(
        listener: Listener,
        routing: Arc<Routing>,
        handlers: Arc<BTreeMap<HandlerName, HandlerCaller>>,
    ) -> Self {
        let source = Source::Listener(listener.id.clone());
        Self { listener, source, routing, handlers, told: Mutex::default() }
    }

    /// The listener's settings.
    pub(crate) fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Reads a payload as a message and holds it against the listener's header policy.
    pub(crate) fn read(
        &self,
        payload: &Bytes,
        counters: &ListenerCounters,
    ) -> (Option<Message>, Result<(), Refusal>) {
        let options = ParseOptions { segments: self.listener.segments };
        let message = match Message::parse_with(payload.clone(), options) {
            Ok(message) => message,
            Err(error) => return (None, Err(Refusal::unreadable(&error))),
        };
        let checked = self.listener.intake.check(&message);
        if !message.lints().is_empty() {
            counters.lint_message.one();
        }
        match checked {
            Ok(lints) => {
                if lints != IntakeLints::default() {
                    counters.lint_header.one();
                }
                (Some(message), Ok(()))
            }
            Err(refusal) => (Some(message), Err(refusal)),
        }
    }

    /// Decides on a message that was read.
    pub(crate) async fn decide(
        &self,
        message: &Message,
        peer: SocketAddr,
        received_at: Timestamp,
        counters: &ListenerCounters,
    ) -> Decided {
        let routes = self.routing.matching(&self.source, message);
        let mut emitted = None;
        for name in self.handlers_of(&routes) {
            let received = Received {
                message: message.clone(),
                listener: self.listener.id.arc(),
                peer: Some(peer),
                received_at,
                id: None,
                hops: 0,
            };
            match self.show(name, received, counters).await {
                Ok(Some(messages)) => emitted = Some(messages),
                Ok(None) => {}
                Err(refusal) => return Decided::Refuse(refusal),
            }
        }
        match emitted {
            None => self.settle(vec![planned(message, 0, Plan::of(&routes))]),
            Some(messages) if messages.is_empty() => {
                // The message ends with its handler, and is kept to show that it did.
                let messages = vec![planned(message, 0, Plan::default())];
                Decided::Store { messages, unrouted: false }
            }
            Some(messages) => {
                let plan = |message: &Message| self.routing.plan(&self.source, message);
                self.settle(messages.iter().map(|one| planned(one, 1, plan(one))).collect())
            }
        }
    }

    /// The handlers of the listener, then those of each route that matches, in the order of the file, each once.
    fn handlers_of<'a>(&'a self, routes: &[&'a Route]) -> Vec<&'a HandlerName> {
        let mut names: Vec<&HandlerName> = Vec::new();
        for name in self.listener.handlers.iter().chain(routes.iter().flat_map(|r| &r.handlers)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Shows the message to one handler: what it emits instead, or why the message goes no further.
    async fn show(
        &self,
        name: &HandlerName,
        received: Received,
        counters: &ListenerCounters,
    ) -> Result<Option<Vec<Message>>, Refusal> {
        let called = match self.handlers.get(name) {
            Some(caller) => caller.call(received, self.listener.handler_timeout).await,
            None => Called::Fault(HandlerFault::Down),
        };
        let refusal = match called {
            Called::Verdict(Verdict::Accept) => return Ok(None),
            Called::Verdict(Verdict::Emit(payloads)) => match read_all(payloads) {
                Ok(messages) => return Ok(Some(messages)),
                Err(_unreadable) => failure(format!("handler {name} emitted no HL7 message")),
            },
            Called::Verdict(Verdict::Reject { code, text }) => return Err(rejection(code, text)),
            Called::Verdict(Verdict::Fail { text }) => failure(text),
            Called::Verdict(Verdict::Panicked) => fault(name, HandlerFault::Panicked),
            Called::Fault(kind) => fault(name, kind),
        };
        counters.handler_faults.one();
        Err(refusal)
    }

    /// Raises the alarm about a message that no route took, once for each type.
    pub(crate) fn tell_unrouted(&self, message: &Message) {
        let message_type = message.header().message_code();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MAX_TOLD && told.insert(message_type.clone()) {
            tracing::warn!(listener = %self.listener.id, message_type, "no route takes messages of this type: they are kept as unrouted");
        }
    }

    /// What becomes of messages whose ways are planned: the listener's `unrouted` speaks where none has one.
    fn settle(&self, messages: Vec<NewMessage>) -> Decided {
        let unrouted = messages.iter().all(|message| message.deliveries.is_empty());
        match (unrouted, self.listener.unrouted) {
            (true, Unrouted::Reject) => Decided::Refuse(rejection(
                ErrorCode::UnsupportedMessageType,
                "No route takes this message",
            )),
            (true, Unrouted::Discard) => Decided::Discard,
            (true, Unrouted::Accept) | (false, _) => Decided::Store { messages, unrouted },
        }
    }
}

/// A message with its deliveries, each in the lane of its order.
fn planned(message: &Message, hops: u8, plan: Plan) -> NewMessage {
    let deliveries = plan.deliveries.into_iter().map(|planned| NewDelivery {
        destination: planned.destination.arc(),
        lane: Lane::FIFO,
        body: None,
    });
    NewMessage { body: message.bytes().clone(), hops, deliveries: deliveries.collect() }
}

fn read_all(payloads: Vec<Bytes>) -> Result<Vec<Message>, ParseError> {
    payloads.into_iter().map(Message::parse).collect()
}

fn fault(name: &HandlerName, fault: HandlerFault) -> Refusal {
    failure(match fault {
        HandlerFault::Panicked => format!("handler {name} failed on this message"),
        HandlerFault::TimedOut => format!("handler {name} did not decide in time"),
        HandlerFault::Down => format!("handler {name} is down"),
    })
}
