//! Reading the whole store beside a running engine, because an operator asks for it: one at a time, behind everything else,
//! and with an end. What the last one found is kept until the next.
//!
//! ```text
//!   nothing ──start──▶ reading, a thread of its own ──▶ found, until when, how much of it
//!                        │ asked before each segment: time, drain, intake
//! ```
//!
//! No actor: a thread that blocks on the disk. Its death costs its result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;
use wardline_store::{Intake, Store, Verified};

use super::protocol::{Verification, VerificationResult, VerificationRun, VerifyFigures};
use crate::drain::Drain;

/// How long it reads at most: retention waits for it, so that no segment goes under it.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How much its thread gives way, of 19: nobody waits for it.
const GIVES_WAY: i32 = 19;

/// What runs, and what was found last.
#[derive(Default)]
pub(crate) struct Verifying(Mutex<Verification>);

/// What is read, and what ends it early.
pub(crate) struct Ground {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) drain: Drain,
    pub(crate) intake: watch::Receiver<Intake>,
}

impl Verifying {
    /// Begins, unless one runs already. How it stands.
    pub(crate) fn start(self: &Arc<Self>, ground: Ground, by: String) -> Verification {
        let mut state = self.state();
        if state.running.is_none() {
            let since = Timestamp::now();
            tracing::info!(by, "the store is to be verified");
            state.running = Some(VerificationRun { since: since.to_string(), by: by.clone() });
            let this = Arc::clone(self);
            let thread = std::thread::Builder::new().name("verify".to_owned());
            let started = thread.spawn(move || this.run(&ground, since, by));
            if let Err(error) = started {
                tracing::error!(%error, "the store cannot be verified: no thread");
                state.running = None;
            }
        }
        state.clone()
    }

    /// How it stands.
    pub(crate) fn now(&self) -> Verification {
        self.state().clone()
    }

    fn run(&self, ground: &Ground, since: Timestamp, by: String) {
        let _somebody_may_ask_again = Running(self);
        give_way();
        let until = Instant::now() + LONGEST;
        let goes_on = || {
            let takes = *ground.intake.borrow() == Intake::Open;
            Instant::now() < until && takes && !ground.drain.is_draining()
        };
        let read = ground.store.verify_while(&goes_on);
        let (whole, figures, failed) = match read {
            Ok(verified) => (verified.whole, Some(figures(&verified)), None),
            Err(error) => (false, None, Some(error.to_string())),
        };
        let faults = figures.as_ref().map_or(0, |figures| figures.faults.len());
        if faults > 0 || failed.is_some() {
            tracing::error!(faults, failed, "the store was verified: it is not sound");
        } else {
            tracing::info!(whole, "the store was verified: what was read is sound");
        }
        let (since, until) = (since.to_string(), Timestamp::now().to_string());
        let result = VerificationResult { since, until, by, whole, figures, failed };
        self.state().last = Some(result);
    }

    fn state(&self) -> MutexGuard<'_, Verification> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// However its thread ends, the next may begin.
struct Running<'v>(&'v Verifying);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state().running = None;
    }
}

/// What reading the store found.
pub(crate) fn figures(verified: &Verified) -> VerifyFigures {
    let mut faults: Vec<String> = verified.corruptions.iter().map(ToString::to_string).collect();
    if verified.index_differences > 0 {
        faults.push(format!(
            "the index and the journal differ on {} deliveries: run `wardline store rebuild`",
            verified.index_differences
        ));
    }
    VerifyFigures {
        records: verified.records,
        messages: verified.messages,
        live: verified.live,
        faults,
    }
}

/// Lets the caller's thread wait for the processor, and for the disk, behind all others.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), GIVES_WAY)
    {
        tracing::debug!(%error, "the thread that verifies keeps its priority");
    }
}
