//! The channel to the writer: bounded in bytes, emptied whole.
//!
//! What somebody waits for goes to the writer at once. Outcomes that nobody waits for gather for a moment: each group
//! costs a sync and a block, and messages that come meanwhile would stand behind that sync.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::MAX_BACKLOG;
use crate::submission::{Submission, Waiter};

/// How long outcomes gather: some syncs' time, and no more duplicates after a crash than that.
const GATHERING: Duration = Duration::from_millis(20);

/// So many outcomes are a group worth writing.
const GATHERED: usize = 1024;

/// Room for a message, until it is pushed or dropped.
pub(crate) struct Admission<'q> {
    queue: &'q Queue,
    bytes: usize,
}

/// The channel.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    /// Bytes handed over and not yet durable.
    backlog: AtomicUsize,
}

#[derive(Default)]
struct State {
    entries: Vec<Submission>,
    /// Handed over since the start.
    submitted: u64,
    closed: bool,
    /// Somebody waits for what is there.
    awaited: bool,
    writer: Writer,
}

/// What the writer does at the channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Writer {
    /// It writes.
    #[default]
    Busy,
    /// It waits for anything.
    Idle,
    /// It lets outcomes gather.
    Gathering,
}

impl State {
    /// Whether the writer should not wait for more.
    fn is_worth_writing(&self) -> bool {
        self.closed || self.awaited || self.entries.len() >= GATHERED
    }
}

impl Queue {
    /// Hands over; gives it back once the queue is closed.
    #[expect(clippy::result_large_err, reason = "what is refused goes back to its owner")]
    pub(crate) fn push(&self, submission: Submission) -> Result<(), Submission> {
        let bytes = usize::try_from(submission.length()).unwrap_or(usize::MAX);
        let mut state = self.state();
        if state.closed {
            return Err(submission);
        }
        self.backlog.fetch_add(bytes, Ordering::Relaxed);
        state.awaited |= !matches!(submission.waiter, Waiter::Nobody);
        state.entries.push(submission);
        state.submitted += 1;
        self.wake(state);
        Ok(())
    }

    /// Keeps room for a message of about so many bytes; gives the backlog if that has reached its limit. What was taken
    /// before counts, not the message itself: a large one is not passed over for ever by small ones.
    pub(crate) fn admit(&self, bytes: usize) -> Result<Admission<'_>, usize> {
        let with_it = |backlog| (backlog < MAX_BACKLOG).then_some(backlog + bytes);
        self.backlog.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with_it)?;
        Ok(Admission { queue: self, bytes })
    }

    /// Wakes the writer if there is something for it.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let wake = match state.writer {
            Writer::Busy => false,
            Writer::Idle => true,
            Writer::Gathering => state.is_worth_writing(),
        };
        if wake {
            state.writer = Writer::Busy;
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Waits for something and swaps all of it into `batch`, which must be empty. `false` = closed and empty.
    pub(crate) fn take(&self, batch: &mut Vec<Submission>) -> bool {
        let mut state = self.state();
        while state.entries.is_empty() {
            if state.closed {
                return false;
            }
            state.writer = Writer::Idle;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let gathering_until = Instant::now() + GATHERING;
        while !state.is_worth_writing() {
            let left = gathering_until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.writer = Writer::Gathering;
            let waited = self.filled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.writer = Writer::Busy;
        state.awaited = false;
        std::mem::swap(&mut state.entries, batch);
        true
    }

    /// Bytes handed over and not yet durable.
    pub(crate) fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    /// So many of them are durable, or refused.
    pub(crate) fn settled(&self, bytes: u64) {
        self.backlog.fetch_sub(usize::try_from(bytes).unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// How many were handed over so far. Who asks is about to wait for them, so that they are written at once.
    pub(crate) fn submitted(&self) -> u64 {
        let mut state = self.state();
        state.awaited |= !state.entries.is_empty();
        let submitted = state.submitted;
        self.wake(state);
        submitted
    }

    /// Nothing more is taken; what is there is still written.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission<'_> {
    /// What was pushed meanwhile counts by itself.
    fn drop(&mut self) {
        self.queue.backlog.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_RECORD;

    #[test]
    fn a_large_message_is_taken_while_small_ones_keep_waiting() {
        let queue = Queue::default();
        let _small = queue.admit(MAX_BACKLOG - 1).expect("there is room");
        let large = queue.admit(MAX_RECORD).expect("the others are below the limit");
        assert!(queue.admit(MAX_RECORD).is_err(), "one at a time");
        assert_eq!(queue.admit(1).err(), Some(MAX_BACKLOG - 1 + MAX_RECORD));
        drop(large);
        assert!(queue.admit(1).is_ok());
    }
}
