//! The index: what is pending, held or dead, in sled, behind the journal.
//!
//! ```text
//!   journal ── read up to the durable position ──▶ overlay (memory) ── every 500 ms or 8 MiB ──▶ sled
//!                                                    └──────── read together ────────┘
//!                                                         refill · query · retention
//! ```
//!
//! It is never the truth: it knows no record that a returned sync does not cover, it carries its position in the
//! batch it belongs to, and it may be lost at any time. sled panics on damage and latches errors; every call into it
//! runs under `catch_unwind`, and whatever goes wrong there ends in a rebuild from the journal while intake goes on.
//! What is accepted and ends while it is in the overlay never reaches sled.

mod commit;
mod effects;
mod entry;
mod merged;
mod open;
mod overlay;
mod rebuild;
pub(crate) mod table;
pub(crate) mod thread;
mod view;
pub(crate) mod witness;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::api::ReadError;

pub(crate) use effects::{Effect, Effects, Interner};
pub(crate) use merged::Found;
pub(crate) use view::{Room, View};

/// How long a reader waits for an index that is being opened or rebuilt.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// How long somebody waits for the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Not at all.
    None,
    /// A reader's.
    Reader,
    /// Until it is ready or the store closes: a rebuild takes what it takes.
    Endless,
}

impl Patience {
    fn left(self, waited: Duration) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Reader => READY_DEADLINE.saturating_sub(waited),
            Self::Endless => READY_DEADLINE,
        }
    }
}

/// The index as all threads see it.
#[derive(Default)]
pub(crate) struct Index {
    state: Mutex<State>,
    changed: Condvar,
    rebuilds: AtomicU64,
    /// The database, where the start has opened it already.
    opened: Mutex<Option<sled::Db>>,
}

#[derive(Default)]
enum State {
    #[default]
    NotReady,
    Ready(Box<View>),
    /// To be rebuilt.
    Lost,
    Closed,
}

/// Why the index could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    #[error("sled failed")]
    Sled(#[from] sled::Error),
    #[error("sled's file could not be synced")]
    Sync(#[source] std::io::Error),
    #[error("sled panicked")]
    Panicked,
    #[error("an entry of the index makes no sense")]
    Damaged,
    #[error("the index does not fit the journal")]
    Unfit,
    #[error(transparent)]
    Journal(#[from] ReadError),
}

impl Index {
    /// An index whose thread has still to begin.
    pub(crate) fn new(opened: Option<sled::Db>) -> Self {
        Self { opened: Mutex::new(opened), ..Self::default() }
    }

    /// Reads, or writes, the index once it is ready. An error or a panic of sled marks it lost.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut View) -> Result<T, IndexError>,
    ) -> Result<T, ReadError> {
        self.work_on(self.wait_ready(Patience::Reader)?, work)
    }

    /// The same, if it is ready now.
    pub(crate) fn with_now<T>(
        &self,
        work: impl FnOnce(&mut View) -> Result<T, IndexError>,
    ) -> Result<T, ReadError> {
        self.work_on(self.wait_ready(Patience::None)?, work)
    }

    fn work_on<T>(
        &self,
        mut state: MutexGuard<'_, State>,
        work: impl FnOnce(&mut View) -> Result<T, IndexError>,
    ) -> Result<T, ReadError> {
        let State::Ready(view) = &mut *state else { return Err(ReadError::NotReady) };
        match guarded(|| work(view)) {
            Ok(done) => Ok(done),
            Err(IndexError::Journal(error)) => Err(error),
            Err(error) => {
                tracing::error!(%error, source = error.source(), "the index is lost and will be rebuilt");
                let lost = std::mem::replace(&mut *state, State::Lost);
                drop(state);
                self.changed.notify_all();
                discard(lost);
                Err(ReadError::IndexLost)
            }
        }
    }

    fn wait_ready(&self, patience: Patience) -> Result<MutexGuard<'_, State>, ReadError> {
        let begun = Instant::now();
        let mut state = self.state();
        loop {
            match *state {
                State::Ready(_) => return Ok(state),
                State::Closed => return Err(ReadError::Closed),
                State::NotReady | State::Lost => {}
            }
            let left = patience.left(begun.elapsed());
            if left.is_zero() {
                return Err(ReadError::NotReady);
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn set(&self, next: State) {
        let before = std::mem::replace(&mut *self.state(), next);
        self.changed.notify_all();
        discard(before);
    }

    /// Whether it still reads in this segment or before it.
    pub(crate) fn is_behind(&self, segment: u64) -> bool {
        self.with_now(|view| Ok(view.position().segment <= segment)).unwrap_or(true)
    }

    /// How often it was rebuilt since the start.
    pub(crate) fn rebuilds(&self) -> u64 {
        self.rebuilds.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what calls sled. A panic there is an error here.
fn guarded<T>(work: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(IndexError::Panicked))
}

/// Dropping sled may panic as well.
fn discard(state: State) {
    let _nothing_is_lost_with_it = guarded(|| {
        drop(state);
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_give_up_after_a_while_and_who_rebuilds_does_not() {
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(Patience::Reader.left(day).is_zero());
        assert!(!Patience::Endless.left(day).is_zero());
    }
}
