//! The one who is signed in: what he may do, and his password.

use actix_web::http::StatusCode;
use actix_web::web::Form;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use maud::{Markup, html};
use serde::Deserialize;

use crate::door::{By, Needs};
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::Route;
use crate::staff;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account", Needs::SignedIn, show),
        Route::post("/account/password", Needs::SignedIn, set_password),
    ]
}

#[derive(Deserialize)]
struct Change {
    current: String,
    new: String,
}

async fn show(shell: Shell) -> HttpResponse {
    page::page(&shell, "Your account", &account(&shell, None))
}

async fn set_password(
    request: HttpRequest,
    shell: Shell,
    Form(Change { current, new }): Form<Change>,
) -> Result<HttpResponse, Fault> {
    let from = staff::address(&request);
    match staff::own_password(&shell.seat, &shell.who, from, (current, new)).await {
        // His other sessions have ended, and this one too: he shows that he knows the new one.
        Ok(()) => Ok(page::to("/signin")),
        Err(fault @ Fault::Paused(_)) => Err(fault),
        Err(fault) => {
            let mut response = page::page(&shell, "Your account", &account(&shell, Some(&fault)));
            *response.status_mut() = fault.status_code();
            if fault.status_code() == StatusCode::UNAUTHORIZED {
                // He is signed in; it is the form that is wrong.
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            }
            Ok(response)
        }
    }
}

fn account(shell: &Shell, fault: Option<&Fault>) -> Markup {
    html! {
        div.head { div {
            h1 { "You are " (shell.who.name) "." }
            p.sub { "You may: " (shell.who.rights) "." }
        } }
        @if let By::Session { .. } = shell.who.by {
            section.card aria-labelledby="pw" {
                header { h2 #pw { "Password" } }
                form.body.stack.entry method="post" action="/account/password" {
                    (shell.csrf())
                    @if let Some(fault) = fault { p.st.st-down role="alert" { svg aria-hidden="true" { use href="#down" {} } (fault) } }
                    div.fld { label for="c" { "Your password now" } input.in #c name="current" type="password" autocomplete="current-password" required; }
                    div.fld { label for="n" { "The new one, 12 characters or more" } input.in #n name="new" type="password" autocomplete="new-password" required minlength="12"; }
                    div.acts { button.btn.btn-pri { "Change it" } span.dim.sm { "Every session of yours ends; sign in again." } }
                }
            }
        }
    }
}
