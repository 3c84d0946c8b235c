//! Sessions.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;
use crate::staff;

#[derive(OpenApi)]
#[openapi(paths(sessions, end_session))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    let needs = Right::Administer;
    vec![
        Route::get("/api/v1/sessions", needs, sessions),
        Route::delete("/api/v1/sessions/{id}", needs, end_session),
    ]
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct Sessions {
    sessions: Vec<Session>,
}

/// One session.
#[derive(Serialize, ToSchema)]
struct Session {
    /// What it is ended by; it opens nothing.
    id: String,
    user: String,
    /// From where he signed in.
    address: String,
    #[schema(format = DateTime)]
    began: String,
    #[schema(format = DateTime)]
    used: String,
}

/// Who is signed in, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "sessions",
    responses(
        (status = 200, description = "The newest first", body = Sessions),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn sessions(seat: AtSeat) -> Result<Json<Sessions>, Fault> {
    let rows = staff::sessions(&seat)?.into_iter();
    let sessions = rows.map(|row| Session {
        id: row.digest.short(),
        user: row.user,
        address: row.address.to_string(),
        began: row.began.to_string(),
        used: row.used.to_string(),
    });
    Ok(Json(Sessions { sessions: sessions.collect() }))
}

/// Ends a session.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    operation_id = "endSession",
    params(("id" = String, Path, description = "As it is listed")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such session", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end_session(seat: AtSeat, who: Who, id: Path<String>) -> Result<HttpResponse, Fault> {
    staff::end_session(&seat, &who, &id)?;
    Ok(HttpResponse::NoContent().finish())
}
