//! Retention: the oldest segment goes when it is old enough or the journal too large, and what is live in it is copied
//! forward first.
//!
//! ```text
//!   oldest segment ── live messages ──▶ carried records ── synced ──▶ index ── synced ──▶ unlink
//! ```
//!
//! Only the oldest ever goes: one from the middle would take outcomes with it and resurrect what was delivered. What
//! is carried must be the whole truth at its place in the journal, so the writer refuses to write it if anything
//! happened to the message since it was read ([`watch`]); it is then read again.
//!
//! Where space is short the oldest goes too, whatever its age: delivered history yields to new messages.
//!
//! The same thread seals segments with their tables and discards dead letters past their retention.

mod carry;
mod expire;
mod oldest;
mod outlook;
mod preview;
mod watch;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::api::{OldestStays, ReadError};
use crate::core::Core;
use crate::index::table;
pub(crate) use outlook::outlook;
pub(crate) use preview::pruning;
pub(crate) use watch::{Epoch, Watch};

/// How often the oldest segment is looked at again after it had to stay.
const RECHECK: Duration = Duration::from_secs(30);

/// How often dead letters are looked at.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);

/// What is kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) retain_for: Duration,
    pub(crate) retain_bytes: u64,
    pub(crate) dead_letter_retention: Option<Duration>,
    pub(crate) tick: Duration,
}

/// The thread.
pub(crate) struct Retention {
    policy: Policy,
    stopped: Mutex<bool>,
    stop: Condvar,
    stays: Mutex<Option<OldestStays>>,
    /// Held while segments are read that must not go.
    pub(crate) pass: Mutex<()>,
}

impl Retention {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            stopped: Mutex::new(false),
            stop: Condvar::new(),
            stays: Mutex::new(None),
            pass: Mutex::new(()),
        }
    }

    /// What is kept, and for how long.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Why the oldest segment is still there.
    pub(crate) fn stays(&self) -> Option<OldestStays> {
        lock(&self.stays).clone()
    }

    /// The thread, until stopped.
    pub(crate) fn run(&self, core: &Core) {
        let mut sealed_below = 0;
        let mut look_again = Instant::now();
        let mut expire_next = Instant::now();
        while !self.rest() {
            self.seal_one(core, &mut sealed_below);
            if Instant::now() >= look_again || is_space_short(core) {
                let stays = self.release_oldest(core);
                if stays.is_some() {
                    look_again = Instant::now() + RECHECK;
                }
                *lock(&self.stays) = stays;
            }
            if let Some(keep) = self.policy.dead_letter_retention
                && Instant::now() >= expire_next
            {
                expire_next = Instant::now() + EXPIRE_EVERY;
                expire(core, keep);
            }
        }
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        *lock(&self.stopped) = true;
        self.stop.notify_all();
    }

    fn rest(&self) -> bool {
        let stopped = lock(&self.stopped);
        if *stopped {
            return true;
        }
        let waited = self.stop.wait_timeout(stopped, self.policy.tick);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn seal_one(&self, core: &Core, sealed_below: &mut u64) {
        let _no_segment_goes = lock(&self.pass);
        for segment in core.segments.all() {
            if segment.end().is_none() || core.index.is_behind(segment.id()) {
                return;
            }
            if segment.id() < *sealed_below {
                continue;
            }
            *sealed_below = segment.id() + 1;
            if table::is_sealed(&segment).unwrap_or(true) {
                continue;
            }
            if let Err(error) = table::seal(&segment) {
                tracing::warn!(segment = segment.id(), %error, "a segment could not be sealed");
            }
            return;
        }
    }

    /// Lets the oldest segments go that are due; tells why one that is due stays.
    fn release_oldest(&self, core: &Core) -> Option<OldestStays> {
        loop {
            let _pass = lock(&self.pass);
            let (oldest, next) = core.segments.oldest_two()?;
            let is_due = self.is_due(core, next.created());
            if !is_due && !is_space_short(core) {
                return None;
            }
            match oldest::release(core, &oldest) {
                // Some file systems free a file's space a moment later: one a tick, or too many would go.
                Ok(None) if !is_due => return None,
                Ok(None) => {}
                Ok(Some(stays)) => return Some(stays),
                Err(ReadError::Unsettled) => return Some(OldestStays::Unsettled),
                Err(ReadError::NotReady | ReadError::IndexLost) => {
                    return Some(OldestStays::NoIndex);
                }
                Err(ReadError::Moved) => return Some(OldestStays::Busy),
                Err(ReadError::Closed) => return None,
                Err(error) => {
                    tracing::error!(%error, segment = oldest.id(), "the oldest segment cannot be read");
                    return Some(OldestStays::Unreadable);
                }
            }
        }
    }

    /// `last` is about when the last record of the oldest segment was written.
    fn is_due(&self, core: &Core, last: Option<jiff::Timestamp>) -> bool {
        let age = last.map(|last| jiff::Timestamp::now().duration_since(last).unsigned_abs());
        core.segments.bytes() > self.policy.retain_bytes
            || age.is_some_and(|age| age > self.policy.retain_for)
    }
}

/// Whether the next segment finds no room beside what is kept free. Asked of the disk: the gate hears of it later, and
/// of what was deleted too late.
pub(crate) fn is_space_short(core: &Core) -> bool {
    let wanted = core.gate.min_free().saturating_add(core.filler.segment_size());
    core.disk.free(&core.dir).is_ok_and(|free| free < wanted)
}

fn expire(core: &Core, keep: Duration) {
    match expire::discard_old(core, keep) {
        Ok(0) => {}
        Ok(dead_letters) => {
            tracing::info!(dead_letters, "dead letters past their retention discarded");
        }
        Err(error) => {
            tracing::warn!(%error, "dead letters past their retention could not be discarded");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
