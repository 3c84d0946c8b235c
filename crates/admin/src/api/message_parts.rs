//! One message taken apart, its documents, and the messages that belong to it: what its page shows.

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use wardline_engine::control::protocol::{MessageAnatomy, RelatedRow, Request, Response};

use super::messages::number;
use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(segments, related, document))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/messages/{id}/segments", Right::See, segments),
        Route::get("/api/v1/messages/{id}/related", Right::See, related),
        Route::get("/api/v1/messages/{id}/document", Right::Content, document),
    ]
}

/// What of it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Depth {
    /// Its values too. That they were read is recorded.
    #[serde(default)]
    content: bool,
}

/// Which document.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Place {
    /// The segment that carries it, as the segments name it.
    #[param(example = "OBX[2]")]
    path: String,
}

/// Messages that belong to one.
#[derive(Serialize, ToSchema)]
struct Related {
    /// The newest first, each with what it has in common: `same` and `row`.
    #[schema(value_type = Vec<Object>)]
    related: Vec<RelatedRow>,
}

/// The segments and elements of a message, and what differs in what is sent. Without `content` no value but ids and codes
/// of the header is in it.
#[utoipa::path(get, path = "/api/v1/messages/{id}/segments", operation_id = "messageSegments", tag = "messages",
    params(("id" = u64, Path, description = "Its number"), Depth), responses(
    (status = 200, description = "`segments`, `sent`, `is_cut`", body = Object),
    (status = 403, description = "Values need the right `content`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such message, or it is no longer kept", body = Problem, content_type = "application/problem+json"),
))]
async fn segments(
    who: Who,
    seat: AtSeat,
    path: Path<String>,
    Query(Depth { content }): Query<Depth>,
) -> Result<Json<Box<MessageAnatomy>>, Fault> {
    if content {
        who.need(Right::Content)?;
    }
    let (message, by) = (number(&path)?, who.name.to_string());
    match seat.ask(Request::Anatomy { message, content, by }).await? {
        Response::Anatomy(anatomy) => Ok(Json(anatomy)),
        _ => Err(Fault::Failed),
    }
}

/// Other messages of the same control id, and replays of it; with the right `content` those of the same order or visit too.
#[utoipa::path(get, path = "/api/v1/messages/{id}/related", operation_id = "relatedMessages", tag = "messages",
    params(("id" = u64, Path, description = "Its number")), responses(
    (status = 200, description = "The newest first", body = Related),
    (status = 404, description = "No such message, or it is no longer kept", body = Problem, content_type = "application/problem+json"),
))]
async fn related(who: Who, seat: AtSeat, path: Path<String>) -> Result<Json<Related>, Fault> {
    let request = Request::Related { message: number(&path)?, content: who.may(Right::Content) };
    match seat.ask(request).await? {
        Response::Related { related } => Ok(Json(Related { related })),
        _ => Err(Fault::Failed),
    }
}

/// A document that travels inside a message. That it was read is recorded.
#[utoipa::path(get, path = "/api/v1/messages/{id}/document", operation_id = "messageDocument", tag = "messages",
    params(("id" = u64, Path, description = "Its number"), Place), responses(
    (status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 403, description = "Without the right to see content", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such message, or no document there", body = Problem, content_type = "application/problem+json"),
))]
async fn document(
    who: Who,
    seat: AtSeat,
    message: Path<String>,
    Query(Place { path }): Query<Place>,
) -> Result<HttpResponse, Fault> {
    let (message, by) = (number(&message)?, who.name.to_string());
    let Response::Document(document) = seat.ask(Request::Document { message, path, by }).await?
    else {
        return Err(Fault::Failed);
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"document\""))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(document.body))
}
