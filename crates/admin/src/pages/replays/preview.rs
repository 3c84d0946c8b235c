//! What stands before the start of a replay: how many messages, where they go, what is left out, and the first of them.
//!
//! The mode is chosen by looking again; what is started is what is looked at.

use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{ReplayMode, ReplayPreview, ReplaySample};

use super::{NEW, REPLAYS, how, one};
use crate::pages::hand::{Hand, MAX_REASON};
use crate::pages::interface::head::with_codes;
use crate::pages::links;
use crate::pages::outcome::size;
use crate::watch::snapshot::moment;
use crate::words;

/// From how many messages on their count has to be typed.
pub(super) const MANY: u64 = 10;

/// The page.
pub(super) struct Preview<'a> {
    pub(super) seen: &'a ReplayPreview,
    pub(super) mode: ReplayMode,
    /// Of a resend: those that were chosen.
    pub(super) to: &'a [String],
    pub(super) rate: NonZeroU32,
    /// All there are.
    pub(super) destinations: &'a [String],
    pub(super) hand: &'a Hand,
}

impl Preview<'_> {
    /// The body of the page.
    pub(super) fn body(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        html! {
            div.head { div {
                p.crumb { a href="/messages" { "Messages" } " / " a href=(REPLAYS) { "Replays" } }
                h1 { "Replay " (self.messages()) "?" }
                p.sub { "Nothing is sent yet. Exactly these are meant: what comes or changes from now on does not alter the list." }
            } }
            (self.choice())
            (self.what(now, zone))
            (self.start())
        }
    }

    fn messages(&self) -> String {
        words::counted(self.seen.count, "message", "messages")
    }

    /// How: chosen by looking again.
    fn choice(&self) -> Markup {
        let radio = |mode: ReplayMode, label: &str, meaning: &str| {
            html! {
                label.pick {
                    input type="radio" name="mode" value=(how::code(mode)) checked[self.mode == mode];
                    span { b { (label) } " " span.dim { (meaning) } }
                }
            }
        };
        html! {
            section.card aria-labelledby="hw" {
                header { h2 #hw { "How" } }
                form.body.picks method="get" action=(NEW) {
                    input type="hidden" name="list" value=(self.seen.list);
                    (radio(ReplayMode::Resend, "As sent", "The bytes of then, to where each went then, or to the destinations chosen here."))
                    fieldset.pick-to {
                        legend { "As sent, to" }
                        @for id in self.destinations {
                            label { input.chk type="checkbox" name="to" value=(id) checked[self.to.contains(id)]; " " (id) }
                        }
                        span.dim { "None chosen: to where each went." }
                    }
                    (radio(ReplayMode::Reprocess, "Through today's routes", "Today's rules, handlers, routes and transforms decide, as if it came now. What was rejected can come in so."))
                    div.row {
                        label for="rate" { "Messages a second, at most" }
                        input.in #rate type="number" name="rate" min="1" max="100000" value=(self.rate);
                        button.btn type="submit" { "Look again" }
                    }
                }
            }
        }
    }

    fn what(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        let preview = self.seen;
        let seconds = preview.count.div_ceil(u64::from(self.rate.get()));
        let left_out: u64 = preview.left_out.values().sum();
        html! {
            section.card aria-labelledby="wh" {
                header { h2 #wh {
                    "What would happen"
                    small { "about " (words::span(seconds)) " at " (self.rate) " a second" }
                } }
                div.body {
                    p {
                        @if left_out == 0 { "None of them is known to be left out. " }
                        @else { b.wrn { (words::counted(left_out, "message", "messages")) " would be left out" } ": " }
                        @for (place, (cause, count)) in preview.left_out.iter().enumerate() {
                            @if place > 0 { "; " }
                            (words::count(*count)) " " span.m { (cause) } " " span.dim { (with_codes(one::meaning(cause))) }
                        }
                    }
                    @if preview.looked_at < preview.count {
                        p.dim { "The first " (words::count(preview.looked_at)) " were looked at; the others are judged when their turn comes." }
                    }
                    @if preview.replays > 0 {
                        p.wrn { (words::count(preview.replays)) " of them were sent in by a replay already, and would go out once more." }
                    }
                    @if preview.behind > 0 {
                        p.wrn { "The last " (size(preview.behind)) " that came are not noted down yet: messages in them are not meant." }
                    }
                }
                div.tw { table class="tb cards dls" {
                    thead { tr {
                        th scope="col" { "Control id" } th scope="col" { "Type" } th scope="col" { "Received" }
                        th scope="col" { "From" } th.n scope="col" { "Size" } th scope="col" { "Went to" }
                    } }
                    tbody { @for sample in &preview.sample { (line(sample, now, zone)) } }
                } }
                @if preview.count > preview.sample.len() as u64 {
                    footer { (words::count(preview.count - preview.sample.len() as u64)) " more" }
                }
            }
        }
    }

    fn start(&self) -> Markup {
        let count = self.seen.count;
        let typed = (count > MANY).then(|| count.to_string());
        html! {
            section.card aria-labelledby="st" {
                header { h2 #st { "Start it" } }
                div.body {
                    form class="confirm calm" method="post" action=(REPLAYS) data-typed=[&typed] aria-label="Start the replay" {
                        (self.hand.hidden())
                        input type="hidden" name="list" value=(self.seen.list);
                        input type="hidden" name="count" value=(count);
                        input type="hidden" name="mode" value=(how::code(self.mode));
                        input type="hidden" name="rate" value=(self.rate);
                        @for id in self.to { input type="hidden" name="to" value=(id); }
                        p { b { "Send " (self.messages()) " in once more, " (self.where_to()) "?" }
                            " Who receives them may see them a second time. It can be paused and cancelled; what was sent stays sent." }
                        div.row {
                            div.fld {
                                label for="why" { "Reason, kept with it" }
                                input.in #why name="reason" required maxlength=(MAX_REASON) autocomplete="off";
                            }
                            @if let Some(typed) = &typed {
                                div.fld {
                                    label for="typed" { "Type " span.m { (typed) } " to confirm" }
                                    input class="in m" id="typed" name="typed" required autocomplete="off" inputmode="numeric";
                                }
                            }
                            button class="btn btn-pri" type="submit" { "Replay " (self.messages()) }
                        }
                    }
                }
            }
        }
    }

    fn where_to(&self) -> String {
        match (self.mode, self.to) {
            (ReplayMode::Resend, []) => "as sent, to where each went".to_owned(),
            (ReplayMode::Resend, to) => format!("as sent, to {}", to.join(", ")),
            (ReplayMode::Reprocess, _) => "through today's routes".to_owned(),
        }
    }
}

fn line(sample: &ReplaySample, now: Timestamp, zone: &TimeZone) -> Markup {
    html! {
        tr {
            td.w2c { a.m href=(links::message(sample.message)) { (if sample.control_id.is_empty() { "no control id" } else { &sample.control_id }) } }
            td.r { (sample.message_type) }
            td.hide { @if let Some(at) = moment(Some(&sample.received)) { span title=(sample.received) { (words::clock(at, now, zone)) } } }
            td.hide { (sample.listener) }
            td.n data-l="Size" { (size(sample.size)) }
            td data-l="Went to" {
                @match &sample.refused {
                    Some(cause) => { "rejected, " span.m { (cause) } },
                    None if sample.destinations.is_empty() => span.dim { "nowhere" },
                    None => (sample.destinations.join(", ")),
                }
            }
        }
    }
}
