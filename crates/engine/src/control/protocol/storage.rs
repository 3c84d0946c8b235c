//! What is kept on the disk: how the history is doing, and what retention would let go.

use serde::{Deserialize, Serialize};

use super::VerifyFigures;

/// Figures of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFigures {
    /// Whether it can be searched: it is opened behind the start.
    pub ready: bool,
    /// Messages it holds.
    pub messages: u64,
    /// When the oldest of them was received, RFC 3339.
    pub oldest: Option<String>,
    /// Bytes durable in the journal that it does not hold yet.
    pub lag: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Its files.
    pub runs: u64,
    /// Those of them whose keys were taken under another configuration: they are made anew, one after the other.
    pub outdated: u64,
    /// What went wrong with it since the start; the log says what.
    pub faults: u64,
}

/// What retention would let go under some limits. What has not ended in it is carried forward and stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePreview {
    /// The limits: an age.
    pub retain_for_seconds: u64,
    /// The limits: bytes of the journal.
    pub retain_bytes: u64,
    /// Segments that would go.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages in them, as far as the history has come; absent = there is no history.
    pub messages: Option<u64>,
    /// Everything that came before this would go, RFC 3339; absent = nothing would.
    pub until: Option<String>,
    /// Deliveries in them that have not ended: they are carried forward and stay.
    pub carried: NotEnded,
    /// The segments, oldest first.
    pub each: Vec<PreviewSegment>,
    /// Their messages by listener; of what a handler emitted, by destination. None without a history.
    pub listeners: Vec<PreviewListener>,
    /// `false` = there was no time to count all of `listeners`.
    pub whole: bool,
    /// Why the next segment stays, though it is beyond a limit as well; what is behind it stays with it.
    pub stays_because: Option<String>,
}

/// A segment that would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewSegment {
    /// Its number.
    pub segment: u64,
    /// Its bytes.
    pub bytes: u64,
    /// When it was begun, RFC 3339.
    pub from: Option<String>,
    /// When its successor was, RFC 3339.
    pub until: Option<String>,
    /// Messages in it; absent = there is no history.
    pub messages: Option<u64>,
    /// Deliveries in it that have not ended.
    pub carried: NotEnded,
}

/// What would go of one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewListener {
    /// Its id.
    pub listener: String,
    /// Its messages.
    pub messages: u64,
    /// Their bytes, as they came.
    pub bytes: u64,
}

/// Deliveries that have not ended, by their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotEnded {
    /// Wait for their turn or their retry.
    pub pending: u64,
    /// Stopped until an operator decides.
    pub held: u64,
    /// Dead letters.
    pub dead: u64,
}

/// How reading the whole store beside a running engine stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The one that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<VerificationRun>,
    /// What the last one found; absent = there was none since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<VerificationResult>,
}

/// One that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationRun {
    /// Since when, RFC 3339.
    pub since: String,
    /// Who asked for it.
    pub by: String,
}

/// What one found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationResult {
    /// When it was begun, RFC 3339.
    pub since: String,
    /// When it ended, RFC 3339.
    pub until: String,
    /// Who asked for it.
    pub by: String,
    /// All there is was read; `false` = it was ended before: for its time, the drain, or space that retention has to make.
    pub whole: bool,
    /// What was found; absent where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<VerifyFigures>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl NotEnded {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.pending + self.held + self.dead
    }
}
