//! From the form and the address to the screen.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::web::{Form, Query};
use jiff::Timestamp;
use wardline_engine::control::protocol::{
    MessageId, MessageRow, MessageSearch, RefusedReason, Request, Response,
};

use super::{MessagesPage, MessagesQuery};
use crate::access::Right;
use crate::door::Who;
use crate::fault::Fault;
use crate::page::{Shell, page, to};
use crate::pages::hand::Hand;
use crate::pages::links;
use crate::seat::Seat;

/// Where the box sends what was written into it.
pub(crate) const FIND: &str = "/messages/find";

/// From the box to an address without what it held. A number in it is the way to its message.
pub(crate) async fn find(
    shell: Shell,
    Form(mut query): Form<MessagesQuery>,
) -> Result<HttpResponse, Fault> {
    let text = std::mem::take(&mut query.q);
    if let Some(row) = numbered(&shell, text.trim()).await {
        return Ok(to(&links::message(row.message)));
    }
    query.found = match text.trim() {
        "" => String::new(),
        text => shell.seat.searches.keep(&shell.who, text)?,
    };
    Ok(to(&query.newest()))
}

/// The list of what matches the address.
pub(crate) async fn list(
    shell: Shell,
    Query(query): Query<MessagesQuery>,
) -> Result<HttpResponse, Fault> {
    let status = shell.seat.status().await?;
    let (query, search) = is_to_be_found(&shell.seat, &shell.who, query);
    let began = Instant::now();
    let (found, refused) = match search {
        Err(told) => (None, Some(told)),
        Ok(search) => match shell.seat.ask(Request::Search(search)).await {
            Ok(found) => (Some(found), None),
            Err(Fault::Engine {
                reason: RefusedReason::NoHistory | RefusedReason::UnknownKey,
                text,
            }) => (None, Some(text)),
            Err(fault) => return Err(fault),
        },
    };
    let mut screen = MessagesPage {
        query,
        rows: Vec::new(),
        next: None,
        looked_back: None,
        whole: true,
        behind: 0,
        milliseconds: began.elapsed().as_millis(),
        refused,
        listeners: status.listeners.into_iter().map(|row| row.id).collect(),
        destinations: status.destinations.into_iter().map(|row| row.destination).collect(),
        hand: Hand::of(&shell.who),
    };
    if let Some(Response::Messages { messages, next, whole, behind }) = found {
        screen = MessagesPage { rows: messages, next, whole, behind, ..screen };
    }
    if let Some(next) = screen.next.filter(|_| screen.rows.is_empty()) {
        screen.looked_back = message(&shell, next).await.map(|row| row.received);
    }
    Ok(page(&shell, "Messages", &screen.body()))
}

/// What an address asks for, with what its box held; why nothing is looked for, where a part of it means nothing.
pub(crate) fn is_to_be_found(
    seat: &Seat,
    who: &Who,
    mut query: MessagesQuery,
) -> (MessagesQuery, Result<MessageSearch, String>) {
    if !query.q.is_empty() {
        let told = "What the box finds is not looked for by an address: it would stay in it. Write it into the box.";
        return (query, Err(told.to_owned()));
    }
    if !query.found.is_empty() {
        query.text = seat.searches.of(who, &query.found);
    }
    let search = query.search(Timestamp::now(), who.may(Right::Content));
    let search = search.map_err(|wrong| match wrong.as_slice() {
        ["found by"] => "What was written into the box is not known here any more, or was written by somebody else: write it again.".to_owned(),
        wrong => format!("Not understood: {}. What is left of the filters would show more than was asked for.", wrong.join(", ")),
    });
    let by = who.name.to_string();
    (query, search.map(|search| MessageSearch { by, ..search }))
}

/// The message whose number stands in the box, written as `#4711`.
async fn numbered(shell: &Shell, text: &str) -> Option<MessageRow> {
    message(shell, text.strip_prefix('#')?.parse().ok()?).await
}

async fn message(shell: &Shell, number: MessageId) -> Option<MessageRow> {
    match shell.seat.ask(Request::Messages { messages: vec![number] }).await {
        Ok(Response::Messages { mut messages, .. }) => messages.pop(),
        Ok(_) | Err(_) => None,
    }
}
