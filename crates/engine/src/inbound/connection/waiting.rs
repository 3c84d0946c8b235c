//! What a connection waits for, for the sake of the others. It reads nothing meanwhile, so none of its clocks runs.
//!
//! ```text
//!   first bytes ──pace──▶ more ──room──▶ all of it ──turn──▶ let in ──▶ answered ──rest──▶ first bytes …
//!      the rate of its source     `max_buffered`     others of its source   an operator's pause   a storm
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Conversation;
use crate::inbound::budget::NoRoom;
use crate::inbound::close::CloseReason;
use crate::inbound::session::Next;
use crate::inbound::sources::Turn;

/// Messages in a row that one connection may have handled before the others of its arbiter get their turn: a peer that
/// sends a thousand without waiting for an answer keeps nobody else waiting for all of them.
const IN_A_ROW: u8 = 16;

impl Conversation {
    /// Waits until the message of this size that has come may be taken in hand.
    pub(super) async fn turn(&mut self, size: usize) -> Option<Turn> {
        if self.share.is_finishing() {
            self.share.finished(self.session.buffered() + size);
        }
        self.in_a_row += 1;
        if self.in_a_row > IN_A_ROW {
            self.in_a_row = 0;
            tokio::task::yield_now().await;
        }
        let source = self.source.as_ref()?;
        Some(source.turn(&mut self.drain, &self.around.counters).await)
    }

    /// Gets what a large message needs to be read on, or waits for it: not reading, so that no clock of a frame runs.
    pub(super) async fn make_room(&mut self) -> Result<Next, CloseReason> {
        let held = self.session.buffered();
        if !self.share.take(held) {
            self.around.counters.slowed_memory.one();
            self.seat.busy();
            let limit = self.around.intake.listener().unavailable_wait;
            let waited = tokio::select! {
                biased;
                () = self.drain.begun() => return Err(self.leave(false).await),
                waited = self.share.wait(held, limit) => waited,
            };
            waited.map_err(|NoRoom| CloseReason::NoRoom)?;
        }
        Ok(self.session.next(Instant::now()))
    }

    /// Waits with the message that has come where an operator has paused the listener; whether it is let in.
    pub(super) async fn let_in(&mut self) -> bool {
        let valve = Arc::clone(&self.around.valve);
        if valve.paused().is_none() {
            return true;
        }
        let wait = self.around.intake.listener().unavailable_wait;
        tokio::select! {
            biased;
            () = self.drain.begun() => false,
            opened = valve.opened(tokio::time::Instant::now() + wait) => opened,
        }
    }

    /// Waits with a message that has begun to come, for as long as its source has had more than its rate lets through. There
    /// is no more of it in hand than each connection may always have.
    pub(super) async fn keep_pace(&mut self) {
        let Some(source) = &self.source else { return };
        let debt = source.debt(Instant::now());
        if !debt.is_zero() {
            self.around.counters.slowed_rate.one();
            self.seat.busy();
            self.pause(debt).await;
        }
    }

    /// Lets a peer wait that repeats itself.
    pub(super) async fn rest(&mut self) {
        if let Some(pause) = self.rest.take() {
            self.pause(pause).await;
        }
    }

    /// Not for longer than the engine runs.
    async fn pause(&mut self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.drain.begun() => {}
        }
    }
}
