//! The headline: what is to be known at three in the morning before anything else, as two sentences and a row of shapes.

use maud::{Markup, html};

use super::attention::{self, Row};
use crate::pages::links;
use crate::sprite;
use crate::watch::condition::Condition;
use crate::watch::snapshot::Snapshot;
use crate::words;

/// "Three interfaces need you."
pub(crate) fn headline(snapshot: &Snapshot, rows: &[Row]) -> String {
    if let Some(said) = before_all(snapshot) {
        return format!("{said}.");
    }
    let interfaces = snapshot.count(Condition::needs_somebody);
    let others = attention::needing(rows).saturating_sub(interfaces);
    match (interfaces, others) {
        (0, 0) if snapshot.interfaces.is_empty() => "Nothing is configured yet.".to_owned(),
        (0, 0) => "Nothing needs you.".to_owned(),
        (1, 0) => "One interface needs you.".to_owned(),
        (0, 1) => "One thing needs you.".to_owned(),
        (0, others) => format!("{} things need you.", words::capital(&words::spelled(others))),
        (many, 0) => format!("{} interfaces need you.", words::capital(&words::spelled(many))),
        (some, others) => format!(
            "{} and {} need you.",
            words::capital(&said(some, "interface", "interfaces")),
            said(others, "other thing", "other things")
        ),
    }
}

/// What is said whatever else is wrong.
fn before_all(snapshot: &Snapshot) -> Option<&'static str> {
    if is_stopping(snapshot) {
        Some("Wardline is stopping")
    } else if !snapshot.takes_messages() {
        Some("No message is taken in")
    } else {
        None
    }
}

fn is_stopping(snapshot: &Snapshot) -> bool {
    snapshot.status.phase == "draining"
}

/// The title of the page, which a tab shows: the number first. It says what the headline says.
pub(crate) fn title(snapshot: &Snapshot, rows: &[Row]) -> String {
    if let Some(said) = before_all(snapshot) {
        return said.to_owned();
    }
    match attention::needing(rows) {
        0 if snapshot.interfaces.is_empty() => "Nothing is configured".to_owned(),
        0 => "Nothing needs you".to_owned(),
        1 => "1 needs attention".to_owned(),
        many => format!("{} need attention", words::count(many)),
    }
}

/// Whether anything is lost, how many are well, and what waits.
pub(crate) fn sentence(snapshot: &Snapshot) -> String {
    let stored = if is_stopping(snapshot) {
        "It takes nothing more; what waits stays on the disk.".to_owned()
    } else if snapshot.takes_messages() {
        "Everything received is stored.".to_owned()
    } else {
        let why = attention::closed(snapshot);
        format!("{why} No sender is told that his message was taken.")
    };
    let all = snapshot.interfaces.len() as u64;
    if all == 0 {
        return format!("{stored} Name a listener and a destination in the configuration.");
    }
    let well = snapshot.count(Condition::is_well);
    let idle = snapshot.count(|state| state == Condition::Idle);
    let up = if idle == 0 { "up" } else { "up or idle" };
    let mut parts = vec![if well == all {
        format!("All {} interfaces are {up}", words::count(all))
    } else {
        format!("{} of {} interfaces are {up}", words::count(well), words::count(all))
    }];
    match snapshot.count(Condition::is_on_purpose) {
        0 => {}
        1 => parts.push("one is held on purpose".to_owned()),
        held => parts.push(format!("{} are held on purpose", words::spelled(held))),
    }
    parts.push(match snapshot.queued() {
        0 => "no message waits".to_owned(),
        1 => "1 message waits".to_owned(),
        many => format!("{} messages wait", words::count(many)),
    });
    format!("{stored} {}.", joined(&parts))
}

fn said(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", words::spelled(number), if number == 1 { one } else { many })
}

fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one}, and {other}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}

/// The head of the page.
pub(crate) fn head(snapshot: &Snapshot, rows: &[Row]) -> Markup {
    html! {
        div.head {
            div {
                h1 data-title=(title(snapshot, rows)) { (headline(snapshot, rows)) }
                p.sub { (sentence(snapshot)) }
            }
            (fleet(snapshot))
        }
    }
}

/// One shape an interface, the worst first.
fn fleet(snapshot: &Snapshot) -> Markup {
    let all = snapshot.worst_first();
    html! {
        @if !all.is_empty() {
            nav.fleet aria-label="All interfaces, worst first" {
                span.dim.xs { (words::counted(all.len() as u64, "interface", "interfaces")) }
                @for one in all {
                    a class=(one.condition.class()) href=(links::interface(&one.id)) title={ (one.id) ": " (one.condition.code()) } {
                        (sprite::shape(one.condition.shape()))
                        span.vh { (one.id) ", " (one.condition.code()) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use wardline_engine::control::protocol::{Status, Wiring};

    use super::*;
    use crate::watch::sampler::Memory;
    use crate::watch::testing::{listener, queue, seen, status};

    const NOW: &str = "2026-11-21T03:12:08Z";

    fn head_of(snapshot: &Snapshot) -> (String, String) {
        (headline(snapshot, &attention::rows(snapshot)), sentence(snapshot))
    }

    #[test]
    fn the_headline_counts_who_needs_somebody_and_the_sentence_says_that_nothing_is_lost() {
        let mut billing = queue("billing", "held");
        billing.reason = Some("d.okafor: month-end close".to_owned());
        billing.pending = 4118;
        let mut pacs = queue("pacs", "down");
        pacs.pending = 309;
        let mut lis = queue("lis", "retrying");
        (lis.head_attempts, lis.pending) = (14, 1286);
        let destinations = vec![pacs, lis, queue("ehr", "up"), billing];
        let (headline, sentence) = head_of(&seen(NOW, vec![listener("adt-in")], destinations));
        assert_eq!(headline, "Two interfaces need you.");
        assert_eq!(
            sentence,
            "Everything received is stored. 2 of 5 interfaces are up, one is held on purpose, and 5,713 messages wait."
        );
    }

    #[test]
    fn an_engine_that_is_well_says_so_in_few_words() {
        let snapshot = seen(NOW, vec![listener("adt-in")], vec![queue("lis", "up")]);
        let (headline, sentence) = head_of(&snapshot);
        assert_eq!(headline, "Nothing needs you.");
        assert_eq!(
            sentence,
            "Everything received is stored. All 2 interfaces are up, and no message waits."
        );
    }

    #[test]
    fn a_store_that_takes_nothing_is_the_headline_whatever_else_is_wrong() {
        let mut snapshot = seen(NOW, vec![listener("adt-in")], vec![queue("lis", "down")]);
        let mut status = (*snapshot.status).clone();
        status.intake = "no space: 5 bytes free, 10 must stay free".to_owned();
        snapshot.status = status.into();
        let (headline, sentence) = head_of(&snapshot);
        assert_eq!(headline, "No message is taken in.");
        assert!(sentence.starts_with("The store takes nothing: no space"), "{sentence}");
        assert!(sentence.contains("once there is space"), "{sentence}");
        assert_eq!(title(&snapshot, &attention::rows(&snapshot)), "No message is taken in");
    }

    #[test]
    fn neither_headline_nor_title_nor_card_says_that_all_is_well_while_something_is_not() {
        let mut dead = queue("ehr", "up");
        dead.dead = 5000;
        let ill = [
            seen(NOW, vec![listener("adt-in")], vec![queue("lis", "stopped")]),
            seen(NOW, vec![listener("adt-in")], vec![dead]),
            {
                let mut closed = seen(NOW, vec![listener("adt-in")], vec![queue("lis", "up")]);
                let status = Status { intake: "closed".to_owned(), ..(*closed.status).clone() };
                closed.status = status.into();
                closed
            },
        ];
        for snapshot in ill {
            let rows = attention::rows(&snapshot);
            let page = head(&snapshot, &rows).into_string()
                + &attention::card(&rows, snapshot.at, &TimeZone::UTC).into_string()
                + &title(&snapshot, &rows);
            assert!(!page.contains("Nothing needs you"), "{page}");
            assert_eq!(attention::needing(&rows), 1, "{rows:?}");
        }
    }

    #[test]
    fn an_engine_that_ends_needs_nobody() {
        let stopped = || status(vec![], vec![queue("lis", "stopped")]);
        let draining =
            Status { phase: "draining".to_owned(), intake: "closed".to_owned(), ..stopped() };
        let at = NOW.parse().expect("a moment");
        let snapshot = Memory::new().look(at, draining, Wiring::default());
        assert_eq!(head_of(&snapshot).0, "Wardline is stopping.");
        assert!(attention::rows(&snapshot).is_empty());
    }

    #[test]
    fn each_interface_is_one_shape_with_its_words_the_worst_first() {
        let snapshot = seen(NOW, vec![listener("adt-in")], vec![queue("lis", "down")]);
        let head = head(&snapshot, &[]).into_string();
        let (lis, adt) = (head.find("lis, down"), head.find("adt-in, up"));
        assert!(lis.is_some() && lis < adt, "{head}");
    }
}
