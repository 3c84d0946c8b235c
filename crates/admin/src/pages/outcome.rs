//! How a delivery stands, as a badge and in words; moments and sizes as this page shows them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{DeliveryFate, FateRow, MessageRow};

/// Each unit of size with its power of 1000.
const SIZE_UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// Of a badge: its class, its shape, and the words behind the destination.
pub(crate) struct Badge {
    pub(crate) class: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) words: String,
}

impl Badge {
    /// That of one delivery of a message received then. Colour is for trouble alone, and never red for what a person chose.
    pub(crate) fn of(fate: &FateRow, received: Timestamp) -> Self {
        let (class, shape, words) = match fate.state {
            DeliveryFate::Delivered => ("bd-ok", "ok", apart(received, fate.at)),
            DeliveryFate::Pending if fate.attempts == 0 => {
                ("bd-wait", "wait", cause(fate).unwrap_or_else(|| "waits".to_owned()))
            }
            DeliveryFate::Pending => {
                let times = if fate.attempts == 1 { "once" } else { "times" };
                let tried = match fate.attempts {
                    1 => times.to_owned(),
                    attempts => format!("{attempts} {times}"),
                };
                let cause = cause(fate).map(|cause| format!("{cause} ")).unwrap_or_default();
                ("bd-wait", "retry", format!("{cause}{tried}"))
            }
            DeliveryFate::Held => {
                ("bd-held", "held", cause(fate).unwrap_or_else(|| "held".to_owned()))
            }
            DeliveryFate::Dead => {
                ("bd-dead", "dead", cause(fate).unwrap_or_else(|| "dead".to_owned()))
            }
            DeliveryFate::Returned => ("bd-held", "off", "withdrawn".to_owned()),
            DeliveryFate::Discarded => ("bd-held", "off", "discarded".to_owned()),
        };
        Self { class, shape, words }
    }
}

fn cause(fate: &FateRow) -> Option<String> {
    fate.cause.as_ref().map(|code| code.replace('_', " "))
}

/// The badges of a message, each a way to its destination.
pub(crate) fn badges(row: &MessageRow) -> Markup {
    html! {
        div.bds {
            @if let Some(refusal) = &row.refusal {
                span.bd.bd-dead {
                    (shape("dead")) "rejected at intake "
                    span { (refusal.code) ", " (refusal.cause.replace('_', " ")) }
                }
            } @else if row.destinations.is_empty() {
                span.bd { (shape("off")) "nowhere " span { "no route matched" } }
            }
            @for fate in &row.destinations {
                @let badge = Badge::of(fate, row.received);
                a class={ "bd " (badge.class) } href={ "/interfaces/" (fate.destination) }
                    title={ (fate.destination) ": " (fate.state.as_str()) } {
                    (shape(badge.shape)) (fate.destination) " "
                    span { (badge.words) }
                }
            }
        }
    }
}

/// A symbol of the page's sprite. Beside it always stand words.
pub(crate) fn shape(name: &str) -> Markup {
    html! { svg aria-hidden="true" { use href={ "#" (name) } {} } }
}

/// How a message as a whole stands: its class, its shape, its words.
pub(crate) fn standing(row: &MessageRow) -> Badge {
    let count = |is: fn(DeliveryFate) -> bool| {
        row.destinations.iter().filter(|fate| is(fate.state)).count()
    };
    let all = row.destinations.len();
    let delivered = count(|state| state == DeliveryFate::Delivered);
    let dead = count(|state| state == DeliveryFate::Dead);
    let held = count(|state| state == DeliveryFate::Held);
    let to = format!("Delivered to {delivered} of {all}");
    let (class, shape, words) = match () {
        () if row.refusal.is_some() => ("st-dead", "dead", "Rejected at intake".to_owned()),
        () if all == 0 => ("st-off", "off", "Stored, no route matched".to_owned()),
        () if delivered == all => ("st-up", "ok", to),
        () if dead > 0 => ("st-dead", "dead", format!("{to}, dead at {dead}")),
        () if held > 0 => ("st-held", "held", format!("{to}, held at {held}")),
        () if count(|state| state == DeliveryFate::Pending) > 0 => ("st-retry", "retry", to),
        () => ("st-off", "off", to),
    };
    Badge { class, shape, words }
}

/// From one moment to another, with the digits that count: `36 ms`, `3.9 s`, `30 m 43 s`, `2 d 4 h`.
pub(crate) fn apart(from: Timestamp, until: Timestamp) -> String {
    let milliseconds = until.duration_since(from).as_millis().max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A moment by the clock of this machine, with milliseconds.
pub(crate) fn clock(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%a %d %b %T.%3f").to_string()
}

/// The same, to the minute: `03:17`.
pub(crate) fn hour(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%H:%M").to_string()
}

/// A size in its largest unit: `912 B`, `1.4 kB`.
pub(crate) fn size(bytes: u64) -> String {
    let mut unit = 0;
    let mut amount = u128::from(bytes) * 10;
    while amount >= 10_000 && unit + 1 < SIZE_UNITS.len() {
        amount /= 1000;
        unit += 1;
    }
    let name = SIZE_UNITS.get(unit).copied().unwrap_or_default();
    match (unit, amount / 10) {
        (0, whole) | (_, whole @ 100..) => format!("{whole} {name}"),
        (_, whole) => format!("{whole}.{} {name}", amount % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(state: DeliveryFate, attempts: u32, cause: Option<&str>) -> FateRow {
        FateRow {
            destination: "lis".to_owned(),
            state,
            attempts,
            at: Timestamp::from_millisecond(1_036).unwrap(),
            cause: cause.map(str::to_owned),
            reply_code: None,
        }
    }

    #[test]
    fn a_badge_says_its_state_and_one_number() {
        let received = Timestamp::from_second(1).unwrap();
        for (fate, class, words) in [
            (fate(DeliveryFate::Delivered, 1, None), "bd-ok", "36 ms"),
            (fate(DeliveryFate::Pending, 0, None), "bd-wait", "waits"),
            (fate(DeliveryFate::Pending, 14, Some("ae")), "bd-wait", "ae 14 times"),
            (fate(DeliveryFate::Pending, 1, Some("ack_timeout")), "bd-wait", "ack timeout once"),
            (fate(DeliveryFate::Dead, 1, Some("ar")), "bd-dead", "ar"),
            (fate(DeliveryFate::Discarded, 1, None), "bd-held", "discarded"),
        ] {
            let badge = Badge::of(&fate, received);
            assert_eq!((badge.class, badge.words.as_str()), (class, words));
        }
    }

    #[test]
    fn moments_and_sizes_are_short() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let shown = [36, 3_900, 1_843_000, 187_200_000].map(|ms| apart(at(0), at(ms)));
        assert_eq!(shown, ["36 ms", "3.9 s", "30 m 43 s", "2 d 4 h"]);
        assert_eq!(apart(at(5), at(0)), "0 ms", "clocks may step back");
        assert_eq!(
            [912, 1_412, 412_000, 2_500_000].map(size),
            ["912 B", "1.4 kB", "412 kB", "2.5 MB"]
        );
    }
}
