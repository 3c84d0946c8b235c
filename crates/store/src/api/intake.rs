//! Whether messages are taken in, and what is said when not.

use std::fmt;

use super::accept::Accept;

/// The store's readiness for messages. Outcomes are taken in all of these states but the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// Messages are taken.
    Open,
    /// Too little space; it opens by itself when there is more.
    NoSpace {
        /// Free bytes where the store lies.
        free: u64,
        /// The bytes that must stay free.
        min_free: u64,
    },
    /// The index is too far behind the journal; it opens by itself when it has caught up.
    Lagging {
        /// Bytes of the journal the index has not taken in.
        bytes: u64,
    },
    /// The store is closing or has failed.
    Closed,
}

impl fmt::Display for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::NoSpace { free, min_free } => {
                write!(f, "no space: {free} bytes free, {min_free} must stay free")
            }
            Self::Lagging { bytes } => write!(f, "the index is {bytes} bytes behind"),
            Self::Closed => f.write_str("closed"),
        }
    }
}

/// Why a record was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The store takes no messages at the moment.
    #[error("the store takes no messages: {0}")]
    Intake(Intake),
    /// The bytes handed over and not yet durable have reached their limit; room returns with the next sync.
    #[error("{backlog} bytes wait to be written")]
    Full {
        /// Bytes that wait.
        backlog: usize,
    },
    /// The record has more bytes ([`MAX_RECORD`](crate::limits::MAX_RECORD), [`MAX_META`](crate::limits::MAX_META)),
    /// messages, deliveries or lanes of one than any record may have; it will never be taken.
    #[error("a record of {bytes} bytes holds more than any record may")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
}

/// A record that was not taken, given back.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{refusal}")]
pub struct Refused {
    /// The record.
    pub accept: Accept,
    /// Why.
    pub refusal: Refusal,
}

impl Refused {
    /// The record, to try again.
    pub fn into_accept(self) -> Accept {
        self.accept
    }
}
