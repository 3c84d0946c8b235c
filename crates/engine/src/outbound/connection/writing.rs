//! The writing half of a connection: what goes out, and what may not.
//!
//! A message goes out only when nothing unasked lies before its answer (MATCH-1), and only when a frame carries it whole.

use std::io::ErrorKind;
use std::time::Instant;

use actix::prelude::*;
use bytes::Bytes;
use wardline_flow::{AckMode, Asked, Expected, Received};
use wardline_hl7::Message as Hl7Message;
use wardline_mllp::{encoded_len, survives_framing};
use wardline_store::MessageId;

use super::hearing::Awaiting;
use super::{Hand, OutboundConnection};
use crate::outbound::delivery::Delivery;
use crate::outbound::report::{CloseReason, Ended};
use crate::outbound::socket::{self, Peeked};
use crate::wire::WireWriter;

impl OutboundConnection {
    /// Ends a delivery that the peer would take for another message, before anything of it goes out. True if it did.
    pub(super) fn refuse_unframeable(&mut self, ctx: &mut Context<Self>) -> bool {
        let Hand::Unsent { delivery, .. } = &self.hand else {
            return false;
        };
        if survives_framing(&delivery.body) {
            return false;
        }
        let ended = (delivery.id, Ended::attempted(Received::Unframeable));
        self.hand = Hand::Empty;
        let closed = self.writer.is_none().then_some(CloseReason::Done);
        self.farewell.report(Some(ended), closed);
        if closed.is_some() {
            ctx.stop();
        }
        true
    }

    /// Writes the delivery in hand, once what the peer sent unasked has been read. Under TLS that may be nothing that the
    /// peer said, but a session ticket: so whoever has read to the end comes here, with an answer or without.
    pub(super) fn send_unsent(&mut self, ctx: &mut Context<Self>) {
        if self.session.is_mid_commit() {
            return; // Whatever finishes the commit comes back here.
        }
        let Some(writer) = self.writer.clone() else {
            return; // It will be sent when the connection is up.
        };
        let Hand::Unsent { delivery, deadline, held_back: false } = &mut self.hand else {
            return;
        };
        match writer.with_socket(|socket| socket::peek(socket)) {
            Peeked::Quiet => {
                let delivery = delivery.clone();
                self.write(&writer, &delivery, ctx);
            }
            Peeked::Bytes => {
                // Reading is about to wake and comes back here.
                deadline.get_or_insert(Instant::now() + self.destination.ack_timeout);
                self.start_clock(ctx);
            }
            Peeked::Gone => self.close(CloseReason::ByPeer, ctx),
        }
    }

    fn write(&mut self, writer: &WireWriter, delivery: &Delivery, ctx: &mut Context<Self>) {
        let (control_id, asked) = control_id_and_asked(&delivery.body);
        let expect_ack = self.destination.expect_ack;
        let (expected, later) = (expect_ack.expected(asked), expect_ack.later(asked));
        let awaits = expected != Expected::Nothing;
        if self.hold_back(delivery.id, &control_id, awaits, ctx) {
            return;
        }
        if !self.session.may_send(&control_id) {
            let doubtful = self.session.is_spent();
            let reason = if doubtful { CloseReason::Doubtful } else { CloseReason::SameControlId };
            return self.close(reason, ctx);
        }
        let elsewhere = self.apart.elsewhere.wait(delivery.id, &control_id).map(Awaiting::of);
        self.session.sent(control_id, expected, later);
        self.counters.attempts.one();
        self.hand = Hand::Sent { delivery: delivery.clone(), deadline: None, elsewhere };
        self.write_frame(writer, delivery, ctx);
    }

    /// Lets a message wait whose answer could come with one to another, through the same listener (MATCH-1). True if it
    /// has to.
    fn hold_back(
        &mut self,
        id: MessageId,
        control_id: &[u8],
        awaits: bool,
        ctx: &mut Context<Self>,
    ) -> bool {
        let now = Instant::now();
        let Some(moment) = self.apart.elsewhere.clear_from(id, control_id, awaits, now) else {
            return false;
        };
        if let Hand::Unsent { deadline, held_back, .. } = &mut self.hand {
            (*deadline, *held_back) = (None, true);
        }
        ctx.run_later(moment.saturating_duration_since(now), |connection, ctx| {
            if let Hand::Unsent { held_back, .. } = &mut connection.hand {
                *held_back = false;
            }
            connection.send_unsent(ctx);
        });
        true
    }

    /// Writes the message in hand, for the first time or again.
    pub(super) fn write_frame(
        &mut self,
        writer: &WireWriter,
        delivery: &Delivery,
        ctx: &mut Context<Self>,
    ) {
        match socket::write_frame(writer, &delivery.body, 0) {
            Ok(written) if written == encoded_len(delivery.body.len()) => {
                self.on_written(delivery.id, ctx);
            }
            Ok(written) => self.write_rest(writer, delivery, written, ctx),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.write_rest(writer, delivery, 0, ctx);
            }
            Err(error) => self.close(CloseReason::Fault(socket::fault(&error)), ctx),
        }
    }

    /// The socket's buffer is full: the rest goes out as the peer reads. The answer's time runs from the last byte on.
    fn write_rest(
        &mut self,
        writer: &WireWriter,
        delivery: &Delivery,
        written: usize,
        ctx: &mut Context<Self>,
    ) {
        let (writer, body, id) = (writer.clone(), delivery.body.clone(), delivery.id);
        let timeout = self.destination.write_timeout;
        let rest = async move { socket::finish_frame(&writer, &body, written, timeout).await };
        ctx.spawn(rest.into_actor(self).map(move |done, connection, ctx| match done {
            Ok(()) => connection.on_written(id, ctx),
            Err(fault) => connection.close(CloseReason::Fault(fault), ctx),
        }));
    }

    fn on_written(&mut self, written: MessageId, ctx: &mut Context<Self>) {
        if let Hand::Sent { delivery, deadline, elsewhere } = &mut self.hand
            && delivery.id == written
        {
            let hearing = elsewhere.as_mut().and_then(|awaiting| awaiting.begin(written));
            *deadline = Some(Instant::now() + self.destination.ack_timeout);
            let ended = self.session.written();
            self.commit_answers(ctx);
            if let Some(hearing) = hearing {
                ctx.spawn(hearing);
            }
            match ended {
                None => self.start_clock(ctx),
                Some(heard) => {
                    self.conclude(heard, ctx);
                }
            }
        }
    }
}

/// MSH-10, as a view into the body, and the answers asked for. What is no message has no id, so no answer can name it;
/// one is awaited all the same.
fn control_id_and_asked(body: &Bytes) -> (Bytes, Asked) {
    match Hl7Message::parse(body.clone()) {
        Ok(message) => {
            let control_id = body.slice_ref(message.header().control_id());
            (control_id, AckMode::Auto.asked(&message))
        }
        Err(_) => (Bytes::new(), Asked::Original),
    }
}
