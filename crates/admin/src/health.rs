//! What machines ask: whether the process lives, whether it takes messages, and everything it counts.
//!
//! `/livez` and `/readyz` are open to everybody who reaches the address, and have nothing in them but words of ours.
//! `/metrics` needs a token with the right `see`: ids of interfaces and their traffic are nobody else's business.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use wardline_engine::control::protocol::{
    Readiness, Request, Response, StoreFigures, StorePreview, Verification,
};
use wardline_metrics::{CONTENT_TYPE, Figures, exposition};

use crate::access::Right;
use crate::door::Needs;
use crate::fault::Fault;
use crate::route::Route;
use crate::seat::{AtSeat, Seat};

const PLAIN: &str = "text/plain; charset=utf-8";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/livez", Needs::Nothing, live),
        Route::get("/readyz", Needs::Nothing, ready),
        Route::get("/metrics", Right::See, metrics),
    ]
}

/// That it answers is the answer.
async fn live() -> HttpResponse {
    plain(StatusCode::OK, "live\n".to_owned())
}

/// 503 with the reasons, a line each, where messages are not taken.
async fn ready(seat: AtSeat) -> Result<HttpResponse, Fault> {
    let readiness = readiness(&seat).await?;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(plain(status, format!("{readiness}\n")))
}

async fn metrics(seat: AtSeat) -> Result<HttpResponse, Fault> {
    let (status, readiness) = (*seat.status().await?, readiness(&seat).await?);
    let store = *store(&seat).await?;
    let text = exposition(Figures { status, readiness, store }).map_err(|_| Fault::Failed)?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, CONTENT_TYPE)).body(text))
}

async fn readiness(seat: &Seat) -> Result<Readiness, Fault> {
    match seat.ask(Request::Readiness).await? {
        Response::Readiness(readiness) => Ok(readiness),
        _ => Err(Fault::Failed),
    }
}

/// Figures of the store.
pub(crate) async fn store(seat: &Seat) -> Result<Box<StoreFigures>, Fault> {
    match seat.ask(Request::StoreStats).await? {
        Response::StoreStats(figures) => Ok(figures),
        _ => Err(Fault::Failed),
    }
}

/// Limits in place of those of the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PreviewLimits {
    pub(crate) retain_for_seconds: Option<u64>,
    pub(crate) retain_bytes: Option<u64>,
}

/// What retention would let go.
pub(crate) async fn preview(
    seat: &Seat,
    limits: PreviewLimits,
) -> Result<Box<StorePreview>, Fault> {
    let PreviewLimits { retain_for_seconds, retain_bytes } = limits;
    match seat.ask(Request::StorePreview { retain_for_seconds, retain_bytes }).await? {
        Response::StorePreviewed(preview) => Ok(preview),
        _ => Err(Fault::Failed),
    }
}

/// How reading the whole store stands; begins it where `by` asks for it.
pub(crate) async fn verification(
    seat: &Seat,
    by: Option<&str>,
) -> Result<Box<Verification>, Fault> {
    let request = match by {
        Some(by) => Request::VerifyStart { by: by.to_owned() },
        None => Request::Verification,
    };
    match seat.ask(request).await? {
        Response::Verification(verification) => Ok(verification),
        _ => Err(Fault::Failed),
    }
}

fn plain(status: StatusCode, text: String) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::CONTENT_TYPE, PLAIN)).body(text)
}
