//! What the process is told from outside: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP is heard.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals the engine listens to.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Returns when the engine is to stop.
    pub(super) async fn stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    tracing::warn!("SIGHUP ignored: this version reads its configuration only at the start");
                }
            }
        }
    }
}
