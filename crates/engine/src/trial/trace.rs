//! Why a message goes where it goes: each rule, route and step, asked one by one where the engine only wants the result.

use wardline_config::Listener;
use wardline_flow::transform::{Surroundings, TransformFault};
use wardline_flow::{HandlerName, Route, RouteVerdict, Routing, Rule, Source, Subject, Transform};
use wardline_hl7::Message;

use super::difference::differences;
use super::told::{Reached, RouteAsked, RuleAsked, StepTaken};
use crate::rehearsal::{Kept, Sent};

/// The way of one message.
pub(super) struct Traced {
    pub(super) routes: Vec<RouteAsked>,
    pub(super) handlers: Vec<String>,
    pub(super) destinations: Vec<Reached>,
    pub(super) is_unrouted: bool,
}

/// Each rule up to the first that does not hold; whether all do.
pub(super) fn rules(rules: &[Rule], subject: &Subject<'_>) -> (Vec<RuleAsked>, bool) {
    let mut asked = Vec::new();
    for rule in rules {
        let refusal = rule.check(subject).err();
        let holds = refusal.is_none();
        let told = refusal.map(|refusal| refusal.text.to_string());
        asked.push(RuleAsked { name: rule.name.clone(), holds, told });
        if !holds {
            return (asked, false);
        }
    }
    (asked, true)
}

/// The way of a message whose rules hold; `kept` is what the engine makes of it.
pub(super) fn trace(
    routing: &Routing,
    source: &Source,
    listener: &Listener,
    message: &Message,
    kept: Option<&Kept>,
) -> Traced {
    let subject = routing.subject(message);
    let asked = routing.routes.iter().map(|route| {
        let verdict = route.verdict(source, &subject);
        let wants = verdict == RouteVerdict::Wants;
        RouteAsked { id: route.id.to_string(), wants, because: because(verdict) }
    });
    let mut traced = Traced {
        routes: asked.collect(),
        handlers: Vec::new(),
        destinations: Vec::new(),
        is_unrouted: false,
    };
    let Ok(routes) = routing.matching(source, &subject) else { return traced };
    let of_routes = routes.iter().flat_map(|route| &route.handlers);
    let mut handlers: Vec<&HandlerName> = Vec::new();
    for name in listener.handlers.iter().chain(of_routes) {
        if !handlers.contains(&name) {
            handlers.push(name);
        }
    }
    traced.handlers = handlers.into_iter().map(ToString::to_string).collect();
    let deliveries = kept.map(|kept| kept.deliveries.as_slice()).unwrap_or_default();
    traced.destinations =
        deliveries.iter().map(|sent| reached(routing, &routes, sent, message)).collect();
    if let Ok(plan) = routing.plan_of(&routes, &subject) {
        let withheld = "it is for production, and this is a test";
        let withheld = plan.withheld.iter().map(|id| (id, withheld));
        let filtered = plan.filtered.iter().map(|id| (id, "its `filter` is false"));
        let kept_from = withheld.chain(filtered).map(|(id, why)| Reached {
            kept_from: Some(why.to_owned()),
            ..Reached::at(id.as_str())
        });
        traced.destinations.extend(kept_from);
        traced.is_unrouted = plan.is_unrouted();
    }
    traced
}

fn reached(routing: &Routing, routes: &[&Route], sent: &Sent, message: &Message) -> Reached {
    let names = |route: &&&Route| route.to.iter().any(|to| *to.as_str() == *sent.destination);
    let route = routes.iter().find(names);
    let of_route = route.map(|route| &route.transform);
    let mut own = routing.transforms.iter();
    let own = own.find(|(id, _)| *id.as_str() == *sent.destination).map(|(_, own)| own);
    Reached {
        route: route.map(|route| route.id.to_string()).unwrap_or_default(),
        is_changed: sent.body != *message.bytes(),
        steps: steps(routing, of_route.into_iter().chain(own), message).unwrap_or_default(),
        ..Reached::at(&sent.destination)
    }
}

/// The steps that are taken, each with what it changes.
fn steps<'t>(
    routing: &Routing,
    transforms: impl Iterator<Item = &'t Transform>,
    message: &Message,
) -> Result<Vec<StepTaken>, TransformFault> {
    let around = Surroundings { lookups: &routing.lookups, strictness: routing.strictness };
    let mut taken = Vec::new();
    let mut message = message.clone();
    for transform in transforms {
        message = transform.apply_watched(&message, around, &mut |number, before, after| {
            let step = transform.steps.get(number).map(|step| step.change.to_string());
            taken.push(StepTaken {
                step: step.unwrap_or_default(),
                differences: differences(1, Some(before), Some(after)),
                left_out: 0,
            });
        })?;
    }
    Ok(taken)
}

/// Why a route does not want a message, in words; `None` where it does.
pub fn because(verdict: RouteVerdict) -> Option<String> {
    match verdict {
        RouteVerdict::Wants => None,
        RouteVerdict::OtherSource => Some("is for other listeners".to_owned()),
        RouteVerdict::Mismatch(key) => Some(format!("`{key}` does not match")),
        RouteVerdict::WhenFalse => Some("`when` is false".to_owned()),
        RouteVerdict::Fault(fault) => Some(format!("`when` cannot be judged: {fault}")),
    }
}
