//! What happened to a message: the time since it was received, a shape, a sentence. Two points are bold: when it was
//! stored and owned, and the answer.

use jiff::Timestamp;
use maud::{Markup, html};
use wardline_engine::control::protocol::{EventRow, MessageEvent, MessageHistory};

use super::super::outcome::{Badge, apart, clock, shape, size};

/// Attempts in a row with one cause become one line from here on.
const COLLAPSED_FROM: usize = 3;

/// One line.
#[derive(Debug, PartialEq, Eq)]
struct Line<'e> {
    event: &'e EventRow,
    /// How many more like it came before.
    more: usize,
}

pub(super) fn card(history: &MessageHistory) -> Markup {
    let received = history.row.received;
    let mut destinations: Vec<&str> = Vec::new();
    for name in history.events.iter().filter_map(|event| event.destination.as_deref()) {
        if !destinations.contains(&name) {
            destinations.push(name);
        }
    }
    for fate in &history.row.destinations {
        if !destinations.contains(&fate.destination.as_str()) {
            destinations.push(&fate.destination);
        }
    }
    html! {
        section.card aria-labelledby="tm" {
            header { h2 #tm { "What happened" } span.dim.sm { "time since it was received" } }
            ol.tl {
                li.grp { div { b { (history.row.listener) } span.dim { (clock(received)) } } }
                (lines(&of(history, None), received))
                @for destination in destinations { (group(history, destination)) }
            }
            @if history.behind > 0 {
                footer { "The last " (size(history.behind)) " that were stored are not noted down yet: what happened then is missing here." }
            }
        }
    }
}

fn of<'h>(history: &'h MessageHistory, destination: Option<&str>) -> Vec<&'h EventRow> {
    history.events.iter().filter(|event| event.destination.as_deref() == destination).collect()
}

fn group(history: &MessageHistory, destination: &str) -> Markup {
    let events = of(history, Some(destination));
    let fate = history.row.destinations.iter().find(|fate| fate.destination == destination);
    let badge = fate.map(|fate| Badge::of(fate, history.row.received));
    html! {
        li.grp { div {
            a href={ "/interfaces/" (destination) } { b { (destination) } }
            @if let Some(badge) = badge {
                span class={ "bd " (badge.class) } { (shape(badge.shape)) (badge.words) }
            }
        } }
        @if events.is_empty() {
            li.first.last {
                span.t {} span.k { (shape("wait")) } span { "Not sent yet" } span.dur {}
            }
        }
        (lines(&events, history.row.received))
    }
}

/// Equal attempts in a row are one line.
fn collapsed<'e>(events: &[&'e EventRow]) -> Vec<Line<'e>> {
    let cause = |event: &EventRow| match &event.what {
        MessageEvent::Deferred { cause, .. } => Some(cause.clone()),
        _ => None,
    };
    let mut lines: Vec<Line<'e>> = Vec::new();
    let mut rest = events;
    while let Some((first, _)) = rest.split_first() {
        let same = match cause(first) {
            Some(code) => {
                rest.iter().take_while(|event| cause(event).as_ref() == Some(&code)).count()
            }
            None => 1,
        };
        let (run, behind) = rest.split_at(same);
        match run {
            [first, .., last] if same >= COLLAPSED_FROM => {
                lines.push(Line { event: first, more: 0 });
                lines.push(Line { event: last, more: same - 2 });
            }
            run => lines.extend(run.iter().map(|event| Line { event, more: 0 })),
        }
        rest = behind;
    }
    lines
}

fn lines(events: &[&EventRow], received: Timestamp) -> Markup {
    let lines = collapsed(events);
    let last = lines.len().saturating_sub(1);
    html! {
        @for (place, line) in lines.iter().enumerate() {
            li.first[place == 0].last[place == last] {
                span.t { (since(received, line.event.at)) }
                (sentence(line))
                span.dur {}
            }
        }
    }
}

fn since(received: Timestamp, at: Timestamp) -> String {
    if at <= received { "0 ms".to_owned() } else { format!("+{}", apart(received, at)) }
}

fn sentence(line: &Line<'_>) -> Markup {
    let (tone, symbol, words) = told(&line.event.what);
    html! {
        span class={ "k " (tone) } { (shape(symbol)) }
        span {
            (words)
            @if line.more > 0 { span.dim { ", and " (line.more) " like it before" } }
        }
    }
}

/// A tone, a shape and a sentence.
fn told(event: &MessageEvent) -> (&'static str, &'static str, Markup) {
    match event {
        MessageEvent::Received { peer, size: bytes, .. } if peer.is_empty() => {
            ("", "up", html! { "Made by a handler, " (size(*bytes)) })
        }
        MessageEvent::Received { peer, size: bytes, .. } => {
            ("", "up", html! { "Received from " (peer) ", " (size(*bytes)) })
        }
        MessageEvent::Answered(answer) => (
            "good",
            "ok",
            html! {
                span.point { "Stored and synced: Wardline owns it" } ", sent "
                span.point { (answer.code) }
            },
        ),
        MessageEvent::Refused(refusal) => (
            "bad",
            "dead",
            html! { "Rejected, sent " span.point { (refusal.code) } ": " (code(&refusal.cause)) },
        ),
        MessageEvent::Delivered { attempts, reply_code, .. } => (
            "good",
            "ok",
            html! {
                @if *attempts > 1 { "Attempt " (attempts) ": delivered" } @else { "Delivered" }
                @if let Some(code) = reply_code { ", reply " span.point { (code) } }
            },
        ),
        MessageEvent::Deferred { attempts, due, cause } => (
            "warn",
            "retry",
            html! { "Attempt " (attempts) ": " (code(cause)) ", tried again " (clock(*due)) },
        ),
        MessageEvent::Dead { attempts, cause, reply_size } => (
            "bad",
            "dead",
            html! { "Attempt " (attempts) ": " (code(cause)) ", a dead letter" (kept(*reply_size)) },
        ),
        MessageEvent::Held { attempts, cause, reply_size } => (
            "warn",
            "held",
            html! { "Attempt " (attempts) ": " (code(cause)) ", held" (kept(*reply_size)) },
        ),
        MessageEvent::Returned => ("", "off", html! { "Withdrawn, and the sender told so" }),
        MessageEvent::Discarded { by, reason } => {
            ("", "off", html! { "Discarded by " (by) ": " (reason) })
        }
        MessageEvent::Revived { by } => ("", "retry", html! { "Put back in line by " (by) }),
        MessageEvent::Carried { state, .. } => (
            "",
            "wait",
            html! { "Kept beyond its time by retention while " (state.as_str()) "; what was before may be gone" },
        ),
    }
}

fn code(cause: &str) -> Markup {
    html! { span.m { (cause) } }
}

fn kept(reply_size: u64) -> Markup {
    html! { @if reply_size > 0 { ", the reply of " (size(reply_size)) " is kept" } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deferred(attempts: u32, cause: &str) -> EventRow {
        let (due, cause) = (Timestamp::UNIX_EPOCH, cause.to_owned());
        EventRow {
            at: Timestamp::UNIX_EPOCH,
            destination: Some("lis".to_owned()),
            what: MessageEvent::Deferred { attempts, due, cause },
        }
    }

    #[test]
    fn equal_attempts_collapse_to_the_first_and_the_last() {
        let events: Vec<_> =
            (1..=6).map(|n| deferred(n, if n < 6 { "ae" } else { "connect" })).collect();
        let events: Vec<_> = events.iter().collect();
        let shown: Vec<_> = collapsed(&events).into_iter().map(|line| line.more).collect();
        assert_eq!(shown, [0, 3, 0]);
        assert_eq!(collapsed(&events[..2]).len(), 2, "two are told one by one");
    }
}
