//! Figures of a store.

use jiff::Timestamp;

use super::fault::Corruption;
use super::names::Name;

/// How the store is doing. Sizes are bytes; counters count since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Journal segments, the one being written included.
    pub segments: u64,
    /// Bytes of all segments, filled ahead ones included.
    pub journal_bytes: u64,
    /// Bytes of the index's files.
    pub index_bytes: u64,
    /// Files in the index's `blobs/`; anything but 0 is a fault.
    pub index_blobs: u64,
    /// Bytes durable in the journal that the index has not written down yet.
    pub index_lag: u64,
    /// Whether the index can be read; while it is rebuilt it cannot.
    pub index_ready: bool,
    /// How often the index was rebuilt.
    pub index_rebuilds: u64,
    /// Deliveries that have not ended, dead letters included.
    pub live_deliveries: u64,
    /// Free space where the store lies.
    pub free_bytes: u64,
    /// Syncs of the journal = groups.
    pub syncs: u64,
    /// Records written.
    pub records: u64,
    /// Messages that were refused, and kept to be looked at.
    pub refused_kept: u64,
    /// Messages that were refused, and only counted: there was no room for more of them.
    pub refused_passed_over: u64,
    /// Bytes written to the journal, headers and padding included.
    pub written_bytes: u64,
    /// When the oldest record kept was written.
    pub oldest: Option<Timestamp>,
    /// Why the oldest segment is still there although retention would drop it.
    pub oldest_stays: Option<OldestStays>,
}

/// Why a segment that is old enough was not deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OldestStays {
    /// Copying what is live in it would cost more than it frees.
    #[error(
        "{live_bytes} of its {bytes} bytes are live in {deliveries} deliveries, most of them of {most}"
    )]
    MostlyLive {
        /// Bytes that are live.
        live_bytes: u64,
        /// Bytes of its records.
        bytes: u64,
        /// Deliveries that are live.
        deliveries: u64,
        /// The destination with the most of them.
        most: Name,
    },
    /// What is live in it could not be copied for want of space.
    #[error("no space to copy what is live in it")]
    NoSpace,
    /// What is live in it changed faster than it could be copied.
    #[error("what is live in it keeps changing")]
    Busy,
    /// What was recorded before could not be written yet, so that it is not known what is live in it.
    #[error("the disk does not take what was recorded before")]
    Unsettled,
    /// It could not be read; the log says why.
    #[error("it cannot be read")]
    Unreadable,
    /// The index, which knows what is live, is being rebuilt.
    #[error("the index is being rebuilt")]
    NoIndex,
}

/// What reading everything found.
#[derive(Debug, Default)]
pub struct Verified {
    /// All there is was read; `false` = it was ended before, and the index was not compared.
    pub whole: bool,
    /// Segments read.
    pub segments: u64,
    /// Records read.
    pub records: u64,
    /// Messages among them.
    pub messages: u64,
    /// Deliveries that have not ended, dead letters included.
    pub live: u64,
    /// Damage in the journal, each with its place.
    pub corruptions: Vec<Corruption>,
    /// Deliveries that the index and the journal do not agree on; anything but 0 asks for a rebuild.
    pub index_differences: u64,
    /// Runs of the history.
    pub history_runs: u64,
    /// Those of them that were damaged: they are made anew from the journal, by themselves.
    pub history_damaged: u64,
}

impl Verified {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.corruptions.is_empty() && self.index_differences == 0
    }
}

/// How far closing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Everything handed over is durable.
    pub journal_synced: bool,
    /// The index has all of it; if not, the next start reads the rest from the journal.
    pub index_applied: bool,
}
