//! What the journal says and sled does not know yet, in portions.
//!
//! ```text
//!   journal  ──────────────────────────────────────▶ read up to here
//!            │ portion │ portion │ … │ open portion │
//!            ▲ sled is here: its next batch is the oldest portion, with the position behind it
//! ```
//!
//! A portion stays for a while, so that most of what it accepts ends before sled hears of it: an outcome is folded into
//! the portion that has the delivery, and what was accepted and ended is nowhere. sled may so learn something before its
//! position has come to it; read again after a crash, it changes nothing.
//!
//! Portions are small because sled copies a leaf for every entry of a batch and frees the copies after the batch:
//! batches of 8 MiB of the journal took 3 GB of memory for a million deliveries, those of 512 KiB 0.3 GB and half the
//! time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::effects::{Effect, Effects};
use crate::journal::position::Position;

/// Bytes of the journal in one portion.
const PORTION_BYTES: u64 = 512 * 1024;

/// Bytes of the journal in all portions.
const OVERLAY_BYTES: u64 = 8 * 1024 * 1024;

/// Which delivery: its destination and number.
pub(super) type Key = (u32, u64);

/// Effects that sled does not have.
pub(super) struct Overlay {
    pub(super) effects: Effects,
    portions: VecDeque<Portion>,
    open_bytes: u64,
    open_since: Option<Instant>,
    bytes: u64,
}

/// A run of the journal that sled gets in one batch.
pub(super) struct Portion {
    keys: Vec<Key>,
    pub(super) end: Position,
    /// Of the segment that `end` is in.
    pub(super) salt: u64,
    bytes: u64,
    since: Instant,
}

impl Default for Overlay {
    fn default() -> Self {
        Self {
            effects: Effects { inserted: Some(Vec::new()), ..Effects::default() },
            portions: VecDeque::new(),
            open_bytes: 0,
            open_since: None,
            bytes: 0,
        }
    }
}

impl Overlay {
    /// A record of so many bytes was folded in; the journal is read up to `end`.
    pub(super) fn grew(&mut self, bytes: u64, end: Position, salt: u64) {
        self.bytes += bytes;
        self.open_bytes += bytes;
        self.open_since.get_or_insert_with(Instant::now);
        if self.open_bytes >= PORTION_BYTES {
            self.close(end, salt);
        }
    }

    /// The open portion takes nothing more.
    pub(super) fn close(&mut self, end: Position, salt: u64) {
        let Some(since) = self.open_since.take() else { return };
        let keys = self.effects.inserted.as_mut().map(std::mem::take).unwrap_or_default();
        let bytes = std::mem::take(&mut self.open_bytes);
        self.portions.push_back(Portion { keys, end, salt, bytes, since });
    }

    /// There is more of it than may be.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= OVERLAY_BYTES
    }

    /// The open portion has been so for that long.
    pub(super) fn open_is_older_than(&self, age: Duration) -> bool {
        self.open_since.is_some_and(|since| since.elapsed() >= age)
    }

    /// The oldest closed portion has been there for that long.
    pub(super) fn oldest_is_older_than(&self, age: Duration) -> bool {
        self.portions.front().is_some_and(|oldest| oldest.since.elapsed() >= age)
    }

    /// The oldest closed portion.
    pub(super) fn pop(&mut self) -> Option<Portion> {
        let portion = self.portions.pop_front()?;
        self.bytes -= portion.bytes;
        Some(portion)
    }

    /// What is left of a portion's effects, by key.
    pub(super) fn take(&mut self, portion: &mut Portion) -> Vec<(Key, Effect)> {
        portion.keys.sort_unstable();
        let keys = portion.keys.iter();
        keys.filter_map(|key| Some((*key, self.effects.deliveries.remove(key)?))).collect()
    }
}
