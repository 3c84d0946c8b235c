//! What a client is told when it is made.

use std::time::Duration;

use super::stream::MAX_ANSWER;
use super::verify::Verify;
use crate::FrameEnd;

/// How long each operation may take unless told otherwise: long for a peer that answers at all, short for a person who
/// waits.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long each operation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening the connection.
    pub connect: Duration,
    /// Writing a whole frame.
    pub send: Duration,
    /// Waiting for a whole frame.
    pub receive: Duration,
}

impl Timeouts {
    /// The same time for each operation.
    pub const fn each(time: Duration) -> Self {
        Self { connect: time, send: time, receive: time }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::each(DEFAULT_TIMEOUT)
    }
}

/// What a [`Client`](super::Client) expects of its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    /// How long each operation may take. [`DEFAULT_TIMEOUT`] each.
    pub timeouts: Timeouts,
    /// What counts as an answer. [`Verify::AnyMessage`] by default.
    pub verify: Verify,
    /// The largest answer, in bytes. [`MAX_ANSWER`] by default.
    pub max_answer: usize,
    /// What ends a frame.
    pub frame_end: FrameEnd,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            verify: Verify::default(),
            max_answer: MAX_ANSWER,
            frame_end: FrameEnd::default(),
        }
    }
}
