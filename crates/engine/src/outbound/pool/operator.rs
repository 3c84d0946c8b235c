//! What operators may have done to a destination and its deliveries.
//!
//! Every word is recorded, and answered once it is durable. Nothing is ever done to a delivery that is in flight: its
//! outcome belongs to the peer.

use actix::prelude::*;
use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::Cause;
use wardline_store::{Change, DeliveryRef, MessageId, Name, Outcome};

use super::state::{HoldReason, PoolState};
use super::{OutboundPool, recording::name};
use crate::ends::End;
use crate::outbound::door::OperatorFault;

/// How many deliveries an operator's word has touched. `None`: not now, the queue is being read.
pub(in crate::outbound) type Touched = Option<Result<u64, OperatorFault>>;

/// Ask how the destination stands.
#[derive(Debug)]
pub(in crate::outbound) struct Describe;

/// Ask what was last answered to a delivery that is in hand.
#[derive(Debug)]
pub(in crate::outbound) struct LastReply(pub(in crate::outbound) MessageId);

/// Ask which deliveries are in flight.
#[derive(Debug)]
pub(in crate::outbound) struct InFlight;

/// A peer that dials us is there: what waits for one need not wait for the end of a pause.
#[derive(Debug)]
pub(in crate::outbound) struct PeerArrived;

/// Stop the destination until [`Release`].
#[derive(Debug)]
pub(in crate::outbound) struct Hold {
    /// Who.
    pub(in crate::outbound) by: Name,
    /// Why.
    pub(in crate::outbound) reason: Name,
}

/// End a hold and try everything now.
#[derive(Debug)]
pub(in crate::outbound) struct Release {
    /// Who.
    pub(in crate::outbound) by: Name,
}

/// Do something to deliveries.
#[derive(Debug)]
pub(in crate::outbound) struct Alter {
    /// Which, each with how often it was sent.
    pub(in crate::outbound) deliveries: Vec<(MessageId, u32)>,
    /// What.
    pub(in crate::outbound) alteration: Alteration,
}

/// What is done to a delivery.
#[derive(Clone)]
pub(in crate::outbound) enum Alteration {
    /// Make it a dead letter, so that its lane goes on.
    Skip {
        /// The last answer, as far as the store has one; a later one in hand is kept instead.
        stored_reply: Option<Bytes>,
    },
    /// End it undelivered.
    Discard {
        /// Who.
        by: Name,
        /// Why.
        reason: Name,
    },
    /// End it undelivered if it has not begun: its sender is told to send again.
    Return,
    /// Put it back in line.
    Revive {
        /// Who.
        by: Name,
    },
}

impl std::fmt::Debug for Alteration {
    /// An answer may quote the message: only its size is shown, PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Skip { stored_reply } => {
                write!(f, "Skip({:?} bytes)", stored_reply.as_ref().map(Bytes::len))
            }
            Self::Discard { by, reason } => write!(f, "Discard({by}, {reason})"),
            Self::Return => f.write_str("Return"),
            Self::Revive { by } => write!(f, "Revive({by})"),
        }
    }
}

impl Message for Describe {
    type Result = PoolState;
}

impl Message for LastReply {
    type Result = Option<Bytes>;
}

impl Message for InFlight {
    type Result = Vec<MessageId>;
}

impl Message for PeerArrived {
    type Result = ();
}

impl Message for Hold {
    type Result = Touched;
}

impl Message for Release {
    type Result = Touched;
}

impl Message for Alter {
    type Result = Touched;
}

/// What a word does to one delivery, to be recorded.
struct Altered {
    change: Change,
    /// It was in hand; the outbox is told so once the change is recorded.
    withdrawn: Option<MessageId>,
}

impl OutboundPool {
    /// Stops sending. What is in flight gets its answer.
    pub(super) fn hold(&mut self, by: Name, reason: Name) -> Change {
        self.hold = Some(HoldReason { by: by.clone(), reason: reason.clone() });
        self.dispatch.paused = true;
        Change::DestinationHeld {
            at: Timestamp::now(),
            destination: self.destination.id.arc(),
            by,
            reason,
        }
    }

    /// Records an operator's word and answers when it is durable.
    fn confirm(&self, change: Change, touched: u64) -> ResponseFuture<Touched> {
        let (ticket, awaited) = self.completions.ticket();
        self.store.record(change, Some(ticket));
        Box::pin(async move {
            Some(awaited.stored().await.map(|_stored| touched).ok_or(OperatorFault::StoreFailed))
        })
    }

    /// Does it to one delivery; none if it is in flight or that is how it stands already.
    fn alter(&mut self, id: MessageId, sends: u32, alteration: &Alteration) -> Option<Altered> {
        let lanes = &mut self.dispatch.lanes;
        let goes_already = matches!(alteration, Alteration::Revive { .. }) && lanes.contains(id);
        let has_begun = matches!(alteration, Alteration::Return)
            && (sends > 0 || lanes.in_hand(id).is_some_and(|lease| lease.delivery.sends > 0));
        if goes_already || has_begun || lanes.is_in_flight(id) {
            return None;
        }
        let lease = lanes.withdraw(id);
        match alteration {
            Alteration::Revive { .. } => lanes.comes_again(id),
            Alteration::Skip { .. } | Alteration::Discard { .. } | Alteration::Return
                if lease.is_none() =>
            {
                lanes.ended_elsewhere(id);
            }
            Alteration::Skip { .. } | Alteration::Discard { .. } | Alteration::Return => {}
        }
        let heard = lease.as_ref().map(|lease| lease.last_reply.clone());
        self.tell_sender_altered(id, alteration);
        let outcome = match alteration {
            Alteration::Skip { stored_reply } => {
                let heard = heard.filter(|reply| !reply.is_empty());
                let reply = heard.or_else(|| stored_reply.clone());
                Outcome::Dead { attempts: sends, cause: name(Cause::Skipped), reply }
            }
            Alteration::Discard { by, reason } => {
                Outcome::Discarded { by: by.clone(), reason: reason.clone() }
            }
            Alteration::Return => {
                self.counters.returned.one();
                Outcome::Returned
            }
            Alteration::Revive { by } => Outcome::Revived { by: by.clone() },
        };
        let destination = self.destination.id.arc();
        let delivery = DeliveryRef { message: id, destination };
        let change = Change::Delivery { at: Timestamp::now(), delivery, outcome };
        Some(Altered { change, withdrawn: lease.map(|lease| lease.delivery.id) })
    }

    /// Whoever waits for the end of it need not wait longer. Who has it returned knows.
    fn tell_sender_altered(&self, id: MessageId, alteration: &Alteration) {
        match alteration {
            Alteration::Skip { .. } => self.tell_sender(id, Bytes::new(), End::Dead),
            Alteration::Discard { .. } => self.tell_sender(id, Bytes::new(), End::Discarded),
            Alteration::Return | Alteration::Revive { .. } => {}
        }
    }
}

impl Handler<Describe> for OutboundPool {
    type Result = MessageResult<Describe>;

    fn handle(&mut self, Describe: Describe, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.describe())
    }
}

impl Handler<InFlight> for OutboundPool {
    type Result = Vec<MessageId>;

    fn handle(&mut self, InFlight: InFlight, _: &mut Self::Context) -> Self::Result {
        self.dispatch.lanes.all_in_flight()
    }
}

impl Handler<LastReply> for OutboundPool {
    type Result = Option<Bytes>;

    fn handle(&mut self, LastReply(message): LastReply, _: &mut Self::Context) -> Self::Result {
        let reply = &self.dispatch.lanes.in_hand(message)?.last_reply;
        (!reply.is_empty()).then(|| reply.clone())
    }
}

impl Handler<PeerArrived> for OutboundPool {
    type Result = ();

    fn handle(&mut self, PeerArrived: PeerArrived, ctx: &mut Self::Context) {
        self.dispatch.peer_arrived();
        self.pump(ctx);
    }
}

impl Handler<Hold> for OutboundPool {
    type Result = ResponseFuture<Touched>;

    fn handle(&mut self, Hold { by, reason }: Hold, _: &mut Self::Context) -> Self::Result {
        if !self.feed_is_open() {
            return Box::pin(async { None });
        }
        tracing::warn!(destination = %self.destination.id, %by, "destination held");
        let change = self.hold(by, reason);
        self.confirm(change, self.dispatch.lanes.len() as u64)
    }
}

impl Handler<Release> for OutboundPool {
    type Result = ResponseFuture<Touched>;

    fn handle(&mut self, Release { by }: Release, ctx: &mut Self::Context) -> Self::Result {
        if !self.feed_is_open() {
            return Box::pin(async { None });
        }
        tracing::info!(destination = %self.destination.id, %by, "destination released: trying now");
        self.words += 1;
        self.hold = None;
        self.dispatch.paused = false;
        self.dispatch.try_now();
        let touched = self.dispatch.lanes.len() as u64;
        self.pump(ctx);
        let change = Change::DestinationReleased {
            at: Timestamp::now(),
            destination: self.destination.id.arc(),
            by,
        };
        self.confirm(change, touched)
    }
}

impl Handler<Alter> for OutboundPool {
    type Result = ResponseFuture<Touched>;

    fn handle(&mut self, alter: Alter, ctx: &mut Self::Context) -> Self::Result {
        // What waits in the outbox's memory was read before this word and would not know of it; in hand it does.
        if !self.take_all() {
            return Box::pin(async { None });
        }
        self.words += 1;
        let Alter { deliveries, alteration } = alter;
        let in_flight = deliveries.iter().any(|&(id, _)| self.dispatch.lanes.is_in_flight(id));
        let altered: Vec<Altered> = deliveries
            .into_iter()
            .filter_map(|(id, sends)| self.alter(id, sends, &alteration))
            .collect();
        let touched = altered.len() as u64;
        let mut confirmed = None;
        for (Altered { change, withdrawn }, left) in altered.into_iter().zip((0..touched).rev()) {
            if left == 0 {
                confirmed = Some(self.confirm(change, touched));
            } else {
                self.store.record(change, None);
            }
            if let Some(id) = withdrawn {
                self.feed.outbox.done(id);
            }
        }
        self.pump(ctx);
        Box::pin(async move {
            match confirmed {
                Some(confirmed) => confirmed.await,
                None if in_flight => Some(Err(OperatorFault::InFlight)),
                None => Some(Ok(0)),
            }
        })
    }
}

/// Panic, as only a fault of ours would.
#[cfg(test)]
#[derive(Debug)]
pub(in crate::outbound) struct Die;

#[cfg(test)]
impl Message for Die {
    type Result = ();
}

#[cfg(test)]
impl Handler<Die> for OutboundPool {
    type Result = ();

    fn handle(&mut self, Die: Die, _: &mut Self::Context) {
        panic!("asked to");
    }
}
