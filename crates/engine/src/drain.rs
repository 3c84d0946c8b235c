//! The phases of an engine's life, as every actor sees them.
//!
//! ```text
//! Running ──SIGTERM, SIGINT──▶ Leaving ──shutdown_delay──▶ Draining ──all ended, or drain_timeout──▶ process exit
//! ```
//!
//! In `Leaving` all goes on as before, but the engine says that it is not ready: whoever balances load looks elsewhere.
//! In `Draining` listeners stop accepting; a connection finishes and answers the message in hand and closes; a pool
//! waits for the answers of what is in flight and starts nothing new. Nothing waits for queues: they are durable.

use tokio::sync::watch;

/// Where the engine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Takes in and delivers.
    Running,
    /// Takes in and delivers, for a short time yet.
    Leaving,
    /// Ends what it has in hand, starts nothing new.
    Draining,
}

/// Tells everyone of the phase.
pub(crate) type PhaseSender = watch::Sender<Phase>;

/// How an actor learns of the phase. `Phase::Draining` also when the engine is gone.
#[derive(Debug, Clone)]
pub(crate) struct Drain(watch::Receiver<Phase>);

impl Drain {
    /// A pair: one end for the engine, one to clone for everyone else.
    pub(crate) fn new() -> (PhaseSender, Self) {
        let (sender, receiver) = watch::channel(Phase::Running);
        (sender, Self(receiver))
    }

    /// Whether the engine is draining.
    pub(crate) fn is_draining(&self) -> bool {
        *self.0.borrow() == Phase::Draining
    }

    /// Whether the engine will drain soon.
    pub(crate) fn is_leaving(&self) -> bool {
        *self.0.borrow() == Phase::Leaving
    }

    /// Returns when the engine begins to drain, at once if it has.
    pub(crate) async fn begun(&mut self) {
        let _engine_gone_is_draining = self.0.wait_for(|&phase| phase == Phase::Draining).await;
    }
}
