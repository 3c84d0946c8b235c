//! The screen of one message: what happened to it by the millisecond, what it is made of, and what became of it on its
//! way.
//!
//! Without the right to see content, and until somebody who has it asks, no value but the header's ids and codes is in the
//! page. Asking is a form that is posted and recorded; the answer is not kept by the browser.

mod asked;
mod bytes;
mod parts;
mod timeline;

use maud::{Markup, html};
use wardline_engine::control::protocol::{
    MessageAnatomy, MessageContent, MessageHistory, MessageRow, RelatedRow,
};

use super::messages::party;
use super::outcome::{clock, shape, size, standing};
use crate::access::Right;
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/messages/{id}", Right::See, asked::show),
        Route::post("/messages/{id}/reveal", Right::Content, asked::reveal),
        Route::post("/messages/{id}/document", Right::Content, asked::document),
    ]
}

/// What the screen shows.
pub(crate) struct MessagePage {
    pub(crate) history: MessageHistory,
    /// Absent where its bytes are damaged, or gone.
    pub(crate) anatomy: Option<MessageAnatomy>,
    pub(crate) related: Vec<RelatedRow>,
    pub(crate) may_see_content: bool,
    /// The bytes, where they were asked for; by whom, and when.
    pub(crate) revealed: Option<Revealed>,
    /// The hidden field that a form of this session has.
    pub(crate) csrf: Markup,
}

/// Content that was asked for.
pub(crate) struct Revealed {
    pub(crate) content: MessageContent,
    pub(crate) by: String,
    pub(crate) at: jiff::Timestamp,
}

impl MessagePage {
    /// What the message is called: its control id, which is no content, or its number.
    pub(crate) fn title(&self) -> String {
        name(&self.history.row)
    }

    /// Its main part.
    pub(crate) fn body(&self) -> Markup {
        html! {
            (self.head())
            div.cols.story.segs {
                div.stack {
                    (timeline::card(&self.history))
                    (self.facts())
                    (self.related())
                }
                section.card aria-labelledby="sg" {
                    header { nav.tabs.bare aria-label="View" {
                        a href="#segments" { "Segments" }
                        @if self.revealed.is_some() {
                            a href="#raw" { "Raw" }
                            a href="#hex" { "Hex" }
                        }
                        a href="#differences" { "In and out" }
                        a href="#acks" { "ACKs" }
                    } }
                    (self.reveal())
                    (self.segments())
                    @if let Some(revealed) = &self.revealed {
                        (bytes::raw(&revealed.content))
                        (bytes::hex(&revealed.content))
                    }
                    (self.differences())
                    (bytes::answers(&self.history, self.revealed.as_ref().map(|one| &one.content)))
                }
            }
        }
    }

    fn head(&self) -> Markup {
        let row = &self.history.row;
        let standing = standing(row);
        html! {
            div.head {
                div {
                    p.crumb { a href="/messages" { "Messages" } " / " (clock(row.received)) }
                    div.titleline {
                        h1.m1 { (self.title()) }
                        span class={ "st st-lg " (standing.class) } { (shape(standing.shape)) (standing.words) }
                    }
                    p.sub {
                        (row.message_type) " from " (party(&row.sender)) ", received by "
                        a href={ "/interfaces/" (row.listener) } { (row.listener) }
                        ", " (size(row.size)) "."
                    }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let row = &self.history.row;
        html! {
            section.card aria-labelledby="fc" {
                header { h2 #fc { "Facts" } }
                dl.flds {
                    (fact("Number", &row.message.to_string()))
                    (fact("Came from", if row.peer.is_empty() { "a handler" } else { &row.peer }))
                    (fact("To", &party(&row.receiver)))
                    @if let Some(answer) = &row.answer {
                        (fact("Answered", &format!("{} {}", answer.code, answer.control_id)))
                    }
                    @if let Some(refusal) = &row.refusal {
                        (fact("Rejected", &format!("{}, {}", refusal.code, refusal.cause)))
                    }
                    @if let Some(origin) = &row.origin {
                        div {
                            dt { "Replay of" }
                            dd.val { a href={ "/messages/" (origin.message) } { (origin.message) } ", job " (origin.job) }
                        }
                    }
                    @if !row.marks.is_empty() { (fact("Known as", &row.marks.join(", "))) }
                    @if row.hops > 0 { (fact("Handlers passed", &row.hops.to_string())) }
                }
            }
        }
    }

    fn related(&self) -> Markup {
        html! {
            @if !self.related.is_empty() {
                section.card aria-labelledby="re" {
                    header { h2 #re { "Related" } }
                    ul.log { @for RelatedRow { same, row } in &self.related {
                        li {
                            time { (clock(row.received)) }
                            span {
                                a.m.link href={ "/messages/" (row.message) } { (name(row)) }
                                span.dim { "same " (same.replace('-', " ")) ", " (row.message_type) ", " (standing(row).words) }
                            }
                        }
                    } }
                }
            }
        }
    }

    /// The bar that says whether content is shown, and since whose word.
    fn reveal(&self) -> Markup {
        let action = format!("/messages/{}", self.history.row.message);
        html! {
            div.reveal {
                @if let Some(revealed) = &self.revealed {
                    span { b { "Content is shown." } " Recorded: " (revealed.by) ", " (clock(revealed.at)) "." }
                    a.btn href=(action) { "Hide now" }
                } @else if self.may_see_content {
                    span { b { "Content is hidden." } " Structure, codes and sizes are shown." }
                    form method="post" action={ (action) "/reveal" } {
                        (self.csrf)
                        button.btn type="submit" { "Reveal, recorded…" }
                    }
                } @else {
                    span { b { "Content is hidden." } " You see structure, codes and sizes." }
                }
            }
        }
    }

    fn segments(&self) -> Markup {
        html! {
            h2.vh #sg { "Segments" }
            div #segments {
                @match &self.anatomy {
                    None => div.empty { b { "Its bytes cannot be read." } p { "What happened to it is known all the same." } },
                    Some(anatomy) if anatomy.segments.is_empty() => {
                        div.empty { b { "It is no HL7 message." } p { "Its bytes are shown as hex once they are revealed." } }
                    },
                    Some(anatomy) => (parts::segments(anatomy, self.offer().as_ref())),
                }
            }
        }
    }

    /// The form by which a document is asked for, for those who may.
    fn offer(&self) -> Option<parts::Offer> {
        let action = format!("/messages/{}/document", self.history.row.message);
        self.may_see_content.then(|| parts::Offer { action, csrf: self.csrf.clone() })
    }

    fn differences(&self) -> Markup {
        html! {
            div #differences {
                @if let Some(anatomy) = &self.anatomy {
                    (parts::differences(anatomy, &self.history.row))
                }
            }
        }
    }
}

fn name(row: &MessageRow) -> String {
    if row.control_id.is_empty() {
        format!("Message {}", row.message)
    } else {
        row.control_id.clone()
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd.val { (value) } } }
}

#[cfg(test)]
mod tests;
