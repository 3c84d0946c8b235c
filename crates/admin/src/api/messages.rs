//! `/api/v1/messages`: what was received, one message and what happened to it, and its bytes.

use actix_web::web::{Json, Path, Query};
use actix_web::{HttpResponse, http::header};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};
use wardline_engine::control::protocol::{
    KeyQuery, MessageId, MessageSearch, Request, Response, StateWanted,
};

use crate::access::Right;
use crate::door::Who;
use crate::fault::{Fault, Problem};
use crate::route::Route;
use crate::seat::AtSeat;

#[derive(OpenApi)]
#[openapi(paths(messages, message, content))]
pub(crate) struct Part;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/messages", Right::See, messages),
        Route::get("/api/v1/messages/{id}", Right::See, message),
        Route::get("/api/v1/messages/{id}/content", Right::Content, content),
    ]
}

/// Names that are no content; whoever looks for another one must be allowed to see it.
const OPEN_NAMES: [&str; 4] = ["control-id", "type", "sender", "receiver"];

/// Which messages; all that is given must be true of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// A key as `NAME:VALUE`, with `*` behind it where it only begins so. Names are
    /// `control-id`, `type`, `sender`, `receiver`, and with the right to see content `patient`, `visit`, `order` and those
    /// of `[history] keys`.
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
    /// The `next` of the page before.
    #[param(value_type = Option<u64>)]
    before: Option<MessageId>,
    /// At most so many, 1 to 1000; absent = 100.
    limit: Option<usize>,
}

/// Rows of a page where nothing else is asked for.
const PAGE: usize = 100;

impl Filter {
    fn search(self, who: &Who) -> Result<MessageSearch, Fault> {
        let keys: Vec<KeyQuery> =
            self.key.iter().map(|key| named(key)).collect::<Result<_, _>>()?;
        let is_open =
            |query: &KeyQuery| query.names.iter().all(|name| OPEN_NAMES.contains(&name.as_str()));
        if !keys.iter().all(is_open) {
            who.need(Right::Content)?;
        }
        Ok(MessageSearch {
            keys,
            from: self.from,
            until: self.until,
            listener: self.listener,
            destination: self.destination,
            state: self.state,
            min_size: self.min_size,
            max_size: self.max_size,
            before: self.before,
            limit: self.limit.unwrap_or(PAGE),
        })
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
    let Response::Content(content) = seat.ask(Request::Content { message, by }).await? else {
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

fn number(path: &str) -> Result<MessageId, Fault> {
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
