//! The answers to the delivery in hand that come through a listener (`ack_connection`), polled with the connection.
//!
//! They stay with the delivery until they are heard: several may lie there at once, and the one that ends the delivery is
//! not always the last.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix::fut::ActorFuture;
use bytes::Bytes;
use tokio::sync::mpsc;
use wardline_store::MessageId;

use super::{Hand, OutboundConnection};
use crate::outbound::session::Session;
use crate::replies::Wait;

/// A delivery's wait. Its answers are looked at once it is written to its end: none is to be taken for one to half a
/// message only because it took the shorter way.
pub(super) struct Awaiting {
    place: Wait,
    answers: mpsc::Receiver<Bytes>,
    is_heard: bool,
}

/// Hears the answers to this delivery for as long as it is in hand.
pub(super) struct Hearing(MessageId);

impl Awaiting {
    pub(super) fn of((place, answers): (Wait, mpsc::Receiver<Bytes>)) -> Self {
        Self { place, answers, is_heard: false }
    }

    /// What hears the answers, the first time that it is asked for.
    pub(super) fn begin(&mut self, delivery: MessageId) -> Option<Hearing> {
        let is_heard = std::mem::replace(&mut self.is_heard, true);
        (!is_heard).then_some(Hearing(delivery))
    }

    /// The delivery has ended. What else has come by then is looked at after the place is given up, so nothing comes
    /// behind it. `is_all` where no further answer is due.
    pub(super) fn end(self, is_all: bool, session: &mut Session) {
        let Self { place, mut answers, .. } = self;
        if is_all {
            place.answered();
        } else {
            drop(place);
        }
        while let Ok(answer) = answers.try_recv() {
            session.hear_behind(&answer);
        }
    }
}

impl ActorFuture<OutboundConnection> for Hearing {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        connection: &mut OutboundConnection,
        ctx: &mut actix::Context<OutboundConnection>,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        while let Hand::Sent { delivery, elsewhere: Some(awaiting), .. } = &mut connection.hand
            && delivery.id == self.0
            && let Some(answer) = ready!(awaiting.answers.poll_recv(task))
        {
            if let Some(heard) = connection.session.hear_elsewhere(answer) {
                connection.conclude(heard, ctx);
            }
        }
        Poll::Ready(())
    }
}
