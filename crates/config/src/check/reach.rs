//! Routes that take nothing, and what a route does in vain.
//!
//! All routes that want a message get it, so no route takes it from another: one takes nothing only where no listener
//! lets in what it wants, or where it wants two things at once. What another route has done already is lost, though: the
//! first one that names a destination decides what goes there. Only what holds for every message is told; of what
//! handlers emit, nothing is known.

use std::collections::BTreeSet;

use wardline_flow::expression::Demands;
use wardline_flow::{Matcher, MessagePattern};

use crate::diagnostic::{Diagnostic, Placed};
use crate::reading::Context;
use crate::sections::{Drafts, ListenerDraft, RouteDraft};
use crate::setting::Id;

/// Header keys of `match` as expressions call them.
const HEADER: [&str; 4] =
    ["msh.sending_app", "msh.sending_fac", "msh.receiving_app", "msh.receiving_fac"];

/// Reports them, and listeners that no route takes from.
pub(super) fn warn(context: &Context<'_>, drafts: &Drafts) {
    drafts.routes.iter().for_each(|route| warn_of_empty(context, drafts, route));
    for (place, later) in drafts.routes.iter().enumerate() {
        let before = drafts.routes.iter().take(place);
        if let Some(earlier) = before.into_iter().find(|route| covers(drafts, route, later)) {
            warn_of_covered(context, earlier, later);
        }
    }
    if !drafts.routes.is_empty() {
        drafts.listeners.iter().for_each(|listener| warn_of_unrouted(context, drafts, listener));
    }
}

/// A route that takes nothing: of any listener, or of one that it names.
fn warn_of_empty(context: &Context<'_>, drafts: &Drafts, route: &RouteDraft) {
    let Some(id) = &route.id else { return };
    let when = route.when.as_ref();
    if when.is_some_and(|when| !when.value.0.outcomes().holds) {
        // Told of `when` itself.
        return;
    }
    if let (Some(when), false) = (when, is_possible(route, None)) {
        let text = format!("`match` and `when` of the route `{}` want two things", id.value.0);
        let hint = "no message is both: the route takes nothing";
        context.report(Diagnostic::warning(text).at(&when.place).hint(hint));
        return;
    }
    if drafts.routes.iter().any(|route| !route.handlers.is_empty()) {
        return;
    }
    let closed =
        |draft: &ListenerDraft| draft.handlers.is_empty() && !is_possible(route, Some(draft));
    let Some(from) = &route.from else {
        if !drafts.listeners.is_empty() && drafts.listeners.iter().all(closed) {
            let text = format!("the route `{}` takes nothing", id.value.0);
            let hint = "no listener lets in what it wants: compare its `match` and `when` with \
                        their `accept` and `rules`";
            context.report(Diagnostic::warning(text).at(&id.place).hint(hint));
        }
        return;
    };
    for name in from {
        let listener = drafts.listeners.iter().find(|draft| is_named(draft, &name.value));
        if listener.is_some_and(closed) {
            let text = format!("the route `{}` takes nothing from `{}`", id.value.0, name.value.0);
            let hint = "its `accept` and `rules` let in nothing that the route wants";
            context.report(Diagnostic::warning(text).at(&name.place).hint(hint));
        }
    }
}

fn is_named(draft: &ListenerDraft, id: &Id) -> bool {
    draft.id.as_ref().is_some_and(|known| known.value == *id)
}

/// Whether a message can be what the route wants and the listener lets in.
fn is_possible(route: &RouteDraft, listener: Option<&ListenerDraft>) -> bool {
    let when = route.when.as_ref().map(|when| when.value.0.demands()).unwrap_or_default();
    let rules = listener.into_iter().flat_map(|draft| &draft.rules);
    let rules = rules.map(|rule| rule.expression.value.0.demands());
    let header = route.matcher.iter().flat_map(of_header);
    let demands = rules.chain(header).fold(when, Demands::and);
    if demands.contradiction().is_some() {
        return false;
    }
    let any = [MessagePattern::any()];
    let or_any = |patterns: &'_ [MessagePattern]| -> Vec<MessagePattern> {
        if patterns.is_empty() { any.to_vec() } else { patterns.to_vec() }
    };
    let wanted = or_any(route.matcher.as_ref().map_or(&[], |matcher| &matcher.messages));
    let accepted = or_any(listener.map_or(&[], |draft| &draft.listener.intake.accept_messages));
    wanted.iter().any(|wanted| accepted.iter().any(|one| fits(wanted, one, &demands)))
}

/// Whether a message can be of both types, and of those that expressions ask for.
fn fits(one: &MessagePattern, other: &MessagePattern, demands: &Demands) -> bool {
    let agree = |key: &str, one: Option<&str>, other: Option<&str>| match (one, other) {
        (Some(one), Some(other)) => one == other && demands.allow(key, one),
        (Some(text), None) | (None, Some(text)) => demands.allow(key, text),
        (None, None) => true,
    };
    agree("msh.msg_type", one.message_type(), other.message_type())
        && agree("msh.trigger", one.trigger_event(), other.trigger_event())
}

/// What `match` demands of the header. It compares bytes and expressions see text, so only what is the same to both
/// counts: ASCII without escapes.
fn of_header(matcher: &Matcher) -> Vec<Demands> {
    let lists = [
        &matcher.sending_applications,
        &matcher.sending_facilities,
        &matcher.receiving_applications,
        &matcher.receiving_facilities,
    ];
    let named = HEADER.into_iter().zip(lists);
    let is_plain = |one: &String| one.is_ascii() && !one.contains('\\');
    let plain = named.filter(|(_, list)| !list.is_empty() && list.iter().all(is_plain));
    plain.map(|(key, list)| Demands::at(key, list.iter().cloned())).collect()
}

/// Whether one route takes every message that another takes.
fn covers(drafts: &Drafts, one: &RouteDraft, other: &RouteDraft) -> bool {
    let whole = Matcher::default();
    let matcher = |route: &RouteDraft| route.matcher.clone().unwrap_or_else(|| whole.clone());
    let conjuncts = |route: &RouteDraft| {
        route.when.as_ref().map(|when| when.value.0.conjuncts()).unwrap_or_default()
    };
    takes_from_all(drafts, one, other)
        && matcher(one).covers(&matcher(other))
        && conjuncts(one).is_subset(&conjuncts(other))
}

fn takes_from_all(drafts: &Drafts, one: &RouteDraft, other: &RouteDraft) -> bool {
    let names = |route: &RouteDraft| -> BTreeSet<String> {
        match &route.from {
            Some(from) => from.iter().map(|name| name.value.0.clone()).collect(),
            None => drafts
                .listeners
                .iter()
                .filter_map(|one| Some(one.id.as_ref()?.value.0.clone()))
                .collect(),
        }
    };
    names(other).is_subset(&names(one))
}

/// What the later of two routes does in vain, where the earlier one takes all of its messages.
fn warn_of_covered(context: &Context<'_>, earlier: &RouteDraft, later: &RouteDraft) {
    let (Some(first), Some(id)) = (&earlier.id, &later.id) else { return };
    let reached = |name: &&Placed<Id>| earlier.to.iter().any(|other| other.value == name.value);
    let again: Vec<&Placed<Id>> = later.to.iter().filter(reached).collect();
    let first_label = "takes all of its messages, and comes first";
    if again.len() == later.to.len() && later.handlers.is_empty() {
        let text = format!("the route `{}` changes nothing", id.value.0);
        let hint = format!("`{}` sends all of its messages there already", first.value.0);
        let warning = Diagnostic::warning(text).at(&id.place);
        context.report(warning.beside(&first.place, first_label).hint(hint));
        return;
    }
    if earlier.transform.transform == later.transform.transform {
        return;
    }
    for name in again {
        let text = format!("`{}` never gets what the route `{}` makes", name.value.0, id.value.0);
        let hint = "where two routes name a destination, the first one's steps count";
        let warning = Diagnostic::warning(text).at(&name.place);
        context.report(warning.beside(&first.place, first_label).hint(hint));
    }
}

/// A listener that no route takes from, unless it is there for answers.
fn warn_of_unrouted(context: &Context<'_>, drafts: &Drafts, listener: &ListenerDraft) {
    let Some(id) = &listener.id else { return };
    let takes = |route: &RouteDraft| {
        route.from.as_ref().is_none_or(|from| from.iter().any(|name| name.value == id.value))
    };
    let mut answering = drafts.destinations.iter().filter_map(|one| one.ack_connection.as_ref());
    if drafts.routes.iter().any(takes) || answering.any(|name| name.value == id.value) {
        return;
    }
    let text = format!("no route takes anything from the listener `{}`", id.value.0);
    let hint = "name it in the `from` of a route; as it is, its messages stay unrouted";
    context.report(Diagnostic::warning(text).at(&id.place).hint(hint));
}
