//! Queues and dead letters: what waits, why, and what is done about it. Every button of the pages is here.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Json, Path, Query};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use wardline_engine::control::protocol::{
    After, DeliveryRow, DeliveryState, DiscardFrom, MAX_PAGE, MessageId, QueueRow, Request,
    Response, Which,
};

use super::export::Export;
use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::pages::acting::{all_until, done, done_if_confirmed, reason};
use crate::pages::views::{deliveries, place};
use crate::route::Route;
use crate::seat::{AtSeat, Seat};

/// Rows of a page where nobody says how many.
pub(super) const ROWS: usize = 100;
/// How many deliveries stood in a queue when its export began.
const QUEUED: &str = "wardline-queued";

#[derive(OpenApi)]
#[openapi(
    paths(
        queues,
        queue,
        queue_deliveries,
        queue_export,
        retry_queue,
        hold_queue,
        skip_head,
        discard_queue,
        dead_letters,
        dead_export,
        retry_dead,
        discard_dead
    ),
    components(schemas(Listed))
)]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/queues", Right::See, queues),
        Route::get("/api/v1/queues/{id}", Right::See, queue),
        Route::get("/api/v1/queues/{id}/deliveries", Right::See, queue_deliveries),
        Route::get("/api/v1/queues/{id}/export", Right::Content, queue_export),
        Route::post("/api/v1/queues/{id}/retry", Right::Operate, retry_queue),
        Route::post("/api/v1/queues/{id}/hold", Right::Operate, hold_queue),
        Route::post("/api/v1/queues/{id}/skip", Right::Operate, skip_head),
        Route::post("/api/v1/queues/{id}/discard", Right::Operate, discard_queue),
        Route::get("/api/v1/dead", Right::See, dead_letters),
        Route::get("/api/v1/dead/{id}/export", Right::Content, dead_export),
        Route::post("/api/v1/dead/{id}/retry", Right::Operate, retry_dead),
        Route::post("/api/v1/dead/{id}/discard", Right::Operate, discard_dead),
    ]
}

/// Where a list begins, and how much of it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageOf {
    /// Of a queue: `held` for those that stopped as unclear; else those that wait.
    state: Option<Listed>,
    /// Behind this place, which the page before told as `next`.
    #[param(value_type = Option<String>)]
    after: Option<String>,
    /// At most so many rows, 1000 or fewer.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Of dead letters: of this destination alone.
    destination: Option<String>,
}

/// Which deliveries of a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Listed {
    /// Wait for their turn or their retry.
    #[default]
    Pending,
    /// Stopped until an operator decides.
    Held,
}

/// All queues.
#[derive(Serialize, ToSchema)]
struct Queues {
    /// In the order of the configuration, orphaned ones last; as `wardline queue list --json` has them.
    #[schema(value_type = Vec<Object>)]
    queues: Vec<QueueRow>,
}

/// Some deliveries, without content.
#[derive(Serialize, ToSchema)]
struct Deliveries {
    /// Oldest first; as `wardline queue show --json` has them.
    #[schema(value_type = Vec<Object>)]
    deliveries: Vec<DeliveryRow>,
    /// Where the next page begins; absent = there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next: Option<After>,
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithReason {
    /// One line, for whoever finds it.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    /// Of a skip: the message that was seen at the head. Another head by now is left alone.
    #[schema(value_type = Option<u64>)]
    message: Option<MessageId>,
}

/// Which deliveries, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    /// These.
    #[serde(default)]
    #[schema(value_type = Vec<u64>, max_items = 1000)]
    pub(super) messages: Vec<MessageId>,
    /// All there are now; `messages` is empty then.
    #[serde(default)]
    pub(super) all: bool,
    /// With `all`: only what was received until this moment, as a list said it.
    #[schema(value_type = Option<String>)]
    pub(super) until: Option<Timestamp>,
    /// With `all`, to discard: as many as were seen. If it would be another number, nothing is done.
    pub(super) count: Option<u64>,
    /// One line; needed to discard.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub(super) reason: String,
    /// Tell how many it would be, and touch none.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Affected {
    /// How many deliveries were touched, or would be.
    pub(super) affected: u64,
}

impl Choice {
    pub(super) fn which(&self, from: DiscardFrom) -> Result<Which, Fault> {
        match (self.all, self.messages.len()) {
            (false, _) if self.until.is_some() || self.count.is_some() => {
                Err(Fault::BadRequest("`until` and `count` go with `all`"))
            }
            (true, 0) => Ok(self.until.map_or(Which::All, |until| all_until(from, until))),
            (false, 1..=MAX_PAGE) => Ok(Which::Messages(self.messages.clone())),
            (true, _) => Err(Fault::BadRequest("`all` and `messages` exclude each other")),
            (false, _) => Err(Fault::BadRequest("`messages` names none, or more than 1000")),
        }
    }
}

/// All queues: depth, age, state, cause and next retry of each.
#[utoipa::path(get, path = "/api/v1/queues", operation_id = "queues", responses(
    (status = 200, description = "As they are now", body = Queues),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
))]
async fn queues(seat: AtSeat) -> Result<Json<Queues>, Fault> {
    Ok(Json(Queues { queues: all_queues(&seat).await? }))
}

async fn all_queues(seat: &Seat) -> Result<Vec<QueueRow>, Fault> {
    match seat.ask(Request::Queues).await? {
        Response::Queues { queues } => Ok(queues),
        _ => Err(Fault::Failed),
    }
}

/// One queue.
#[utoipa::path(get, path = "/api/v1/queues/{id}", operation_id = "queue",
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "As it is now", body = Object),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No destination and no queue has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn queue(seat: AtSeat, id: Path<String>) -> Result<Json<QueueRow>, Fault> {
    let mut queues = all_queues(&seat).await?.into_iter();
    queues.find(|row| row.destination == *id).map(Json).ok_or(Fault::NotFound)
}

/// What waits in one queue, page by page, without content.
#[utoipa::path(get, path = "/api/v1/queues/{id}/deliveries", operation_id = "queueDeliveries",
    params(("id" = String, Path, description = "The destination's id"), PageOf), responses(
    (status = 200, description = "Oldest first", body = Deliveries),
    (status = 400, description = "`after` is no place in a list", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No destination and no queue has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn queue_deliveries(
    seat: AtSeat,
    id: Path<String>,
    page: Query<PageOf>,
) -> Result<Json<Deliveries>, Fault> {
    let state = match page.state.unwrap_or_default() {
        Listed::Pending => DeliveryState::Pending,
        Listed::Held => DeliveryState::Held,
    };
    listed(&seat, Some(&id), state, &page).await
}

async fn listed(
    seat: &Seat,
    id: Option<&str>,
    state: DeliveryState,
    page: &PageOf,
) -> Result<Json<Deliveries>, Fault> {
    let after = place(page.after.as_deref())?;
    let limit = page.limit.unwrap_or(ROWS).clamp(1, MAX_PAGE);
    let (deliveries, next) = deliveries(seat, id, state, after, limit).await?;
    Ok(Json(Deliveries { deliveries, next }))
}

/// Everything that waits or stopped in one queue, as the bytes that would be sent, one MLLP frame a message.
///
/// `wardline send` and every other MLLP sender can send the file as it is. The header `wardline-queued` says how many
/// messages there were when it began; what is delivered meanwhile is missing, and nothing else: where one cannot be read,
/// the transfer is broken off.
#[utoipa::path(get, path = "/api/v1/queues/{id}/export", operation_id = "queueExport",
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Frames, oldest first", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `content`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No destination and no queue has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn queue_export(seat: AtSeat, who: Who, id: Path<String>) -> Result<HttpResponse, Fault> {
    let mut queues = all_queues(&seat).await?.into_iter();
    let row = queues.find(|row| row.destination == *id).ok_or(Fault::NotFound)?;
    Ok(exported(&seat, &who, &row, DiscardFrom::Queue))
}

fn exported(seat: &AtSeat, who: &Who, row: &QueueRow, from: DiscardFrom) -> HttpResponse {
    let id = row.destination.clone();
    tracing::info!(destination = id, by = %who.name, "deliveries are exported with their content");
    let (name, count) = match from {
        DiscardFrom::Queue => ("queue", row.pending + row.held),
        DiscardFrom::Dead => ("dead", row.dead),
    };
    let reading = Export::new(seat.0.clone(), id, from);
    let frames = futures_util::stream::unfold(reading, |mut reading| async move {
        let frame = reading.next().await?;
        Some((frame, reading))
    });
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.mllp\""),
        ))
        .insert_header((QUEUED, count))
        .streaming(frames)
}

/// The dead letters of one destination, as the bytes that were sent or would have been, one MLLP frame a message.
#[utoipa::path(get, path = "/api/v1/dead/{id}/export", operation_id = "deadExport",
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Frames, oldest first", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `content`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No destination and no queue has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn dead_export(seat: AtSeat, who: Who, id: Path<String>) -> Result<HttpResponse, Fault> {
    let mut queues = all_queues(&seat).await?.into_iter();
    let row = queues.find(|row| row.destination == *id).ok_or(Fault::NotFound)?;
    Ok(exported(&seat, &who, &row, DiscardFrom::Dead))
}

/// Try now: ends a hold and a back-off, and puts what stopped as unclear back in line.
#[utoipa::path(post, path = "/api/v1/queues/{id}/retry", operation_id = "retryQueue",
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Done", body = Affected),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No destination and no queue has this id", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Not now: ask again", body = Problem, content_type = "application/problem+json"),
))]
async fn retry_queue(seat: AtSeat, who: Who, id: Path<String>) -> Result<Json<Affected>, Fault> {
    let request = Request::Retry { destination: id.into_inner(), by: who.name.to_string() };
    affected(&seat, request).await
}

async fn affected(seat: &AtSeat, request: Request) -> Result<Json<Affected>, Fault> {
    Ok(Json(Affected { affected: done(seat, request).await? }))
}

/// Send nothing until retry; what comes waits in order, and over a restart.
#[utoipa::path(post, path = "/api/v1/queues/{id}/hold", operation_id = "holdQueue", request_body = WithReason,
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Done", body = Affected),
    (status = 400, description = "The reason is missing or too long", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No destination and no queue has this id", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Not now: ask again", body = Problem, content_type = "application/problem+json"),
))]
async fn hold_queue(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    why: Json<WithReason>,
) -> Result<Json<Affected>, Fault> {
    let (destination, by) = (id.into_inner(), who.name.to_string());
    affected(&seat, Request::Hold { destination, by, reason: reason(&why.reason)? }).await
}

/// Move the head to the dead letters so that its lane goes on.
#[utoipa::path(post, path = "/api/v1/queues/{id}/skip", operation_id = "skipHead", request_body = WithReason,
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Done", body = Affected),
    (status = 400, description = "The reason is missing or too long", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "Nothing waits there", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Another message is the head by now, or this one is being sent", body = Problem, content_type = "application/problem+json"),
))]
async fn skip_head(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    why: Json<WithReason>,
) -> Result<Json<Affected>, Fault> {
    let (destination, by, message) = (id.into_inner(), who.name.to_string(), why.message);
    let reason = reason(&why.reason)?;
    affected(&seat, Request::Skip { destination, message, by, reason, dry_run: false }).await
}

/// End queued deliveries for good, undelivered.
#[utoipa::path(post, path = "/api/v1/queues/{id}/discard", operation_id = "discardQueue", request_body = Choice,
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Done, or with `dry_run` counted", body = Affected),
    (status = 400, description = "No reason, or no message is named", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such queue or delivery", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Not now: ask again; or `count` is not how many it would be", body = Problem, content_type = "application/problem+json"),
))]
async fn discard_queue(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    choice: Json<Choice>,
) -> Result<Json<Affected>, Fault> {
    discard(&seat, &who, id.into_inner(), DiscardFrom::Queue, &choice).await
}

async fn discard(
    seat: &AtSeat,
    who: &Who,
    destination: String,
    from: DiscardFrom,
    choice: &Choice,
) -> Result<Json<Affected>, Fault> {
    let request = Request::Discard {
        destination,
        from,
        which: choice.which(from)?,
        by: who.name.to_string(),
        reason: reason(&choice.reason)?,
        dry_run: choice.dry_run,
    };
    Ok(Json(Affected { affected: done_if_confirmed(seat, request, choice.count).await? }))
}

/// Dead letters of one destination or of all, page by page, without content.
#[utoipa::path(get, path = "/api/v1/dead", operation_id = "deadLetters", params(PageOf), responses(
    (status = 200, description = "Oldest first, each with its cause", body = Deliveries),
    (status = 400, description = "`after` is no place in a list", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No destination and no queue has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn dead_letters(seat: AtSeat, page: Query<PageOf>) -> Result<Json<Deliveries>, Fault> {
    listed(&seat, page.destination.as_deref(), DeliveryState::Dead, &page).await
}

/// Put dead letters back in line.
#[utoipa::path(post, path = "/api/v1/dead/{id}/retry", operation_id = "retryDead", request_body = Choice,
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Done, or with `dry_run` counted", body = Affected),
    (status = 400, description = "No message is named", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such dead letter", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Not now: ask again", body = Problem, content_type = "application/problem+json"),
))]
async fn retry_dead(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    choice: Json<Choice>,
) -> Result<Json<Affected>, Fault> {
    let request = Request::Revive {
        destination: id.into_inner(),
        which: choice.which(DiscardFrom::Dead)?,
        by: who.name.to_string(),
        dry_run: choice.dry_run,
    };
    affected(&seat, request).await
}

/// End dead letters for good, undelivered.
#[utoipa::path(post, path = "/api/v1/dead/{id}/discard", operation_id = "discardDead", request_body = Choice,
    params(("id" = String, Path, description = "The destination's id")), responses(
    (status = 200, description = "Done, or with `dry_run` counted", body = Affected),
    (status = 400, description = "No reason, or no message is named", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such dead letter", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Not now: ask again; or `count` is not how many it would be", body = Problem, content_type = "application/problem+json"),
))]
async fn discard_dead(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    choice: Json<Choice>,
) -> Result<Json<Affected>, Fault> {
    discard(&seat, &who, id.into_inner(), DiscardFrom::Dead, &choice).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: DiscardFrom = DiscardFrom::Queue;

    fn choice(json: &str) -> Choice {
        serde_json::from_str(json).expect("a choice")
    }

    #[test]
    fn all_is_asked_for_by_its_word_and_never_by_naming_nobody() {
        assert_eq!(choice(r#"{"all":true}"#).which(QUEUE).ok(), Some(Which::All));
        assert!(choice("{}").which(QUEUE).is_err());
        assert!(choice(r#"{"all":true,"messages":[4711]}"#).which(QUEUE).is_err());
        assert!(choice(r#"{"messages":[4711],"count":1}"#).which(QUEUE).is_err());
    }

    #[test]
    fn all_until_a_moment_leaves_what_comes_later() {
        let until = "2026-11-21T03:12:08Z";
        let all = choice(&format!(r#"{{"all":true,"until":"{until}"}}"#));
        let began = until.parse().expect("a moment");
        assert_eq!(all.which(QUEUE).ok(), Some(all_until(QUEUE, began)));
        assert_ne!(all.which(DiscardFrom::Dead).ok(), Some(all_until(QUEUE, began)));
    }
}
