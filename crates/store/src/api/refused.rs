//! What was not taken: kept for whoever asks later why, and for sending it in once more.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::names::Name;

/// A message, or a payload that is none, to which a listener said no. It is history: no queue knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedMessage {
    /// When it was refused.
    pub at: Timestamp,
    /// By which listener.
    pub listener: Name,
    /// From where it came.
    pub peer: Name,
    /// What was answered, or would have been: `AE`, `AR`, `CE` or `CR`.
    pub code: [u8; 2],
    /// The cause's stable code.
    pub cause: Name,
    /// Size of all that came, bytes.
    pub size: u64,
    /// Its bytes; at most [`MAX_REFUSED_BODY`](crate::limits::MAX_REFUSED_BODY) of them are kept.
    pub body: Bytes,
}

/// Why a kept message was not taken when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRefusal {
    /// What was answered.
    pub code: [u8; 2],
    /// The cause's stable code.
    pub cause: Name,
    /// Size of all that came, bytes. Where it is more than there is of the body, the end is not kept.
    pub size: u64,
}

impl fmt::Debug for RefusedMessage {
    /// The body shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedMessage")
            .field("at", &self.at)
            .field("listener", &self.listener)
            .field("peer", &self.peer)
            .field("code", &self.code.escape_ascii().to_string())
            .field("cause", &self.cause)
            .field("size", &self.size)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
