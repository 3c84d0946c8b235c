//! The end of a connection, so that nothing is lost by it which counts as delivered.
//!
//! ```text
//!   the peer has answered the last ──────────────────────────────▶ report, close
//!   the last only counts as taken ──shut the write side──▶ read away what it says ──its end, or the limits──▶ report, close
//! ```
//!
//! A message that wants no answer is delivered when it is written: to this machine's socket. Closing that with unread
//! bytes in it, or before some more come, resets the connection, and what the peer has not read by then is gone.
//!
//! The pool hears of the end behind it. So a connection holds its slot until its socket is closed, which bounds the
//! sockets, and a drain waits for it.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use actix::prelude::*;
use wardline_store::MessageId;

use super::OutboundConnection;
use crate::outbound::report::{CloseReason, Ended};
use crate::wire::WireWriter;

/// How long a peer may take to read the rest and close. Most close as soon as they see the end; one that never does costs
/// its lane this pause at each end of a connection.
const LINGER_TIME: Duration = Duration::from_secs(5);
/// The same while the engine drains: all connections wait at the same time, and the engine for them.
const PART_TIME: Duration = Duration::from_secs(1);
/// How much of a peer's unwanted answers is read away. Far more than it owes: who sends on beyond it reads nothing.
const LINGER_BYTES: usize = 16 * 1024 * 1024;
/// What one read throws away at most.
const READ_SIZE: usize = 4 * 1024;

impl OutboundConnection {
    /// Ends the connection and tells the pool, with how the delivery in hand ended.
    pub(super) fn part(
        &mut self,
        ended: Option<(MessageId, Ended)>,
        reason: CloseReason,
        ctx: &mut Context<Self>,
    ) {
        let Some(writer) = self.writer.clone().filter(|_| self.session.ends_on_trust()) else {
            self.farewell.report(ended, Some(reason));
            return ctx.stop();
        };
        let within = if self.draining { PART_TIME } else { LINGER_TIME };
        self.farewell.put_off(ended, reason);
        ctx.wait(leave(writer, within).into_actor(self).map(|(), connection, ctx| {
            connection.farewell.say();
            ctx.stop();
        }));
    }
}

/// Shuts the write side and reads the rest away until the peer closes.
async fn leave(writer: WireWriter, within: Duration) {
    let read_away = async {
        writer.shutdown().await?;
        let mut landing = [0; READ_SIZE];
        let mut thrown_away = 0;
        while thrown_away < LINGER_BYTES {
            match poll_fn(|cx| writer.poll_discard(cx, &mut landing)).await? {
                0 => break,
                read => thrown_away += read,
            }
        }
        io::Result::Ok(())
    };
    let _closed_either_way = tokio::time::timeout(within, read_away).await;
}
