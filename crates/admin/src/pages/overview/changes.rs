//! State changes, the newest first: one line each, with its clock.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::attention::words_of;
use crate::pages::links;
use crate::sprite;
use crate::watch::snapshot::StateChange;
use crate::words;

/// Lines of the card.
const SHOWN: usize = 9;

/// The card on the first page.
pub(crate) fn card(changes: &[StateChange], now: Timestamp, zone: &TimeZone) -> Markup {
    html! {
        section.card aria-labelledby="chg" {
            header { h2 #chg { "State changes" } }
            @if changes.is_empty() {
                div.empty { b { "None since the start" } p { "Who goes down, stands or comes back is listed here, with the time." } }
            } @else {
                (list(changes.iter().take(SHOWN), now, zone))
            }
        }
    }
}

/// The lines alone.
pub(crate) fn list<'a>(
    changes: impl Iterator<Item = &'a StateChange>,
    now: Timestamp,
    zone: &TimeZone,
) -> Markup {
    html! {
        ol.log {
            @for change in changes {
                li {
                    time datetime=(change.at.to_string()) { (words::clock(change.at, now, zone)) }
                    span {
                        a href=(links::interface(&change.interface)) { b { (change.interface) } }
                        (sprite::state(change.to))
                        span.dim { (remark(change)) }
                    }
                }
            }
        }
    }
}

/// Back after how long, or why.
fn remark(change: &StateChange) -> String {
    if change.to.is_well() {
        let lasted = words::since(change.from_since, change.at);
        return format!("{} for {}", change.from.code(), words::span(lasted));
    }
    match change.reason.as_deref() {
        None => String::new(),
        Some(reason) => match reason.split_once(": ") {
            Some((by, _)) => by.to_owned(),
            None => words_of(reason).to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::condition::Condition;

    fn change(to: Condition, reason: Option<&str>) -> StateChange {
        let at = |second| Timestamp::from_second(second).expect("a moment");
        StateChange {
            at: at(720),
            interface: "lis".to_owned(),
            to,
            from: Condition::Down,
            from_since: at(0),
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_change_says_why_and_one_for_the_better_how_long_it_took() {
        assert_eq!(remark(&change(Condition::Up, None)), "down for 12 min");
        assert_eq!(remark(&change(Condition::Down, Some("refused"))), "the connection was refused");
        assert_eq!(remark(&change(Condition::Held, Some("d.okafor: close"))), "d.okafor");
        assert_eq!(remark(&change(Condition::Down, Some("later"))), "the attempts fail");
    }

    #[test]
    fn nothing_that_happened_is_said_to_be_nothing() {
        let now = Timestamp::from_second(0).expect("a moment");
        let card = card(&[], now, &TimeZone::UTC).into_string();
        assert!(card.contains("None since the start"));
    }
}
