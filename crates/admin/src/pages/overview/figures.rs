//! The strip of figures: eight numbers, each with a line of meaning, each leading to its list.

use jiff::Timestamp;
use maud::{Markup, html};

use super::attention::DAYS_OF_ROOM;
use crate::pages::links;
use crate::watch::condition::Condition;
use crate::watch::interface::Side;
use crate::watch::snapshot::{Snapshot, moment};
use crate::words;

/// One cell.
struct Figure {
    label: &'static str,
    value: String,
    unit: String,
    meaning: String,
    /// The class of the meaning: only what is wrong is tinted.
    tint: &'static str,
    href: String,
}

/// How many names a meaning holds.
const NAMES: usize = 2;

/// Older than this, what is not held on purpose is worth a colour.
const WORTH_A_LOOK: u64 = 60;

/// The strip.
pub(crate) fn strip(snapshot: &Snapshot) -> Markup {
    html! {
        section aria-label="Figures now" {
            div.figs {
                @for figure in figures(snapshot) {
                    a.fig href=(figure.href) {
                        span.l { (figure.label) }
                        span class=(if figure.value == "0" { "v z" } else { "v" }) {
                            (figure.value) @if !figure.unit.is_empty() { small { (figure.unit) } }
                        }
                        span class={ "d " (figure.tint) } { (figure.meaning) }
                    }
                }
            }
        }
    }
}

fn figures(snapshot: &Snapshot) -> [Figure; 8] {
    [
        received(snapshot),
        delivered(snapshot),
        faults(snapshot, Side::Listener, "NAKs sent", ""),
        faults(snapshot, Side::Destination, "Delivery errors", "bad"),
        queued(snapshot),
        oldest(snapshot),
        dead(snapshot),
        disk(snapshot),
    ]
}

fn figure(label: &'static str, value: String, unit: &str, meaning: String, href: &str) -> Figure {
    Figure { label, value, unit: unit.to_owned(), meaning, tint: "", href: href.to_owned() }
}

fn received(snapshot: &Snapshot) -> Figure {
    let now = whole_minute(snapshot.totals.received.last(2));
    // Of the same ten minutes a week ago, else a day ago; before that there is nothing to hold it against.
    let tens = &snapshot.totals.received_long;
    let (day, week) = (24 * 6, 7 * 24 * 6);
    let usual = |ago| tens.before(1, ago).first().map(|count| u64::from(*count) / 10);
    let meaning = match (usual(week), usual(day)) {
        (Some(usual), _) => format!("a week ago {}", words::count(usual)),
        (None, Some(usual)) => format!("yesterday {}", words::count(usual)),
        (None, None) => {
            let listeners = snapshot.status.listeners.len() as u64;
            format!("by {}", words::counted(listeners, "listener", "listeners"))
        }
    };
    figure("Received", words::count(now), "/min", meaning, "/interfaces#listeners")
}

fn delivered(snapshot: &Snapshot) -> Figure {
    let now = whole_minute(snapshot.totals.delivered.last(2));
    let all = snapshot.status.destinations.len();
    let active = snapshot.destinations().filter(|(one, _)| one.a_minute > 0).count();
    let meaning = format!("to {active} of {all}");
    figure("Delivered", words::count(now), "/min", meaning, "/interfaces#destinations")
}

/// The minute of now is not over: the one before it is a rate.
fn whole_minute(minutes: impl Iterator<Item = u32>) -> u64 {
    minutes.into_iter().next().unwrap_or(0).into()
}

fn faults(snapshot: &Snapshot, side: Side, label: &'static str, tint: &'static str) -> Figure {
    let mut who: Vec<(u64, &str)> = snapshot
        .interfaces
        .iter()
        .filter(|one| one.side == side && one.faults_hour > 0)
        .map(|one| (one.faults_hour, one.id.as_str()))
        .collect();
    who.sort_by(|one, other| other.cmp(one));
    let total: u64 = who.iter().map(|(count, _)| count).sum();
    let meaning = match &who[..] {
        [] => "none".to_owned(),
        [(_, only)] => format!("all {only}"),
        several => several
            .iter()
            .take(NAMES)
            .map(|(count, id)| format!("{id} {}", words::count(*count)))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let list =
        if side == Side::Listener { "/interfaces#listeners" } else { "/interfaces#destinations" };
    let figure = figure(label, words::count(total), "1 h", meaning, list);
    Figure { tint: if total > 0 { tint } else { "" }, ..figure }
}

fn queued(snapshot: &Snapshot) -> Figure {
    let waiting = snapshot.status.destinations.iter().filter(|row| row.pending + row.held > 0);
    let meaning = match waiting.count() as u64 {
        0 => "every queue is empty".to_owned(),
        some => words::counted(some, "destination", "destinations"),
    };
    figure("Queued", words::count(snapshot.queued()), "", meaning, links::QUEUES)
}

fn oldest(snapshot: &Snapshot) -> Figure {
    let age = |at: Option<Timestamp>| at.map(|at| words::since(at, snapshot.at));
    let of = |held: bool| {
        let destinations =
            snapshot.destinations().filter(|(one, _)| held || one.condition != Condition::Held);
        age(destinations.filter_map(|(_, row)| moment(row.oldest.as_deref())).min())
    };
    let (all, moving) = (of(true), of(false));
    let (value, unit) = match all {
        None => ("0".to_owned(), "s".to_owned()),
        Some(seconds) => {
            let said = words::span(seconds);
            let (value, unit) = words::parts(&said);
            (value.to_owned(), unit.to_owned())
        }
    };
    let (meaning, tint) = match (all, moving) {
        (None, _) => ("nothing waits".to_owned(), ""),
        (Some(_), None) => ("held on purpose".to_owned(), ""),
        (Some(all), Some(moving)) if all == moving => {
            ("of all queues".to_owned(), if moving >= WORTH_A_LOOK { "warn" } else { "" })
        }
        (Some(_), Some(moving)) => (
            format!("{} if not held", words::span(moving)),
            if moving >= WORTH_A_LOOK { "warn" } else { "" },
        ),
    };
    Figure { tint, ..figure("Oldest waiting", value, &unit, meaning, links::QUEUES) }
}

fn dead(snapshot: &Snapshot) -> Figure {
    let having = snapshot.status.destinations.iter().filter(|row| row.dead > 0).count() as u64;
    let (meaning, tint) = match having {
        0 => ("none".to_owned(), ""),
        some => (words::counted(some, "destination", "destinations"), "bad"),
    };
    Figure {
        tint,
        ..figure("Dead letters", words::count(snapshot.dead()), "", meaning, links::DEAD)
    }
}

fn disk(snapshot: &Snapshot) -> Figure {
    let Some(store) = &snapshot.store else {
        return figure("Disk", "–".to_owned(), "", "not looked at yet".to_owned(), "/storage");
    };
    let used = words::size(store.journal_bytes + store.index_bytes);
    let days = store.outlook.no_space_in_seconds.map(|seconds| seconds / 86_400);
    match days {
        Some(days) if days < 10_000 => {
            let figure =
                figure("Disk", words::count(days), "days", format!("{used} used"), "/storage");
            Figure { tint: if days < DAYS_OF_ROOM { "bad" } else { "" }, ..figure }
        }
        Some(_) | None => {
            let free = words::size(store.free_bytes);
            let (value, unit) = words::parts(&free);
            figure(
                "Disk",
                value.to_owned(),
                &format!("{unit} free"),
                format!("{used} used"),
                "/storage",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{listener, queue, seen};

    const NOW: &str = "2026-11-21T03:12:08Z";

    #[test]
    fn every_figure_leads_to_its_list_and_a_zero_is_grey() {
        let strip =
            strip(&seen(NOW, vec![listener("adt-in")], vec![queue("lis", "up")])).into_string();
        assert_eq!(strip.matches("<a class=\"fig\" href=\"/").count(), 8, "{strip}");
        assert!(
            strip.contains(
                "<span class=\"v z\">0</span><span class=\"d \">every queue is empty</span>"
            ),
            "{strip}"
        );
        assert!(!strip.contains("d bad") && !strip.contains("d warn"), "{strip}");
    }

    #[test]
    fn the_oldest_says_what_it_is_without_what_is_held_on_purpose() {
        let mut billing = queue("billing", "held");
        billing.reason = Some("d.okafor: month-end close".to_owned());
        billing.oldest = Some("2026-11-20T18:00:00Z".to_owned());
        let mut lis = queue("lis", "down");
        lis.oldest = Some("2026-11-21T02:29:00Z".to_owned());
        (lis.pending, lis.dead) = (5, 17);
        let strip = strip(&seen(NOW, vec![], vec![billing, lis])).into_string();
        assert!(strip.contains("9 h 12<small>min</small>"), "{strip}");
        assert!(strip.contains("<span class=\"d warn\">43 min if not held</span>"), "{strip}");
        assert!(strip.contains("<span class=\"d bad\">1 destination</span>"), "{strip}");
    }
}
