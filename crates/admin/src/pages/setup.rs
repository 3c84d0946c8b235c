//! The first administrator. There only while nobody is known.

use actix_web::web::Form;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use serde::Deserialize;

use super::signin::begin;
use crate::door::Needs;
use crate::fault::Fault;
use crate::page;
use crate::route::{MAX_CREDENTIALS, Route};
use crate::seat::AtSeat;
use crate::staff;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/setup", Needs::NobodyKnown, show),
        Route::post("/setup", Needs::NobodyKnown, create).up_to(MAX_CREDENTIALS),
    ]
}

#[derive(Deserialize)]
struct First {
    token: String,
    name: String,
    password: String,
}

async fn show(seat: AtSeat) -> Result<HttpResponse, Fault> {
    let offering = seat.0.clone();
    let offered = tokio::task::spawn_blocking(move || offering.access.set_up.offer()).await;
    offered.map_err(|_panicked| Fault::Failed)??;
    let body = html! {
        form method="post" {
            h1 #t { "Create the first administrator" }
            p.sub.sm { "No default password exists. The first start wrote a set-up token to its log and to "
                code { "access/setup-token" } " in its data folder; it works once, for 30 minutes." }
            div.fld { label for="k" { "Set-up token" }
                input.in.m #k name="token" placeholder="WARD-XXXX-XXXX-XXXX-XXXX" autocomplete="one-time-code" required autofocus; }
            div.fld { label for="u" { "User name" } input.in #u name="name" autocomplete="username" required maxlength="64"; }
            div.fld { label for="p" { "Password, 12 characters or more" }
                input.in #p name="password" type="password" autocomplete="new-password" required minlength="12"; }
            button.btn.btn-pri { "Create and sign in" }
        }
    };
    Ok(page::gate(&seat, "Set up", &body))
}

async fn create(
    request: HttpRequest,
    seat: AtSeat,
    Form(first): Form<First>,
) -> Result<HttpResponse, Fault> {
    let First { token, name, password } = first;
    let from = staff::address(&request);
    let id = seat.access.set_up(&token, (name, password), from).await?;
    Ok(begin(&seat, &id, "/"))
}
