//! What retention would let go if it ran now, or under limits that somebody thinks of. Nothing goes.

use maud::{Markup, html};
use serde::Deserialize;
use wardline_engine::control::protocol::{NotEnded, StorePreview};

use super::{Fact, fact, size, span};
use crate::fault::Fault;
use crate::health::PreviewLimits;
use crate::pages::users::moment;
use crate::words::{count, counted};

const DAY: u64 = 24 * 60 * 60;
const GIBIBYTE: u64 = 1024 * 1024 * 1024;

/// Segments that are listed; of more the first and the count are enough.
const MOST_LISTED: usize = 50;

/// Limits, as the form of the page has them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    retain_days: String,
    retain_gib: String,
}

impl Asked {
    pub(super) fn limits(&self) -> Result<PreviewLimits, Fault> {
        let number = |text: &str, unit: u64, fault| match text.trim() {
            "" => Ok(None),
            text => {
                let number = text.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
                number.map(Some).ok_or(Fault::BadRequest(fault))
            }
        };
        Ok(PreviewLimits {
            retain_for_seconds: number(
                &self.retain_days,
                DAY,
                "`retain_days` is not a whole number",
            )?,
            retain_bytes: number(&self.retain_gib, GIBIBYTE, "`retain_gib` is not a whole number")?,
        })
    }
}

/// The card: what would go, and the form that asks for other limits.
pub(super) fn card(asked: &Asked, preview: Option<&StorePreview>) -> Markup {
    html! {
        section.card #preview aria-labelledby="pre" {
            header { h2 #pre { "What retention would let go now" small { "nothing goes by looking" } } }
            div.body {
                @match preview {
                    None => p { "The index of queues is being rebuilt: what waits, and stays, is known when it is done." },
                    Some(preview) => dl.kv { @for (name, value, what) in facts(preview) { (fact(name, &value, what)) } },
                }
                form.chips action="/storage#preview" method="get" {
                    label for="rd" { "With retain_for of" }
                    input #rd .in name="retain_days" inputmode="numeric" size="5" value=(asked.retain_days);
                    span { "days" }
                    label for="rg" { "and retain_bytes of" }
                    input #rg .in name="retain_gib" inputmode="numeric" size="5" value=(asked.retain_gib);
                    span { "GiB" }
                    button.btn type="submit" { "Look" }
                }
            }
            @if let Some(preview) = preview.filter(|preview| preview.segments > 0) {
                (listeners(preview))
                (segments(preview))
            }
        }
    }
}

fn facts(preview: &StorePreview) -> Vec<Fact> {
    let limits = format!("{}, {}", span(preview.retain_for_seconds), size(preview.retain_bytes));
    let mut facts = vec![("Limits", limits, "retain_for and retain_bytes")];
    match &preview.until {
        None => facts.push(("Would go", "nothing".to_owned(), "")),
        Some(until) => {
            let until = until.parse().map_or_else(|_| until.clone(), moment);
            let segments = counted(preview.segments, "segment", "segments");
            facts.push((
                "Would go",
                format!("{} in {segments}", size(preview.bytes)),
                "of the journal",
            ));
            facts.push(("From before", until, "whatever came since stays"));
            if let Some(messages) = preview.messages {
                facts.push(("Messages", count(messages), "among them, refused ones too"));
            }
            facts.push((
                "Would stay",
                not_ended(&preview.carried),
                "has not ended, and is carried forward",
            ));
        }
    }
    if let Some(why) = &preview.stays_because {
        facts.push(("The next stays", why.clone(), "and all that came behind it"));
    }
    facts
}

fn listeners(preview: &StorePreview) -> Markup {
    html! {
        @if !preview.listeners.is_empty() {
            div.tw { table.tb {
                thead { tr { th { "Received by" } th.n { "Messages" } th.n { "Size" } } }
                tbody { @for one in &preview.listeners {
                    tr {
                        td { a href={ "/interfaces/" (one.listener) } { (one.listener) } }
                        td.n { (count(one.messages)) }
                        td.n { (size(one.bytes)) }
                    }
                } }
            } }
            @if !preview.whole { footer { "There was no time to count all of them by their listener." } }
        }
    }
}

fn segments(preview: &StorePreview) -> Markup {
    let at = |moment_of: &Option<String>| {
        let at = moment_of.as_deref().and_then(|at| at.parse().ok());
        at.map_or_else(|| "unknown".to_owned(), moment)
    };
    html! {
        div.tw { table.tb {
            thead { tr {
                th.n { "Segment" } th { "Begun" } th { "Until" } th.n { "Size" } th.n { "Messages" } th { "Would stay" }
            } }
            tbody { @for one in preview.each.iter().take(MOST_LISTED) {
                tr {
                    td.n { (one.segment) }
                    td.nw { (at(&one.from)) }
                    td.nw { (at(&one.until)) }
                    td.n { (size(one.bytes)) }
                    td.n { @if let Some(messages) = one.messages { (count(messages)) } @else { "unknown" } }
                    td { (not_ended(&one.carried)) }
                }
            } }
        } }
        @if preview.each.len() > MOST_LISTED {
            footer { "The oldest " (MOST_LISTED) " of " (count(preview.segments)) " are listed. " code { "wardline store preview" } " lists all." }
        }
    }
}

/// `3 waiting, 1 dead`.
fn not_ended(carried: &NotEnded) -> String {
    let NotEnded { pending, held, dead } = *carried;
    let of_state = [(pending, "waiting"), (held, "held"), (dead, "dead")];
    let told: Vec<_> = of_state
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, state)| format!("{} {state}", count(*number)))
        .collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use wardline_engine::control::protocol::{PreviewListener, PreviewSegment};

    use super::*;

    fn preview() -> StorePreview {
        let carried = NotEnded { pending: 3, held: 0, dead: 1 };
        let at = |hour: u32| Some(format!("2026-11-21T{hour:02}:00:00Z"));
        let (from, until, messages) = (at(1), at(2), Some(90_000));
        let segment =
            PreviewSegment { segment: 7, bytes: 64 << 20, from, until, messages, carried };
        let listener = "adt-in".to_owned();
        StorePreview {
            retain_for_seconds: 7 * DAY,
            retain_bytes: 20 * GIBIBYTE,
            segments: 1,
            bytes: 64 << 20,
            messages,
            until: at(2),
            carried,
            each: vec![segment],
            listeners: vec![PreviewListener { listener, messages: 90_000, bytes: 63 << 20 }],
            whole: true,
            stays_because: None,
        }
    }

    #[test]
    fn what_would_go_is_told_by_segment_and_interface_and_what_stays_of_it() {
        let page = card(&Asked::default(), Some(&preview())).into_string();
        for told in ["64.0 MiB in 1 segment", "3 waiting, 1 dead", "90,000", "/interfaces/adt-in"] {
            assert!(page.contains(told), "{told}: {page}");
        }
        let nothing = StorePreview { segments: 0, until: None, ..preview() };
        let page = card(&Asked::default(), Some(&nothing)).into_string();
        assert!(page.contains("<b>nothing</b>") && !page.contains("<table"), "{page}");
        assert!(card(&Asked::default(), None).into_string().contains("is being rebuilt"));
    }

    #[test]
    fn other_limits_are_whole_numbers_and_none_is_what_is_configured() {
        let asked = |days: &str, gib: &str| Asked {
            retain_days: days.to_owned(),
            retain_gib: gib.to_owned(),
        };
        let limits = asked(" 7 ", "").limits().unwrap();
        assert_eq!((limits.retain_for_seconds, limits.retain_bytes), (Some(7 * DAY), None));
        assert!(asked("a week", "").limits().is_err());
        assert!(asked("", "99999999999999999999").limits().is_err());
    }
}
