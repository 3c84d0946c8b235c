//! The screen Try a message: what the running configuration would do with one that is pasted, or with one of the past.
//!
//! It comes by POST and its account goes back in the answer: nothing of it is in an address, a log or the browser's
//! store. Whoever pastes a message has it already; one of the past is content.

mod account;

use actix_web::HttpResponse;
use actix_web::ResponseError;
use actix_web::http::header;
use actix_web::web::Form;
use maud::{Markup, html};
use serde::Deserialize;
use wardline_engine::control::protocol::{MessageId, Request, Response, ToTry, Tried};
use wardline_engine::trial::MAX_TRIED;

use super::acting::reason;
use crate::access::Right;
use crate::door::{Needs, Who};
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::{MAX_BODY, Route};
use crate::seat::Seat;

/// Who may try: an operator decides by it, and who may see content has messages to try.
pub(crate) const NEEDS: Needs = Needs::OneOf(&[Right::Operate, Right::Content]);

/// The longest form: each byte of a message may take three.
pub(crate) const MAX_FORM: usize = 3 * MAX_TRIED + MAX_BODY;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/try", NEEDS, show), Route::post("/try", NEEDS, tried).up_to(MAX_FORM)]
}

/// What the form asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// What was pasted.
    text: String,
    /// The number of a message of the past, in place of a text.
    message: String,
    /// Why one of the past is read.
    reason: String,
    /// A listener's id; empty = the one that such a message comes through.
    listener: String,
}

/// What the screen shows.
struct Trying {
    asked: Asked,
    listeners: Vec<String>,
    csrf: Markup,
    outcome: Option<Result<Tried, Fault>>,
}

async fn show(shell: Shell) -> Result<HttpResponse, Fault> {
    screen(&shell, Asked::default(), None).await
}

async fn tried(shell: Shell, Form(asked): Form<Asked>) -> Result<HttpResponse, Fault> {
    let listener = Some(asked.listener.trim().to_owned()).filter(|id| !id.is_empty());
    let outcome = match asked.what() {
        Ok((what, reason)) => try_out(&shell.seat, &shell.who, (listener, what, reason)).await,
        Err(fault) => Err(fault),
    };
    screen(&shell, asked, Some(outcome)).await
}

impl Asked {
    /// What is to be tried; one of the past with a reason.
    fn what(&self) -> Result<(ToTry, String), Fault> {
        match self.message.trim() {
            "" => Ok((what(Some(self.text.clone()), None)?, String::new())),
            number => {
                let message = number.parse();
                let message =
                    message.map_err(|_| Fault::BadRequest("`message` is not the number of one"))?;
                Ok((what(None, Some(message))?, reason(&self.reason)?))
            }
        }
    }
}

/// One of the two, and not nothing.
pub(crate) fn what(text: Option<String>, message: Option<MessageId>) -> Result<ToTry, Fault> {
    match (text, message) {
        (None, Some(message)) => Ok(ToTry::Message(message)),
        (Some(text), None) if !text.trim().is_empty() => Ok(ToTry::Text(text)),
        (Some(_), None) => Err(Fault::BadRequest("there is no message to try")),
        (Some(_), Some(_)) | (None, None) => {
            Err(Fault::BadRequest("either `text` or `message` says what is tried"))
        }
    }
}

/// Asks the engine. A message of the past is for those who may see content.
pub(crate) async fn try_out(
    seat: &Seat,
    who: &Who,
    (listener, what, reason): (Option<String>, ToTry, String),
) -> Result<Tried, Fault> {
    if matches!(what, ToTry::Message(_)) {
        who.need(Right::Content)?;
    }
    match seat.ask(Request::Try { listener, what, by: who.name.to_string(), reason }).await? {
        Response::Tried(tried) => Ok(*tried),
        _ => Err(Fault::Failed),
    }
}

async fn screen(
    shell: &Shell,
    asked: Asked,
    outcome: Option<Result<Tried, Fault>>,
) -> Result<HttpResponse, Fault> {
    let status = match &outcome {
        Some(Err(fault)) => Some(fault.status_code()),
        Some(Ok(_)) | None => None,
    };
    let Response::Wiring(wiring) = shell.seat.ask(Request::Wiring).await? else {
        return Err(Fault::Failed);
    };
    let listeners = wiring.listeners.into_iter().map(|listener| listener.id).collect();
    let trying = Trying { asked, listeners, csrf: shell.csrf(), outcome };
    let mut response = page::page(shell, "Try a message", &trying.body());
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    let never = header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    Ok(response)
}

impl Trying {
    fn body(&self) -> Markup {
        html! {
            div.head { div {
                h1 { (self.verdict()) }
                p.sub { "By the configuration that runs. Nothing is sent or stored; scripts reach nobody, and nothing of the message is logged." }
            } }
            @match &self.outcome {
                Some(Err(fault)) => section.card { div.empty { b { "It was not tried." } p { (fault) } } },
                Some(Ok(tried)) => {
                    @for (number, account) in (1..).zip(&tried.accounts) {
                        (account::account(account, number, tried.accounts.len()))
                    }
                    @if tried.left_out > 0 { p.dim.sm { (tried.left_out) " more messages in it were not tried." } }
                },
                None => {},
            }
            (self.form())
        }
    }

    fn verdict(&self) -> String {
        match &self.outcome {
            Some(Ok(Tried { accounts, .. })) => match accounts.as_slice() {
                [only] => account::verdict(only),
                several => format!("{} messages are in it.", several.len()),
            },
            Some(Err(_)) | None => "What would become of a message?".to_owned(),
        }
    }

    fn form(&self) -> Markup {
        let Asked { text, listener, .. } = &self.asked;
        html! {
            section.card aria-labelledby="tf" {
                header { h2 #tf { "A message" small { "as text, a segment a line" } } }
                form.body.entry method="post" action="/try" {
                    (self.csrf)
                    div.fld {
                        label for="text" { "Message" }
                        textarea.in.m.wide #text name="text" rows="12" required spellcheck="false" autocomplete="off" autocapitalize="off" { (text) }
                    }
                    div.fld {
                        label for="listener" { "Received by" }
                        select.in #listener name="listener" {
                            option value="" { "the listener that its sender uses" }
                            @for id in &self.listeners { option value=(id) selected[id == listener] { (id) } }
                        }
                    }
                    button class="btn btn-pri" type="submit" { "Try" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
