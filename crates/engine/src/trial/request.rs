//! What a destination that does not speak HL7 would be sent of a message. Secrets are not shown.

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::{Destination, DestinationKind, HttpDestination, Listener, Statement};
use wardline_flow::Occasion;
use wardline_hl7::Message;

use super::told::RequestMade;

/// The id of a message that is never stored.
const NO_ID: u64 = 0;

/// The message that was made for a destination of what came in at a listener, as its requests are made of it.
pub fn made_for(destination: &Destination, listener: &Listener, body: &Bytes) -> Option<Message> {
    let mut options = listener.reading();
    if destination.charset.is_some() {
        options.charset.fixed = None;
    }
    Message::parse_with(body.clone(), options).ok()
}

impl RequestMade {
    /// Of these bytes, which were made for the destination; none where it is sent the bytes themselves.
    pub(super) fn of(destination: &Destination, listener: &Listener, body: &Bytes) -> Option<Self> {
        let made = &made_for(destination, listener, body)?;
        let (received_at, listener) = (Timestamp::now(), listener.id.as_str());
        let occasion = Occasion { id: NO_ID, received_at, listener };
        match &destination.kind {
            DestinationKind::Http(http) => Some(Self::request(http, made, occasion)),
            DestinationKind::Postgres(postgres) => {
                Some(Self::row(&postgres.statement, made, occasion))
            }
            DestinationKind::Mllp(_) | DestinationKind::File(_) | DestinationKind::Handler(_) => {
                None
            }
        }
    }

    fn request(http: &HttpDestination, made: &Message, occasion: Occasion<'_>) -> Self {
        let mut head = vec![
            format!("{} {}", http.method.as_str(), http.url),
            format!("Content-Type: {}", http.content_type()),
        ];
        head.extend(http.headers.iter().map(|header| format!("{}: ***", header.name)));
        let body = http.body.of(made, occasion);
        Self { head, body: String::from_utf8_lossy(&body).into_owned() }
    }

    fn row(statement: &Statement, made: &Message, occasion: Occasion<'_>) -> Self {
        let values = statement.values(made, occasion).into_iter().zip(1..);
        let value = |(value, number): (Option<String>, u32)| {
            format!("${number} = {}", value.as_deref().unwrap_or("NULL"))
        };
        let values: Vec<String> = values.map(value).collect();
        Self { head: vec![statement.sql.clone()], body: values.join("\n") }
    }
}
