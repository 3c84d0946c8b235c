//! The connection's line to its pool, which says a last word whatever happens.

use actix::Recipient;
use actix::prelude::SendError;
use wardline_store::MessageId;

use crate::outbound::pool::CarrierId;
use crate::outbound::report::{CloseReason, Ended, Report};

/// Reports to the pool. Dropped before it has said that the connection is closed, it says so: a panic drops its actor
/// without another word.
pub(super) struct Farewell {
    carrier: CarrierId,
    pool: Recipient<Report>,
    said: bool,
    /// The last word, while the connection is being closed.
    put_off: Option<LastWord>,
}

/// How the delivery in hand ended, and why the connection does.
type LastWord = (Option<(MessageId, Ended)>, CloseReason);

impl Farewell {
    pub(super) fn new(carrier: CarrierId, pool: Recipient<Report>) -> Self {
        Self { carrier, pool, said: false, put_off: None }
    }

    /// Whether the pool knows that the connection is closed, or is about to.
    pub(super) fn is_said(&self) -> bool {
        self.said || self.put_off.is_some()
    }

    /// This is the last word, to be said when the socket is closed.
    pub(super) fn put_off(&mut self, ended: Option<(MessageId, Ended)>, closed: CloseReason) {
        if !self.is_said() {
            self.put_off = Some((ended, closed));
        }
    }

    /// Says what was put off.
    pub(super) fn say(&mut self) {
        if let Some((ended, closed)) = self.put_off.take() {
            self.report(ended, Some(closed));
        }
    }

    /// Tells the pool; after the word that the connection is closed it tells nothing more.
    pub(super) fn report(
        &mut self,
        ended: Option<(MessageId, Ended)>,
        closed: Option<CloseReason>,
    ) {
        if self.is_said() {
            return;
        }
        self.said = closed.is_some();
        let report = Report { carrier: self.carrier, ended: ended.into_iter().collect(), closed };
        match self.pool.try_send(report) {
            Ok(()) => {}
            // The pool is gone; whoever replaces it starts from what the store holds.
            Err(SendError::Closed(_)) => self.said = true,
            Err(SendError::Full(_)) => {
                debug_assert!(
                    false,
                    "a pool's mailbox has room for two reports of each connection"
                );
                tracing::error!("a report found its pool's mailbox full");
            }
        }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.say();
        self.report(None, Some(CloseReason::Panicked));
    }
}
