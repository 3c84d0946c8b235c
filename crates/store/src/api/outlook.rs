//! What an operator asks before the disk does: how long the room lasts, and what would go.

use std::time::Duration;

use jiff::Timestamp;

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
    /// Segments that would go.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages in them, as far as the history has come; `None` = the store was opened without one.
    pub messages: Option<u64>,
    /// Everything that came before this would go.
    pub until: Option<Timestamp>,
}
