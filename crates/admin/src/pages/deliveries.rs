//! A list of deliveries: what is known of each without its content.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{DeliveryRow, DeliveryState};

use super::links;
use super::overview::attention::words_of;
use crate::sprite;
use crate::watch::snapshot::moment;
use crate::words;

/// Which columns a list has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// A place to choose a row, for a form of this id.
    pub(crate) choose: Option<&'static str>,
    /// The cause of each; a group has one for all.
    pub(crate) cause: bool,
}

impl Shown {
    /// A queue.
    pub(crate) const QUEUE: Self = Self { choose: None, cause: true };
}

/// The table.
pub(crate) fn table(
    rows: &[DeliveryRow],
    now: Timestamp,
    zone: &TimeZone,
    shown: &Shown,
) -> Markup {
    html! {
        div.tw {
            table class="tb cards dls" {
                thead {
                    tr {
                        @if shown.choose.is_some() { th.hide scope="col" { span.vh { "Select" } } }
                        th scope="col" { "Control id" }
                        th scope="col" { "Type" }
                        th scope="col" { "From" }
                        th scope="col" { "Received" }
                        th.n scope="col" { "Waits" }
                        th.n scope="col" { "Sent" }
                        th scope="col" { "State" }
                    }
                }
                tbody { @for row in rows { (line(row, now, zone, shown)) } }
            }
        }
    }
}

fn line(row: &DeliveryRow, now: Timestamp, zone: &TimeZone, shown: &Shown) -> Markup {
    let received = moment(Some(&row.received));
    html! {
        tr data-key=(row.message) {
            @if let Some(form) = shown.choose {
                td.choose {
                    input type="checkbox" name="message" value=(row.message) form=(form) aria-label={ "Select " (row.control_id) };
                }
            }
            td.w2c {
                a.m href=(links::message(row.message)) { (if row.control_id.is_empty() { "no control id" } else { &row.control_id }) }
            }
            td.r { (row.message_type) }
            td.hide { a href=(links::interface(&row.listener)) { (row.listener) } }
            td.hide { @if let Some(at) = received { span title=(row.received) { (words::clock(at, now, zone)) } } }
            td.n data-l="Waits" { @if let Some(at) = received { (words::span(words::since(at, now))) } }
            td.n data-l="Sent" { @if row.attempts == 0 { span.z { "0" } } @else { (row.attempts) " ×" } }
            td data-l="State" { (state(row, now, shown)) }
        }
    }
}

/// A word and a shape; then the cause, and when it is tried again.
fn state(row: &DeliveryRow, now: Timestamp, shown: &Shown) -> Markup {
    let due = moment(row.due.as_deref()).map(|due| words::until(due, now));
    let (class, shape, word) = match (row.state, &row.cause) {
        (DeliveryState::Pending, None) => ("st st-off", "wait", "Waiting"),
        (DeliveryState::Pending, Some(_)) => ("st st-retry", "retry", "Retrying"),
        (DeliveryState::Held, _) => ("st st-stuck", "stuck", "Stopped"),
        (DeliveryState::Dead, _) => ("st st-dead", "dead", "Dead"),
    };
    html! {
        span class=(class) { (sprite::shape(shape)) (word) }
        @if shown.cause && let Some(cause) = &row.cause {
            span.two title=(words_of(cause)) {
                (cause) @if let Some(due) = due.filter(|due| *due > 0) { ", in " (words::span(due)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::delivery;

    #[test]
    fn a_row_has_a_permalink_a_word_and_no_content() {
        let mut row = delivery(4711, "lis", "RIS<1>");
        row.due = Some("2026-11-21T03:12:50Z".to_owned());
        let now = "2026-11-21T03:12:08Z".parse().expect("a moment");
        let drawn = table(&[row], now, &TimeZone::UTC, &Shown::QUEUE).into_string();
        for part in [
            "href=\"/messages/4711\">RIS&lt;1&gt;</a>",
            "Retrying",
            "error, in 42 s",
            "14 ×",
            "31 min",
        ] {
            assert!(drawn.contains(part), "{part}: {drawn}");
        }
    }
}
