//! The reading half of a connection, polled with its actor.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix::fut::ActorFuture;
use tokio::io::{AsyncRead, ReadBuf};

use super::OutboundConnection;
use crate::outbound::report::CloseReason;
use crate::outbound::session::Came;
use crate::outbound::socket;
use crate::wire::WireReader;

/// What one read takes at most, bytes. Answers are short; a longer one takes several reads.
const READ_SIZE: usize = 4 * 1024;

/// Reads in a row before the connection's clocks get their turn. They share one task and its budget with the reading: a
/// peer that talks without end would otherwise keep them from ever being looked at.
const READS_IN_A_ROW: usize = 16;

/// Reads into the connection's buffer until the peer closes.
pub(super) struct Reading {
    reader: WireReader,
    landing: Box<[u8]>,
}

impl Reading {
    pub(super) fn new(reader: WireReader) -> Self {
        Self { reader, landing: vec![0; READ_SIZE].into_boxed_slice() }
    }
}

impl ActorFuture<OutboundConnection> for Reading {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        connection: &mut OutboundConnection,
        ctx: &mut actix::Context<OutboundConnection>,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        let this = self.get_mut();
        for _ in 0..READS_IN_A_ROW {
            let mut landed = ReadBuf::new(&mut this.landing);
            match Pin::new(&mut this.reader).poll_read(task, &mut landed) {
                Poll::Pending => {
                    connection.send_unsent(ctx);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if landed.filled().is_empty() => {
                    connection.on_end_of_stream(ctx);
                    return Poll::Ready(());
                }
                Poll::Ready(Ok(())) => {
                    connection.buffer.extend_from_slice(landed.filled());
                    connection.on_came(Came::Bytes, ctx);
                    if connection.session.is_mid_commit() {
                        // Its actor waits until it is out, and then polls everything again.
                        return Poll::Pending;
                    }
                }
                Poll::Ready(Err(error)) => {
                    socket::tell_broken_tls(&error, &connection.destination.endpoint.shown());
                    connection.close(CloseReason::Fault(socket::fault(&error)), ctx);
                    return Poll::Ready(());
                }
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}
