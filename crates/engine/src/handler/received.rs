//! What a handler gets: the message as it came, its parsed view, and from where.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_hl7::Message;
use wardline_store::MessageId;

use super::Decision;
use super::decision::Verdict;

/// One message for a handler to decide on. Cheap to clone: the bytes are shared.
#[derive(Debug, Clone)]
pub struct Received {
    /// The parsed view; [`Message::bytes`] gives the raw payload.
    pub message: Message,
    /// The listener through which it came.
    pub listener: Arc<str>,
    /// The peer that sent it; absent where it was not received from a socket.
    pub peer: Option<SocketAddr>,
    /// When its last byte was read.
    pub received_at: Timestamp,
    /// Our number for it, once it is stored: present behind the queue, absent before the ACK.
    pub id: Option<MessageId>,
    /// How many handler destinations it has passed.
    pub hops: u8,
}

impl Received {
    /// The payload of the frame, byte for byte.
    pub fn bytes(&self) -> &Bytes {
        self.message.bytes()
    }
}

impl actix::Message for Received {
    type Result = Verdict;
}

/// Shorthand for handlers that decide at once: `Ok(())` accepts, an error fails (AE before the ACK, a retry behind
/// the queue) with the error's text.
impl<E: std::fmt::Display> From<Result<(), E>> for Decision {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Accept,
            Err(error) => Self::fail(error.to_string()),
        }
    }
}
