//! From the number in the address to the screen, without content and with it.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Form, Path};
use jiff::Timestamp;
use serde::Deserialize;
use wardline_engine::control::protocol::{MessageAnatomy, MessageId, Request, Response};

use super::{MessagePage, Revealed};
use crate::access::Right;
use crate::fault::Fault;
use crate::page::{Shell, page};

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

/// The same with its content: this is recorded, and the browser keeps no copy.
pub(crate) async fn reveal(shell: Shell, path: Path<String>) -> Result<HttpResponse, Fault> {
    let message = number(&path)?;
    let by = shell.who.name.to_string();
    let mut screen = screen(&shell, message, true).await?;
    let Response::Content(content) =
        shell.seat.ask(Request::Content { message, by: by.clone() }).await?
    else {
        return Err(Fault::Failed);
    };
    screen.revealed = Some(Revealed { content: *content, by, at: Timestamp::now() });
    let mut response = page(&shell, &screen.title(), &screen.body());
    let never = header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    Ok(response)
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
    let Response::Related { related } = shell.seat.ask(Request::Related { message }).await? else {
        return Err(Fault::Failed);
    };
    Ok(MessagePage {
        history: *history,
        anatomy: anatomy(shell, message, content).await?,
        related,
        may_see_content: shell.who.may(Right::Content),
        revealed: None,
        csrf: shell.csrf(),
    })
}

/// None where its bytes cannot be read: the rest is known all the same.
async fn anatomy(
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

fn number(path: &str) -> Result<MessageId, Fault> {
    path.parse().map_err(|_not_a_number| Fault::NotFound)
}
