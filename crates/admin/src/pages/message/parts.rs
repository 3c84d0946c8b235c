//! Segments and elements, and where what is sent differs from what came.

use maud::{Markup, html};
use wardline_engine::control::protocol::{
    DocumentPart, ElementChange, ElementPart, MessageAnatomy, MessageRow, SegmentPart,
};

use super::super::outcome::size;

/// Segments that stand open: behind them are the results, of which there may be hundreds.
const OPEN: usize = 6;

/// How a document of the message is asked for.
pub(super) struct Offer {
    pub(super) action: String,
    pub(super) csrf: Markup,
}

/// Every segment, its elements by their paths, which are addresses.
pub(super) fn segments(anatomy: &MessageAnatomy, offer: Option<&Offer>) -> Markup {
    html! {
        @for (place, segment) in anatomy.segments.iter().enumerate() {
            (self::segment(segment, place < OPEN, offer))
        }
        @if anatomy.is_cut { p.dim.sm { "It has more than is shown here: see it raw." } }
    }
}

fn segment(segment: &SegmentPart, is_open: bool, offer: Option<&Offer>) -> Markup {
    html! {
        details.sgt open[is_open] {
            summary {
                b { (segment.path) }
                span.mid.nm2 { (segment.title.as_deref().unwrap_or_default()) }
                span.c { (segment.elements.len()) " elements, " (segment.fields) " fields" }
            }
            dl.flds { @for element in &segment.elements { (self::element(element)) } }
            @if let Some(document) = &segment.document { (self::document(segment, document, offer)) }
        }
    }
}

/// A document inside, by its kind and size; a form for those who may have it.
fn document(segment: &SegmentPart, document: &DocumentPart, offer: Option<&Offer>) -> Markup {
    html! {
        div.reveal {
            span { b { "A document." } " " (document.media) ", about " (size(document.size)) "." }
            @if let Some(offer) = offer {
                form method="post" action=(offer.action) {
                    (offer.csrf)
                    input type="hidden" name="path" value=(segment.path);
                    button.btn type="submit" { "Download, recorded" }
                }
            }
        }
    }
}

fn element(element: &ElementPart) -> Markup {
    html! {
        div id=(element.path) {
            dt { a href={ "#" (element.path) } { (element.path) } }
            dd.nm { (element.title.as_deref().unwrap_or_default()) }
            dd.val { (value(element.value.as_deref())) }
        }
    }
}

/// A text, or the mark of one that is not here.
fn value(text: Option<&str>) -> Markup {
    html! {
        @match text {
            Some(text) => (text),
            None => span.mask { span.vh { "hidden" } },
        }
    }
}

/// What differs, by destination.
pub(super) fn differences(anatomy: &MessageAnatomy, row: &MessageRow) -> Markup {
    let as_it_came = row
        .destinations
        .iter()
        .filter(|fate| !anatomy.sent.iter().any(|sent| sent.destination == fate.destination));
    html! {
        @for sent in &anatomy.sent {
            details.sgt open {
                summary {
                    b { (sent.destination) }
                    span.mid.nm2 { (changed(sent.changes.len())) }
                    span.c { (size(sent.size)) }
                }
                dl.flds { @for change in &sent.changes { (self::change(change)) } }
            }
        }
        @for fate in as_it_came {
            details.sgt {
                summary { b { (fate.destination) } span.mid.nm2 { "the bytes as they came" } span.c { (size(row.size)) } }
            }
        }
    }
}

fn changed(count: usize) -> String {
    match count {
        0 => "same elements, other bytes".to_owned(),
        1 => "1 element differs".to_owned(),
        count => format!("{count} elements differ"),
    }
}

fn change(change: &ElementChange) -> Markup {
    html! {
        div {
            dt { (change.path) }
            dd.nm { @if change.is_added { "added" } @else if change.is_removed { "removed" } @else { "changed" } }
            dd.val {
                @if !change.is_removed { (value(change.after.as_deref())) }
                @if !change.is_added { " " span.dim { "was " (value(change.before.as_deref())) } }
            }
        }
    }
}
