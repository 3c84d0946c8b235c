//! Why nothing moves: the head of a queue as a sentence, four facts, and what can be done about it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{DeliveryRow, DestinationWiring, QueueRow};
use wardline_engine::explain;

use crate::pages::hand::{Asked, Hand};
use crate::pages::links;
use crate::pages::overview::attention::words_of;
use crate::pages::queues::release;
use crate::watch::condition::Condition;
use crate::watch::interface::Interface;
use crate::watch::snapshot::{Snapshot, moment};
use crate::words;

/// What the card is made of.
pub(super) struct Head<'a> {
    pub(super) interface: &'a Interface,
    pub(super) row: &'a QueueRow,
    pub(super) wiring: Option<&'a DestinationWiring>,
    /// The first in line, if one waits.
    pub(super) first: Option<&'a DeliveryRow>,
    pub(super) hand: &'a Hand,
    pub(super) now: Timestamp,
}

/// The card, where something stands in the way.
pub(super) fn card(head: &Head<'_>, zone: &TimeZone) -> Markup {
    let condition = head.interface.condition;
    let on_purpose = condition == Condition::Held;
    html! {
        @if !condition.is_well() {
            section class=(if on_purpose { "card held" } else { "card stuck" }) aria-labelledby="hd" {
                header { h2 #hd { (if on_purpose { "Held on purpose" } else { "Why nothing moves" }) } a class="btn btn-plain" href="#hd" { "Link to this" } }
                div.body {
                    div.why2 {
                        p.cause { (cause(head)) }
                        (remedy(head))
                    }
                    (facts(head, zone))
                    @if head.hand.may_operate { (actions(head)) }
                }
            }
        }
    }
}

fn cause(head: &Head<'_>) -> Markup {
    let row = head.row;
    let code = code(head);
    html! {
        @if head.interface.condition == Condition::Held {
            @match row.reason.as_deref().and_then(|reason| reason.split_once(": ")) {
                Some((by, reason)) => { b { (by) } " holds it: “" (reason) "”. " },
                None => "An operator holds it. ",
            }
            "Nothing is sent until it is released; what comes waits in order. "
        } @else if let Some(reason) = row.reason.as_deref().and_then(|reason| reason.strip_prefix("wardline: ")) {
            "Wardline stopped it: " b { (reason) } ". One bad setting at the peer must not empty a queue into dead letters. "
        } @else if let Some(code) = code {
            b { (words::capital(words_of(code))) } " (" a.m.link href={ "#cause" } { (code) } "). "
        } @else {
            "It does not run. "
        }
        @if let Some(first) = head.first {
            "At the head is "
            @if !first.message_type.is_empty() { "an " b { (first.message_type) } ", " }
            "control id " a class="m link" href=(links::message(first.message)) {
                (if first.control_id.is_empty() { "none" } else { &first.control_id })
            } ". "
        }
        @let behind = (row.pending + row.held).saturating_sub(1);
        @if behind > 0 {
            b { (words::counted(behind, "message waits", "messages wait")) " behind it" }
            @match head.wiring.map(|one| one.order.as_str()) {
                Some("fifo") => ": order is first in, first out.",
                Some("by-key") => "; only those of the same key have to.",
                _ => ".",
            }
        }
    }
}

/// The code of what keeps it: the head's own, else the destination's.
fn code<'a>(head: &'a Head<'_>) -> Option<&'a str> {
    let of_head = head.first.and_then(|first| first.cause.as_deref());
    let of_all = head.row.reason.as_deref().filter(|reason| !reason.contains(": "));
    of_all.or(of_head)
}

/// A text of ours, in which names of keys and commands stand between backticks.
pub(crate) fn with_codes(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { span.m { (part) } } @else { (part) }
        }
    }
}

/// What the page of codes says about it.
fn remedy(head: &Head<'_>) -> Markup {
    let found = code(head).and_then(|code| explain::explain(code).next());
    html! {
        @if let Some(found) = found {
            dl class="kv stackkv" #cause {
                @if !found.follows.is_empty() { dt { "What Wardline does" } dd { (with_codes(found.follows)) } }
                @if !found.remedy.is_empty() { dt { "What is left to do" } dd { (with_codes(found.remedy)) } }
                @if let Some(first) = head.first {
                    dt { "What the peer wrote" }
                    dd {
                        @if head.hand.may_read {
                            a.link href=(links::message(first.message)) { "With the message, once you ask for it" }
                        } @else {
                            span.z { "Kept with the message; you may not see it" }
                        }
                    }
                }
            }
        }
    }
}

fn facts(head: &Head<'_>, zone: &TimeZone) -> Markup {
    let (row, now) = (head.row, head.now);
    let attempts =
        head.first.map_or(row.head_attempts, |first| first.attempts.max(row.head_attempts));
    let due = moment(row.next_retry.as_deref());
    let oldest = moment(row.oldest.as_deref());
    html! {
        dl.facts {
            div {
                dt { "Sent so far" }
                dd {
                    @if attempts == 0 { "never" } @else { (words::counted(attempts.into(), "time", "times")) }
                    @if let Some(most) = head.wiring.and_then(|one| one.max_attempts) { " of " (words::count(most)) }
                    small { "failed " (words::counted(head.interface.faults_hour, "time", "times")) " within the hour" }
                }
            }
            div {
                dt { "Next retry" }
                dd {
                    @match due {
                        Some(due) if words::until(due, now) > 0 => { "in " (words::span(words::until(due, now))) (pause(head, due)) },
                        Some(_) => "now",
                        None if head.interface.condition == Condition::Held => "when it is released",
                        None if row.held > 0 => "when you say so",
                        None => "–",
                    }
                }
            }
            div { dt { "Gives up" } dd { (gives_up(head)) } }
            div {
                dt { "Waiting since" }
                dd {
                    @match oldest {
                        Some(at) => { (words::clock(at, now, zone)) small { (words::span(words::since(at, now))) " ago; " (drains_in(head)) } },
                        None => { "nothing waits" },
                    }
                }
            }
        }
    }
}

/// How much of the longest pause is left.
fn pause(head: &Head<'_>, due: Timestamp) -> Markup {
    let longest = head.wiring.map_or(60, |one| (one.retry_max_ms / 1000).max(1));
    let left = words::until(due, head.now).min(longest);
    html! { progress max=(longest) value=(longest - left) aria-hidden="true" {} }
}

fn gives_up(head: &Head<'_>) -> Markup {
    let is_answer = code(head).is_some_and(|code| {
        matches!(
            code,
            "error"
                | "record-locked"
                | "http-failed"
                | "handler-failed"
                | "handler-panicked"
                | "db-failed"
                | "not-committed"
                | "silence"
        )
    });
    html! {
        @match head.wiring {
            Some(wiring) if is_answer && wiring.blocks_when_exhausted => {
                "never" small { "after " (words::span(wiring.retry_for_ms / 1000)) " of errors its lane waits for you" }
            },
            Some(wiring) if is_answer => {
                "after " (words::span(wiring.retry_for_ms / 1000)) " of errors"
                small { "then it is a dead letter and the rest moves" }
            },
            _ => { "never" small { "it is tried until it goes, or you decide" } },
        }
    }
}

/// How long the rest takes once the head moves, at the rate it had when it flowed.
fn drains_in(head: &Head<'_>) -> String {
    let waiting = head.row.pending + head.row.held;
    match head.interface.usual {
        0 => "how fast it drains is not known yet".to_owned(),
        usual => format!("drains in about {}", words::span((waiting * 60 / usual).max(1))),
    }
}

fn actions(head: &Head<'_>) -> Markup {
    let (id, hand) = (&head.row.destination, head.hand);
    let action = |verb: &str| format!("{}/{verb}", links::queue(id));
    let waiting = head.row.pending + head.row.held;
    html! {
        div class="acts btn-row" {
            @match head.interface.condition {
                Condition::Orphaned => {},
                Condition::Held => (release(hand, head.row)),
                _ => (hand.at_once(&action("retry"), "Retry now", "btn-pri")),
            }
            @if let Some(first) = head.first {
                (hand.with_reason(&Asked {
                    name: "skip",
                    label: "Park and move on",
                    action: &action("skip"),
                    question: format!("Make {} a dead letter?", named(first)),
                    consequence: "The rest of its lane goes on at once. It can be sent again from the dead letters.".to_owned(),
                    does: "Park 1 message".to_owned(),
                    fixed: &[("message", first.message.to_string())],
                }))
                (hand.typed(&Asked {
                    name: "discard",
                    label: "Discard",
                    action: &action("discard"),
                    question: format!("Discard {} for {id}?", named(first)),
                    consequence: format!("It will never reach {id}. Other destinations are not touched. The next message is sent at once."),
                    does: "Discard 1 message".to_owned(),
                    fixed: &[("message", first.message.to_string())],
                }, id))
            }
            @if waiting > 0 { a.btn href=(links::queue(id)) { "All " (words::count(waiting)) } }
        }
    }
}

fn named(row: &DeliveryRow) -> &str {
    if row.control_id.is_empty() { "the message" } else { &row.control_id }
}

/// Everything that is asked of a snapshot for the card.
pub(super) fn of<'a>(
    interface: &'a Interface,
    row: &'a QueueRow,
    first: Option<&'a DeliveryRow>,
    hand: &'a Hand,
    snapshot: &'a Snapshot,
) -> Head<'a> {
    let wiring = snapshot.wiring.destinations.iter().find(|one| one.id == row.destination);
    Head { interface, row, wiring, first, hand, now: snapshot.at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{delivery, queue, seen};

    fn stuck() -> Snapshot {
        let mut lis = queue("lis", "retrying");
        lis.reason = Some("error".to_owned());
        (lis.head_attempts, lis.pending) = (14, 1284);
        lis.next_retry = Some("2026-11-21T03:12:50Z".to_owned());
        lis.oldest = Some("2026-11-21T02:41:07Z".to_owned());
        seen("2026-11-21T03:12:08Z", vec![], vec![lis])
    }

    fn drawn(hand: &Hand) -> String {
        let snapshot = stuck();
        let first = delivery(4711, "lis", "RIS0049217");
        let (interface, row) =
            (snapshot.interface("lis").expect("it"), snapshot.queue("lis").expect("it"));
        card(&of(interface, row, Some(&first), hand, &snapshot), &TimeZone::UTC).into_string()
    }

    #[test]
    fn the_head_says_what_is_wrong_what_comes_next_and_what_is_left_to_do() {
        let card = drawn(&Hand { may_operate: true, ..Hand::default() });
        for part in [
            "RIS0049217",
            "1,283 messages wait",
            "14 times",
            "in 42 s",
            "What is left to do",
            "Retry now",
            "Park and move on…",
            "Discard 1 message",
            "name=\"message\" value=\"4711\"",
        ] {
            assert!(card.contains(part), "{part}: {card}");
        }
    }

    #[test]
    fn who_may_not_operate_has_no_button() {
        let card = drawn(&Hand::default());
        assert!(!card.contains("<form") && !card.contains("Retry now"), "{card}");
        assert!(card.contains("you may not see it"), "{card}");
    }
}
