//! What a web server gets otherwise, although the message that was made for it is the same.

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::{Destination, DestinationKind, HttpDestination, Listener};
use wardline_engine::trial::made_for;
use wardline_flow::Occasion;

use super::Side;
use super::received::Came;

/// Of a message that need not be stored.
const NO_ID: u64 = 0;

/// A destination behind the listener of a message.
struct Way<'c> {
    destination: &'c Destination,
    listener: &'c Listener,
}

/// Which parts of the requests differ that carry these messages to a destination; `None` where none does.
pub(super) fn otherwise(
    old: &Side,
    new: &Side,
    came: &Came<'_>,
    destination: &str,
    messages: &[Bytes],
) -> Option<String> {
    let (was, is) = (Way::of(old, came, destination)?, Way::of(new, came, destination)?);
    let (before, after) = match (was.http(), is.http()) {
        (None, None) => return None,
        (None, Some(_)) => return Some("as a request over HTTP".to_owned()),
        (Some(_), None) => return Some("no longer as a request over HTTP".to_owned()),
        (Some(before), Some(after)) => (before, after),
    };
    let is_other_body =
        |message: &Bytes| was.body(before, came, message) != is.body(after, came, message);
    let parts = [
        (before.method != after.method, "method"),
        // Where the server stands is no part of what it gets, as with any destination.
        (before.url.path_and_query != after.url.path_and_query, "path or query"),
        (before.headers != after.headers, "headers"),
        (before.content_type() != after.content_type(), "content type"),
        (messages.iter().any(is_other_body), "body"),
    ];
    let parts: Vec<&str> =
        parts.into_iter().filter(|(differs, _)| *differs).map(|(_, part)| part).collect();
    (!parts.is_empty()).then(|| format!("its request: {}", parts.join(", ")))
}

impl<'c> Way<'c> {
    fn of(side: &'c Side, came: &Came<'_>, destination: &str) -> Option<Self> {
        let config = &side.config;
        let listener = config.listeners.iter().find(|one| one.id == came.listener)?;
        let destination = config.destinations.iter().find(|one| one.id.as_str() == destination)?;
        Some(Self { destination, listener })
    }

    fn http(&self) -> Option<&'c HttpDestination> {
        match &self.destination.kind {
            DestinationKind::Http(http) => Some(http),
            DestinationKind::Mllp(_)
            | DestinationKind::File(_)
            | DestinationKind::Handler(_)
            | DestinationKind::Postgres(_) => None,
        }
    }

    fn body(&self, http: &HttpDestination, came: &Came<'_>, message: &Bytes) -> Option<Bytes> {
        let made = made_for(self.destination, self.listener, message)?;
        // The same on both sides, whenever and as whatever it was received.
        let received_at = came.received_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let occasion = Occasion { id: NO_ID, received_at, listener: came.listener.as_str() };
        Some(http.body.of(&made, occasion))
    }
}
