//! Why an operation of a client failed.

use std::io;

use crate::DecodeError;

/// What a clock ran for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Opening the connection.
    Connect,
    /// Writing a frame.
    Send,
    /// Waiting for a whole frame.
    Receive,
}

/// Why an operation of a client failed. No text here shows a byte of a payload (PHI-1).
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The client is closed, by its owner or by an earlier failure.
    #[error("not connected")]
    NotConnected,
    /// The operation took longer than it may.
    #[error("timeout")]
    Timeout {
        /// What took too long.
        operation: Operation,
    },
    /// The peer ended the connection where no frame had begun.
    #[error("closed by the peer")]
    Closed,
    /// A second message before the answer to the first was received.
    #[error("the answer to the last message has not been received")]
    InFlight,
    /// Bytes of the peer's were there before the message that they could answer: they would be taken for its answer.
    #[error(
        "{bytes} bytes came that answer nothing: closed, because the next answer could not be told from them"
    )]
    Desynchronised {
        /// How many bytes were found.
        bytes: usize,
    },
    /// Verification is asked for, and the message has nothing to verify its answer by.
    #[error("the message has no MSH-10 to verify an acknowledgement by")]
    Unverifiable,
    /// A simulated peer can only answer messages.
    #[error("what was sent does not begin with an MSH segment")]
    NotAMessage,
    /// The answer has no MSA segment with a code of table 0008.
    #[error("the answer is no acknowledgement")]
    NotAnAcknowledgement,
    /// MSA-2 of the answer is not MSH-10 of the message.
    #[error("the answer acknowledges another message")]
    AnotherMessage,
    /// So many bytes came and no frame began among them.
    #[error("{bytes} bytes came and no frame among them")]
    NoFrame {
        /// How many bytes came.
        bytes: usize,
    },
    /// What came is not a frame.
    #[error("what came is not an MLLP frame")]
    Framing(#[from] DecodeError),
    /// The connection could not be opened, or broke.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
}
