//! A queue, or its dead letters, on their way out: the bytes that would be sent.
//!
//! What is exported is what "discard all" would end: the two stand beside each other.

use std::collections::VecDeque;

use actix_web::web::{Bytes, Data};
use wardline_engine::control::exporting::{framed, states, stretch};
use wardline_engine::control::protocol::{
    After, DiscardFrom, MessageId, RefusedReason, Request, Response,
};

use super::queues::ROWS;
use crate::fault::Fault;
use crate::pages::views::deliveries;
use crate::seat::Seat;

/// One stretch of rows and one body at a time.
pub(super) struct Export {
    seat: Data<Seat>,
    id: String,
    from: DiscardFrom,
    stretch: VecDeque<MessageId>,
    after: Option<After>,
    ended: bool,
    count: u64,
}

impl Export {
    pub(super) fn new(seat: Data<Seat>, id: String, from: DiscardFrom) -> Self {
        Self { seat, id, from, stretch: VecDeque::new(), after: None, ended: false, count: 0 }
    }

    /// The next frame; none when all are out. Behind a fault comes nothing: what is left out would not be missed.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        match self.frame().await {
            Ok(Some(frame)) => {
                self.count += 1;
                Some(Ok(frame))
            }
            Ok(None) => {
                tracing::info!(destination = %self.id, messages = self.count, "deliveries were exported");
                None
            }
            Err(fault) => {
                self.stretch.clear();
                self.ended = true;
                tracing::error!(
                    destination = %self.id, messages = self.count, fault = fault.code(),
                    "an export of deliveries was broken off"
                );
                Some(Err(fault))
            }
        }
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            while let Some(message) = self.stretch.pop_front() {
                let destination = self.id.clone();
                let asked = Request::Delivery { destination, message, content: true };
                if let Some(frame) = frame_of(message, self.seat.ask(asked).await)? {
                    return Ok(Some(frame));
                }
            }
            if self.ended {
                return Ok(None);
            }
            let mut pages = Vec::new();
            for &state in states(self.from) {
                let after = self.after.clone();
                pages.push(deliveries(&self.seat, Some(&self.id), state, after, ROWS).await?);
            }
            (self.stretch, self.after) = stretch(pages);
            self.ended = self.after.is_none();
        }
    }
}

/// The frame of a delivery; none where it has ended meanwhile, and that alone is passed over.
fn frame_of(message: MessageId, answered: Result<Response, Fault>) -> Result<Option<Bytes>, Fault> {
    match answered {
        Ok(Response::Message(detail)) => {
            let Some(body) = detail.body else {
                tracing::error!(%message, "its bytes cannot be read: it cannot be exported");
                return Err(Fault::Failed);
            };
            Ok(Some(framed(&body).into()))
        }
        Ok(_) => Err(Fault::Failed),
        Err(Fault::Engine { reason: RefusedReason::NotFound, .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use wardline_engine::control::protocol::DeliveryDetail;

    use super::*;
    use crate::watch::testing::delivery;

    #[test]
    fn only_what_has_ended_meanwhile_is_passed_over() {
        let message = "4711".parse().expect("a number");
        let refused =
            |reason| frame_of(message, Err(Fault::Engine { reason, text: String::new() }));
        assert!(matches!(refused(RefusedReason::NotFound), Ok(None)));
        for reason in [RefusedReason::StoreFailed, RefusedReason::Busy, RefusedReason::Draining] {
            assert!(refused(reason).is_err(), "{reason:?}");
        }
        let of = |body| {
            let row = delivery(4711, "lis", "x");
            let detail = DeliveryDetail { row, body, reply: None };
            frame_of(message, Ok(Response::Message(Box::new(detail))))
        };
        assert!(of(None).is_err(), "what cannot be read is told of");
        let frame = of(Some(b"MSH|".to_vec())).ok().flatten();
        assert_eq!(frame.as_deref(), Some(&b"\x0BMSH|\x1C\x0D"[..]));
    }
}
