//! The screen Messages: what was received, newest first, a badge for each destination.
//!
//! Nothing of a message is on it but ids, codes and sizes. The box finds control ids for everybody, and patients, visits
//! and orders for those who may see content; what was written into it is posted and stands in no address.

mod asked;
mod query;

use jiff::Timestamp;
use maud::{Markup, html};
use wardline_engine::control::protocol::{MessageId, MessageRow};

use super::hand::Hand;
use super::outcome::{badges, clock, size};
use super::replays::PREVIEW as REPLAY_PREVIEW;
use crate::access::Right;
use crate::route::Route;
use crate::words::counted;
pub(crate) use asked::{FIND, is_to_be_found};
pub(crate) use query::MessagesQuery;
use query::{SPANS, STATES};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/messages", Right::See, asked::list),
        Route::post(FIND, Right::See, asked::find),
    ]
}

/// The form that the rows of a page belong to.
const CHOSEN: &str = "chosen";

/// Parameters that have a field of their own in the form; others go along unseen.
const FIELDS: [&str; 6] = ["found", "type", "listener", "destination", "state", "since"];

/// What the screen shows.
pub(crate) struct MessagesPage {
    pub(crate) query: MessagesQuery,
    pub(crate) rows: Vec<MessageRow>,
    /// Where older ones go on.
    pub(crate) next: Option<MessageId>,
    /// When the message came down to which was looked, where that is known.
    pub(crate) looked_back: Option<Timestamp>,
    /// Whether everything up to there was looked through.
    pub(crate) whole: bool,
    /// Bytes that came last and cannot be found yet.
    pub(crate) behind: u64,
    /// How long it took.
    pub(crate) milliseconds: u128,
    /// Why nothing could be looked for.
    pub(crate) refused: Option<String>,
    pub(crate) listeners: Vec<String>,
    pub(crate) destinations: Vec<String>,
    /// Who looks.
    pub(crate) hand: Hand,
}

impl MessagesPage {
    /// Its main part.
    pub(crate) fn body(&self) -> Markup {
        html! {
            div.head {
                div {
                    h1 { "Messages" }
                    p.sub { "The address of this page is the search: send it to a colleague. What you write into the box is not in it." }
                }
            }
            (self.box_and_filters())
            (self.chips())
            @if let Some(reason) = &self.refused {
                section.card { div.empty { b { "Nothing could be looked for." } p { (reason) } } }
            } @else if self.rows.is_empty() {
                (self.nothing())
            } @else {
                (self.results())
            }
        }
    }

    fn box_and_filters(&self) -> Markup {
        let finds =
            if self.hand.may_read { "Control id, patient, visit or order" } else { "Control id" };
        let text = self.query.text.as_deref().unwrap_or_default();
        html! {
            form.chips action=(FIND) method="post" {
                (self.hand.hidden())
                @for (name, _, value) in self.query.parameters() {
                    @if !FIELDS.contains(&name) && name != "before" { input type="hidden" name=(name) value=(value); }
                }
                label.vh for="mq" { (finds) }
                input #mq .in name="q" value=(text) placeholder=(finds) autocomplete="off";
                label.vh for="mt" { "Type" }
                input #mt .in name="type" value=(self.query.message_type) placeholder="Type, ADT^A01" size="14";
                (select("listener", "Received by", &pairs(&self.listeners), &self.query.listener))
                (select("destination", "Sent to", &pairs(&self.destinations), &self.query.destination))
                (select("state", "State", &STATES.map(|(word, words, _)| (word, words)), &self.query.state))
                (select("since", "Received", &SPANS.map(|(word, words, _)| (word, words)), &self.query.since))
                button.btn type="submit" { "Find" }
            }
        }
    }

    fn chips(&self) -> Markup {
        let chips = self.query.chips();
        html! {
            @if !chips.is_empty() {
                div.chips.scroll role="group" aria-label="Filters" {
                    @for chip in &chips {
                        span class=(if chip.is_understood { "chip chip-on" } else { "chip chip-bad" }) {
                            (chip.name) " " b { (chip.value.trim()) }
                            @if !chip.is_understood { " is not understood" }
                            a.x href=(chip.without) aria-label={ "Remove " (chip.name) } { "×" }
                        }
                    }
                    a.btn.btn-plain href="/messages" { "Clear" }
                }
            }
        }
    }

    fn results(&self) -> Markup {
        html! {
            section.card aria-labelledby="rs" {
                header { h2 #rs { (self.counted()) small { "newest first" } } }
                @if self.hand.may_operate { (self.bulk()) }
                div.tw { table.tb.cards.msgs {
                    thead { tr {
                        @if self.hand.may_operate { th { span.vh { "Select" } } }
                        th { "Received" } th { "Control id" } th { "Type" } th { "From" }
                        th.n { "Size" } th { "Destinations" }
                    } }
                    tbody { @for row in &self.rows { (entry(row, self.hand.may_operate)) } }
                } }
                footer.pager {
                    span { (self.rows.len()) " shown, in " (self.milliseconds) " ms" (self.gaps()) }
                    span.acts {
                        @if !self.query.before.is_empty() {
                            a.btn href=(self.query.newest()) { "Newest" }
                        }
                        @if let Some(next) = self.next {
                            a.btn href=(self.query.going_on(next)) rel="next" { "Older" }
                        }
                    }
                }
            }
        }
    }

    /// How many they are; of a page, that there are more.
    fn counted(&self) -> Markup {
        let shown = counted(self.rows.len() as u64, "message", "messages");
        html! { @if self.next.is_some() { (shown) " of more" } @else { (shown) } }
    }

    /// What is done to those that are chosen, or to all that the search finds.
    fn bulk(&self) -> Markup {
        html! {
            div.bulk {
                form id=(CHOSEN) method="post" action=(REPLAY_PREVIEW) aria-label="Replay messages" {
                    (self.hand.hidden())
                    @for (name, _, value) in self.query.parameters() {
                        @if name != "before" { input type="hidden" name=(name) value=(value); }
                    }
                    button.btn type="submit" { "Replay the selected…" }
                    button.btn type="submit" name="all" value="true" { "Replay all that match…" }
                }
            }
        }
    }

    /// What may be missing on the page, in words.
    fn gaps(&self) -> Markup {
        html! {
            @if !self.whole { "; the time for one look was over, older ones are on the next page" }
            @if self.behind > 0 { "; the last " (size(self.behind)) " that came cannot be found yet" }
        }
    }

    /// None was found: what was looked for, and what to do next.
    fn nothing(&self) -> Markup {
        let is_filtered = !self.query.chips().is_empty();
        html! {
            section.card { div.empty {
                @if let Some(next) = self.next {
                    b { "None so far." }
                    p {
                        "Looked back to "
                        @match self.looked_back { Some(at) => (clock(at)), None => { "message " (next) } }
                        ", then the time for one look was over; older ones were not looked at."
                    }
                    a.btn.btn-pri href=(self.query.going_on(next)) rel="next" { "Look further back" }
                } @else if is_filtered {
                    b { "No message matches." }
                    p {
                        "Looked through in " (self.milliseconds) " ms" (self.gaps()) ". "
                        @if !self.hand.may_read {
                            "You find messages by their control id; patients are found by those who may see content. "
                        }
                        "Ids are compared as they are written, with every zero in front."
                    }
                    a.btn href="/messages" { "Clear the filters" }
                } @else if self.behind > 0 {
                    b { "Nothing can be found yet." }
                    p { "The last " (size(self.behind)) " that came are being noted down." }
                    a.btn href=(self.query.here()) { "Look again" }
                } @else {
                    b { "No message is kept." }
                    p { "Messages appear here when they are stored; retention lets them go." }
                }
            } }
        }
    }
}

fn entry(row: &MessageRow, may_choose: bool) -> Markup {
    let shown =
        if row.control_id.is_empty() { row.message.to_string() } else { row.control_id.clone() };
    html! {
        tr {
            @if may_choose {
                td.choose { input type="checkbox" name="message" value=(row.message) form=(CHOSEN) aria-label={ "Select " (shown) }; }
            }
            td.nw.r2 { (clock(row.received)) }
            td.cid { a.m.id2 href={ "/messages/" (row.message) } { (shown) } }
            td.nw.r { (row.message_type) }
            td.nw.hide { (party(&row.sender)) span.two { (row.listener) } }
            td.n.hide { (size(row.size)) }
            td.w { (badges(row)) }
        }
    }
}

/// Application and facility, as a person reads them.
pub(crate) fn party(sender: &str) -> String {
    let parts: Vec<&str> = sender.split('|').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join(" · ") }
}

fn pairs(ids: &[String]) -> Vec<(&str, &str)> {
    ids.iter().map(|id| (id.as_str(), id.as_str())).collect()
}

fn select(name: &str, label: &str, options: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        label.vh for={ "f-" (name) } { (label) }
        select.in id={ "f-" (name) } name=(name) {
            option value="" { (label) ": any" }
            @for (value, words) in options {
                option value=(value) selected[*value == chosen] { (words) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
