//! Operators' actions on the store itself: for a queue that no pool owns, and for dead letters, which none leases.

use std::sync::Arc;

use jiff::Timestamp;
use wardline_flow::Cause;
use wardline_store::{
    Change, DeliveryRef, DeliveryRow, DeliveryState, Outcome, Query, ReadError, Store,
};

use super::super::protocol::{DiscardFrom, Which};
use super::Act;

/// Rows read at a time while all of a queue is gone through.
const PAGE: usize = 1000;

/// One destination's queue in a store.
pub(super) struct Queue<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) destination: Arc<str>,
}

/// Ends a hold, and puts deliveries held as unclear back in line.
pub(super) fn retry(queue: &Queue<'_>, act: &Act) -> Result<u64, ReadError> {
    queue.store.record(
        Change::DestinationReleased {
            at: Timestamp::now(),
            destination: Arc::clone(&queue.destination),
            by: Arc::clone(&act.by),
        },
        None,
    );
    let revived = Outcome::Revived { by: Arc::clone(&act.by) };
    queue.each(DeliveryState::Held, &Which::All, act, &revived)
}

/// Holds the whole destination.
#[expect(clippy::unnecessary_wraps, reason = "one of several actions of the same form")]
pub(super) fn hold(queue: &Queue<'_>, act: &Act) -> Result<u64, ReadError> {
    queue.store.record(
        Change::DestinationHeld {
            at: Timestamp::now(),
            destination: Arc::clone(&queue.destination),
            by: Arc::clone(&act.by),
            reason: Arc::clone(&act.reason),
        },
        None,
    );
    Ok(0)
}

/// Moves the head of the queue to the dead letters.
pub(super) fn skip(queue: &Queue<'_>, act: &Act) -> Result<u64, ReadError> {
    let pending = queue.page(DeliveryState::Pending, None, 1)?;
    let stopped = queue.page(DeliveryState::Held, None, 1)?;
    let first = pending.0.into_iter().chain(stopped.0).min_by_key(|row| row.message);
    let Some(first) = first else { return Ok(0) };
    let skipped = Outcome::Dead {
        attempts: first.attempts,
        cause: Cause::Skipped.code().into(),
        reply: None,
    };
    queue.end(&first, act, &skipped);
    Ok(1)
}

/// Ends deliveries undelivered.
pub(super) fn discard(
    queue: &Queue<'_>,
    from: DiscardFrom,
    which: &Which,
    act: &Act,
) -> Result<u64, ReadError> {
    let discarded = Outcome::Discarded { by: Arc::clone(&act.by), reason: Arc::clone(&act.reason) };
    let states: &[DeliveryState] = match from {
        DiscardFrom::Queue => &[DeliveryState::Pending, DeliveryState::Held],
        DiscardFrom::Dead => &[DeliveryState::Dead],
    };
    let mut affected = 0;
    for &state in states {
        affected += queue.each(state, which, act, &discarded)?;
    }
    Ok(affected)
}

/// Puts dead letters back in line.
pub(super) fn revive(queue: &Queue<'_>, which: &Which, act: &Act) -> Result<u64, ReadError> {
    let revived = Outcome::Revived { by: Arc::clone(&act.by) };
    queue.each(DeliveryState::Dead, which, act, &revived)
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
        after: Option<wardline_store::MessageId>,
        limit: usize,
    ) -> Result<(Vec<DeliveryRow>, Option<wardline_store::MessageId>), ReadError> {
        let destination = Arc::clone(&self.destination);
        let page = self.store.query(&Query { destination, state: Some(state), after, limit })?;
        Ok((page.deliveries, page.next))
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
        Which::All => true,
        Which::Messages(messages) => messages.contains(&row.message),
    }
}
