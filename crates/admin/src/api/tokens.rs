//! Tokens.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;
use crate::staff::{self, Grant};

#[derive(OpenApi)]
#[openapi(paths(tokens, make_token, revoke_token))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    let needs = Right::Administer;
    vec![
        Route::get("/api/v1/tokens", needs, tokens),
        Route::post("/api/v1/tokens", needs, make_token),
        Route::delete("/api/v1/tokens/{name}", needs, revoke_token),
    ]
}

/// Tokens, by name.
#[derive(Serialize, ToSchema)]
struct Tokens {
    tokens: Vec<TokenRow>,
}

/// A token, without what opens the door.
#[derive(Serialize, ToSchema)]
struct TokenRow {
    name: String,
    rights: Vec<Right>,
    /// Absent = never.
    #[schema(format = DateTime)]
    ends: Option<String>,
    #[schema(format = DateTime)]
    created: String,
    created_by: String,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9._@-]+$")]
    name: String,
    /// At least one, and none that its maker has not.
    #[schema(min_items = 1)]
    rights: Vec<Right>,
    /// Absent = never.
    #[schema(format = DateTime)]
    ends: Option<String>,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
struct Made {
    /// Shown this once.
    token: String,
}

/// All tokens.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    operation_id = "tokens",
    responses(
        (status = 200, description = "By name", body = Tokens),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn tokens(seat: AtSeat) -> Result<Json<Tokens>, Fault> {
    let record = seat.access.record()?;
    let rows = record.tokens().iter().map(|token| TokenRow {
        name: token.name.clone(),
        rights: token.rights.clone(),
        ends: token.ends.map(|ends| ends.to_string()),
        created: token.created.to_string(),
        created_by: token.created_by.clone(),
    });
    Ok(Json(Tokens { tokens: rows.collect() }))
}

/// Makes a token. It is shown in this answer and never again.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    operation_id = "makeToken",
    request_body = NewToken,
    responses(
        (status = 201, description = "The token", body = Made),
        (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`, and every right that is given", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken, or there are too many", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No such name, no right, or an end in the past", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn make_token(
    seat: AtSeat,
    who: Who,
    Json(NewToken { name, rights, ends }): Json<NewToken>,
) -> Result<HttpResponse, Fault> {
    let ends = ends.map(|ends| ends.parse::<Timestamp>()).transpose();
    let ends =
        ends.map_err(|_| Fault::BadRequest("`ends` is no time such as 2027-01-31T00:00:00Z"))?;
    let grant = Grant { name, rights: rights.into_iter().collect(), ends };
    let token = staff::grant(&seat, &who, grant).await?;
    Ok(HttpResponse::build(StatusCode::CREATED).json(Made { token }))
}

/// Ends a token.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{name}",
    operation_id = "revokeToken",
    params(("name" = String, Path, description = "The token")),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such token", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn revoke_token(seat: AtSeat, who: Who, name: Path<String>) -> Result<HttpResponse, Fault> {
    staff::revoke(&seat, &who, name.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}
