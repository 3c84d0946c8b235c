//! How the engine calls a handler: lease an instance, send, wait, give the instance back.
//!
//! Two clocks, one after the other: waiting for an instance is the engine's matter, and only a handler that has the
//! message can be late with it. Both run on the caller's arbiter, so they tick while the handler's thread is blocked. Whatever happens to a
//! call, its instance ends in exactly one of three places: back among the free ones, or reported to the supervisor as
//! broken (its mailbox closed under the call) or as unanswered (the call was dropped; it may be slow or blocked).
//!
//! An instance handles one message at a time. A panic in `handle` therefore costs one call; who was waiting takes the
//! next instance.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::Recipient;
use tokio::sync::{Notify, mpsc};

use super::instance::Instance;
use super::{Received, Verdict};
use crate::observe::HandlerCounters;

/// How a call went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Called {
    /// The handler decided.
    Verdict(Verdict),
    /// It did not.
    Fault(HandlerFault),
}

/// Why a handler did not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandlerFault {
    /// It panicked on this message.
    Panicked,
    /// No decision within the timeout.
    TimedOut,
    /// No instance was free within the timeout: the message has not been shown to it.
    Busy,
    /// It has no instance and will not get one soon.
    Down,
}

/// What a caller tells the supervisor about an instance it could not give back.
///
/// The channel needs no bound of its own: an instance is reported at most once while it is leased.
#[derive(Debug)]
pub(super) enum Report {
    /// Its mailbox closed under a call: the actor is gone.
    Broken(Instance),
    /// The caller stopped waiting.
    Unanswered(Instance),
    /// The last door is gone: nobody will call again.
    NobodyCalls,
}

/// The door to one handler, for connections and handler destinations. Clone it freely; with the last clone the handler
/// ends.
#[derive(Clone)]
pub(crate) struct HandlerCaller {
    shared: Arc<Shared>,
    _last: Arc<LastDoor>,
}

/// Shared by all clones of a door.
struct LastDoor(mpsc::UnboundedSender<Report>);

impl Drop for LastDoor {
    fn drop(&mut self) {
        let _engine_gone = self.0.send(Report::NobodyCalls);
    }
}

/// What callers and the supervisor share.
pub(crate) struct Shared {
    free: Mutex<VecDeque<Instance>>,
    freed: Notify,
    down: AtomicBool,
    pub(crate) instances: AtomicU64,
    pub(crate) stuck: AtomicU64,
    reports: mpsc::UnboundedSender<Report>,
    pub(crate) counters: HandlerCounters,
}

impl HandlerCaller {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let last = Arc::new(LastDoor(shared.reports.clone()));
        Self { shared, _last: last }
    }

    /// Whether it has an instance, or gets one within this time.
    pub(crate) async fn comes_up(&self, within: Duration) -> bool {
        match tokio::time::timeout(within, self.lease()).await {
            Ok(Some((lease, _instance))) => {
                lease.free();
                true
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// Calls the handler once: waits up to `timeout` for an instance, and then as long for its decision.
    pub(crate) async fn call(&self, received: Received, timeout: Duration) -> Called {
        let counters = &self.shared.counters;
        counters.calls.one();
        let called = match tokio::time::timeout(timeout, self.lease()).await {
            Ok(Some((lease, instance))) => {
                match tokio::time::timeout(timeout, decide(lease, instance, received)).await {
                    Ok(called) => called,
                    Err(_elapsed) => Called::Fault(HandlerFault::TimedOut),
                }
            }
            Ok(None) => Called::Fault(HandlerFault::Down),
            Err(_elapsed) => Called::Fault(HandlerFault::Busy),
        };
        match &called {
            Called::Verdict(Verdict::Accept) => counters.accepted.one(),
            Called::Verdict(Verdict::Reject { .. }) => counters.rejected.one(),
            Called::Verdict(Verdict::Fail { .. }) => counters.failed.one(),
            Called::Verdict(Verdict::Emit(_)) => counters.emitted.one(),
            Called::Verdict(Verdict::Panicked) | Called::Fault(HandlerFault::Panicked) => {
                counters.panicked.one();
            }
            Called::Fault(HandlerFault::TimedOut) => counters.timed_out.one(),
            Called::Fault(HandlerFault::Busy) => counters.refused_busy.one(),
            Called::Fault(HandlerFault::Down) => counters.refused_down.one(),
        }
        called
    }

    /// The handler's counters, state and number of instances.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Waits for a free instance that lives; `None` when the handler is down.
    async fn lease(&self) -> Option<(Lease<'_>, Recipient<Received>)> {
        loop {
            // Before looking: what is given back in between must wake this caller, not be kept for the next.
            let mut freed = pin!(self.shared.freed.notified());
            freed.as_mut().enable();
            if let Some(instance) = self.shared.take() {
                let lease = Lease { instance: Some(instance), shared: &self.shared };
                match lease.connected() {
                    Some(recipient) => return Some((lease, recipient)),
                    None => lease.broken(), // It died idle.
                }
                continue;
            }
            if self.shared.down.load(Ordering::Acquire) {
                return None;
            }
            freed.await;
        }
    }
}

async fn decide(lease: Lease<'_>, instance: Recipient<Received>, received: Received) -> Called {
    match instance.send(received).await {
        Ok(verdict) => {
            lease.free();
            match verdict {
                Verdict::Panicked => Called::Fault(HandlerFault::Panicked),
                verdict => Called::Verdict(verdict),
            }
        }
        Err(_mailbox_closed) => {
            lease.broken();
            Called::Fault(HandlerFault::Panicked)
        }
    }
}

impl Shared {
    pub(super) fn new(reports: mpsc::UnboundedSender<Report>) -> Self {
        Self {
            free: Mutex::default(),
            freed: Notify::new(),
            down: AtomicBool::new(false),
            instances: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            reports,
            counters: HandlerCounters::default(),
        }
    }

    /// Lets callers have this instance.
    pub(super) fn put(&self, instance: Instance) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push_back(instance);
        self.freed.notify_one();
    }

    /// From now on callers are refused at once, or no longer are.
    pub(super) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Release);
        if down {
            self.freed.notify_waiters();
        }
    }

    /// `up`, `degraded` or `down`, as the status shows it.
    pub(crate) fn state(&self, wanted: u64) -> &'static str {
        if self.down.load(Ordering::Acquire) {
            "down"
        } else if self.instances.load(Ordering::Acquire) < wanted {
            "degraded"
        } else {
            "up"
        }
    }

    /// An instance that nobody has.
    pub(super) fn take(&self) -> Option<Instance> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// An instance in one caller's hands. Dropped without a word, it is reported as unanswered.
struct Lease<'a> {
    instance: Option<Instance>,
    shared: &'a Shared,
}

impl Lease<'_> {
    fn connected(&self) -> Option<Recipient<Received>> {
        let recipient = &self.instance.as_ref()?.recipient;
        recipient.connected().then(|| recipient.clone())
    }

    fn free(mut self) {
        if let Some(instance) = self.instance.take() {
            self.shared.put(instance);
        }
    }

    fn broken(mut self) {
        if let Some(instance) = self.instance.take() {
            let _engine_gone = self.shared.reports.send(Report::Broken(instance));
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(instance) = self.instance.take() {
            let _engine_gone = self.shared.reports.send(Report::Unanswered(instance));
        }
    }
}

#[cfg(test)]
mod tests;
