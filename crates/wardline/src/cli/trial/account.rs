//! The account of one message: each decision with its reason, in the order in which they fall.

mod show;

use bytes::Bytes;
use jiff::Zoned;
use serde::Serialize;
use wardline_config::{AckWhen, Config, Listener, ProfileLevel, Unrouted};
use wardline_flow::transform::{Surroundings, TransformFault};
use wardline_flow::{
    Asked, HandlerName, PlanFault, Planned, Refusal, RouteVerdict, Routing, Source, Subject,
    Transform,
};
use wardline_hl7::ack::{self, AckError, AckRequest, Original};
use wardline_hl7::{AckCode, ErrorCode, Message};

use super::super::hl7::diff::{Difference, differences};
use super::super::printable;

/// MSH-10 of the answer that is shown: none is ever sent.
const CONTROL_ID: &str = "TRY";

/// What would become of one message.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    listener: String,
    message: String,
    /// Why it would be refused, where it would.
    refused: Option<Refused>,
    rules: Vec<RuleAsked>,
    /// Who would be asked before the answer, and was not.
    handlers: Vec<String>,
    routes: Vec<RouteAsked>,
    destinations: Vec<Reached>,
    /// What becomes of it where no destination gets it, or none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<&'static str>,
    /// The answers, each as its segments.
    answers: Vec<Vec<String>>,
}

/// A refusal.
#[derive(Debug, Serialize)]
struct Refused {
    code: &'static str,
    error: u16,
    text: String,
}

#[derive(Debug, Serialize)]
struct RuleAsked {
    name: String,
    holds: bool,
    /// What the sender would be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<String>,
}

#[derive(Debug, Serialize)]
struct RouteAsked {
    id: String,
    wants: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

/// A destination that a route names.
#[derive(Debug, Serialize)]
struct Reached {
    id: String,
    route: String,
    /// Why it does not go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_from: Option<&'static str>,
    steps: Vec<StepTaken>,
}

/// A step of a transform.
#[derive(Debug, Serialize)]
struct StepTaken {
    step: String,
    differences: Vec<Difference>,
}

impl Account {
    /// Decides as the listener would.
    pub(super) fn of(config: &Config, listener: &Listener, payload: &Bytes) -> Self {
        let mut account = Self {
            listener: listener.id.to_string(),
            message: String::new(),
            refused: None,
            rules: Vec::new(),
            handlers: Vec::new(),
            routes: Vec::new(),
            destinations: Vec::new(),
            kept: None,
            answers: Vec::new(),
        };
        let message = match Message::parse_with(payload.clone(), listener.reading()) {
            Ok(message) => message,
            Err(error) => {
                account.message = format!("{} bytes", payload.len());
                let refusal = Refusal::unreadable(&error);
                account.answer(
                    listener,
                    Original::Unreadable(payload),
                    Asked::Original,
                    Some(&refusal),
                );
                return account;
            }
        };
        account.message = described(&message);
        let asked = listener.ack_mode.asked(&message);
        let source = Source::Listener(listener.id.clone());
        if asked == Asked::Nothing && !config.routing.names(&source, &message) {
            account.kept = Some("no: it is an answer, and no route names its type");
            return account;
        }
        let refusal = account.decide(config, listener, &message).err();
        account.answer(listener, Original::Message(&message), asked, refusal.as_ref());
        account
    }

    /// Whether the message would be taken.
    pub(super) fn is_taken(&self) -> bool {
        self.refused.is_none()
    }

    fn decide(
        &mut self,
        config: &Config,
        listener: &Listener,
        message: &Message,
    ) -> Result<(), Refusal> {
        let routing = &config.routing;
        listener.intake.check(message)?;
        if let Some(profile) = &listener.profile
            && listener.profile_level == ProfileLevel::Reject
            && let Some(violation) = profile.check(message).next()
        {
            return Err(Refusal::violated(&violation));
        }
        let subject = routing.subject(message);
        for rule in &listener.rules {
            let asked = rule.check(&subject);
            self.rules.push(RuleAsked {
                name: rule.name.clone(),
                holds: asked.is_ok(),
                told: asked.as_ref().err().map(|refusal| refusal.text.to_string()),
            });
            asked?;
        }
        self.route(config, listener, &subject)
    }

    fn route(
        &mut self,
        config: &Config,
        listener: &Listener,
        subject: &Subject<'_>,
    ) -> Result<(), Refusal> {
        let routing = &config.routing;
        let source = Source::Listener(listener.id.clone());
        let mut handlers: Vec<&HandlerName> = listener.handlers.iter().collect();
        for route in &routing.routes {
            let verdict = route.verdict(&source, subject);
            let wants = verdict == RouteVerdict::Wants;
            let because = because(verdict);
            self.routes.push(RouteAsked { id: route.id.to_string(), wants, because });
            if wants {
                handlers.extend(&route.handlers);
            }
        }
        let routes = routing.matching(&source, subject).map_err(|fault| unplanned(&fault))?;
        for handler in handlers.into_iter().map(ToString::to_string) {
            if !self.handlers.contains(&handler) {
                self.handlers.push(handler);
            }
        }
        let planned = routing.plan_of(&routes, subject);
        let deliveries = match &planned {
            Ok(plan) => plan,
            Err(fault) => return Err(unplanned(fault)),
        };
        for one in &deliveries.deliveries {
            writable(config, one, subject.message())?;
            let steps = steps(routing, one.route.as_str(), one.destination.as_str(), subject);
            self.destinations.push(Reached {
                id: one.destination.to_string(),
                route: one.route.to_string(),
                kept_from: None,
                steps: steps.unwrap_or_default(),
            });
        }
        let withheld =
            deliveries.withheld.iter().map(|id| (id, "it is for production, and this is a test"));
        let filtered = deliveries.filtered.iter().map(|id| (id, "its `filter` is false"));
        for (id, why) in withheld.chain(filtered) {
            self.destinations.push(Reached {
                id: id.to_string(),
                route: String::new(),
                kept_from: Some(why),
                steps: Vec::new(),
            });
        }
        if deliveries.is_unrouted() {
            self.kept = Some(match listener.unrouted {
                Unrouted::Accept => "yes, for an operator: no route takes it",
                Unrouted::Discard => "no: no route takes it, and those are discarded here",
                Unrouted::Reject => return Err(no_route()),
            });
        }
        Ok(())
    }

    /// The answers that are due.
    fn answer(
        &mut self,
        listener: &Listener,
        original: Original<'_>,
        asked: Asked,
        refusal: Option<&Refusal>,
    ) {
        self.refused = refusal.map(|refusal| Refused {
            code: refusal.code.as_str(),
            error: refusal.error.number(),
            text: refusal.text.to_string(),
        });
        if listener.ack == AckWhen::None {
            return;
        }
        let code = refusal.map_or(AckCode::AA, |refusal| refusal.code);
        let time = Zoned::now().strftime("%Y%m%d%H%M%S").to_string();
        for code in asked.due(code).codes() {
            let built = ack::build(&AckRequest {
                original,
                code,
                control_id: CONTROL_ID,
                time: &time,
                text: refusal.map(|refusal| refusal.text.as_ref()),
                error: refusal.map(|refusal| AckError {
                    location: refusal.location.as_deref(),
                    code: refusal.error,
                    user_text: Some(&refusal.text),
                }),
                acknowledgement_type: listener.ack_type.as_deref(),
                err_before_2_5: listener.err,
            });
            let segments = built.split(|byte| *byte == b'\r').filter(|line| !line.is_empty());
            self.answers.push(segments.map(|line| printable::text(line).into_owned()).collect());
        }
    }
}

/// The steps that are taken for a destination, each with what it changes.
fn steps(
    routing: &Routing,
    route: &str,
    destination: &str,
    subject: &Subject<'_>,
) -> Result<Vec<StepTaken>, TransformFault> {
    let around = Surroundings { lookups: &routing.lookups, strictness: routing.strictness };
    let of_route = routing.routes.iter().find(|one| one.id.as_str() == route);
    let of_destination = routing.transforms.iter().find(|(id, _)| id.as_str() == destination);
    let transforms = of_route.map(|one| &one.transform).into_iter();
    let transforms = transforms.chain(of_destination.map(|(_, transform)| transform));
    let mut taken = Vec::new();
    let mut message = subject.message().clone();
    for transform in transforms {
        message = watched(transform, &message, around, &mut taken)?;
    }
    Ok(taken)
}

fn watched(
    transform: &Transform,
    message: &Message,
    around: Surroundings<'_>,
    taken: &mut Vec<StepTaken>,
) -> Result<Message, TransformFault> {
    transform.apply_watched(message, around, &mut |number, before, after| {
        let step = transform.steps.get(number).map(|step| step.change.to_string());
        taken.push(StepTaken {
            step: step.unwrap_or_default(),
            differences: differences(1, Some(before), Some(after)),
        });
    })
}

fn because(verdict: RouteVerdict) -> Option<String> {
    match verdict {
        RouteVerdict::Wants => None,
        RouteVerdict::OtherSource => Some("is for other listeners".to_owned()),
        RouteVerdict::Mismatch(key) => Some(format!("`{key}` does not match")),
        RouteVerdict::WhenFalse => Some("`when` is false".to_owned()),
        RouteVerdict::Fault(fault) => Some(format!("`when` cannot be judged: {fault}")),
    }
}

fn described(message: &Message) -> String {
    let header = message.header();
    let control_id = printable::id(header.control_id());
    format!("{} {control_id}, {} bytes", header.message_code(), message.bytes().len())
}

/// Whether it can be written in the charset of its destination.
fn writable(config: &Config, planned: &Planned, message: &Message) -> Result<(), Refusal> {
    let destination = config.destinations.iter().find(|one| one.id == planned.destination);
    let Some((charset, one)) = destination.and_then(|one| Some((one.charset?, one))) else {
        return Ok(());
    };
    let made = planned.changed.as_ref().unwrap_or(message);
    let written = made.reencode(charset, one.unmappable).map(drop);
    written.map_err(|error| {
        let text = format!("not for {}: {error}", one.id);
        refusal(AckCode::AE, ErrorCode::ApplicationInternalError, &text)
    })
}

fn no_route() -> Refusal {
    let error = ErrorCode::UnsupportedMessageType;
    refusal(AckCode::AR, error, "No route takes this message")
}

/// AE: a change of the configuration would let it pass.
fn unplanned(fault: &PlanFault) -> Refusal {
    refusal(AckCode::AE, ErrorCode::ApplicationInternalError, &fault.to_string())
}

fn refusal(code: AckCode, error: ErrorCode, text: &str) -> Refusal {
    Refusal { code, error, location: None, text: text.to_owned().into() }
}
