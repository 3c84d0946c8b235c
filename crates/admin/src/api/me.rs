//! The one who asks.

use actix_web::web::Json;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::access::Right;
use crate::door::{Needs, Who};
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;
use crate::staff;

#[derive(OpenApi)]
#[openapi(paths(me, own_password))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/me", Needs::SignedIn, me),
        Route::post("/api/v1/me/password", Needs::SignedIn, own_password),
    ]
}

/// Who asks.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The user, or `token:NAME`.
    name: String,
    rights: Vec<Right>,
}

/// A new password for oneself.
#[derive(Deserialize, ToSchema)]
struct OwnPassword {
    /// The one that holds now.
    current: String,
    /// 12 characters or more.
    #[schema(min_length = 12)]
    new: String,
}

/// Who asks, and what he may do.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "me",
    responses(
        (status = 200, description = "Who asks", body = Me),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn me(who: Who) -> Json<Me> {
    Json(Me { name: who.name.to_string(), rights: who.rights.iter().collect() })
}

/// Gives oneself a new password, and ends all sessions of one's own. A token has none.
#[utoipa::path(
    post,
    path = "/api/v1/me/password",
    operation_id = "setOwnPassword",
    request_body = OwnPassword,
    responses(
        (status = 204, description = "It holds"),
        (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Nobody, or not the password that holds now", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Without the proof of the session", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "A token asks", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Too short or too long", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong tries", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn own_password(
    request: HttpRequest,
    seat: AtSeat,
    who: Who,
    Json(OwnPassword { current, new }): Json<OwnPassword>,
) -> Result<HttpResponse, Fault> {
    let from = staff::address(&request);
    staff::own_password(&seat, &who, from, (current, new)).await?;
    Ok(HttpResponse::NoContent().finish())
}
