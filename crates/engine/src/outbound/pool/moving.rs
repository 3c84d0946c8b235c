//! Deliveries leave for another destination, while nothing is sent here.
//!
//! ```text
//!   held, nothing in flight ──Still──▶ the door reads some of the queue ──Move──▶ one record each, and out of the line
//!                                          anything happened meanwhile? ──▶ nothing is moved, the door reads again
//! ```
//!
//! What the door has read is true for as long as nobody has the pool send or alter something: [`Still`] tells.

use std::time::Instant;

use actix::prelude::*;
use bytes::Bytes;
use wardline_store::{Accept, MessageId, Name};

use super::OutboundPool;
use super::operator::Touched;
use crate::ends::End;
use crate::outbound::door::OperatorFault;

/// Ask whether nothing is sent. `None`: the queue is being read.
#[derive(Debug)]
pub(in crate::outbound) struct AskStill;

/// How a pool stands between two words of operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::outbound) struct Still {
    /// Who holds it, and why. Without a hold it sends.
    pub(in crate::outbound) hold: Option<(Name, Name)>,
    /// How many deliveries wait for their answer.
    pub(in crate::outbound) in_flight: usize,
    /// Which pool says so, and how many words it has heard by then.
    heard: (Instant, u64),
}

/// Move deliveries, each by its record, if the pool is as still as it was.
#[derive(Debug)]
pub(in crate::outbound) struct Move {
    /// As it was when they were read.
    pub(in crate::outbound) still: Still,
    /// In the order in which they stand.
    pub(in crate::outbound) records: Vec<Accept>,
}

impl Message for AskStill {
    type Result = Option<Still>;
}

impl Message for Move {
    type Result = Touched;
}

impl Still {
    /// Whether what is read of the queue stays true.
    pub(in crate::outbound) fn is_still(&self) -> bool {
        self.hold.is_some() && self.in_flight == 0
    }

    /// Whether it is this one who holds it, for this.
    pub(in crate::outbound) fn is_held(&self, by: &str, reason: &str) -> bool {
        self.hold.as_ref().is_some_and(|(who, why)| (&**who, &**why) == (by, reason))
    }
}

impl OutboundPool {
    fn still(&self) -> Still {
        let hold = self.hold.as_ref().map(|hold| (hold.by.clone(), hold.reason.clone()));
        Still {
            hold,
            in_flight: self.dispatch.lanes.in_flight_len(),
            heard: (self.born, self.words),
        }
    }

    /// It is somebody else's from here on.
    fn part_with(&mut self, id: MessageId) {
        if let Some(lease) = self.dispatch.lanes.withdraw(id) {
            self.feed.outbox.done(lease.delivery.id);
        } else {
            self.dispatch.lanes.ended_elsewhere(id);
        }
    }
}

impl Handler<AskStill> for OutboundPool {
    type Result = MessageResult<AskStill>;

    fn handle(&mut self, AskStill: AskStill, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.feed_is_open().then(|| self.still()))
    }
}

impl Handler<Move> for OutboundPool {
    type Result = ResponseActFuture<Self, Touched>;

    fn handle(&mut self, Move { still, records }: Move, ctx: &mut Self::Context) -> Self::Result {
        if !self.take_all() {
            return Box::pin(actix::fut::ready(None));
        }
        if !still.is_still() || self.still() != still {
            return Box::pin(actix::fut::ready(Some(Err(OperatorFault::InFlight))));
        }
        let mut awaited = Vec::with_capacity(records.len());
        for record in records {
            let Some(moved) = record.concludes.as_ref().map(|one| one.delivery.message) else {
                continue;
            };
            let (ticket, stored) = self.completions.ticket();
            if self.store.accept(record, ticket).is_err() {
                // What comes behind it must not come before it there.
                self.completions.give_back(ticket);
                break;
            }
            self.part_with(moved);
            // Whoever waits for its end hears that it may yet be delivered.
            self.tell_sender(moved, Bytes::new(), End::Held);
            awaited.push(stored);
        }
        self.pump(ctx);
        let stored = async move {
            let (mut moved, mut lost) = (0, false);
            for one in awaited {
                match one.stored().await {
                    Some(_stored) => moved += 1,
                    None => lost = true,
                }
            }
            (moved, lost)
        };
        Box::pin(stored.into_actor(self).map(|(moved, lost), _, ctx| {
            if lost {
                // No space was left for them: they stand here still, and the next pool finds them.
                ctx.stop();
            }
            Some(Ok(moved))
        }))
    }
}
