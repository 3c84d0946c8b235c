//! How far the journal is durable, and waiting for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::api::ReadError;
use crate::journal::position::Position;

/// How long a reader waits for what was handed over before it. A group takes milliseconds; a disk without room for
/// outcomes takes for ever.
const SETTLE_DEADLINE: Duration = Duration::from_secs(10);

/// What the writer has achieved.
pub(crate) struct Progress {
    state: Mutex<State>,
    settled: Condvar,
    index_wakes: Condvar,
    /// Bytes of the journal that are durable; counts on from what a start found.
    durable_bytes: AtomicU64,
    /// Bytes of them that the index has read.
    read_bytes: AtomicU64,
    /// Bytes of them that the index has written down.
    applied_bytes: AtomicU64,
}

struct State {
    durable: Position,
    settled: u64,
    ended: bool,
    /// The index asked to be woken at so many durable bytes.
    wake_at: u64,
}

impl Progress {
    pub(crate) fn new(durable: Position, durable_bytes: u64) -> Self {
        let state = State { durable, settled: 0, ended: false, wake_at: u64::MAX };
        Self {
            state: Mutex::new(state),
            settled: Condvar::new(),
            index_wakes: Condvar::new(),
            durable_bytes: AtomicU64::new(durable_bytes),
            read_bytes: AtomicU64::new(durable_bytes),
            applied_bytes: AtomicU64::new(durable_bytes),
        }
    }

    /// Everything before this point is durable.
    pub(crate) fn durable(&self) -> Position {
        self.state().durable
    }

    /// A group is durable, or refused: so many submissions are settled.
    pub(crate) fn publish(&self, durable: Position, bytes: u64, submissions: u64) {
        let total = self.durable_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let mut state = self.state();
        state.durable = durable;
        state.settled += submissions;
        let wake = total >= state.wake_at;
        drop(state);
        self.settled.notify_all();
        if wake {
            self.index_wakes.notify_one();
        }
    }

    /// Nothing more will be durable.
    pub(crate) fn end(&self) {
        self.state().ended = true;
        self.settled.notify_all();
        self.index_wakes.notify_all();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state().ended
    }

    /// Waits until so many submissions are settled.
    pub(crate) fn wait_settled(&self, submissions: u64) -> Result<(), ReadError> {
        let deadline = Instant::now() + SETTLE_DEADLINE;
        let mut state = self.state();
        while state.settled < submissions {
            if state.ended {
                return Err(ReadError::Closed);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ReadError::Unsettled);
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// The index sleeps until `more` bytes are durable beyond what it has read, at most for `pause`. `false` = the
    /// writer has ended.
    pub(crate) fn wait_for_work(&self, more: u64, pause: Duration) -> bool {
        let mut state = self.state();
        if !self.has_unread(more) && !state.ended {
            state.wake_at = self.read_bytes.load(Ordering::Relaxed) + more;
            let waited = self.index_wakes.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.wake_at = u64::MAX;
        }
        !state.ended
    }

    /// So many bytes are durable beyond what the index has read. What it has read and not written down is no reason to
    /// wake it: it keeps that back on purpose, or has no room for it.
    fn has_unread(&self, bytes: u64) -> bool {
        let read = self.read_bytes.load(Ordering::Relaxed);
        self.durable_bytes.load(Ordering::Relaxed).saturating_sub(read) >= bytes
    }

    /// The index has read all but `unread` bytes, and written down all but `unwritten`.
    pub(crate) fn followed(&self, unread: u64, unwritten: u64) {
        let durable = self.durable_bytes.load(Ordering::Relaxed);
        self.read_bytes.store(durable.saturating_sub(unread), Ordering::Relaxed);
        self.applied_bytes.store(durable.saturating_sub(unwritten), Ordering::Relaxed);
    }

    /// Bytes that are durable and not in the index.
    pub(crate) fn lag(&self) -> u64 {
        let applied = self.applied_bytes.load(Ordering::Relaxed);
        self.durable_bytes.load(Ordering::Relaxed).saturating_sub(applied)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_index_keeps_back_does_not_wake_it() {
        let start = Position { segment: 1, offset: 0, number: 1, group: 1 };
        let progress = Progress::new(start, 1000);

        progress.publish(start, 500, 1);
        assert!(progress.has_unread(400));

        progress.followed(0, 500);
        assert!(!progress.has_unread(400));
        assert_eq!(progress.lag(), 500);

        progress.publish(start, 400, 1);
        assert!(progress.has_unread(400));
    }
}
