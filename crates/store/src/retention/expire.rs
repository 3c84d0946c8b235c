//! Discarding dead letters past their retention.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::{Change, DeliveryRef, DeliveryState, MessageId, Outcome, ReadError};
use crate::core::Core;
use crate::submission::Submission;

/// Who discards them.
const BY: &str = "retention";
/// And why.
const REASON: &str = "dead_letter_retention";

/// Discarded in one go, so that the queue to the writer stays short; the rest follows with the next look.
const AT_ONCE: usize = 1000;

/// Discards dead letters that are older than `keep`.
pub(super) fn discard_old(core: &Core, keep: Duration) -> Result<(), ReadError> {
    let now = Timestamp::now();
    let Ok(limit) = now.checked_sub(keep) else { return Ok(()) };
    let old = core.index.with(|view| {
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
    })?;
    if !old.is_empty() {
        tracing::info!(dead_letters = old.len(), "dead letters past their retention discarded");
    }
    for delivery in old {
        let outcome = Outcome::Discarded { by: BY.into(), reason: REASON.into() };
        let change = Change::Delivery { at: now, delivery, outcome };
        core.queue.push(Submission::change(change, None)).map_err(|_| ReadError::Closed)?;
    }
    Ok(())
}
