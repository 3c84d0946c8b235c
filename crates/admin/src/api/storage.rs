//! What is kept on the disk, for programs: what retention would let go.

use actix_web::web::{Json, Query};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use wardline_engine::control::protocol::StorePreview;

use crate::access::Right;
use crate::fault::{Fault, Problem};
use crate::health::{self, PreviewLimits};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(preview))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/api/v1/storage/preview", Right::See, preview)]
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
