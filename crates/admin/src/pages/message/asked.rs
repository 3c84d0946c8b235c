//! From the number in the address to the screen, without content and with it.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Form, Path};
use jiff::Timestamp;
use serde::Deserialize;
use wardline_engine::control::protocol::{
    MessageAnatomy, MessageId, ReplayOrder, Request, Response,
};

use super::bytes::MOST_TEXT;
use super::{MessagePage, REVEALED_SECONDS, Revealed};
use crate::fault::Fault;
use crate::page::{Shell, page, to};
use crate::pages::acting::{Fields, FormFields};
use crate::pages::hand::Hand;
use crate::pages::{links, replays};

/// What files of these kinds are called.
const EXTENSIONS: [(&str, &str); 8] = [
    ("application/pdf", "pdf"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/tiff", "tiff"),
    ("application/rtf", "rtf"),
    ("application/xml", "xml"),
    ("text/plain", "txt"),
];

/// What is known of it, without content.
pub(crate) async fn show(shell: Shell, path: Path<String>) -> Result<HttpResponse, Fault> {
    let message = number(&path)?;
    let screen = screen(&shell, message, false).await?;
    Ok(page(&shell, &screen.title(), &screen.body()))
}

/// The same with its content: this is recorded with its reason, the browser keeps no copy, and leaves it after a while.
pub(crate) async fn reveal(
    shell: Shell,
    path: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let message = number(&path)?;
    let (by, reason) = (shell.who.name.to_string(), Fields::of(form).reason()?);
    let mut screen = screen(&shell, message, true).await?;
    // One byte more tells that there are more.
    let most = Some(MOST_TEXT + 1);
    let request = Request::Content { message, by: by.clone(), reason: reason.clone(), most };
    let Response::Content(content) = shell.seat.ask(request).await? else {
        return Err(Fault::Failed);
    };
    let until = Timestamp::now() + Duration::from_secs(REVEALED_SECONDS);
    screen.revealed = Some(Revealed { content: *content, by, reason, until });
    let mut response = never_kept(page(&shell, &screen.title(), &screen.body()));
    // Works without script: whoever leaves the page open leaves no content open.
    let leave = format!("{REVEALED_SECONDS}; url={}", links::message(message));
    if let Ok(leave) = header::HeaderValue::try_from(leave) {
        response.headers_mut().insert(header::REFRESH, leave);
    }
    Ok(response)
}

/// An answer with content in it: no browser and no proxy keeps it.
pub(super) fn never_kept(mut response: HttpResponse) -> HttpResponse {
    let never = header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}

/// Sends it in once more.
pub(crate) async fn replay(
    shell: Shell,
    path: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let fields = Fields::of(form);
    let order = ReplayOrder { messages: vec![number(&path)?], ..replays::order(fields.mode()?) };
    let row = replays::start(&shell.seat, &shell.who, order, 1, fields.reason()?).await?;
    Ok(to(&replays::address(row.job)))
}

/// Which document.
#[derive(Deserialize)]
pub(crate) struct Which {
    path: String,
}

/// A document that travels inside the message, as a file. No browser shows it here: what a peer sent is not ours.
pub(crate) async fn document(
    shell: Shell,
    path: Path<String>,
    Form(which): Form<Which>,
) -> Result<HttpResponse, Fault> {
    let message = number(&path)?;
    let by = shell.who.name.to_string();
    let request = Request::Document { message, path: which.path, by };
    let Response::Document(document) = shell.seat.ask(request).await? else {
        return Err(Fault::Failed);
    };
    let extension = EXTENSIONS.iter().find(|(media, _)| *media == document.media);
    let extension = extension.map_or("bin", |(_, extension)| *extension);
    let name = format!("attachment; filename=\"{message}.{extension}\"");
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(document.body))
}

async fn screen(shell: &Shell, message: MessageId, content: bool) -> Result<MessagePage, Fault> {
    let Response::History(history) = shell.seat.ask(Request::History { message }).await? else {
        return Err(Fault::Failed);
    };
    let hand = Hand::of(&shell.who);
    let related = Request::Related { message, content: hand.may_read };
    let Response::Related { related } = shell.seat.ask(related).await? else {
        return Err(Fault::Failed);
    };
    Ok(MessagePage {
        history: *history,
        anatomy: anatomy(shell, message, content).await?,
        related,
        revealed: None,
        hand,
    })
}

/// None where its bytes cannot be read: the rest is known all the same.
pub(super) async fn anatomy(
    shell: &Shell,
    message: MessageId,
    content: bool,
) -> Result<Option<MessageAnatomy>, Fault> {
    let by = shell.who.name.to_string();
    match shell.seat.ask(Request::Anatomy { message, content, by }).await {
        Ok(Response::Anatomy(anatomy)) => Ok(Some(*anatomy)),
        Ok(_) => Err(Fault::Failed),
        Err(Fault::Engine { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

pub(super) fn number(path: &str) -> Result<MessageId, Fault> {
    path.parse().map_err(|_not_a_number| Fault::NotFound)
}
