//! What MLLP release 2 adds to a connection: blocks of ours are committed by the peer, and its answers by us.

use std::io::ErrorKind;
use std::time::Instant;

use actix::prelude::*;
use wardline_mllp::encoded_len;

use super::{Hand, OutboundConnection};
use crate::outbound::report::CloseReason;
use crate::outbound::socket;

/// The payload of the commit block.
const COMMITTED: &[u8] = &[0x06];

impl OutboundConnection {
    /// The peer has the message: the time for its answer begins. The connection goes on.
    pub(super) fn on_committed(&mut self) -> bool {
        if let Hand::Sent { deadline, .. } = &mut self.hand {
            *deadline = Some(Instant::now() + self.destination.ack_timeout);
        }
        true
    }

    /// The peer could not store the message: the same bytes once more. False when that was the connection's last word.
    pub(super) fn write_again(&mut self, ctx: &mut Context<Self>) -> bool {
        if let (Hand::Sent { delivery, deadline, .. }, Some(writer)) =
            (&mut self.hand, &self.writer)
        {
            *deadline = None;
            let (delivery, writer) = (delivery.clone(), writer.clone());
            self.write_frame(&writer, &delivery, ctx);
        }
        !self.farewell.is_said()
    }

    /// Tells the peer that its answers are here: each is a block of content like any. What they say is not stored by
    /// then; if it is lost, the same message goes out again and is answered again.
    pub(super) fn commit_answers(&mut self, ctx: &mut Context<Self>) {
        let Some(writer) = self.writer.clone() else { return };
        while self.session.owes_commit() {
            let written = match socket::write_frame(&writer, COMMITTED, 0) {
                Ok(written) if written == encoded_len(COMMITTED.len()) => {
                    self.session.commit_written();
                    continue;
                }
                Ok(written) => written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return self.close(CloseReason::Fault(socket::fault(&error)), ctx),
            };
            let (writer, timeout) = (writer.clone(), self.destination.write_timeout);
            let rest =
                async move { socket::finish_frame(&writer, COMMITTED, written, timeout).await };
            // Nothing else happens here before it is out, and what is happening goes no further than to see that it is
            // not: the next frame must not begin inside it.
            ctx.wait(rest.into_actor(self).map(|done, connection, ctx| match done {
                Ok(()) => {
                    connection.session.commit_written();
                    connection.commit_answers(ctx);
                    connection.send_unsent(ctx);
                }
                Err(fault) => connection.close(CloseReason::Fault(fault), ctx),
            }));
            return;
        }
    }
}
