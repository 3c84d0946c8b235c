//! `/api/v1/replays`: messages of the past sent in once more, as jobs.

use std::num::NonZeroU32;

use actix_web::web::{Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use wardline_engine::control::protocol::{
    DEFAULT_RATE, EditedBody, MessageId, MessageRange, ReplayMode, ReplayOrder, ReplayPreview,
    ReplayRow, Request,
};

use super::messages::SearchBody;
use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::pages::acting::reason;
use crate::pages::replays::{changed, looked, number, rows, start};
use crate::route::Route;
use crate::seat::AtSeat;

/// The longest body of a request, in bytes: a list of all that one job takes, or an edited copy.
const MAX_ORDER: usize = 4 * 1024 * 1024;

#[derive(OpenApi)]
#[openapi(paths(
    replays,
    replay,
    preview_replay,
    start_replay,
    pause_replay,
    resume_replay,
    cancel_replay
))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/replays", Right::See, replays),
        Route::post("/api/v1/replays", Right::Operate, start_replay).up_to(MAX_ORDER),
        Route::post("/api/v1/replays/preview", Right::Operate, preview_replay).up_to(MAX_ORDER),
        Route::get("/api/v1/replays/{job}", Right::See, replay),
        Route::post("/api/v1/replays/{job}/pause", Right::Operate, pause_replay),
        Route::post("/api/v1/replays/{job}/resume", Right::Operate, resume_replay),
        Route::post("/api/v1/replays/{job}/cancel", Right::Operate, cancel_replay),
    ]
}

/// All jobs.
#[derive(Serialize, ToSchema)]
struct Replays {
    /// The newest first; as `wardline replay list --json` has them.
    #[schema(value_type = Vec<Object>)]
    replays: Vec<ReplayRow>,
}

/// What is to be replayed, and how. Messages go in the order in which they came, each once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    /// These.
    #[serde(default)]
    #[schema(value_type = Vec<u64>)]
    messages: Vec<MessageId>,
    /// All that there are with these numbers, both ends included.
    #[serde(default)]
    #[schema(value_type = Vec<Range>)]
    ranges: Vec<MessageRange>,
    /// All that this search finds: once, when it is asked for.
    search: Option<SearchBody>,
    /// Exactly those of the preview that told this `list`. It is kept for a while, for whoever asked.
    list: Option<u64>,
    /// `resend`: as sent; `reprocess`: through today's rules, handlers, routes and transforms.
    #[schema(value_type = Mode)]
    mode: ReplayMode,
    /// Of a resend: to these instead of where each went.
    #[serde(default)]
    destinations: Vec<String>,
    /// In place of the bytes of the one message, as UTF-8 with CR between segments. Needs the right `content`.
    #[schema(max_length = 1_048_576)]
    edited: Option<String>,
    /// Messages a second, at most; absent = 100.
    #[schema(value_type = Option<u32>, minimum = 1)]
    rate: Option<NonZeroU32>,
}

/// For the document: the desk has the types.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct Range {
    #[schema(minimum = 1)]
    first: u64,
    #[schema(minimum = 1)]
    last: u64,
}

/// For the document.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its description is used")]
enum Mode {
    Resend,
    Reprocess,
}

/// What is started.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Start {
    /// What, and how.
    order: Order,
    /// How many the preview told. If it would be another number, nothing is done.
    count: u64,
    /// One line, kept with your name.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Why a job is stopped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Stop {
    /// One line, kept with your name.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

impl Order {
    fn meant(self, who: &Who) -> Result<ReplayOrder, Fault> {
        if self.edited.is_some() {
            who.need(Right::Content)?;
        }
        let search = self.search.map(|search| search.asked(who)).transpose()?;
        Ok(ReplayOrder {
            messages: self.messages,
            ranges: self.ranges,
            search: search.map(Box::new),
            list: self.list,
            mode: self.mode,
            destinations: self.destinations,
            edited: self.edited.map(|text| EditedBody(text.into_bytes().into())),
            rate: self.rate.unwrap_or(DEFAULT_RATE),
        })
    }
}

/// All jobs, the newest first.
#[utoipa::path(get, path = "/api/v1/replays", tag = "replays", operation_id = "replays", responses(
    (status = 200, description = "As they are now", body = Replays),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
))]
async fn replays(seat: AtSeat) -> Result<Json<Replays>, Fault> {
    Ok(Json(Replays { replays: rows(&seat, None).await? }))
}

/// One job: how far it is, what was left out and why.
#[utoipa::path(get, path = "/api/v1/replays/{job}", tag = "replays", operation_id = "replay",
    params(("job" = u64, Path, description = "Its number")), responses(
    (status = 200, description = "As it is now", body = Object),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such job", body = Problem, content_type = "application/problem+json"),
))]
async fn replay(seat: AtSeat, job: Path<String>) -> Result<Json<ReplayRow>, Fault> {
    let row = rows(&seat, Some(number(&job)?)).await?.pop();
    row.map(Json).ok_or(Fault::NotFound)
}

/// How many messages a replay would be about, what of them cannot be replayed, and the first of them. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/replays/preview", tag = "replays", operation_id = "previewReplay", request_body = Order, responses(
    (status = 200, description = "`count`, `left_out` by cause, `sample`, and the `list` under which exactly these are kept for a while", body = Object),
    (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`; an edited copy, and a search by patient, visit, order or a key of the site's own, the right `content` too", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such destination", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It cannot be replayed so: none or more than 250000 messages, or the `list` is not kept any more", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No message is found by that key", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The engine is busy or ends", body = Problem, content_type = "application/problem+json"),
))]
async fn preview_replay(
    seat: AtSeat,
    who: Who,
    order: Json<Order>,
) -> Result<Json<ReplayPreview>, Fault> {
    let order = order.into_inner().meant(&who)?;
    Ok(Json(looked(&seat, &who, order).await?))
}

/// Send messages of the past in once more.
#[utoipa::path(post, path = "/api/v1/replays", tag = "replays", operation_id = "startReplay", request_body = Start, responses(
    (status = 200, description = "The job, which is on the disk now", body = Object),
    (status = 400, description = "Not understood, or no reason", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`; an edited copy, and a search by patient, visit, order or a key of the site's own, the right `content` too", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such destination", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`count` is not how many it would be, or it cannot be replayed so", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No message is found by that key", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "As many replays are open as may be, or the engine ends", body = Problem, content_type = "application/problem+json"),
))]
async fn start_replay(
    seat: AtSeat,
    who: Who,
    asked: Json<Start>,
) -> Result<Json<ReplayRow>, Fault> {
    let Start { order, count, reason: said } = asked.into_inner();
    let (order, reason) = (order.meant(&who)?, reason(&said)?);
    Ok(Json(start(&seat, &who, order, count, reason).await?))
}

/// Send nothing more of a job in until it is resumed.
#[utoipa::path(post, path = "/api/v1/replays/{job}/pause", tag = "replays", operation_id = "pauseReplay", request_body = Stop,
    params(("job" = u64, Path, description = "Its number")), responses(
    (status = 200, description = "The job as it stands now", body = Object),
    (status = 400, description = "The reason is missing or too long", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such job", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It has ended, or this cannot be written down", body = Problem, content_type = "application/problem+json"),
))]
async fn pause_replay(
    seat: AtSeat,
    who: Who,
    job: Path<String>,
    stop: Json<Stop>,
) -> Result<Json<ReplayRow>, Fault> {
    let (job, by, reason) = (number(&job)?, who.name.to_string(), reason(&stop.reason)?);
    Ok(Json(changed(&seat, Request::ReplayPause { job, by, reason }).await?))
}

/// Go on with a job that was paused.
#[utoipa::path(post, path = "/api/v1/replays/{job}/resume", tag = "replays", operation_id = "resumeReplay",
    params(("job" = u64, Path, description = "Its number")), responses(
    (status = 200, description = "The job as it stands now", body = Object),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such job", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is not paused", body = Problem, content_type = "application/problem+json"),
))]
async fn resume_replay(
    seat: AtSeat,
    who: Who,
    job: Path<String>,
) -> Result<Json<ReplayRow>, Fault> {
    let (job, by) = (number(&job)?, who.name.to_string());
    Ok(Json(changed(&seat, Request::ReplayResume { job, by }).await?))
}

/// End a job where it stands. What it has sent in is delivered all the same.
#[utoipa::path(post, path = "/api/v1/replays/{job}/cancel", tag = "replays", operation_id = "cancelReplay", request_body = Stop,
    params(("job" = u64, Path, description = "Its number")), responses(
    (status = 200, description = "The job as it stands now", body = Object),
    (status = 400, description = "The reason is missing or too long", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such job", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It has ended, or this cannot be written down", body = Problem, content_type = "application/problem+json"),
))]
async fn cancel_replay(
    seat: AtSeat,
    who: Who,
    job: Path<String>,
    stop: Json<Stop>,
) -> Result<Json<ReplayRow>, Fault> {
    let (job, by, reason) = (number(&job)?, who.name.to_string(), reason(&stop.reason)?);
    Ok(Json(changed(&seat, Request::ReplayCancel { job, by, reason }).await?))
}
