//! Rules and conditions that every message would meet in one way: never true, always true, never to be judged, or asked
//! in vain behind another. Only what holds for every message is told.

use std::collections::BTreeSet;

use wardline_flow::expression::Doubt;

use crate::diagnostic::{Diagnostic, Place, Placed};
use crate::reading::Context;
use crate::sections::{Drafts, ListenerDraft, RuleDraft, TransformDraft};
use crate::setting::Cel;
use crate::suggest::listed;

/// What a condition is asked for, and so what comes of one that is never true.
#[derive(Clone, Copy)]
enum Asked {
    When,
    Filter,
    Step,
}

/// Reports them, wherever they stand.
pub(super) fn warn(context: &Context<'_>, drafts: &Drafts) {
    drafts.listeners.iter().for_each(|listener| warn_of_rules(context, listener));
    for route in &drafts.routes {
        route.when.iter().for_each(|when| warn_of_condition(context, when, Asked::When));
        warn_of_steps(context, &route.transform);
    }
    for destination in &drafts.destinations {
        let filter = destination.filter.iter();
        filter.for_each(|filter| warn_of_condition(context, filter, Asked::Filter));
        warn_of_steps(context, &destination.transform);
    }
}

fn warn_of_rules(context: &Context<'_>, listener: &ListenerDraft) {
    let mut before: Vec<&RuleDraft> = Vec::new();
    for draft in &listener.rules {
        let Placed { value: Cel(expression), place } = &draft.expression;
        if let Some(last) = before.iter().find(|earlier| !can_hold(&earlier.expression.value)) {
            let text = format!("the rule `{}` is never asked", draft.rule.name);
            let warning = Diagnostic::warning(text).at(place);
            let hint = "the rules are asked in their order, and the first that is false ends it";
            context.report(
                warning.beside(&last.expression.place, "lets no message through").hint(hint),
            );
            continue;
        }
        warn_of_rule(context, draft);
        if let Some(earlier) = asking_already(&before, &expression.conjuncts()) {
            let text = format!("the rule `{}` refuses nothing", draft.rule.name);
            context.report(
                Diagnostic::warning(text)
                    .at(place)
                    .beside(&earlier.expression.place, "asks for it already")
                    .hint("leave it out, or ask for something else"),
            );
        }
        before.push(draft);
    }
}

/// The last of the rules that together ask for all of these parts.
fn asking_already<'r>(before: &[&'r RuleDraft], parts: &BTreeSet<String>) -> Option<&'r RuleDraft> {
    let mut open = parts.clone();
    for rule in before {
        for part in rule.expression.value.0.conjuncts() {
            open.remove(&part);
        }
        if open.is_empty() {
            return Some(rule);
        }
    }
    None
}

fn can_hold(Cel(expression): &Cel) -> bool {
    expression.outcomes().holds
}

fn warn_of_rule(context: &Context<'_>, draft: &RuleDraft) {
    let Placed { value: Cel(expression), place } = &draft.expression;
    let (name, outcomes) = (&draft.rule.name, expression.outcomes());
    let text = if !outcomes.holds && !outcomes.fails {
        format!("the rule `{name}` can judge no message: each is answered AE")
    } else if !outcomes.holds {
        format!("the rule `{name}` is never true: every message is refused")
    } else if !outcomes.fails && !outcomes.faults {
        format!("the rule `{name}` is always true: it refuses nothing")
    } else {
        warn_of_doubts(context, expression.doubts_as_condition(), place);
        return;
    };
    let hint = "a rule says what must be true of a message";
    report(context, text, expression.doubts_as_condition(), place, hint);
}

fn warn_of_condition(context: &Context<'_>, condition: &Placed<Cel>, asked: Asked) {
    let Placed { value: Cel(expression), place } = condition;
    let outcomes = expression.outcomes();
    if outcomes.holds {
        warn_of_doubts(context, expression.doubts_as_condition(), place);
        return;
    }
    let (key, so) = match asked {
        Asked::When => ("`when`", "the route takes nothing"),
        Asked::Filter => ("`filter`", "nothing goes to this destination"),
        Asked::Step => ("`when`", "the step is never taken"),
    };
    let text = if outcomes.fails {
        format!("this {key} is never true: {so}")
    } else {
        format!("this {key} can judge no message: each that it is asked about is answered AE")
    };
    let hint = "what is not wanted can be put into a comment";
    report(context, text, expression.doubts_as_condition(), place, hint);
}

fn warn_of_steps(context: &Context<'_>, draft: &TransformDraft) {
    let named = &draft.named;
    named.conditions.iter().for_each(|when| warn_of_condition(context, when, Asked::Step));
    for Placed { value: Cel(expression), place } in &named.expressions {
        warn_of_doubts(context, expression.doubts(), place);
    }
}

/// One warning; what is known of its reason instead of a general hint.
fn report(
    context: &Context<'_>,
    text: String,
    doubts: BTreeSet<Doubt>,
    place: &Place,
    otherwise: &str,
) {
    let reason = doubts.into_iter().next().map(|doubt| doubt.to_string());
    let hint = reason.unwrap_or_else(|| otherwise.to_owned());
    context.report(Diagnostic::warning(text).at(place).hint(hint));
}

/// A warning for each.
fn warn_of_doubts(context: &Context<'_>, doubts: BTreeSet<Doubt>, place: &Place) {
    for doubt in doubts {
        context.report(Diagnostic::warning(doubt.to_string()).at(place).hint(way_out(&doubt)));
    }
}

fn way_out(doubt: &Doubt) -> String {
    let hint = match doubt {
        Doubt::Kinds { .. } => {
            "what a message holds is text: put the other in quotes, or write `number(…)`"
        }
        Doubt::NoCondition { .. } => "compare it with something, as `… == 'text'`",
        Doubt::Contradiction(_) => "`||` is one or the other, `&&` is both at once",
        Doubt::Place(_) => "a path is SEGMENT-FIELD.COMPONENT.SUBCOMPONENT",
        Doubt::WholeType(_) => "compare both, or write `match = { message = [\"ADT^A01\"] }`",
        Doubt::Key(_) => return format!("it has {}", listed(OBSERVED)),
    };
    hint.to_owned()
}

/// What an element of `obx_list` has.
const OBSERVED: [&str; 5] = ["value_type", "identifier", "value", "unit", "status"];
