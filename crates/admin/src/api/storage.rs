//! What is kept on the disk, for programs: what retention would let go, and whether all of it is sound.

use actix_web::web::{Json, Query};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use wardline_engine::control::protocol::{StorePreview, Verification};

use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::health::{self, PreviewLimits};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(preview, verification, verify))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/storage/preview", Right::See, preview),
        Route::get("/api/v1/storage/verify", Right::See, verification),
        Route::post("/api/v1/storage/verify", Right::Operate, verify),
    ]
}

/// Limits of retention in place of those of the configuration.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Limits {
    /// What is older would go, in seconds.
    retain_for_seconds: Option<u64>,
    /// The oldest would go until the journal is no larger.
    retain_bytes: Option<u64>,
}

/// What retention would let go if it ran now, as `wardline store preview --json` prints it. Nothing goes.
#[utoipa::path(
    get,
    path = "/api/v1/storage/preview",
    operation_id = "storagePreview",
    params(Limits),
    responses(
        (status = 200, description = "By segment and by listener, and what has not ended and stays", body = Object),
        (status = 400, description = "No such limit", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn preview(
    seat: AtSeat,
    Query(limits): Query<Limits>,
) -> Result<Json<Box<StorePreview>>, Fault> {
    let Limits { retain_for_seconds, retain_bytes } = limits;
    let limits = PreviewLimits { retain_for_seconds, retain_bytes };
    Ok(Json(health::preview(&seat, limits).await?))
}

/// How reading the whole store stands, and what was found last, as `wardline store verify --last --json` prints it.
#[utoipa::path(
    get,
    path = "/api/v1/storage/verify",
    operation_id = "storageVerification",
    responses(
        (status = 200, description = "`running` and `last`", body = Object),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn verification(seat: AtSeat) -> Result<Json<Box<Verification>>, Fault> {
    Ok(Json(health::verification(&seat, None).await?))
}

/// Reads the whole store behind everything else, as `wardline store verify --background` does. One that runs goes on.
#[utoipa::path(
    post,
    path = "/api/v1/storage/verify",
    operation_id = "storageVerify",
    responses(
        (status = 200, description = "As of the other method", body = Object),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The engine is draining", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn verify(seat: AtSeat, who: Who) -> Result<Json<Box<Verification>>, Fault> {
    Ok(Json(health::verification(&seat, Some(&who.name)).await?))
}
