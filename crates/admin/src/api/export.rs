//! A queue on its way out: all that waits in it and all that stopped, as the bytes that would be sent.
//!
//! What is exported is what "discard all" would end: the two stand beside each other. Deliveries go from one state to
//! the other while it is read, so that each stretch is asked for held, waiting, and held once more.

use std::collections::VecDeque;

use actix_web::web::{Bytes, Data};
use wardline_engine::control::protocol::{
    After, DeliveryRow, DeliveryState, MessageId, RefusedReason, Request, Response,
};

use super::queues::ROWS;
use crate::fault::Fault;
use crate::pages::views::deliveries;
use crate::seat::Seat;

/// In which states one stretch is asked for: whichever way a delivery goes meanwhile, one of them has it.
const STATES: [DeliveryState; 3] =
    [DeliveryState::Held, DeliveryState::Pending, DeliveryState::Held];

/// One stretch of rows and one body at a time.
pub(super) struct Export {
    seat: Data<Seat>,
    id: String,
    stretch: VecDeque<MessageId>,
    after: Option<After>,
    ended: bool,
    count: u64,
}

impl Export {
    pub(super) fn new(seat: Data<Seat>, id: String) -> Self {
        Self { seat, id, stretch: VecDeque::new(), after: None, ended: false, count: 0 }
    }

    /// The next frame; none when all are out. Behind a fault comes nothing: what is left out would not be missed.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        match self.frame().await {
            Ok(Some(frame)) => {
                self.count += 1;
                Some(Ok(frame))
            }
            Ok(None) => {
                tracing::info!(destination = %self.id, messages = self.count, "a queue was exported");
                None
            }
            Err(fault) => {
                self.stretch.clear();
                self.ended = true;
                tracing::error!(
                    destination = %self.id, messages = self.count, fault = fault.code(),
                    "the export of a queue was broken off"
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
            let mut pages = Vec::with_capacity(STATES.len());
            for state in STATES {
                let after = self.after.clone();
                pages.push(deliveries(&self.seat, Some(&self.id), state, after, ROWS).await?);
            }
            (self.stretch, self.after) = stretch(pages);
            self.ended = self.after.is_none();
        }
    }
}

/// What all the pages have of one stretch, oldest first and each once, and where the next one begins: where the page ends
/// that reaches least far.
fn stretch(pages: Vec<(Vec<DeliveryRow>, Option<After>)>) -> (VecDeque<MessageId>, Option<After>) {
    let end = pages.iter().filter_map(|(_, next)| next.clone()).min_by_key(|next| next.message);
    let rows = pages.into_iter().flat_map(|(rows, _)| rows);
    let within = |message: &MessageId| end.as_ref().is_none_or(|end| *message <= end.message);
    let mut messages: Vec<MessageId> = rows.map(|row| row.message).filter(within).collect();
    messages.sort_unstable();
    messages.dedup();
    (messages.into(), end)
}

/// The frame of a delivery; none where it has ended meanwhile, and that alone is passed over.
fn frame_of(message: MessageId, answered: Result<Response, Fault>) -> Result<Option<Bytes>, Fault> {
    match answered {
        Ok(Response::Message(detail)) => {
            let Some(body) = detail.body else {
                tracing::error!(%message, "its bytes cannot be read: it cannot be exported");
                return Err(Fault::Failed);
            };
            Ok(Some(framed(&body)))
        }
        Ok(_) => Err(Fault::Failed),
        Err(Fault::Engine { reason: RefusedReason::NotFound, .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A frame as MLLP has it.
fn framed(body: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(body.len() + 3);
    frame.push(0x0B);
    frame.extend_from_slice(body);
    frame.extend_from_slice(&[0x1C, 0x0D]);
    Bytes::from(frame)
}

#[cfg(test)]
mod tests {
    use wardline_engine::control::protocol::DeliveryDetail;

    use super::*;
    use crate::watch::testing::delivery;

    fn page(messages: &[u64], next: Option<&str>) -> (Vec<DeliveryRow>, Option<After>) {
        let rows = messages.iter().map(|&number| delivery(number, "lis", "x")).collect();
        (rows, next.map(|next| next.parse().expect("a place")))
    }

    fn numbers(messages: &VecDeque<MessageId>) -> Vec<String> {
        messages.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_stopped_is_exported_among_what_waits_each_once_and_in_order() {
        let held = || page(&[2, 900], None);
        let (messages, next) = stretch(vec![held(), page(&[1, 3, 4], None), held()]);
        assert_eq!(numbers(&messages), ["1", "2", "3", "4", "900"]);
        assert_eq!(next, None);
    }

    #[test]
    fn a_stretch_ends_where_the_page_ends_that_reaches_least_far() {
        let pages = vec![page(&[2, 900], None), page(&[1, 3, 4], Some("4/lis")), page(&[5], None)];
        let (messages, next) = stretch(pages);
        assert_eq!(numbers(&messages), ["1", "2", "3", "4"]);
        assert_eq!(next.map(|next| next.to_string()).as_deref(), Some("4/lis"));
    }

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
