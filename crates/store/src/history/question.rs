//! What is asked of the history.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;

use super::answer::HistoryRow;
use super::keys::KeyKind;
use crate::api::{MessageId, Name};

/// Which messages, newest first. What is left open matches all.
#[derive(Debug, Clone)]
pub struct Search {
    /// All of these.
    pub keys: Vec<KeyMatch>,
    /// Received at this time or later.
    pub from: Option<Timestamp>,
    /// Received before this time.
    pub until: Option<Timestamp>,
    /// Received through this listener.
    pub listener: Option<Name>,
    /// Sent to this destination.
    pub destination: Option<Name>,
    /// With a delivery in this state: the one to `destination`, where that is given.
    pub state: Option<StateFilter>,
    /// Of at least so many bytes.
    pub min_bytes: Option<u64>,
    /// Of at most so many bytes.
    pub max_bytes: Option<u64>,
    /// Only those before this message: the `next` of the page before.
    pub before: Option<MessageId>,
    /// At most so many; never more than [`MAX_PAGE`](crate::limits::MAX_PAGE).
    pub limit: usize,
    /// When to stop looking.
    pub deadline: Instant,
}

/// What a search may take where nothing else is said.
pub const SEARCH_TIME: Duration = Duration::from_secs(5);

impl Default for Search {
    /// The newest page of everything.
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            from: None,
            until: None,
            listener: None,
            destination: None,
            state: None,
            min_bytes: None,
            max_bytes: None,
            before: None,
            limit: 50,
            deadline: Instant::now() + SEARCH_TIME,
        }
    }
}

/// A key that must be there.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyMatch {
    /// Of what kind.
    pub kind: KeyKind,
    /// Its value.
    pub value: Bytes,
    /// How it is compared, byte by byte.
    pub how: Match,
}

/// How a key is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is the value.
    Exact,
    /// It begins with the value.
    Prefix,
}

impl KeyMatch {
    /// What a replay sent in.
    pub fn job(job: u64) -> Self {
        Self { kind: KeyKind::Job, value: Bytes::from(job.to_string()), how: Match::Exact }
    }

    /// What was sent in as a replay of this message.
    pub fn replays_of(message: MessageId) -> Self {
        let value = Bytes::from(message.to_string());
        Self { kind: KeyKind::Original, value, how: Match::Exact }
    }
}

impl fmt::Debug for KeyMatch {
    /// The value may name a patient: it shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMatch")
            .field("kind", &self.kind)
            .field("value_bytes", &self.value.len())
            .field("how", &self.how)
            .finish()
    }
}

/// What one of a message's deliveries must be, or the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFilter {
    /// One waits for its turn or its retry.
    Pending,
    /// One is stopped until an operator decides.
    Held,
    /// One is a dead letter.
    Dead,
    /// One was delivered.
    Delivered,
    /// One was withdrawn and the sender told so.
    Returned,
    /// One was given up.
    Discarded,
    /// It was taken and had no destination.
    Unrouted,
    /// It was not taken.
    Rejected,
}

/// Some messages, newest first.
#[derive(Debug, Clone)]
pub struct SearchPage {
    /// The messages.
    pub rows: Vec<HistoryRow>,
    /// Where to go on; `None` = there are no more.
    pub next: Option<MessageId>,
    /// `false` = the deadline came first: more may match between the last row and `next`.
    pub whole: bool,
    /// Bytes of the journal that are not in the history yet; what they hold was not found.
    pub behind: u64,
}
