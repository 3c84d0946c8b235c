//! Retention: the oldest segment goes when it is old enough or the journal too large, and what is live in it is copied
//! forward first.
//!
//! ```text
//!   oldest segment ── live messages ──▶ carried records ── synced ──▶ index ── synced ──▶ unlink
//! ```
//!
//! Only the oldest ever goes: one from the middle would take outcomes with it and resurrect what was delivered. What
//! is carried must be the whole truth at its place in the journal, so the writer refuses to write it if anything
//! happened to the message since it was read ([`Watch`]); it is then read again.
//!
//! The same thread seals segments with their tables and discards dead letters past their retention.

mod carry;
mod expire;
mod oldest;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::api::{Change, MessageId, Name, OldestStays, ReadError};
use crate::core::Core;
use crate::index::table;
use crate::submission::Origin;

/// How often the thread looks around. It seals at most one segment each time, which paces that work.
const TICK: Duration = Duration::from_millis(500);

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
            if Instant::now() >= look_again || !core.gate.has_space() {
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
                if let Err(error) = expire::discard_old(core, keep) {
                    tracing::warn!(%error, "dead letters past their retention could not be discarded");
                }
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
        let waited = self.stop.wait_timeout(stopped, TICK);
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
            if !self.is_due(core, next.created()) {
                return None;
            }
            match oldest::release(core, &oldest) {
                Ok(None) => {}
                Ok(Some(stays)) => return Some(stays),
                Err(ReadError::NotReady | ReadError::IndexLost) => {
                    return Some(OldestStays::NoIndex);
                }
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the writer remembers while something is being carried.
#[derive(Default)]
pub(crate) struct Watch {
    on: AtomicBool,
    touched: Mutex<Touched>,
}

#[derive(Default)]
struct Touched {
    messages: HashSet<MessageId>,
    destinations: HashSet<Name>,
}

impl Watch {
    /// From now on every change is remembered. What was handed over before must be settled before anything is read.
    fn begin(&self) {
        let mut touched = lock(&self.touched);
        *touched = Touched::default();
        self.on.store(true, Ordering::SeqCst);
    }

    fn end(&self) {
        self.on.store(false, Ordering::SeqCst);
        *lock(&self.touched) = Touched::default();
    }

    /// The writer is about to write it.
    pub(crate) fn note(&self, origin: &Origin) {
        if !self.on.load(Ordering::SeqCst) {
            return;
        }
        let mut touched = lock(&self.touched);
        match origin {
            Origin::Change(Change::Delivery { delivery, .. }) => {
                touched.messages.insert(delivery.message);
            }
            Origin::Change(
                Change::DestinationHeld { destination, .. }
                | Change::DestinationReleased { destination, .. },
            ) => {
                touched.destinations.insert(destination.clone());
            }
            Origin::Accept(accept) => {
                if let Some(concluded) = &accept.concludes {
                    touched.messages.insert(concluded.delivery.message);
                }
            }
            Origin::Carried(_) | Origin::CarriedHold(_) => {}
        }
    }

    /// Whether something happened to what is carried since it was read.
    pub(crate) fn was_touched(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Accept(_) | Origin::Change(_) => false,
            Origin::Carried(carried) => {
                let message = MessageId::from_number(carried.message);
                !self.on.load(Ordering::SeqCst)
                    || message.is_none_or(|m| lock(&self.touched).messages.contains(&m))
            }
            Origin::CarriedHold(change) => match change {
                Change::DestinationHeld { destination, .. } => {
                    !self.on.load(Ordering::SeqCst)
                        || lock(&self.touched).destinations.contains(destination)
                }
                Change::Delivery { .. } | Change::DestinationReleased { .. } => true,
            },
        }
    }
}
