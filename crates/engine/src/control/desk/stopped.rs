//! Operators' actions on the store itself: for a queue that no pool owns, and for dead letters, which none leases.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::Cause;
use wardline_store::{
    Change, DeliveryRef, DeliveryRow, DeliveryState, MessageId, Outcome, Query, ReadError, Store,
};

use super::super::protocol::{DiscardFrom, Which};
use super::{Act, Acted, DeskError};

/// Rows read at a time while all of a queue is gone through.
const PAGE: usize = 1000;

/// One destination's queue in a store.
pub(super) struct Queue<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) destination: Arc<str>,
}

/// Ends a hold, and puts deliveries held as unclear back in line.
pub(super) fn retry(queue: &Queue<'_>, act: &Act) -> Result<Acted, DeskError> {
    queue.store.record(
        Change::DestinationReleased {
            at: Timestamp::now(),
            destination: Arc::clone(&queue.destination),
            by: Arc::clone(&act.by),
        },
        None,
    );
    let revived = Outcome::Revived { by: Arc::clone(&act.by) };
    Ok(queue.each(DeliveryState::Held, &Which::All, act, &revived)?.into())
}

/// Holds the whole destination.
#[expect(clippy::unnecessary_wraps, reason = "one of several actions of the same form")]
pub(super) fn hold(queue: &Queue<'_>, act: &Act) -> Result<(), DeskError> {
    queue.store.record(
        Change::DestinationHeld {
            at: Timestamp::now(),
            destination: Arc::clone(&queue.destination),
            by: Arc::clone(&act.by),
            reason: Arc::clone(&act.reason),
        },
        None,
    );
    Ok(())
}

/// Moves the head of the queue to the dead letters; if a message is named, only that one. Which it was.
pub(super) fn skip(
    queue: &Queue<'_>,
    seen: Option<MessageId>,
    act: &Act,
) -> Result<Option<MessageId>, DeskError> {
    let pending = queue.page(DeliveryState::Pending, None, 1)?;
    let stopped = queue.page(DeliveryState::Held, None, 1)?;
    let first = pending.0.into_iter().chain(stopped.0).min_by_key(|row| row.message);
    let Some(first) = first else { return Ok(None) };
    if seen.is_some_and(|seen| seen != first.message) {
        return Err(DeskError::NotTheHead);
    }
    let skipped = Outcome::Dead {
        attempts: first.attempts,
        cause: Cause::Skipped.code().into(),
        reply: queue.reply(first.message)?,
    };
    queue.end(&first, act, &skipped);
    Ok(Some(first.message))
}

/// Ends deliveries undelivered.
pub(super) fn discard(
    queue: &Queue<'_>,
    from: DiscardFrom,
    which: &Which,
    act: &Act,
) -> Result<Acted, DeskError> {
    let discarded = Outcome::Discarded { by: Arc::clone(&act.by), reason: Arc::clone(&act.reason) };
    let states: &[DeliveryState] = match from {
        DiscardFrom::Queue => &[DeliveryState::Pending, DeliveryState::Held],
        DiscardFrom::Dead => &[DeliveryState::Dead],
    };
    let mut affected = 0;
    for &state in states {
        affected += queue.each(state, which, act, &discarded)?;
    }
    Ok(affected.into())
}

/// Puts dead letters back in line.
pub(super) fn revive(queue: &Queue<'_>, which: &Which, act: &Act) -> Result<Acted, DeskError> {
    let revived = Outcome::Revived { by: Arc::clone(&act.by) };
    Ok(queue.each(DeliveryState::Dead, which, act, &revived)?.into())
}

impl Queue<'_> {
    /// Gives each of these deliveries that outcome; with `dry_run` only counts them.
    fn each(
        &self,
        state: DeliveryState,
        which: &Which,
        act: &Act,
        outcome: &Outcome,
    ) -> Result<u64, ReadError> {
        let mut affected = 0;
        let mut after = None;
        loop {
            let (rows, next) = self.page(state, after, PAGE)?;
            for row in rows.iter().filter(|row| wanted(which, row)) {
                self.end(row, act, outcome);
                affected += 1;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(affected),
            }
        }
    }

    fn page(
        &self,
        state: DeliveryState,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<(Vec<DeliveryRow>, Option<MessageId>), ReadError> {
        let destination = Arc::clone(&self.destination);
        let page = self.store.query(&Query { destination, state: Some(state), after, limit })?;
        Ok((page.deliveries, page.next))
    }

    /// The last answer, which stays with a delivery that is skipped.
    fn reply(&self, message: MessageId) -> Result<Option<Bytes>, ReadError> {
        let delivery = DeliveryRef { message, destination: Arc::clone(&self.destination) };
        Ok(self.store.delivery_head(&delivery, 0)?.and_then(|detail| detail.reply))
    }

    fn end(&self, row: &DeliveryRow, act: &Act, outcome: &Outcome) {
        if !act.dry_run {
            let delivery =
                DeliveryRef { message: row.message, destination: Arc::clone(&row.destination) };
            let change =
                Change::Delivery { at: Timestamp::now(), delivery, outcome: outcome.clone() };
            self.store.record(change, None);
        }
    }
}

fn wanted(which: &Which, row: &DeliveryRow) -> bool {
    match which {
        // Here nobody waits at a socket, so all is done at once and nothing is left of it.
        Which::All | Which::Rest(_) => true,
        Which::Messages(messages) => messages.contains(&row.message),
    }
}
