//! What a store is opened with.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::fault::Fault;
use super::intake::Intake;
use crate::history::HistoryOptions;
use crate::limits::TICK;

/// Where a store lies and how it behaves. Sizes are bytes.
pub struct StoreOptions {
    /// Its folder; made if it is not there. Nothing else may be in it.
    pub dir: PathBuf,
    /// The size of a journal segment. At least [`MIN_SEGMENT`](crate::limits::MIN_SEGMENT) is used.
    pub segment_size: u64,
    /// How long a segment is kept after its last record.
    pub retain_for: Duration,
    /// How large the journal may grow before its oldest segments go earlier.
    pub retain_bytes: u64,
    /// Free space below which no message is taken in.
    pub min_free: u64,
    /// How far the index may be behind before no message is taken in.
    pub max_index_lag: u64,
    /// How long a dead letter is kept; `None` = until an operator decides.
    pub dead_letter_retention: Option<Duration>,
    /// Whether messages are found again by what they hold, and who takes it from them; `None` = they are not.
    pub history: Option<HistoryOptions>,
    /// How often the threads behind the writer look around: for what retention lets go, what the index writes down, free
    /// space. [`TICK`](crate::limits::TICK) everywhere but in tests.
    pub tick: Duration,
    /// Called once when a promise can no longer be kept: a failed write or sync, damage, a panic of the writer. Should
    /// end the process; if it returns, the store stays closed and completes nothing more.
    pub on_fatal: Box<dyn Fn(&Fault) + Send + Sync>,
    /// Called by threads of the store whenever the intake changes. Must not block.
    pub on_intake: Box<dyn Fn(Intake) + Send + Sync>,
}

impl StoreOptions {
    /// A store in `dir` with the defaults of the configuration's reference, and nobody who hears of its intake.
    pub fn new(dir: impl Into<PathBuf>, on_fatal: impl Fn(&Fault) + Send + Sync + 'static) -> Self {
        Self {
            dir: dir.into(),
            segment_size: 64 * 1024 * 1024,
            retain_for: Duration::from_secs(30 * 24 * 60 * 60),
            retain_bytes: 20 * 1024 * 1024 * 1024,
            min_free: 1024 * 1024 * 1024,
            max_index_lag: 1024 * 1024 * 1024,
            dead_letter_retention: None,
            history: None,
            tick: TICK,
            on_fatal: Box::new(on_fatal),
            on_intake: Box::new(|_| {}),
        }
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("dir", &self.dir)
            .field("segment_size", &self.segment_size)
            .field("retain_for", &self.retain_for)
            .field("retain_bytes", &self.retain_bytes)
            .field("min_free", &self.min_free)
            .field("max_index_lag", &self.max_index_lag)
            .field("dead_letter_retention", &self.dead_letter_retention)
            .field("history", &self.history)
            .field("tick", &self.tick)
            .finish_non_exhaustive()
    }
}
