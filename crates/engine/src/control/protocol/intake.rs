//! Pausing what comes in through one listener, and letting it in again.

use serde::{Deserialize, Serialize};

use super::ListenerRow;

/// Who lets nothing in, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedRow {
    /// Since when, RFC 3339.
    pub since: String,
    /// Who said so.
    pub by: String,
    /// Why, for whoever finds it paused.
    pub reason: String,
}

/// What was said to a listener, and how it stands now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntakeChanged {
    /// False if it was as asked for already.
    pub changed: bool,
    /// The listener afterwards.
    pub listener: ListenerRow,
}
