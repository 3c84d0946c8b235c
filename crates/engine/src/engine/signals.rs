//! What the process is told from outside: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reloads
//! the configuration.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals the engine listens to.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Drain and end; the second time, end.
    Stop,
    /// Reload the configuration.
    Reload,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next word.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }

    /// Returns when the engine is to stop; no further reload is begun.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Told::Stop {}
    }
}
