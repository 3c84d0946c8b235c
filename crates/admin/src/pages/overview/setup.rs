//! The first-run checklist: what is still to be done before this engine can be left alone. Gone when all is done.

use maud::{Markup, html};

use crate::pages::links;
use crate::sprite;
use crate::watch::snapshot::Snapshot;

/// One thing to do.
struct Step {
    what: &'static str,
    is_done: bool,
    href: &'static str,
}

fn steps(snapshot: &Snapshot, has_second_admin: bool) -> [Step; 6] {
    let status = &snapshot.status;
    let received = status.listeners.iter().any(|row| row.counts.frames + row.counts.files > 0);
    let delivered =
        status.destinations.iter().any(|row| row.counts.unwrap_or_default().delivered > 0);
    let wiring = &snapshot.wiring;
    let encrypted = !wiring.listeners.is_empty()
        && wiring.listeners.iter().all(|one| one.tls.is_some() || one.kind == "file");
    let step = |what, is_done, href| Step { what, is_done, href };
    [
        step("A listener is configured", !status.listeners.is_empty(), "/config"),
        step("A destination is configured", !status.destinations.is_empty(), "/config"),
        step("First message received", received, links::INTERFACES),
        step("First message delivered", delivered, links::INTERFACES),
        step("TLS on every listener", encrypted, "/config"),
        step("A second administrator", has_second_admin, "/users"),
    ]
}

/// The card, while something is left to do.
pub(crate) fn card(snapshot: &Snapshot, has_second_admin: bool) -> Markup {
    let steps = steps(snapshot, has_second_admin);
    let done = steps.iter().filter(|step| step.is_done).count();
    html! {
        @if done < steps.len() {
            section.card aria-labelledby="setup" {
                header { h2 #setup { "Set-up" small { (done) " of " (steps.len()) " done" } } }
                div.body {
                    ul.chips {
                        @for step in steps {
                            @if step.is_done {
                                li.chip { (sprite::shape("ok")) (step.what) span.vh { ", done" } }
                            } @else {
                                li { a.chip.chip-add href=(step.href) { (step.what) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{listener, queue, seen};

    #[test]
    fn what_is_done_is_ticked_and_what_is_left_leads_on() {
        let snapshot =
            seen("2026-11-21T03:12:08Z", vec![listener("adt-in")], vec![queue("lis", "up")]);
        let card = card(&snapshot, false).into_string();
        assert!(card.contains("2 of 6 done"), "{card}");
        assert!(card.contains("href=\"/users\">A second administrator"), "{card}");
    }
}
