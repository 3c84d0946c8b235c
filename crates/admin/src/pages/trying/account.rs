//! An account as a person reads it: the verdict, then each decision with its reason, in the order in which they fall.

use maud::{Markup, html};
use wardline_engine::trial::{
    Account, Difference, Emitted, Reached, RequestMade, RouteAsked, RuleAsked, StepTaken,
};

use super::super::outcome::shape;
use crate::words::counted;

/// The verdict on one message, as a sentence.
pub(super) fn verdict(account: &Account) -> String {
    if let Some(refused) = &account.refused {
        return format!("It would be refused: {}.", refused.code);
    }
    let own = account.destinations.iter();
    let of_emitted = account.emitted.iter().flat_map(|one| &one.destinations);
    let reached = own.chain(of_emitted).filter(|one| one.is_reached()).count() as u64;
    match (reached, &account.kept) {
        (0, Some(kept)) if kept.starts_with("no") => "It would be passed over.".to_owned(),
        (0, _) => "It would be taken, and go nowhere.".to_owned(),
        (reached, _) => {
            let to = counted(reached, "destination", "destinations");
            format!("It would be taken, and go to {to}.")
        }
    }
}

/// Everything about one message of `count`.
pub(super) fn account(account: &Account, number: usize, count: usize) -> Markup {
    let id = format!("a{number}");
    html! {
        section.card aria-labelledby=(id) {
            header {
                h2 id=(id) {
                    @if count > 1 { (number) ". " (verdict(account)) } @else { "Its way" }
                    small { (account.message) ", received by " (account.listener) }
                }
            }
            @if let Some(refused) = &account.refused {
                p.body.pad { b { (refused.code) } ", error " (refused.error) ": " (refused.text) }
            }
            @if let Some(kept) = &account.kept { p.body.pad { "Kept: " (kept) "." } }
            (rules(&account.rules))
            (handlers(account))
            (way(&account.routes, &account.destinations))
            @for emitted in &account.emitted { (self::emitted(emitted)) }
            (answers(account))
        }
    }
}

fn mark(holds: bool, words: &str) -> Markup {
    html! {
        span class=(if holds { "st st-up" } else { "st st-down" }) { (shape(if holds { "ok" } else { "dead" })) (words) }
    }
}

fn rules(rules: &[RuleAsked]) -> Markup {
    html! {
        @if !rules.is_empty() {
            div.tw { table.tb {
                thead { tr { th { "Rule" } th { "Holds" } th { "What the sender would be told" } } }
                tbody { @for rule in rules { tr {
                    td.id { (rule.name) }
                    td { @if rule.holds { (mark(true, "yes")) } @else { (mark(false, "no")) } }
                    td { (rule.told.as_deref().unwrap_or_default()) }
                } } }
            } }
        }
    }
}

fn handlers(account: &Account) -> Markup {
    html! {
        @if !account.handlers.is_empty() {
            div.tw { table.tb {
                thead { tr { th { "Handler" } th { "Before the answer" } } }
                tbody { @for handler in &account.handlers { tr {
                    td.id { (handler) }
                    td { @if account.asked.contains(handler) { "asked" } @else { "would be asked: here it is taken to accept" } }
                } } }
            } }
        }
    }
}

fn way(routes: &[RouteAsked], destinations: &[Reached]) -> Markup {
    html! {
        @if !routes.is_empty() {
            div.tw { table.tb {
                thead { tr { th { "Route" } th { "Takes it" } th { "Because" } } }
                tbody { @for route in routes { tr {
                    td.id { (route.id) }
                    td { @if route.wants { (mark(true, "yes")) } @else { span.dim { "no" } } }
                    td { (route.because.as_deref().unwrap_or_default()) }
                } } }
            } }
        }
        @for reached in destinations { (destination(reached)) }
    }
}

fn destination(reached: &Reached) -> Markup {
    let has_more = !reached.steps.is_empty() || reached.request.is_some();
    html! {
        details.sgt open[reached.is_reached() && has_more] {
            summary {
                b { (reached.id) }
                span.mid.nm2 { (how(reached)) }
                @if !reached.route.is_empty() { span.c { "by " (reached.route) } }
            }
            @for step in &reached.steps { (self::step(step)) }
            @if let Some(RequestMade { head, body }) = &reached.request {
                pre.m { @for line in head { (line) "\n" } "\n" (body) }
            }
        }
    }
}

fn how(reached: &Reached) -> String {
    match &reached.kept_from {
        Some(why) => format!("not this one: {why}"),
        None if reached.is_answer => "the application's answer".to_owned(),
        None if reached.is_changed => "changed on its way".to_owned(),
        None => "the bytes as they came".to_owned(),
    }
}

fn step(step: &StepTaken) -> Markup {
    html! {
        dl.flds {
            div { dt { "step" } dd.nm { @if step.differences.is_empty() { "changes nothing" } } dd.val { (step.step) } }
            @for difference in &step.differences { (self::difference(difference)) }
            @if step.left_out > 0 { div { dt {} dd.nm { "and " (step.left_out) " more" } dd.val {} } }
        }
    }
}

fn difference(difference: &Difference) -> Markup {
    let Difference { path, left, right, .. } = difference;
    html! {
        div {
            dt { (path) }
            dd.nm { @match (left, right) { (None, _) => "added", (_, None) => "removed", _ => "changed" } }
            dd.val {
                (right.as_deref().unwrap_or_default())
                @if let Some(left) = left { " " span.dim { "was " (left) } }
            }
        }
    }
}

fn emitted(emitted: &Emitted) -> Markup {
    html! {
        p.body.pad { b { "Emitted in its place: " } (emitted.message) @if let Some(kept) = &emitted.kept { ". Kept: " (kept) } }
        (way(&emitted.routes, &emitted.destinations))
    }
}

fn answers(account: &Account) -> Markup {
    html! {
        details.sgt open {
            summary {
                b { "ACK" }
                span.mid.nm2 { @match &account.answered_by {
                    Some(destination) => { "what " (destination) " answers" },
                    None if account.answers.is_empty() => "none is due",
                    None => "what goes back to the sender",
                } }
            }
            @for answer in &account.answers { pre.m { @for segment in answer { (segment) "\n" } } }
        }
    }
}
