//! What follows a group's sync. Nothing else in the store completes anything (ACK-1).
//!
//! In this order: completions, once a port; deliveries and operators' words to the outboxes; the durable position. An
//! outbox that reads up to the durable position has therefore been told of everything before it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::active::Active;
use crate::api::{Change, Completion, MessageId, NotStored, Outcome, Stored, Ticket};
use crate::core::{Core, Counters};
use crate::format::block_aligned;
use crate::outbox::{Pending, Session};
use crate::submission::{Carriage, Fate, Matter, Submission, Waiter};

pub(super) fn count(counters: &Counters, group: &[Submission], bytes: u64) {
    let records = group.iter().filter(|s| matches!(s.fate, Fate::Numbered(_))).count();
    counters.syncs.fetch_add(1, Ordering::Relaxed);
    counters.records.fetch_add(records as u64, Ordering::Relaxed);
    counters.written_bytes.fetch_add(bytes, Ordering::Relaxed);
}

/// Tells everyone what became of `group`, whose sync has returned. After a fault elsewhere nobody is told anything.
pub(super) fn settle(core: &Core, active: &Active, group: &[Submission]) {
    if core.failure.has_failed() {
        return;
    }
    complete(core, group);
    let mut session = core.outboxes.session();
    let mut written = 0;
    let mut handed_over = 0;
    for submission in group {
        handed_over += submission.length();
        if let Fate::Numbered(number) = submission.fate {
            written += submission.length();
            tell_outboxes(&mut session, number, &submission.matter);
        }
    }
    session.wake();
    core.progress.publish(active.end(), block_aligned(written), group.len() as u64);
    core.queue.settled(handed_over);
    core.gate.lag(core.progress.lag());
}

fn complete(core: &Core, group: &[Submission]) {
    let ports = core.ports.lock().unwrap_or_else(PoisonError::into_inner);
    let mut by_port: Vec<Vec<Completion>> = Vec::new();
    by_port.resize_with(ports.len(), Vec::new);
    for submission in group {
        match &submission.waiter {
            Waiter::Nobody => {}
            Waiter::Ticket(ticket) => {
                if let (Some(result), Some(of_port)) =
                    (result(submission), by_port.get_mut(ticket.port.0))
                {
                    let Ticket { number, .. } = *ticket;
                    of_port.push(Completion { number, result });
                }
            }
            Waiter::Retention(done) => {
                let _it_may_have_given_up = done.send(carriage(submission.fate));
            }
        }
    }
    for (port, completions) in ports.iter().zip(by_port) {
        if !completions.is_empty() {
            port.completed(completions);
        }
    }
}

fn result(submission: &Submission) -> Option<Result<Stored, NotStored>> {
    match submission.fate {
        Fate::Numbered(number) => {
            let first = MessageId::from_number(number)?;
            let count = match &submission.matter {
                Matter::Accept(accept) => u32::try_from(accept.messages.len()).unwrap_or(u32::MAX),
                Matter::Change(_)
                | Matter::Refused(_)
                | Matter::Carried(..)
                | Matter::CarriedHold(..)
                | Matter::Expired(..) => 0,
            };
            Some(Ok(Stored { first, count }))
        }
        Fate::Refused(not_stored) => Some(Err(not_stored)),
        Fate::Waiting | Fate::Touched => None,
    }
}

fn carriage(fate: Fate) -> Carriage {
    match fate {
        Fate::Numbered(_) => Carriage::Written,
        Fate::Waiting | Fate::Touched => Carriage::Touched,
        Fate::Refused(NotStored::NoSpace) => Carriage::NoSpace,
    }
}

fn tell_outboxes(session: &mut Session<'_>, number: u64, matter: &Matter) {
    match matter {
        Matter::Accept(accept) => {
            for (message, number) in accept.messages.iter().zip(number..) {
                let Some(id) = MessageId::from_number(number) else { continue };
                for delivery in &message.deliveries {
                    let body = delivery.body.as_ref().unwrap_or(&message.body);
                    session.offer(&delivery.destination, number, body.len(), || Pending {
                        id,
                        lane: delivery.lane,
                        also: delivery.also.clone(),
                        body: body.clone(),
                        attempts: 0,
                        first_attempt: None,
                        received_at: accept.received_at,
                        listener: accept.listener.clone(),
                        hops: message.hops,
                    });
                }
            }
        }
        Matter::Change(Change::Delivery { delivery, outcome: Outcome::Revived { .. }, .. }) => {
            session.revived(&delivery.destination, delivery.message);
        }
        Matter::Change(Change::DestinationHeld { destination, .. }) => {
            session.held(destination, true);
        }
        Matter::Change(Change::DestinationReleased { destination, .. }) => {
            session.held(destination, false);
        }
        Matter::Change(Change::Delivery { .. })
        | Matter::Refused(_)
        | Matter::Carried(..)
        | Matter::CarriedHold(..)
        | Matter::Expired(..) => {}
    }
}
