//! From the address to the screen.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::web::Query;
use jiff::Timestamp;
use wardline_engine::control::protocol::{MessageId, RefusedReason, Request, Response};

use super::{MessagesPage, MessagesQuery};
use crate::access::Right;
use crate::fault::Fault;
use crate::page::{Shell, page, to};

/// The list of what matches the address. A number in the box is the way to its message.
pub(crate) async fn list(
    shell: Shell,
    Query(query): Query<MessagesQuery>,
) -> Result<HttpResponse, Fault> {
    let may_see_content = shell.who.may(Right::Content);
    if let Some(message) = numbered(&shell, &query).await {
        return Ok(to(&format!("/messages/{message}")));
    }
    let status = shell.seat.status().await?;
    let began = Instant::now();
    let search = query.search(Timestamp::now(), may_see_content);
    let (found, refused) = match shell.seat.ask(Request::Search(search)).await {
        Ok(found) => (Some(found), None),
        Err(Fault::Engine {
            reason: RefusedReason::NoHistory | RefusedReason::UnknownKey,
            text,
        }) => (None, Some(text)),
        Err(fault) => return Err(fault),
    };
    let mut screen = MessagesPage {
        query,
        rows: Vec::new(),
        next: None,
        whole: true,
        behind: 0,
        milliseconds: began.elapsed().as_millis(),
        refused,
        listeners: status.listeners.into_iter().map(|row| row.id).collect(),
        destinations: status.destinations.into_iter().map(|row| row.destination).collect(),
        may_see_content,
    };
    if let Some(Response::Messages { messages, next, whole, behind }) = found {
        screen = MessagesPage { rows: messages, next, whole, behind, ..screen };
    }
    Ok(page(&shell, "Messages", &screen.body()))
}

/// The message whose number stands in the box, written as `#4711`.
async fn numbered(shell: &Shell, query: &MessagesQuery) -> Option<MessageId> {
    let number: MessageId = query.q.trim().strip_prefix('#')?.parse().ok()?;
    let messages = vec![number];
    match shell.seat.ask(Request::Messages { messages }).await {
        Ok(Response::Messages { messages, .. }) => messages.first().map(|row| row.message),
        Ok(_) | Err(_) => None,
    }
}
