//! `/api/v1/messages`: what was received, one message and what happened to it, and its bytes.

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpResponse, http::header};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};
use wardline_engine::control::protocol::{
    KeyQuery, MessageId, MessageSearch, Request, Response, StateWanted,
};

use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(messages, search, message, content))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/messages", Right::See, messages),
        Route::post("/api/v1/messages/search", Right::See, search),
        Route::get("/api/v1/messages/{id}", Right::See, message),
        Route::get("/api/v1/messages/{id}/content", Right::Content, content),
    ]
}

/// Which messages; all that is given must be true of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// A key of the header as `NAME:VALUE`, with `*` behind it where it only begins so: `control-id`, `type`, `sender` or
    /// `receiver`. What names a patient does not belong in an address: POST it to `/api/v1/messages/search`.
    #[param(example = "control-id:A0001")]
    key: Option<String>,
    /// Received at this time or later, RFC 3339.
    #[param(value_type = Option<String>, example = "2026-11-21T02:00:00Z")]
    from: Option<Timestamp>,
    /// Received before this time, RFC 3339.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// Through this listener.
    listener: Option<String>,
    /// To this destination.
    destination: Option<String>,
    /// How one of its deliveries stands: `pending`, `held`, `dead`, `delivered`, `returned`, `discarded`; or `unrouted`, `rejected`.
    #[param(value_type = Option<String>)]
    state: Option<StateWanted>,
    /// Of at least so many bytes.
    min_size: Option<u64>,
    /// Of at most so many bytes.
    max_size: Option<u64>,
    /// Sent in by this replay.
    replay: Option<u64>,
    /// The `next` of the page before.
    #[param(value_type = Option<u64>)]
    before: Option<MessageId>,
    /// At most so many, 1 to 1000; absent = 100.
    limit: Option<usize>,
}

/// Which messages; all that is given must be true of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchBody {
    /// All of these.
    #[serde(default)]
    keys: Vec<Key>,
    /// Received at this time or later, RFC 3339.
    #[schema(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// Received before this time, RFC 3339.
    #[schema(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// Through this listener.
    listener: Option<String>,
    /// To this destination.
    destination: Option<String>,
    /// How one of its deliveries stands: `pending`, `held`, `dead`, `delivered`, `returned`, `discarded`; or `unrouted`, `rejected`.
    #[schema(value_type = Option<String>)]
    state: Option<StateWanted>,
    /// Of at least so many bytes.
    min_size: Option<u64>,
    /// Of at most so many bytes.
    max_size: Option<u64>,
    /// Sent in by this replay.
    replay: Option<u64>,
    /// The `next` of the page before.
    #[schema(value_type = Option<u64>)]
    before: Option<MessageId>,
    /// At most so many, 1 to 1000; absent = 100.
    limit: Option<usize>,
}

/// A key that a message must have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Key {
    /// `control-id`, `type`, `sender`, `receiver`, and with the right to see content `patient`, `visit`, `order` and those
    /// of `[history] keys`; absent = any that is a message's own.
    name: Option<String>,
    /// Its text.
    value: String,
    /// Whether it only has to begin so.
    #[serde(default)]
    prefix: bool,
}

/// Rows of a page where nothing else is asked for.
const PAGE: usize = 100;

impl Filter {
    fn search(self, who: &Who) -> Result<MessageSearch, Fault> {
        const POSTED: Fault = Fault::BadRequest(
            "what names a patient does not belong in an address, POST it to /api/v1/messages/search",
        );
        let keys = self.key.iter().map(|key| named(key)).collect::<Result<Vec<_>, _>>()?;
        let search = MessageSearch {
            keys,
            from: self.from,
            until: self.until,
            listener: self.listener,
            destination: self.destination,
            state: self.state,
            min_size: self.min_size,
            max_size: self.max_size,
            replay: self.replay,
            before: self.before,
            limit: self.limit.unwrap_or(PAGE),
            by: who.name.to_string(),
        };
        if search.content_keys().is_empty() {
            return Ok(search);
        }
        who.need(Right::Content)?;
        Err(POSTED)
    }
}

impl SearchBody {
    /// As the desk is asked, where he may look by these keys.
    pub(crate) fn asked(self, who: &Who) -> Result<MessageSearch, Fault> {
        let key = |key: Key| KeyQuery {
            names: key.name.into_iter().collect(),
            value: key.value,
            prefix: key.prefix,
        };
        let search = MessageSearch {
            keys: self.keys.into_iter().map(key).collect(),
            from: self.from,
            until: self.until,
            listener: self.listener,
            destination: self.destination,
            state: self.state,
            min_size: self.min_size,
            max_size: self.max_size,
            replay: self.replay,
            before: self.before,
            limit: self.limit.unwrap_or(PAGE),
            by: who.name.to_string(),
        };
        if !search.content_keys().is_empty() {
            who.need(Right::Content)?;
        }
        Ok(search)
    }
}

/// `NAME:VALUE`, or `NAME:VALUE*`.
fn named(key: &str) -> Result<KeyQuery, Fault> {
    let (name, value) = key.split_once(':').ok_or(Fault::BadRequest("a key is NAME:VALUE"))?;
    let (value, prefix) = match value.strip_suffix('*') {
        Some(value) => (value, true),
        None => (value, false),
    };
    Ok(KeyQuery { names: vec![name.to_owned()], value: value.to_owned(), prefix })
}

/// Messages that were received, newest first, without content: by keys that are content too. Who looked by which of these
/// is recorded, not what for.
#[utoipa::path(post, path = "/api/v1/messages/search", tag = "messages", operation_id = "searchMessages", request_body = SearchBody, responses(
    (status = 200, description = "`messages`, `next`, `whole`, `behind`", body = Object),
    (status = 400, description = "Not understood", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No token, or one that has ended", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Without the right to see content only ids of the header are looked for", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Messages are not noted down here", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "No message is found by that key", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "Others look at this moment", body = Problem, content_type = "application/problem+json"),
))]
async fn search(who: Who, seat: AtSeat, body: Json<SearchBody>) -> Result<Json<Response>, Fault> {
    let search = body.into_inner().asked(&who)?;
    Ok(Json(seat.ask(Request::Search(search)).await?))
}

/// Messages that were received, newest first, without content.
#[utoipa::path(get, path = "/api/v1/messages", tag = "messages", params(Filter), responses(
    (status = 200, description = "`messages`, `next`, `whole`, `behind`", body = Object),
    (status = 403, description = "Without the right to see content only ids of the header are looked for", body = Problem, content_type = "application/problem+json"),
))]
async fn messages(
    who: Who,
    seat: AtSeat,
    Query(filter): Query<Filter>,
) -> Result<Json<Response>, Fault> {
    let search = filter.search(&who)?;
    Ok(Json(seat.ask(Request::Search(search)).await?))
}

/// One message and all that happened to it, without content.
#[utoipa::path(get, path = "/api/v1/messages/{id}", tag = "messages",
    params(("id" = u64, Path, description = "Its number")), responses(
    (status = 200, description = "`row` and `events`", body = Object),
    (status = 404, description = "No such message, or it is no longer kept", body = Problem, content_type = "application/problem+json"),
))]
async fn message(seat: AtSeat, path: Path<String>) -> Result<Json<Response>, Fault> {
    Ok(Json(seat.ask(Request::History { message: number(&path)? }).await?))
}

/// Which of its bytes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Bytes {
    /// What is sent to this destination; absent = what was received.
    sent_to: Option<String>,
}

/// The bytes of a message, as they were received or as they are sent. That they were read is recorded.
#[utoipa::path(get, path = "/api/v1/messages/{id}/content", tag = "messages",
    params(("id" = u64, Path, description = "Its number"), Bytes), responses(
    (status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 403, description = "Without the right to see content", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such message or destination, or it is no longer kept", body = Problem, content_type = "application/problem+json"),
))]
async fn content(
    who: Who,
    seat: AtSeat,
    path: Path<String>,
    Query(bytes): Query<Bytes>,
) -> Result<HttpResponse, Fault> {
    let message = number(&path)?;
    let by = who.name.to_string();
    let Response::History(history) = seat.ask(Request::History { message }).await? else {
        return Err(Fault::Failed);
    };
    let request = Request::Content { message, by, reason: String::new(), most: None };
    let Response::Content(content) = seat.ask(request).await? else {
        return Err(Fault::Failed);
    };
    let body = match &bytes.sent_to {
        None => content.body,
        Some(destination) => {
            let own = content.sent.into_iter().find(|sent| sent.destination == *destination);
            let goes_there =
                history.row.destinations.iter().any(|fate| fate.destination == *destination);
            match own {
                Some(own) => own.body,
                None if goes_there => content.body,
                None => return Err(Fault::NotFound),
            }
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{message}.hl7\""),
        ))
        .body(body))
}

pub(super) fn number(path: &str) -> Result<MessageId, Fault> {
    path.parse().map_err(|_not_a_number| Fault::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_name_and_a_value() {
        let key = named("patient:0071*").unwrap();
        assert_eq!(
            (key.names, key.value.as_str(), key.prefix),
            (vec!["patient".to_owned()], "0071", true)
        );
        let key = named("sender:RIS|A:B").unwrap();
        assert_eq!((key.value.as_str(), key.prefix), ("RIS|A:B", false));
        assert!(named("0071").is_err());
    }
}
