//! `OutboundConnection`: one socket to a peer and the message in flight on it.
//!
//! ```text
//!  connecting ──up──▶ ready ──Deliver──▶ writing ──▶ awaiting ──answer──▶ ready
//!      │               │ ▲                  │            │ ack_timeout, closed, reset, unclear
//!      │ fault         │ └ bytes read first │ fault      │ answer over a spent session
//!      ▼               ▼ peer closed        ▼            ▼
//!    ended           ended                ended        ended ──Report──▶ pool, which makes a new one when it needs one
//! ```
//!
//! Made by its pool with a delivery in hand: it connects on demand. Its pool alone sends to it. Its death costs one
//! attempt: the pool learns of it from a drop guard and sends the same bytes again over a new connection.
//!
//! Keeps MATCH-1 through its [`Session`]. The ACK timeout has one timer for the whole connection, not one a message.

mod committing;
mod farewell;
mod hearing;
mod parting;
mod reading;
mod writing;

use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use bytes::BytesMut;
use wardline_config::{ConnectionMode, MllpDestination};
use wardline_flow::{Received, TransportFault};
use wardline_mllp::FS_SILENCE;

use super::delivery::Delivery;
use super::pool::CarrierId;
use super::report::{CloseReason, Ended, Report};
use super::session::{Came, Heard, Said, Session};
use super::socket::{self, Way};
use crate::observe::DestinationCounters;
use crate::replies::Apart;
use crate::wire::{Wire, WireWriter};
use farewell::Farewell;
use hearing::Awaiting;
use reading::Reading;

/// One delivery to send. Only one is in a connection's hands at a time.
#[derive(Debug)]
pub(super) struct Deliver(pub(super) Delivery);

/// End as soon as nothing is in flight.
#[derive(Debug)]
pub(super) struct Drain;

impl Message for Deliver {
    type Result = ();
}

impl Message for Drain {
    type Result = ();
}

/// One connection of an MLLP destination.
pub(super) struct OutboundConnection {
    destination: Arc<MllpDestination>,
    /// What is awaited elsewhere.
    apart: Apart,
    way: Way,
    counters: Arc<DestinationCounters>,
    session: Session,
    hand: Hand,
    writer: Option<WireWriter>,
    /// What was read and is not yet a whole answer.
    buffer: BytesMut,
    /// Whether something sent here has ended as the peer may end it: with an answer of any kind, or without one.
    proven: bool,
    draining: bool,
    /// The one timer for ACK timeouts runs.
    clock_runs: bool,
    silence: Option<SpawnHandle>,
    farewell: Farewell,
}

/// The delivery in hand.
enum Hand {
    Empty,
    /// Not a byte of it is written. While the peer talks unasked it waits, until the deadline.
    Unsent {
        delivery: Delivery,
        deadline: Option<Instant>,
        /// Until an answer to another message can no longer be taken for its own.
        held_back: bool,
    },
    /// Being written, or written: then its answer is due at the deadline.
    Sent {
        delivery: Delivery,
        deadline: Option<Instant>,
        /// Where its answer comes through a listener.
        elsewhere: Option<Awaiting>,
    },
}

impl Hand {
    fn unsent(delivery: Delivery) -> Self {
        Self::Unsent { delivery, deadline: None, held_back: false }
    }
}

impl OutboundConnection {
    /// A connection that will come up and send `first`.
    pub(super) fn new(
        carrier: CarrierId,
        destination: Arc<MllpDestination>,
        way: Way,
        apart: Apart,
        counters: Arc<DestinationCounters>,
        pool: Recipient<Report>,
        first: Delivery,
    ) -> Self {
        Self {
            session: Session::new(
                &destination,
                Arc::clone(&apart.applications),
                Arc::clone(&counters),
            ),
            destination,
            apart,
            way,
            counters,
            hand: Hand::unsent(first),
            writer: None,
            buffer: BytesMut::new(),
            proven: false,
            draining: false,
            clock_runs: false,
            silence: None,
            farewell: Farewell::new(carrier, pool),
        }
    }

    fn on_connected(&mut self, up: Result<Wire, TransportFault>, ctx: &mut Context<Self>) {
        match up {
            Ok(wire) => {
                self.counters.connects.one();
                let (reader, writer) = wire.split();
                self.writer = Some(writer);
                ctx.spawn(Reading::new(reader));
                self.send_unsent(ctx);
            }
            Err(fault) => {
                self.counters.connect_failures.one();
                self.close(CloseReason::Fault(fault), ctx);
            }
        }
    }

    /// All deadlines are equally long, so a running timer is never too late for a newer one.
    fn start_clock(&mut self, ctx: &mut Context<Self>) {
        if !self.clock_runs {
            self.clock_runs = true;
            ctx.run_later(self.destination.ack_timeout, Self::on_clock);
        }
    }

    fn on_clock(&mut self, ctx: &mut Context<Self>) {
        self.clock_runs = false;
        let (deadline, reason) = match &self.hand {
            Hand::Empty => return,
            Hand::Unsent { deadline, .. } => (*deadline, CloseReason::Doubtful),
            Hand::Sent { deadline, .. } => {
                (*deadline, CloseReason::Fault(TransportFault::AckTimeout))
            }
        };
        let Some(deadline) = deadline else { return };
        let left = deadline.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            self.clock_runs = true;
            ctx.run_later(left, Self::on_clock);
            return;
        }
        if matches!(self.hand, Hand::Sent { .. }) {
            if let Some(heard) = self.session.silent() {
                self.conclude(heard, ctx);
                return;
            }
            self.counters.ack_timeouts.one();
        }
        self.close(reason, ctx);
    }

    /// Something is in the buffer, or will never be again.
    fn on_came(&mut self, came: Came, ctx: &mut Context<Self>) {
        while let Some(said) = self.session.hear(came, &mut self.buffer) {
            self.commit_answers(ctx);
            let goes_on = match said {
                Said::Ended(heard) => self.conclude(heard, ctx),
                Said::Committed => self.on_committed(),
                Said::Refused => self.write_again(ctx),
            };
            if !goes_on {
                return;
            }
        }
        self.commit_answers(ctx);
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        self.watch_silence(ctx);
        self.send_unsent(ctx);
    }

    /// The delivery in hand has ended as the peer may end it. False when that was the connection's last.
    fn conclude(&mut self, heard: Heard, ctx: &mut Context<Self>) -> bool {
        self.proven = true;
        let is_all = heard.is_all();
        let Heard { received, reply, later, control_id } = heard;
        if let Hand::Sent { delivery, elsewhere, .. } = &mut self.hand {
            self.apart.applications.owe(delivery.id, &control_id, later, Instant::now());
            if let Some(awaiting) = elsewhere.take() {
                awaiting.end(is_all, &mut self.session);
            }
        }
        self.settle(Ended::Attempted { received, reply }, ctx)
    }

    /// Tells the pool how the delivery in hand ended. False when that was the connection's last.
    fn settle(&mut self, ended: Ended, ctx: &mut Context<Self>) -> bool {
        let id = match std::mem::replace(&mut self.hand, Hand::Empty) {
            Hand::Sent { delivery, .. } => delivery.id,
            unsent_or_empty => {
                debug_assert!(false, "the session gives answers to what was sent only");
                self.hand = unsent_or_empty;
                return true;
            }
        };
        let closed = if self.session.is_spent() {
            Some(CloseReason::Doubtful)
        } else if self.destination.mode == ConnectionMode::PerMessage {
            Some(CloseReason::PerMessage)
        } else if self.draining {
            Some(CloseReason::Draining)
        } else {
            None
        };
        match closed {
            Some(reason) => self.part(Some((id, ended)), reason, ctx),
            None => self.farewell.report(Some((id, ended)), None),
        }
        closed.is_none()
    }

    fn watch_silence(&mut self, ctx: &mut Context<Self>) {
        if let Some(earlier) = self.silence.take() {
            ctx.cancel_future(earlier);
        }
        if self.session.awaits_silence() {
            self.silence = Some(ctx.run_later(FS_SILENCE, |connection, ctx| {
                connection.silence = None;
                connection.on_came(Came::Silence, ctx);
            }));
        }
    }

    fn on_end_of_stream(&mut self, ctx: &mut Context<Self>) {
        self.on_came(Came::End, ctx);
        self.close(CloseReason::ByPeer, ctx);
    }

    /// Ends the connection and says what that means for the delivery in hand.
    fn close(&mut self, reason: CloseReason, ctx: &mut Context<Self>) {
        if self.farewell.is_said() {
            return;
        }
        let fault = match reason {
            CloseReason::Fault(fault) => fault,
            _ => TransportFault::Closed,
        };
        let ended = match std::mem::replace(&mut self.hand, Hand::Empty) {
            Hand::Empty => None,
            Hand::Unsent { delivery, .. } => {
                let fault = (!self.proven && !self.draining).then_some(fault);
                Some((delivery.id, Ended::NotSent(fault)))
            }
            Hand::Sent { delivery, .. } => {
                Some((delivery.id, Ended::attempted(Received::Transport(fault))))
            }
        };
        if self.writer.is_some() && reason.is_the_peers() {
            self.counters.disconnects.one();
        }
        self.part(ended, reason, ctx);
    }
}

impl Actor for OutboundConnection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        if self.refuse_unframeable(ctx) {
            return;
        }
        let destination = Arc::clone(&self.destination);
        let way = self.way.clone();
        let connect = async move { socket::connect(&destination, &way).await };
        ctx.spawn(connect.into_actor(self).map(|up, connection, ctx| {
            connection.on_connected(up, ctx);
        }));
    }
}

/// One delivery, and the word to drain.
const MAILBOX: usize = 2;

impl Handler<Deliver> for OutboundConnection {
    type Result = ();

    fn handle(&mut self, Deliver(delivery): Deliver, ctx: &mut Self::Context) {
        debug_assert!(matches!(self.hand, Hand::Empty), "one delivery at a time");
        self.hand = Hand::unsent(delivery);
        if !self.refuse_unframeable(ctx) {
            self.send_unsent(ctx);
        }
    }
}

impl Handler<Drain> for OutboundConnection {
    type Result = ();

    fn handle(&mut self, Drain: Drain, ctx: &mut Self::Context) {
        self.draining = true;
        if !matches!(self.hand, Hand::Sent { .. }) {
            self.close(CloseReason::Draining, ctx);
        }
    }
}
