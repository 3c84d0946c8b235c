//! `[store]`: how much disk the journal may take and what it keeps.

use std::time::Duration;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `[store]`. Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// One file of the journal.
    pub segment_size: u64,
    /// How long what was delivered is kept.
    pub retain_for: Duration,
    /// How much of it is kept at most.
    pub retain_bytes: u64,
    /// Intake is refused while less than this is free on the disk.
    pub min_free: u64,
    /// How far the queue's index may be behind the journal before intake slows.
    pub max_index_lag: u64,
    /// When dead letters are dropped by themselves; absent = never.
    pub dead_letter_retention: Option<Duration>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            segment_size: 64 * MIB,
            retain_for: 30 * DAY,
            retain_bytes: 20 * GIB,
            min_free: GIB,
            max_index_lag: GIB,
            dead_letter_retention: None,
        }
    }
}
