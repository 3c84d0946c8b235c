//! What an operator asks before the disk does: how long the room lasts, and what would go.

use std::time::Duration;

use jiff::Timestamp;

use super::names::Name;
use super::stats::OldestStays;

/// How the journal will grow, judged by what was written in the last days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Bytes of journal and history a day; `None` = too little time to tell.
    pub bytes_a_day: Option<u64>,
    /// Until the journal is as large as `retain_bytes` and its oldest segments go for that; zero = they do already.
    pub limit_in: Option<Duration>,
    /// Until only `min_free` is left where the store lies, if nothing else is written there and nothing goes.
    pub no_space_in: Option<Duration>,
    /// How far back the journal will reach once `retain_bytes` or `retain_for` limits it.
    pub reaches_back: Option<Duration>,
}

/// What retention would let go under some limits. What is live in it is carried forward and stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruning {
    /// The limits.
    pub retain_for: Duration,
    /// The limits.
    pub retain_bytes: u64,
    /// Segments that would go.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages in them, as far as the history has come; `None` = the store was opened without one.
    pub messages: Option<u64>,
    /// Everything that came before this would go.
    pub until: Option<Timestamp>,
    /// Of them all, the deliveries that have not ended: they are carried forward.
    pub carried: NotEnded,
    /// The segments, oldest first.
    pub each: Vec<PrunedSegment>,
    /// Their messages by the listener they came through; none where the store has no history.
    pub listeners: Vec<PrunedListener>,
    /// `false` = there was no time to count all of `listeners`.
    pub whole: bool,
    /// Why the next one stays, though it is beyond a limit as well; what is behind it stays with it.
    pub stays: Option<OldestStays>,
}

/// A segment that would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedSegment {
    /// Its number.
    pub segment: u64,
    /// Its bytes.
    pub bytes: u64,
    /// When it was begun.
    pub from: Option<Timestamp>,
    /// When its successor was.
    pub until: Option<Timestamp>,
    /// Messages in it, as far as the history has come.
    pub messages: Option<u64>,
    /// Deliveries in it that have not ended.
    pub carried: NotEnded,
}

/// What would go of one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedListener {
    /// The listener, or of what a handler emitted the destination.
    pub listener: Name,
    /// Its messages.
    pub messages: u64,
    /// Their bytes, as they came.
    pub bytes: u64,
}

/// Deliveries that have not ended, by their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotEnded {
    /// Wait for their turn or their retry.
    pub pending: u64,
    /// Stopped until an operator decides.
    pub held: u64,
    /// Dead letters.
    pub dead: u64,
}
