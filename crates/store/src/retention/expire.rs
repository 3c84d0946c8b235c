//! Discarding dead letters past their retention, unless an operator has a word with one in the same moment.

use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;

use super::watch::Epoch;
use crate::api::{Change, DeliveryRef, DeliveryState, MessageId, Outcome, ReadError};
use crate::core::Core;
use crate::submission::{Carriage, Submission};

/// Who discards them.
const BY: &str = "retention";
/// And why.
const REASON: &str = "dead_letter_retention";

/// Discarded in one go, so that the queue to the writer stays short; the rest follows with the next look.
const AT_ONCE: usize = 1000;

/// Discards dead letters that are older than `keep`; gives how many. What was revived meanwhile is left.
pub(super) fn discard_old(core: &Core, keep: Duration) -> Result<usize, ReadError> {
    let now = Timestamp::now();
    let Ok(limit) = now.checked_sub(keep) else { return Ok(0) };
    let epoch = core.watch.begin();
    let discarded = older_than(core, limit).and_then(|old| discard(core, epoch, now, old));
    core.watch.end();
    discarded
}

fn older_than(core: &Core, limit: Timestamp) -> Result<Vec<DeliveryRef>, ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    core.index.with(|view| {
        view.catch_up(&core.segments, core.progress.durable())?;
        let mut old = Vec::new();
        for destination in view.destinations() {
            view.each(&destination, 0, |found| {
                let state = &found.entry.state;
                let message = MessageId::from_number(found.number);
                if let Some(message) = message
                    && state.stands == DeliveryState::Dead
                    && state.since < limit
                {
                    old.push(DeliveryRef { message, destination: destination.clone() });
                }
                old.len() < AT_ONCE
            })?;
        }
        Ok(old)
    })
}

fn discard(
    core: &Core,
    epoch: Epoch,
    at: Timestamp,
    old: Vec<DeliveryRef>,
) -> Result<usize, ReadError> {
    if old.is_empty() {
        return Ok(0);
    }
    let (done, arrivals) = mpsc::channel();
    for delivery in old {
        let outcome = Outcome::Discarded { by: BY.into(), reason: REASON.into() };
        let change = Change::Delivery { at, delivery, outcome };
        let expired = Submission::expired(change, epoch, done.clone());
        core.queue.push(expired).map_err(|_| ReadError::Closed)?;
    }
    core.progress.wait_settled(core.queue.submitted())?;
    Ok(arrivals.try_iter().filter(|carriage| *carriage == Carriage::Written).count())
}
