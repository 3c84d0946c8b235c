//! Why a stream cannot be decoded further.
//!
//! Both faults are the peer's. After either the decoder drops whatever else it is given: there is no byte from which a
//! cut frame could be continued with certainty, and nothing is ever accepted cut.

use std::{fmt, io};

use bytes::Bytes;

/// How much of a payload that was too large is kept for the answer, in bytes: room for any MSH segment.
pub const MAX_HEAD: usize = 4 * 1024;

/// Why a stream cannot be decoded further.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A frame's payload exceeds the limit. Told as soon as the limit is passed, not when the frame ends.
    #[error("the payload of a frame exceeds the limit of {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// The first bytes of the payload, at most [`MAX_HEAD`], so that a refusal can name the message.
        head: Bytes,
    },
    /// The stream ended inside a frame.
    #[error("the stream ended inside a frame, {bytes} bytes after its start")]
    UnexpectedEnd {
        /// How much of the payload had come, in bytes.
        bytes: usize,
    },
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit, head } => formatter
                .debug_struct("TooLarge")
                .field("limit", limit)
                .field("head_bytes", &head.len())
                .finish(),
            Self::UnexpectedEnd { bytes } => {
                formatter.debug_struct("UnexpectedEnd").field("bytes", bytes).finish()
            }
        }
    }
}

impl From<DecodeError> for io::Error {
    fn from(error: DecodeError) -> Self {
        let kind = match error {
            DecodeError::TooLarge { .. } => io::ErrorKind::InvalidData,
            DecodeError::UnexpectedEnd { .. } => io::ErrorKind::UnexpectedEof,
        };
        Self::new(kind, error)
    }
}
