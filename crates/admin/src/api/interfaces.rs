//! Interfaces, who of them needs somebody, and the intake of listeners.

use actix_web::web::{Json, Path};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use wardline_engine::control::protocol::{PausedRow, Request, Response, Wiring};

use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::pages::acting::reason;
use crate::pages::overview::{attention, verdict};
use crate::route::Route;
use crate::seat::{AtSeat, Seat};
use crate::watch::interface::{Interface, Side};
use crate::watch::snapshot::Snapshot;

#[derive(OpenApi)]
#[openapi(paths(attention_now, interfaces, interface, flow, pause_listener, resume_listener))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/attention", Right::See, attention_now),
        Route::get("/api/v1/interfaces", Right::See, interfaces),
        Route::get("/api/v1/interfaces/{id}", Right::See, interface),
        Route::get("/api/v1/flow", Right::See, flow),
        Route::post("/api/v1/listeners/{id}/pause", Right::Operate, pause_listener),
        Route::post("/api/v1/listeners/{id}/go", Right::Operate, resume_listener),
    ]
}

/// What is to be known before anything else.
#[derive(Serialize, ToSchema)]
struct Attention {
    /// The headline of the first page.
    verdict: String,
    /// Whether anything is lost, how many are well, what waits.
    sentence: String,
    /// The worst first; what a person decided comes last.
    rows: Vec<AttentionRow>,
}

/// Who needs somebody, and why.
#[derive(Serialize, ToSchema)]
struct AttentionRow {
    id: String,
    /// `down`, `stuck`, `orphaned`, `degraded`, `retrying`, `quiet`; `held` and `paused` where a person decided.
    state: &'static str,
    /// What is wrong and what comes next, without content.
    why: String,
    /// Since when, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Whether somebody is needed.
    needs_somebody: bool,
}

/// All interfaces.
#[derive(Serialize, ToSchema)]
struct Interfaces {
    interfaces: Vec<InterfaceRow>,
}

/// One listener or destination, as it is watched.
#[derive(Serialize, ToSchema)]
struct InterfaceRow {
    id: String,
    /// `listener` or `destination`.
    side: &'static str,
    state: &'static str,
    /// Since when it stands so, as far as it was watched.
    #[schema(format = DateTime)]
    since: String,
    /// Messages in the last whole minute, received or delivered.
    a_minute: u64,
    /// The same within 24 hours, as far as it was watched.
    last_24h: u64,
    /// Negative answers given, or attempts that failed, within the hour.
    faults_1h: u64,
    /// Below how many microseconds 95 of 100 answers stayed lately; absent = there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_p95_us: Option<u64>,
    /// Of a listener: seconds of its longest silence within 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    longest_gap_s: Option<u64>,
    /// Of a listener: seconds of silence after which it counts as quiet.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_at_s: Option<u64>,
    /// Of a listener: who lets nothing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    paused: Option<PausedRow>,
}

/// Why nothing is let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseReason {
    /// One line, for whoever finds it paused.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
struct IntakeNow {
    /// False if it was as asked for already.
    changed: bool,
    /// Whether the listener lets nothing in now.
    is_paused: bool,
}

impl InterfaceRow {
    fn of(interface: &Interface, snapshot: &Snapshot) -> Self {
        Self {
            id: interface.id.clone(),
            side: match interface.side {
                Side::Listener => "listener",
                Side::Destination => "destination",
            },
            state: interface.condition.code(),
            since: interface.since.to_string(),
            a_minute: interface.a_minute,
            last_24h: interface.day,
            faults_1h: interface.faults_hour,
            answer_p95_us: interface
                .latency
                .map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            longest_gap_s: interface.longest_gap.filter(|_| interface.side == Side::Listener),
            quiet_at_s: interface.quiet_at,
            paused: snapshot.listener(&interface.id).and_then(|row| row.paused.clone()),
        }
    }
}

async fn seen(seat: &Seat) -> Result<std::sync::Arc<Snapshot>, Fault> {
    seat.sampler.latest().await.ok_or(Fault::Failed)
}

/// Who needs somebody: the first page in words.
#[utoipa::path(get, path = "/api/v1/attention", operation_id = "attention", responses(
    (status = 200, description = "As it was seen last, at most seconds ago", body = Attention),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
))]
async fn attention_now(seat: AtSeat) -> Result<Json<Attention>, Fault> {
    let snapshot = seen(&seat).await?;
    let rows = attention::rows(&snapshot);
    Ok(Json(Attention {
        verdict: verdict::headline(&snapshot, &rows),
        sentence: verdict::sentence(&snapshot),
        rows: rows
            .into_iter()
            .map(|row| AttentionRow {
                id: row.who,
                state: row.condition.code(),
                why: row.why,
                since: row.since.map(|at| at.to_zoned(TimeZone::UTC).timestamp().to_string()),
                needs_somebody: row.condition.needs_somebody(),
            })
            .collect(),
    }))
}

/// Every listener and destination, with its state and rates.
#[utoipa::path(get, path = "/api/v1/interfaces", operation_id = "interfaces", responses(
    (status = 200, description = "Listeners, then destinations, in the order of the configuration", body = Interfaces),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
))]
async fn interfaces(seat: AtSeat) -> Result<Json<Interfaces>, Fault> {
    let snapshot = seen(&seat).await?;
    let rows = snapshot.interfaces.iter().map(|one| InterfaceRow::of(one, &snapshot));
    Ok(Json(Interfaces { interfaces: rows.collect() }))
}

/// One listener or destination.
#[utoipa::path(get, path = "/api/v1/interfaces/{id}", operation_id = "interface",
    params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "As it was seen last", body = InterfaceRow),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "Nothing has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn interface(seat: AtSeat, id: Path<String>) -> Result<Json<InterfaceRow>, Fault> {
    let snapshot = seen(&seat).await?;
    let found = snapshot.interface(&id).ok_or(Fault::NotFound)?;
    Ok(Json(InterfaceRow::of(found, &snapshot)))
}

/// How listeners, routes and destinations are joined.
#[utoipa::path(get, path = "/api/v1/flow", operation_id = "flow", responses(
    (status = 200, description = "As the engine runs", body = Object),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `see`", body = Problem, content_type = "application/problem+json"),
))]
async fn flow(seat: AtSeat) -> Result<Json<Wiring>, Fault> {
    Ok(Json(Wiring::clone(&seen(&seat).await?.wiring)))
}

/// Let nothing in through a listener, until `go` or the end of the engine.
#[utoipa::path(post, path = "/api/v1/listeners/{id}/pause", operation_id = "pauseListener", request_body = PauseReason,
    params(("id" = String, Path, description = "The listener's id")), responses(
    (status = 200, description = "Done", body = IntakeNow),
    (status = 400, description = "The reason is missing or too long", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No listener has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn pause_listener(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    why: Json<PauseReason>,
) -> Result<Json<IntakeNow>, Fault> {
    let (listener, by) = (id.into_inner(), who.name.to_string());
    said(&seat, Request::Pause { listener, by, reason: reason(&why.reason)? }).await
}

/// Let messages in again.
#[utoipa::path(post, path = "/api/v1/listeners/{id}/go", operation_id = "resumeListener",
    params(("id" = String, Path, description = "The listener's id")), responses(
    (status = 200, description = "Done", body = IntakeNow),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Needs the right `operate`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No listener has this id", body = Problem, content_type = "application/problem+json"),
))]
async fn resume_listener(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
) -> Result<Json<IntakeNow>, Fault> {
    said(&seat, Request::Go { listener: id.into_inner(), by: who.name.to_string() }).await
}

async fn said(seat: &Seat, request: Request) -> Result<Json<IntakeNow>, Fault> {
    match seat.ask(request).await? {
        Response::Intake(intake) => {
            seat.sampler.look().await;
            Ok(Json(IntakeNow {
                changed: intake.changed,
                is_paused: intake.listener.paused.is_some(),
            }))
        }
        _ => Err(Fault::Failed),
    }
}
