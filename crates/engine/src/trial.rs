//! The account of one message: what a configuration would do with it, as the engine decides it, and each reason in the
//! order in which they fall. For `try`, and for whoever asks a running engine.
//!
//! ```text
//! payload ─▶ Rehearsal ─▶ what is decided, kept, answered ─┐
//!        └─▶ rules ─▶ routes ─▶ steps, asked one by one ───┴─▶ Account
//! ```
//!
//! Nothing is sent or stored. An account is content: it is for whoever brought the message, or may read it (PHI-1).

mod difference;
mod request;
mod running;
mod told;
mod trace;

use bytes::Bytes;
use jiff::Zoned;
use wardline_config::{Config, Listener};
use wardline_flow::{Routing, Source};
use wardline_hl7::{Message, printable};

pub use self::difference::{Difference, differences};
pub use self::request::made_for;
pub use self::running::{MAX_TRIED, MOST_TRIED};
pub(crate) use self::running::{NotTried, Trials};
pub use self::told::{
    Account, Emitted, Reached, Refused, RequestMade, RouteAsked, RuleAsked, StepTaken,
};
pub use self::trace::because;
use self::trace::{Traced, rules, trace};
use crate::rehearsal::{Fate, Kept, RefusedAt, Rehearsal, Rehearsed, Stamp};

/// MSH-10 of the answer that is shown: none is ever sent.
const CONTROL_ID: &str = "TRY";

impl Account {
    /// Decides as the listener would; `None` where it is a listener of another configuration.
    pub fn of(
        config: &Config,
        rehearsal: &Rehearsal,
        listener: &Listener,
        payload: &Bytes,
    ) -> Option<Self> {
        let time = Zoned::now().strftime("%Y%m%d%H%M%S").to_string();
        let stamp = Stamp { control_id: CONTROL_ID, time: &time };
        let rehearsed = rehearsal.rehearse(&listener.id, payload, stamp)?;
        let mut account = Self {
            listener: listener.id.to_string(),
            message: format!("{} bytes", payload.len()),
            refused: rehearsed.fate.refusal().map(|refusal| Refused {
                code: refusal.code.as_str().to_owned(),
                error: refusal.error.number(),
                text: refusal.text.to_string(),
            }),
            rules: Vec::new(),
            handlers: Vec::new(),
            asked: Vec::new(),
            routes: Vec::new(),
            destinations: Vec::new(),
            emitted: Vec::new(),
            kept: None,
            answers: rehearsed.answers.iter().map(|answer| segments(answer)).collect(),
            answered_by: rehearsed.answered_by.as_ref().map(ToString::to_string),
        };
        if let Ok(message) = Message::parse_with(payload.clone(), listener.reading()) {
            account.message = described(&message);
            account.explain(config, listener, &message, &rehearsed);
            let asked = account.handlers.iter().filter(|name| rehearsal.asks(name));
            account.asked = asked.cloned().collect();
        }
        Some(account)
    }

    /// Whether the message would be taken.
    pub fn is_taken(&self) -> bool {
        self.refused.is_none()
    }

    fn explain(
        &mut self,
        config: &Config,
        listener: &Listener,
        message: &Message,
        rehearsed: &Rehearsed,
    ) {
        match &rehearsed.fate {
            Fate::PassedOver => {
                self.kept = Some("no: it is an answer, and no route names its type".to_owned());
                return;
            }
            Fate::Refused { at: RefusedAt::Reading | RefusedAt::Header, .. } => return,
            Fate::Refused { at: RefusedAt::Deciding, .. } | Fate::Taken => {}
            Fate::Discarded => {
                let why = "no: no route takes it, and those are discarded here";
                self.kept = Some(why.to_owned());
            }
        }
        let routing = &config.routing;
        let (asked, hold) = rules(&listener.rules, &routing.subject(message));
        self.rules = asked;
        if !hold {
            return;
        }
        let source = Source::Listener(listener.id.clone());
        let came = rehearsed.kept.iter().find(|kept| kept.body == *message.bytes());
        let Traced { routes, handlers, destinations, is_unrouted } =
            trace(routing, &source, listener, message, came);
        (self.routes, self.handlers, self.destinations) = (routes, handlers, destinations);
        if let Some(came) = came {
            show_requests(config, listener, came, &mut self.destinations);
        }
        if let Some(came) = came.filter(|came| came.deliveries.is_empty()) {
            let kept = || kept(is_unrouted, came, &self.destinations);
            self.kept = self.kept.take().or_else(kept);
        }
        self.explain_more(routing, listener, &source, message, rehearsed);
    }

    /// What is kept besides the message: what handlers emit, and answers of ours that go by a destination.
    fn explain_more(
        &mut self,
        routing: &Routing,
        listener: &Listener,
        source: &Source,
        message: &Message,
        rehearsed: &Rehearsed,
    ) {
        for other in rehearsed.kept.iter().filter(|kept| kept.body != *message.bytes()) {
            if other.is_answer {
                self.destinations.extend(other.deliveries.iter().map(Reached::by_answer));
                continue;
            }
            let Ok(emitted) = Message::parse(other.body.clone()) else { continue };
            let traced = trace(routing, source, listener, &emitted, Some(other));
            self.emitted.push(Emitted {
                message: described(&emitted),
                kept: kept(traced.is_unrouted, other, &traced.destinations),
                routes: traced.routes,
                destinations: traced.destinations,
            });
        }
    }
}

/// Adds what is made of it for destinations that do not speak HL7.
fn show_requests(config: &Config, listener: &Listener, kept: &Kept, reached: &mut [Reached]) {
    for sent in &kept.deliveries {
        let destination = config.destinations.iter().find(|one| *one.id.arc() == *sent.destination);
        let place = reached.iter_mut().find(|one| one.id == *sent.destination && one.is_reached());
        if let (Some(destination), Some(place)) = (destination, place) {
            place.request = RequestMade::of(destination, listener, &sent.body);
        }
    }
}

/// Why a message without deliveries is kept.
fn kept(is_unrouted: bool, kept: &Kept, destinations: &[Reached]) -> Option<String> {
    if !kept.deliveries.is_empty() {
        return None;
    }
    if is_unrouted {
        return Some("yes, for an operator: no route takes it".to_owned());
    }
    let ended = destinations.iter().all(Reached::is_reached);
    ended.then(|| "yes, to show that its way ended with a handler".to_owned())
}

fn segments(answer: &[u8]) -> Vec<String> {
    let lines = answer.split(|byte| *byte == b'\r').filter(|line| !line.is_empty());
    lines.map(|line| printable::text(line).into_owned()).collect()
}

fn described(message: &Message) -> String {
    let header = message.header();
    let control_id = printable::id(header.control_id());
    format!("{} {control_id}, {} bytes", header.message_code(), message.bytes().len())
}
