//! Signing in and out.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::web::{Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use serde::Deserialize;

use crate::access::Secret;
use crate::door::{By, Needs, Who};
use crate::fault::Fault;
use crate::page;
use crate::route::{MAX_CREDENTIALS, Route};
use crate::seat::{AtSeat, Seat};
use crate::staff;

/// How long a browser is known in which somebody has signed in, as far as the engine runs on.
const MARKED_FOR: Duration = Duration::days(90);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/signin", Needs::SomebodyKnown, show),
        Route::post("/signin", Needs::SomebodyKnown, sign_in).up_to(MAX_CREDENTIALS),
        Route::post("/signout", Needs::SignedIn, sign_out),
    ]
}

/// Where to go afterwards.
#[derive(Deserialize)]
struct Way {
    next: Option<String>,
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
    next: Option<String>,
}

async fn show(seat: AtSeat, way: Query<Way>) -> HttpResponse {
    form(&seat, way.next.as_deref(), None)
}

async fn sign_in(
    request: HttpRequest,
    seat: AtSeat,
    Form(SignIn { name, password, next }): Form<SignIn>,
) -> Result<HttpResponse, Fault> {
    let mark = request.cookie(seat.mark());
    let mark = mark.as_ref().map(Cookie::value);
    match seat.access.sign_in(&name, password, staff::address(&request), mark).await {
        Ok(id) => {
            let mut response = begin(&seat, &id, back(next.as_deref()));
            let mut mark = cookie(&seat, seat.mark(), seat.access.mark_of(&name));
            mark.set_max_age(MARKED_FOR);
            let _valid_as_it_is = response.add_cookie(&mark);
            Ok(response)
        }
        Err(fault @ Fault::WrongPassword) => {
            let mut response = form(&seat, next.as_deref(), Some(&fault));
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}

async fn sign_out(seat: AtSeat, who: Who) -> HttpResponse {
    if let By::Session { digest, .. } = &who.by {
        seat.access.sessions.end(digest);
        tracing::info!(user = %who.name, "signed out");
    }
    let mut response = page::to("/signin");
    let mut gone = cookie(&seat, seat.cookie(), String::new());
    gone.make_removal();
    let _valid_as_it_is = response.add_cookie(&gone);
    response
}

/// A session begins: its id goes to the browser, once.
pub(super) fn begin(seat: &Seat, id: &Secret, next: &str) -> HttpResponse {
    let mut response = page::to(next);
    let _valid_as_it_is = response.add_cookie(&cookie(seat, seat.cookie(), id.to_hex()));
    response
}

/// For no script, no other site, and where there is TLS for nothing else. It ends with the browser; the session ends here.
fn cookie(seat: &Seat, name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(seat.is_encrypted)
        .same_site(SameSite::Strict)
        .finish()
}

fn back(next: Option<&str>) -> &str {
    next.filter(|next| page::is_way_back(next)).unwrap_or("/")
}

fn form(seat: &Seat, next: Option<&str>, fault: Option<&Fault>) -> HttpResponse {
    let body = html! {
        form method="post" action="/signin" {
            h1 #t { "Sign in" }
            @if let Some(fault) = fault { p.st.st-down role="alert" { svg aria-hidden="true" { use href="#down" {} } (fault) } }
            input type="hidden" name="next" value=(back(next));
            div.fld { label for="u" { "User name" } input.in #u name="name" autocomplete="username" required autofocus; }
            div.fld { label for="p" { "Password" } input.in #p name="password" type="password" autocomplete="current-password" required; }
            button.btn.btn-pri { "Sign in" }
            p.sm.dim { "After five wrong tries this browser waits a minute. Forgotten? An administrator runs " code { "wardline user password" } "." }
        }
    };
    // The symbols stand in the shell; here one of them may be needed.
    let body = html! { @if fault.is_some() { (maud::PreEscaped(crate::assets::SYMBOLS)) } (body) };
    page::gate(seat, "Sign in", &body)
}
