//! The screen of one message: what happened to it by the millisecond, what it is made of, and what became of it on its
//! way.
//!
//! Without the right to see content, and until somebody who has it asks, no value but the header's ids and codes is in the
//! page. Asking is a form that is posted and recorded with its reason; the answer is not kept by the browser, and hides by
//! itself.

mod asked;
mod bytes;
mod edit;
mod parts;
mod timeline;

use maud::{Markup, html};
use wardline_engine::control::protocol::{
    MessageAnatomy, MessageContent, MessageHistory, MessageRow, RelatedRow,
};

use super::hand::{Asked, Hand};
use super::links;
use super::messages::party;
use super::outcome::{clock, hour, shape, size, standing};
use super::replays;
use crate::access::Right;
use crate::door::Needs;
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/messages/{id}", Right::See, asked::show),
        Route::post("/messages/{id}/reveal", Right::Content, asked::reveal),
        Route::post("/messages/{id}/document", Right::Content, asked::document),
        Route::post("/messages/{id}/replay", Right::Operate, asked::replay),
        Route::post("/messages/{id}/edit", EDITS, edit::edit),
        Route::post("/messages/{id}/edited", EDITS, edit::edited).up_to(MAX_WRITTEN),
    ]
}

/// What an edited copy needs: it is content, and is sent.
const EDITS: Needs = Needs::Both(Right::Operate, Right::Content);

/// The longest form with an edited copy, in bytes: each byte of it may take three.
const MAX_WRITTEN: usize = 4 * 1024 * 1024;

/// How long revealed content stays on a page that is left open, in seconds.
pub(crate) const REVEALED_SECONDS: u64 = 5 * 60;

/// What the screen shows.
pub(crate) struct MessagePage {
    pub(crate) history: MessageHistory,
    /// Absent where its bytes are damaged, or gone.
    pub(crate) anatomy: Option<MessageAnatomy>,
    pub(crate) related: Vec<RelatedRow>,
    /// The bytes, where they were asked for; by whom, when, and why.
    pub(crate) revealed: Option<Revealed>,
    /// Who looks.
    pub(crate) hand: Hand,
}

/// Content that was asked for.
pub(crate) struct Revealed {
    pub(crate) content: MessageContent,
    pub(crate) by: String,
    pub(crate) reason: String,
    /// When it hides again.
    pub(crate) until: jiff::Timestamp,
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
                    (self.again())
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
                            dd.val {
                                a.link href=(links::message(origin.message)) { "message " (origin.message) }
                                ", by " a.link href=(replays::address(origin.job)) { "replay " (origin.job) }
                            }
                        }
                    }
                    @if !row.marks.is_empty() { (fact("Known as", &row.marks.join(", "))) }
                    @if row.hops > 0 { (fact("Handlers passed", &row.hops.to_string())) }
                }
            }
        }
    }

    /// What is done to send it in once more.
    fn again(&self) -> Markup {
        let (row, hand) = (&self.history.row, &self.hand);
        let address = links::message(row.message);
        let replay = format!("{address}/replay");
        let went: Vec<&str> =
            row.destinations.iter().map(|fate| fate.destination.as_str()).collect();
        html! {
            @if hand.may_operate {
                section.card aria-labelledby="ag" {
                    header { h2 #ag { "Send it in once more" } }
                    div.body { div class="acts btn-row" {
                        @if !went.is_empty() {
                            (hand.with_reason(&Asked {
                                name: "resend",
                                label: "Resend",
                                action: &replay,
                                question: "Send it again, as it was sent?".to_owned(),
                                consequence: format!("The same bytes to {}. They may see it a second time.", went.join(", ")),
                                does: "Resend it".to_owned(),
                                fixed: &[("mode", "resend".to_owned())],
                            }))
                        }
                        (hand.with_reason(&Asked {
                            name: "reprocess",
                            label: "Reprocess",
                            action: &replay,
                            question: "Let today's routes decide about it?".to_owned(),
                            consequence: format!("As if {} received it now, with today's rules, handlers and transforms.", row.listener),
                            does: "Reprocess it".to_owned(),
                            fixed: &[("mode", "reprocess".to_owned())],
                        }))
                        @if hand.may_read {
                            (hand.with_reason(&Asked {
                                name: "edit",
                                label: "Edit a copy",
                                action: &format!("{address}/edit"),
                                question: "Show its content, to be edited?".to_owned(),
                                consequence: "That you read it is recorded. Nothing is sent before you send the copy.".to_owned(),
                                does: "Show it".to_owned(),
                                fixed: &[],
                            }))
                        }
                    } }
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
                                a.m.link href=(links::message(row.message)) { (name(row)) }
                                span.dim { (self.relation(same, row)) ", " (row.message_type) ", " (standing(row).words) }
                            }
                        }
                    } }
                }
            }
        }
    }

    /// How another message belongs to this one.
    fn relation(&self, same: &str, other: &MessageRow) -> Markup {
        let this = &self.history.row;
        html! {
            @match &other.origin {
                Some(origin) if origin.message == this.message => {
                    "sent in of it by " a.link href=(replays::address(origin.job)) { "replay " (origin.job) }
                },
                _ if this.origin.is_some_and(|origin| origin.message == other.message) => "its original",
                _ => { "same " (same.replace('-', " ")) },
            }
        }
    }

    /// The bar that says whether content is shown, until when, and on whose word.
    fn reveal(&self) -> Markup {
        let action = links::message(self.history.row.message);
        html! {
            @if let Some(revealed) = &self.revealed {
                div.reveal data-hides=(REVEALED_SECONDS) data-hidden=(action) {
                    span { b { "Content is shown until " (hour(revealed.until)) "." } " Recorded: " (revealed.by) ", “" (revealed.reason) "”." }
                    div.acts { (self.try_again()) a.btn href=(action) { "Hide now" } }
                }
            } @else {
                div.reveal {
                    span { b { "Content is hidden." } @if self.hand.may_read { " Structure, codes and sizes are shown." } @else { " You see structure, codes and sizes." } }
                    @if self.hand.may_read {
                        div.acts {
                            (self.try_again())
                            (self.hand.with_reason(&Asked {
                                name: "reveal",
                                label: "Reveal, recorded",
                                action: &format!("{action}/reveal"),
                                question: "Show the content of this message?".to_owned(),
                                consequence: format!("It hides again after {} minutes. Your name and the reason are recorded.", REVEALED_SECONDS / 60),
                                does: "Reveal".to_owned(),
                                fixed: &[],
                            }))
                        }
                    }
                }
            }
        }
    }

    /// What would become of it today; what is changed of it is in the account.
    fn try_again(&self) -> Markup {
        self.hand.with_reason(&Asked {
            name: "try",
            label: "Try by today's routes",
            action: "/try",
            question: "Tell what would become of it now?".to_owned(),
            consequence: "Nothing is sent or stored. What transforms change is shown: your name and the reason are recorded.".to_owned(),
            does: "Try it".to_owned(),
            fixed: &[("message", self.history.row.message.to_string())],
        })
    }

    fn segments(&self) -> Markup {
        html! {
            h2.vh #sg { "Segments" }
            div #segments {
                @match &self.anatomy {
                    None => div.empty { b { "Its bytes cannot be read." } p { "What happened to it is known all the same." } },
                    Some(anatomy) if anatomy.segments.is_empty() && anatomy.is_cut => {
                        div.empty { b { "It is too large to be taken apart here." } p { (size(self.history.row.size)) ": export it and look at it with " span.m { "wardline hl7" } "." } }
                    },
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
        self.hand.may_read.then(|| parts::Offer { action, csrf: self.hand.hidden() })
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
