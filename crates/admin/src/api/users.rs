//! Users.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::access::{Right, Role, User, UserChange};
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;
use crate::staff::{self, Newcomer};

#[derive(OpenApi)]
#[openapi(paths(users, add_user, change_user, set_password, remove_user))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    let needs = Right::Administer;
    vec![
        Route::get("/api/v1/users", needs, users),
        Route::post("/api/v1/users", needs, add_user),
        Route::patch("/api/v1/users/{name}", needs, change_user),
        Route::post("/api/v1/users/{name}/password", needs, set_password),
        Route::delete("/api/v1/users/{name}", needs, remove_user),
    ]
}

/// Users, by name.
#[derive(Serialize, ToSchema)]
struct Users {
    users: Vec<UserRow>,
}

/// A user.
#[derive(Serialize, ToSchema)]
struct UserRow {
    name: String,
    role: Role,
    /// Whether content may be shown to him.
    content: bool,
    /// Whether he is kept out.
    disabled: bool,
    rights: Vec<Right>,
    #[schema(format = DateTime)]
    created: String,
    created_by: String,
}

/// Somebody to be let in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// Lower case letters, digits, `.`, `_`, `-`, `@`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9._@-]+$")]
    name: String,
    role: Role,
    /// Whether content may be shown to him; never with `auditor`.
    #[serde(default)]
    content: bool,
    #[schema(min_length = 12, max_length = 1024)]
    password: String,
}

/// What is changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    role: Option<Role>,
    content: Option<bool>,
    /// Keeps him out, and ends his sessions.
    disabled: Option<bool>,
    /// Ends his sessions.
    #[serde(default)]
    sign_out: bool,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schema(min_length = 12, max_length = 1024)]
    password: String,
}

impl UserRow {
    fn of(user: &User) -> Self {
        Self {
            name: user.name.clone(),
            role: user.role,
            content: user.content,
            disabled: user.disabled,
            rights: user.rights().iter().collect(),
            created: user.created.to_string(),
            created_by: user.created_by.clone(),
        }
    }
}

/// All users.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "users",
    responses(
        (status = 200, description = "By name", body = Users),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn users(seat: AtSeat) -> Result<Json<Users>, Fault> {
    let record = seat.access.record()?;
    Ok(Json(Users { users: record.users().iter().map(UserRow::of).collect() }))
}

/// Lets somebody in.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "addUser",
    request_body = NewUser,
    responses(
        (status = 204, description = "He can sign in"),
        (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken, or there are too many", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No such name, or the password will not do", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn add_user(
    seat: AtSeat,
    who: Who,
    Json(NewUser { name, role, content, password }): Json<NewUser>,
) -> Result<HttpResponse, Fault> {
    staff::add(&seat, &who, Newcomer { name, role, content, password }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes what somebody may do, keeps him out, or ends his sessions.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{name}",
    operation_id = "changeUser",
    params(("name" = String, Path, description = "The user")),
    request_body = Change,
    responses(
        (status = 204, description = "It holds from his next request"),
        (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The last administrator", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Content for an auditor", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn change_user(
    seat: AtSeat,
    who: Who,
    name: Path<String>,
    Json(Change { role, content, disabled, sign_out }): Json<Change>,
) -> Result<HttpResponse, Fault> {
    let change = UserChange { role, content, disabled, password: None, sign_out };
    staff::change(&seat, &who, name.into_inner(), change).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives somebody a new password, and ends his sessions.
#[utoipa::path(
    post,
    path = "/api/v1/users/{name}/password",
    operation_id = "setPassword",
    params(("name" = String, Path, description = "The user")),
    request_body = NewPassword,
    responses(
        (status = 204, description = "It holds"),
        (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such user", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Too short or too long", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn set_password(
    seat: AtSeat,
    who: Who,
    name: Path<String>,
    Json(NewPassword { password }): Json<NewPassword>,
) -> Result<HttpResponse, Fault> {
    staff::set_password(&seat, &who, name.into_inner(), password).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lets somebody in no more.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{name}",
    operation_id = "removeUser",
    params(("name" = String, Path, description = "The user")),
    responses(
        (status = 204, description = "He is gone, and his sessions with him"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The last administrator", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn remove_user(seat: AtSeat, who: Who, name: Path<String>) -> Result<HttpResponse, Fault> {
    staff::remove(&seat, &who, name.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}
