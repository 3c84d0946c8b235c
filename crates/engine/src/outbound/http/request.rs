//! The request for one message.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use wardline_config::{HttpDestination, HttpMethod};
use wardline_flow::DestinationId;
use wardline_hl7::Message;

use crate::outbound::delivery::Delivery;

/// Who we are, where the configuration says nothing else.
const AGENT: &str = concat!("wardline/", env!("CARGO_PKG_VERSION"));

/// None where the configuration holds what no request can: it was checked for that.
pub(super) fn of(
    settings: &HttpDestination,
    destination: &DestinationId,
    message: &Message,
    delivery: &Delivery,
    headers: &HeaderMap,
) -> Option<Request<Bytes>> {
    let method = match settings.method {
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
    };
    let body = settings.body.of(message, delivery.occasion());
    let mut request =
        Request::builder().method(method).uri(&settings.url.path_and_query).body(body).ok()?;
    let own = request.headers_mut();
    own.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    own.extend(headers.clone());
    own.insert(HOST, HeaderValue::from_str(&settings.url.authority).ok()?);
    own.insert(CONTENT_TYPE, HeaderValue::from_str(settings.content_type()).ok()?);
    let name = HeaderName::from_bytes(settings.idempotency_header.as_bytes()).ok()?;
    own.insert(name, HeaderValue::from_str(&idempotency_key(destination, delivery)).ok()?);
    Some(request)
}

/// The same for every attempt with one message, and for no other message: numbers begin anew with a new store, times do
/// not.
fn idempotency_key(destination: &DestinationId, delivery: &Delivery) -> String {
    let Delivery { id, received_at, .. } = delivery;
    format!("{destination}-{id}-{}", received_at.as_microsecond())
}
