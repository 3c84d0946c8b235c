//! The screen Messages: what was received, newest first, a badge for each destination.
//!
//! Nothing of a message is on it but ids, codes and sizes. The box finds control ids for everybody, and patients, visits
//! and orders for those who may see content.

mod asked;
mod query;

use maud::{Markup, html};
use wardline_engine::control::protocol::{MessageId, MessageRow};

use super::outcome::{badges, clock, size};
use crate::access::Right;
use crate::route::Route;
use query::MessagesQuery;
use query::{SPANS, STATES};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/messages", Right::See, asked::list)]
}

/// What the screen shows.
pub(crate) struct MessagesPage {
    pub(crate) query: MessagesQuery,
    pub(crate) rows: Vec<MessageRow>,
    /// Where older ones go on.
    pub(crate) next: Option<MessageId>,
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
    /// Whether patients may be looked for.
    pub(crate) may_see_content: bool,
}

impl MessagesPage {
    /// Its main part.
    pub(crate) fn body(&self) -> Markup {
        html! {
            div.head {
                div {
                    h1 { "Messages" }
                    p.sub { "The address of this page is the search: send it to a colleague." }
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
            if self.may_see_content { "Control id, patient, visit or order" } else { "Control id" };
        html! {
            form.chips action="/messages" method="get" {
                label.vh for="mq" { (finds) }
                input #mq .in name="q" value=(self.query.q) placeholder=(finds) autocomplete="off";
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
                        span.chip.chip-on {
                            (chip.name) " " b { (chip.value.trim()) }
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
                header { h2 #rs { (self.rows.len()) " messages" small { "newest first" } } }
                div.tw { table.tb.cards.msgs {
                    thead { tr {
                        th { "Received" } th { "Control id" } th { "Type" } th { "From" }
                        th.n { "Size" } th { "Destinations" }
                    } }
                    tbody { @for row in &self.rows { (entry(row)) } }
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

    /// What may be missing on the page, in words.
    fn gaps(&self) -> Markup {
        html! {
            @if !self.whole { "; looking took too long, older ones are on the next page" }
            @if self.behind > 0 { "; the last " (size(self.behind)) " that came cannot be found yet" }
        }
    }

    /// None was found: what was looked for, and what to do next.
    fn nothing(&self) -> Markup {
        let is_filtered = !self.query.chips().is_empty();
        html! {
            section.card { div.empty {
                @if is_filtered {
                    b { "No message matches." }
                    p {
                        "Looked through in " (self.milliseconds) " ms" (self.gaps()) ". "
                        @if !self.may_see_content {
                            "You find messages by their control id; patients are found by those who may see content. "
                        }
                        "Ids are compared as they are written, with every zero in front."
                    }
                    a.btn href="/messages" { "Clear the filters" }
                } @else {
                    b { "Nothing was received yet." }
                    p { "Messages appear here when they are stored." (self.gaps()) }
                }
            } }
        }
    }
}

fn entry(row: &MessageRow) -> Markup {
    let shown =
        if row.control_id.is_empty() { row.message.to_string() } else { row.control_id.clone() };
    html! {
        tr {
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
