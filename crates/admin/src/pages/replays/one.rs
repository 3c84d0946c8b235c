//! One job: how far it is, what was left out and why, and what can be done about it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{ReplayRow, ReplayState};
use wardline_engine::explain;

use super::{REPLAYS, address, how, state};
use crate::pages::fragment;
use crate::pages::hand::{Asked, Hand};
use crate::pages::interface::head::with_codes;
use crate::pages::links;
use crate::watch::snapshot::moment;
use crate::words;

/// The page.
pub(crate) struct OneReplay<'a> {
    pub(crate) row: &'a ReplayRow,
    pub(crate) hand: &'a Hand,
}

impl OneReplay<'_> {
    /// The body of the page.
    pub(crate) fn body(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        html! { @for (name, part) in self.fragments(now, zone) { (fragment(name, &part)) } }
    }

    /// The parts of it that change.
    pub(crate) fn fragments(&self, now: Timestamp, zone: &TimeZone) -> Vec<(&'static str, Markup)> {
        vec![
            ("replay-head", self.head(now, zone)),
            ("replay", self.progress(now, zone)),
            ("replay-rest", self.left_out()),
        ]
    }

    fn head(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        let row = self.row;
        html! {
            div.head {
                div {
                    p.crumb { a href=(REPLAYS) { "Replays" } }
                    div.titleline { h1 { "Replay " (row.job) } (state(row)) }
                    p.sub {
                        (words::capital(&words::counted(row.count, "message", "messages"))) " " (how::told(row))
                        ". Started "
                        @if let Some(at) = moment(Some(&row.started)) { (words::clock(at, now, zone)) " " }
                        "by " b { (row.by) } ": “" (row.reason) "”."
                    }
                }
                @if self.hand.may_operate && !row.state.has_ended() { div.acts { (self.actions()) } }
            }
        }
    }

    fn actions(&self) -> Markup {
        let (row, hand) = (self.row, self.hand);
        let action = |what: &str| format!("{}/{what}", address(row.job));
        let rest = row.count - self.done();
        html! {
            @if row.state == ReplayState::Paused {
                (hand.at_once(&action("resume"), "Resume", "btn-pri"))
            } @else {
                (hand.with_reason(&Asked {
                    name: "pause",
                    label: "Pause",
                    action: &action("pause"),
                    question: "Send nothing more in until somebody resumes it?".to_owned(),
                    consequence: "What was sent in already is delivered all the same.".to_owned(),
                    does: "Pause".to_owned(),
                    fixed: &[],
                }))
            }
            (hand.with_reason(&Asked {
                name: "cancel",
                label: "Cancel",
                action: &action("cancel"),
                question: format!("End it here, with {} not sent in?", words::counted(rest, "message", "messages")),
                consequence: "What was sent in already is delivered all the same; nothing is taken back.".to_owned(),
                does: "Cancel the replay".to_owned(),
                fixed: &[],
            }))
        }
    }

    /// Messages that are settled.
    fn done(&self) -> u64 {
        self.row.sent + self.row.left_out.values().sum::<u64>()
    }

    fn progress(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        let row = self.row;
        let (done, left_out) = (self.done(), self.row.left_out.values().sum::<u64>());
        let rest = row.count - done;
        let seconds = rest.div_ceil(u64::from(row.rate.get()));
        html! {
            section.card aria-labelledby="pg" {
                header {
                    h2 #pg { (words::count(done)) " of " (words::count(row.count)) " done" }
                    a class="btn btn-plain" href={ "/messages?replay=" (row.job) } { "What it sent in" }
                }
                div.body {
                    progress.whole max=(row.count) value=(done) { (words::count(done)) " of " (words::count(row.count)) }
                    dl.facts {
                        div { dt { "Sent in" } dd { (words::count(row.sent)) small { "each once; from there on delivered like any other" } } }
                        div { dt { "Left out" } dd { (words::count(left_out)) @if left_out > 0 { small { "each with its cause, below" } } } }
                        div { dt { "To do" } dd { (words::count(rest))
                            @if row.state == ReplayState::Running && rest > 0 { small { "some " (words::span(seconds)) " at " (row.rate) " a second" } }
                        } }
                        div { dt { (if row.state.has_ended() { "Ended" } else { "Standing" }) } dd { (self.standing(now, zone)) } }
                    }
                }
            }
        }
    }

    /// When it ended, or who stopped it and why.
    fn standing(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        let row = self.row;
        let ended = moment(row.ended.as_deref());
        html! {
            @match ended {
                Some(at) => (words::clock(at, now, zone)),
                None => (state(row)),
            }
            @if let (Some(by), Some(because)) = (&row.stopped_by, &row.stopped_because) {
                small { (by) ": " (because) }
            }
        }
    }

    fn left_out(&self) -> Markup {
        let row = self.row;
        html! {
            @if !row.left_out.is_empty() {
                section.card aria-labelledby="lo" {
                    header { h2 #lo { "Left out" } }
                    ul.log {
                        @for (cause, count) in &row.left_out {
                            li {
                                b { (words::count(*count)) }
                                span { span.m { (cause) } span.dim { (with_codes(meaning(cause))) } }
                            }
                        }
                    }
                    @if !row.first_left_out.is_empty() {
                        footer {
                            "First ones: "
                            @for (place, (message, cause)) in row.first_left_out.iter().enumerate() {
                                @if place > 0 { ", " }
                                a class="m link" href=(links::message(message)) title=(cause) { (message) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a code means; in the words of replays, where those have it.
pub(super) fn meaning(cause: &str) -> &'static str {
    let of_replays = explain::explain(cause).find(|one| one.place == "Left out of replays");
    of_replays.or_else(|| explain::explain(cause).next()).map_or("", |explained| explained.means)
}
