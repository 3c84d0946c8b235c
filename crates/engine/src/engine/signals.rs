//! What the process is told from outside: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP is heard.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// The signals the engine listens to, and the door through which the control socket asks for the same.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    asked: Arc<Notify>,
}

impl Signals {
    pub(super) fn listen(asked: Arc<Notify>) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            asked,
        })
    }

    /// Returns when the engine is to stop.
    pub(super) async fn stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                () = self.asked.notified() => return,
                _ = self.hangup.recv() => {
                    tracing::warn!("SIGHUP ignored: this version reads its configuration only at the start");
                }
            }
        }
    }
}
