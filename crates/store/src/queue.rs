//! The channel to the writer: bounded in bytes, emptied whole.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::submission::Submission;

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
    writer_waits: bool,
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
        state.entries.push(submission);
        state.submitted += 1;
        let wake = std::mem::take(&mut state.writer_waits);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits for something and swaps all of it into `batch`, which must be empty. `false` = closed and empty.
    pub(crate) fn take(&self, batch: &mut Vec<Submission>) -> bool {
        let mut state = self.state();
        while state.entries.is_empty() {
            if state.closed {
                return false;
            }
            state.writer_waits = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
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

    /// How many were handed over so far.
    pub(crate) fn submitted(&self) -> u64 {
        self.state().submitted
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
