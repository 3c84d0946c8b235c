//! Reading: until there are bytes, or a reason not to wait for any longer.

use std::time::Instant;

use super::Conversation;
use crate::inbound::close::CloseReason;
use crate::inbound::session::Next;
use crate::inbound::socket::ReadOutcome;

impl Conversation {
    /// Goes by the configuration of now, unless the connection is to leave. Between frames only.
    pub(super) async fn renew(&mut self) {
        if self.drain.is_draining() {
            return;
        }
        self.around = self.current.newest();
        self.drain = self.around.drain.clone();
        self.source = self.around.sources.of(self.peer.ip());
        let listener = self.around.intake.listener();
        self.session.limit(listener);
        self.socket.limit(listener.write_timeout);
        self.around.intake.opened().await;
    }

    /// Begins with a message, by the configuration of now. A connection that is to leave goes by what it has, unless
    /// nobody else does any more: then false, and the peer sends again.
    pub(super) async fn begin(&mut self) -> bool {
        loop {
            if self.current.has_changed() {
                self.renew().await;
            }
            self.deciding = self.around.intake.begin();
            if self.deciding.is_some() {
                return true;
            }
            if self.drain.is_draining() || !self.current.has_changed() {
                return false;
            }
        }
    }

    /// Waits for bytes, for the session's clock, for a drain or another configuration, or for a newcomer who needs the
    /// place.
    pub(super) async fn read(&mut self, deadline: Option<Instant>) -> Result<Next, CloseReason> {
        let idle = self.session.is_idle();
        if idle {
            self.seat.idle();
            self.in_a_row = 0;
        } else {
            self.seat.busy();
        }
        if self.drain.is_draining() {
            return Err(self.leave(idle).await);
        }
        let most = self.share.next_read(self.session.buffered());
        // Reading comes first: when bytes are there, which is the usual way, nothing else is asked. A peer that never
        // stops sending is told of a drain above.
        let outcome = tokio::select! {
            biased;
            outcome = self.socket.read(self.session.buffer(), most, deadline) => outcome,
            changed = self.current.changed(), if idle => {
                if changed.is_err() || self.drain.is_draining() {
                    return Err(self.leave(idle).await);
                }
                self.renew().await;
                return Ok(self.session.next(Instant::now()));
            }
            () = self.drain.begun(), if !idle => return Err(self.leave(idle).await),
            () = self.seat.asked_to_leave(), if idle => return Err(CloseReason::Replaced),
        };
        let mut now = Instant::now();
        match outcome {
            ReadOutcome::Bytes => {
                self.session.received(now);
                if idle && self.source.is_some() {
                    self.keep_pace().await;
                    now = Instant::now();
                }
            }
            ReadOutcome::EndOfStream => self.session.ended(),
            ReadOutcome::DeadlinePassed => return Ok(self.session.waited(now)),
            ReadOutcome::Failed(_) if !idle => return Err(CloseReason::InsideFrame),
            ReadOutcome::Failed(kind) => return Err(CloseReason::Failed(kind)),
        }
        Ok(self.session.next(now))
    }

    /// Leaves for a drain; what the peer has sent and nobody read must not reset what it has yet to read.
    pub(super) async fn leave(&mut self, idle: bool) -> CloseReason {
        if !idle || self.socket.has_unread() {
            self.socket.part().await;
        }
        CloseReason::Draining
    }
}
