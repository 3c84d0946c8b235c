//! A queue goes to another destination.

use actix_web::web::{Json, Path};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};
use wardline_engine::control::protocol::{DiscardFrom, MessageId, Request};

use super::queues::{Affected, Choice};
use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::pages::acting::{done_if_confirmed, reason};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(move_queue))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post("/api/v1/queues/{id}/move", Right::Operate, move_queue)]
}

/// Which deliveries go where, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Relocation {
    /// The id of another destination of the same kind.
    to: String,
    /// These.
    #[serde(default)]
    #[schema(value_type = Vec<u64>, max_items = 1000)]
    messages: Vec<MessageId>,
    /// All there are now; `messages` is empty then.
    #[serde(default)]
    all: bool,
    /// With `all`: only what was received until this moment, as a list said it.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// With `all`: as many as were seen. If it would be another number, nothing is done.
    count: Option<u64>,
    /// One line, kept with each of them.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    /// Tell how many it would be, and touch none.
    #[serde(default)]
    dry_run: bool,
}

/// Have what waits delivered by another destination, in its order, behind what waits there.
///
/// The bytes stay those that were made for the first. It is held meanwhile and what is in flight waited for; a hold that
/// stood before stays.
#[utoipa::path(post, path = "/api/v1/queues/{id}/move", operation_id = "moveQueue", request_body = Relocation,
    params(("id" = String, Path, description = "Whose queue it is")), responses(
    (status = 200, description = "Done, or with `dry_run` counted", body = Affected),
    (status = 400, description = "No reason, or no message is named", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such destination or delivery", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The other is of another kind, a message is damaged or being sent, or `count` is not how many it would be", body = Problem, content_type = "application/problem+json"),
))]
async fn move_queue(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    asked: Json<Relocation>,
) -> Result<Json<Affected>, Fault> {
    let Relocation { to, messages, all, until, count, reason: why, dry_run } = asked.into_inner();
    let choice = Choice { messages, all, until, count, reason: why, dry_run };
    let request = Request::Move {
        from: id.into_inner(),
        to,
        which: choice.which(DiscardFrom::Queue)?,
        by: who.name.to_string(),
        reason: reason(&choice.reason)?,
        dry_run,
    };
    Ok(Json(Affected { affected: done_if_confirmed(&seat, request, count).await? }))
}
