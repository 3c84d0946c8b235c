//! The log, the store and the configuration, for programs.

use actix_web::web::{Json, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use wardline_engine::control::protocol::{
    MAX_PAGE, QueueMove, Reload, Request, Response, StoreFigures,
};
use wardline_engine::observe::{LogLevel, LogLine};

use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::health;
use crate::lines::shown_to;
use crate::pages::{difference as looked_at, reload};
use crate::route::Route;
use crate::seat::AtSeat;

/// Lines of the log in an answer that does not say how many.
const LINES: usize = 100;

#[derive(OpenApi)]
#[openapi(paths(logs, store, difference, apply))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/logs", Right::See, logs),
        Route::get("/api/v1/store", Right::See, store),
        Route::get("/api/v1/config/difference", Right::Administer, difference),
        Route::post("/api/v1/config/apply", Right::Administer, apply),
    ]
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Behind the line of this number; absent: the newest.
    after: Option<u64>,
    /// Only what matters at least so much: error, warn, info, debug, trace. Absent: all.
    #[param(value_type = Option<String>)]
    level: Option<LogLevel>,
    /// At most so many, 1000 at the most.
    limit: Option<usize>,
}

/// Lines of the log.
#[derive(Serialize, ToSchema)]
struct Lines {
    /// Oldest first, as `wardline logs --json` prints them.
    #[schema(value_type = Vec<Object>)]
    lines: Vec<LogLine>,
    /// The number of the newest line of all.
    newest: u64,
}

/// What to do with queues whose destination is gone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Apply {
    /// Queues that another destination gets: `{"from": "old", "to": "new"}`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    moves: Vec<QueueMove>,
    /// Destinations whose queue is kept.
    #[serde(default)]
    park: Vec<String>,
    /// The `digest` of the difference that is meant: another one by now is refused. Absent = whatever is on the disk.
    digest: Option<String>,
}

/// The newest lines of the log.
///
/// Those of Wardline have nothing of messages in them but ids. What scripts and other parts of the program wrote is hidden
/// without the right `content`.
#[utoipa::path(
    get,
    path = "/api/v1/logs",
    operation_id = "logs",
    params(Which),
    responses(
        (status = 200, description = "Oldest first", body = Lines),
        (status = 400, description = "No such level or number", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn logs(seat: AtSeat, who: Who, Query(which): Query<Which>) -> Result<Json<Lines>, Fault> {
    let Which { after, level, limit } = which;
    let level = level.unwrap_or(LogLevel::Trace);
    let limit = limit.unwrap_or(LINES).min(MAX_PAGE);
    match seat.ask(Request::Logs { after, level, limit }).await? {
        Response::Logs { lines, newest } => {
            Ok(Json(Lines { lines: shown_to(&who, lines), newest }))
        }
        _ => Err(Fault::Failed),
    }
}

/// Figures of the store, as `wardline store stats --json` prints them.
#[utoipa::path(
    get,
    path = "/api/v1/store",
    operation_id = "storeFigures",
    responses(
        (status = 200, description = "As they are now", body = Object),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn store(seat: AtSeat) -> Result<Json<Box<StoreFigures>>, Fault> {
    Ok(Json(health::store(&seat).await?))
}

/// How the configuration on the disk differs from the one that runs, as `wardline reload --dry-run --json` prints it.
#[utoipa::path(
    get,
    path = "/api/v1/config/difference",
    operation_id = "configDifference",
    responses(
        (status = 200, description = "What would change, and why it could not be applied", body = Object),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It has faults: each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn difference(seat: AtSeat, who: Who) -> Result<Json<Box<Reload>>, Fault> {
    Ok(Json(looked_at(&seat, &who.name).await?))
}

/// Applies the configuration on the disk, as `wardline reload` does: all of it, or nothing.
#[utoipa::path(
    post,
    path = "/api/v1/config/apply",
    operation_id = "configApply",
    request_body = Apply,
    responses(
        (status = 200, description = "What was changed", body = Object),
        (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Needs the right `administer`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "A queue is named that does not go, or a destination that there is not; nothing was changed", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It needs a restart, a queue is in the way, an address cannot be had, or it is another difference than the digest's; nothing was changed", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It has faults: each with its place; nothing was changed", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn apply(
    seat: AtSeat,
    who: Who,
    Json(queues): Json<Apply>,
) -> Result<Json<Box<Reload>>, Fault> {
    let Apply { moves, park, digest } = queues;
    Ok(Json(reload(&seat, &who.name, (moves, park), digest).await?))
}
