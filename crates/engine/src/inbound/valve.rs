//! Whether an operator lets messages in through a listener.
//!
//! ```text
//!   open ──pause──▶ paused: a message that comes waits `unavailable_wait`, then is answered as one that cannot be stored
//!     ▲               │     (its connection is closed, or AE with `on_unavailable = "answer"`); nothing of it is decided
//!     └──────go───────┘
//! ```
//!
//! Connections stay. It outlives another configuration of the same listener, and not the engine: a start takes messages.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Why nothing is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// One listener's.
#[derive(Debug)]
pub(crate) struct Valve(watch::Sender<Option<Arc<Pause>>>);

impl Default for Valve {
    fn default() -> Self {
        Self(watch::channel(None).0)
    }
}

impl Valve {
    /// Lets nothing in from now on. Paused again, it is paused by whoever said so last.
    pub(crate) fn pause(&self, pause: Pause) {
        self.0.send_replace(Some(Arc::new(pause)));
    }

    /// Lets messages in. False if it did.
    pub(crate) fn go(&self) -> bool {
        self.0.send_replace(None).is_some()
    }

    /// Why nothing is let in, if nothing is.
    pub(crate) fn paused(&self) -> Option<Arc<Pause>> {
        self.0.borrow().clone()
    }

    /// Waits until messages are let in, at most until the deadline; whether they are.
    pub(crate) async fn opened(&self, deadline: Instant) -> bool {
        let mut seen = self.0.subscribe();
        let opened = seen.wait_for(Option::is_none);
        matches!(timeout_at(deadline, opened).await, Ok(Ok(_)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pause() -> Pause {
        Pause { at: Timestamp::UNIX_EPOCH, by: "ruiz".into(), reason: "analyzer serviced".into() }
    }

    #[tokio::test]
    async fn who_waits_at_a_paused_valve_is_let_in_when_it_opens() {
        let valve = Arc::new(Valve::default());
        let deadline = Instant::now() + Duration::from_secs(5);
        assert!(valve.opened(deadline).await);
        valve.pause(pause());
        let waiting = tokio::spawn({
            let valve = Arc::clone(&valve);
            async move { valve.opened(deadline).await }
        });
        tokio::task::yield_now().await;
        assert!(valve.go());
        assert!(waiting.await.expect("no panic"));
        assert!(!valve.go(), "it was open");
    }

    #[tokio::test]
    async fn who_waits_longer_than_the_deadline_is_not_let_in() {
        let valve = Valve::default();
        valve.pause(pause());
        assert!(!valve.opened(Instant::now() + Duration::from_millis(20)).await);
        assert_eq!(valve.paused().map(|pause| pause.by.clone()).as_deref(), Some("ruiz"));
    }
}
