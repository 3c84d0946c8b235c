//! How the engine is.

use actix_web::web::Json;
use utoipa::OpenApi;
use wardline_engine::control::protocol::Status;

use crate::access::Right;
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(status))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/api/v1/status", Right::See, status)]
}

/// How the engine is.
///
/// What `wardline status --json` prints: phase, intake, listeners, destinations, handlers, certificates.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "status",
    responses(
        (status = 200, description = "As it is now", body = Object),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn status(seat: AtSeat) -> Result<Json<Box<Status>>, Fault> {
    Ok(Json(seat.status().await?))
}
