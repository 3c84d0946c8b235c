//! `[history]`: whether and by what messages are found again.

use wardline_flow::search::CustomKey;

/// `[history]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Whether messages are noted down to be found again.
    pub enabled: bool,
    /// What they are found by beside what every message is.
    pub keys: Vec<CustomKey>,
}

impl Default for History {
    fn default() -> Self {
        Self { enabled: true, keys: Vec::new() }
    }
}
