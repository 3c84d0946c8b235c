//! Reading everything that is kept, and comparing: asked for here, done behind everything else, and its result shown.

use maud::{Markup, html};
use wardline_engine::control::protocol::{Verification, VerificationResult};

use super::{Fact, fact};
use crate::pages::hand::Hand;
use crate::pages::users::moment;
use crate::words::{count, counted};

pub(super) fn card(verification: &Verification, hand: &Hand) -> Markup {
    html! {
        section.card #verify aria-labelledby="vfy" {
            header { h2 #vfy { "Read everything and compare" small { "every checksum, and the index with the journal" } } }
            div.body {
                @if let Some(running) = &verification.running {
                    p { "Reading since " (at(&running.since)) ", asked for by " (running.by) ". Load the page again to see what it found." }
                }
                @match &verification.last {
                    Some(last) => dl.kv { @for (name, value, what) in facts(last) { (fact(name, &value, what)) } },
                    None if verification.running.is_none() => p { "Not done since the start." },
                    None => {}
                }
                @if let Some(figures) = verification.last.as_ref().and_then(|last| last.figures.as_ref()) {
                    @if !figures.faults.is_empty() { ul { @for fault in &figures.faults { li { (fault) } } } }
                }
                @if hand.may_operate && verification.running.is_none() {
                    (hand.at_once("/storage/verify", "Verify now", ""))
                }
            }
            footer { "Messages come and go meanwhile. It ends by itself after an hour, or where the disk gets full; old segments wait for it. On the command line: " code { "wardline store verify" } "." }
        }
    }
}

fn facts(last: &VerificationResult) -> Vec<Fact> {
    let mut facts = vec![
        ("Found", verdict(last), ""),
        ("Done", at(&last.until), "when it ended"),
        ("Asked for by", last.by.clone(), ""),
    ];
    if let Some(figures) = &last.figures {
        facts.push(("Records", count(figures.records), "were read"));
        facts.push(("Messages", count(figures.messages), "among them"));
    }
    facts
}

fn verdict(last: &VerificationResult) -> String {
    match (&last.failed, &last.figures, last.whole) {
        (Some(failed), _, _) => format!("it could not be read: {failed}"),
        (None, Some(figures), _) if !figures.faults.is_empty() => {
            let faults = figures.faults.len() as u64;
            format!("{}: the store is not sound", counted(faults, "fault", "faults"))
        }
        (None, _, true) => "all of it is sound".to_owned(),
        (None, _, false) => "what was read is sound; it was ended early".to_owned(),
    }
}

fn at(said: &str) -> String {
    said.parse().map_or_else(|_| said.to_owned(), moment)
}

#[cfg(test)]
mod tests {
    use wardline_engine::control::protocol::{VerificationRun, VerifyFigures};

    use super::*;

    fn hand(may_operate: bool) -> Hand {
        Hand { csrf: "token".to_owned(), may_operate, may_read: false }
    }

    fn found(faults: &[&str], whole: bool) -> Verification {
        let figures = VerifyFigures {
            records: 1234,
            messages: 1000,
            live: 0,
            faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        };
        let (since, until) = ("2026-11-21T01:00:00Z".to_owned(), "2026-11-21T01:01:00Z".to_owned());
        let (by, figures, failed) = ("ann".to_owned(), Some(figures), None);
        let last = VerificationResult { since, until, by, whole, figures, failed };
        Verification { running: None, last: Some(last) }
    }

    #[test]
    fn what_was_found_is_told_with_who_asked_and_how_much_was_read() {
        let page = |verification| card(&verification, &hand(true)).into_string();
        let sound = page(found(&[], true));
        assert!(sound.contains("all of it is sound") && sound.contains("1,234"), "{sound}");
        assert!(sound.contains("action=\"/storage/verify\"") && sound.contains("ann"));
        assert!(page(found(&[], false)).contains("ended early"));
        let damaged = page(found(&["7.journal at 4096: no record"], true));
        assert!(damaged.contains("1 fault: the store is not sound"), "{damaged}");
        assert!(damaged.contains("7.journal at 4096"));
        assert!(page(Verification::default()).contains("Not done since the start."));
    }

    #[test]
    fn it_is_offered_to_those_who_operate_and_while_none_runs() {
        let none = Verification::default();
        assert!(!card(&none, &hand(false)).into_string().contains("Verify now"));
        let (since, by) = ("2026-11-21T01:00:00Z".to_owned(), "bob".to_owned());
        let running = Verification { running: Some(VerificationRun { since, by }), last: None };
        let page = card(&running, &hand(true)).into_string();
        assert!(!page.contains("Verify now") && page.contains("asked for by bob"), "{page}");
    }
}
