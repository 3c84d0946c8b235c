//! Moving a queue to another destination: its own is held, what is in flight gets its answer, and what waits then goes over
//! in the order in which it stands. The hold ends with it, unless somebody held it before.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use wardline_store::limits::WINDOW_BYTES;
use wardline_store::{
    Accept, DeliveryDetail, DeliveryRef, DeliveryState, MessageId, Name, Query, ReadError, Store,
};

use super::chosen::{Chosen, Done, Rest, blocking};
use super::{OperatorFault, PoolDoor, QUEUED, soon};
use crate::charsets::Charsets;
use crate::outbound::limits::STORE_RECHECK;
use crate::outbound::pool::{Alteration, AskStill, Hold, Move, Release, Still};
use crate::outbound::relocation::{DamagedDelivery, Relocation};

/// Deliveries read and moved at once, as far as the store gives so many bytes.
const AT_ONCE: usize = 256;

/// What is to be moved.
enum Left {
    /// All behind a place, but for what was received later.
    Behind(Rest),
    /// These, the last first.
    Named(Vec<MessageId>),
}

/// Some of the queue, in its order.
struct Part {
    details: Vec<DeliveryDetail>,
    /// Where it ends; none where nothing of the queue is behind it.
    end: Option<MessageId>,
}

impl PoolDoor {
    /// Moves deliveries that wait or stopped. With `dry_run` tells how many it would be.
    pub(crate) async fn relocate(
        &self,
        chosen: Chosen,
        relocation: &Relocation,
        charsets: &Charsets,
        dry_run: bool,
    ) -> Result<Done, OperatorFault> {
        if dry_run {
            return self.alter_chosen(QUEUED, chosen, &Alteration::Return, true).await;
        }
        let mut left = match chosen {
            Chosen::All => Left::Behind(Rest::all_in(DeliveryState::Pending)),
            Chosen::Rest(rest) => Left::Behind(rest),
            Chosen::Messages(messages) => {
                let rows = self.rows(messages, QUEUED).await?;
                let mut messages: Vec<MessageId> = rows.iter().map(|row| row.message).collect();
                messages.sort_unstable_by(|a, b| b.cmp(a));
                messages.dedup();
                Left::Named(messages)
            }
        };
        let mut moved = 0;
        let done = self.relocate_left(&mut left, &mut moved, relocation, charsets).await;
        if moved > 0 {
            let (destination, to, by) = (&self.destination, &relocation.to, &relocation.by);
            tracing::warn!(%destination, %to, %by, reason = %relocation.reason(), moved, "deliveries moved");
        }
        let done = match (done, left) {
            // Whoever asks for the rest finds it as still as it is now.
            (Ok(false), Left::Behind(rest)) => {
                return Ok(Done { touched: moved, rest: Some(rest) });
            }
            (Ok(false), Left::Named(_)) if moved == 0 => Err(OperatorFault::InFlight),
            (Ok(_), _) => Ok(Done { touched: moved, rest: None }),
            (Err(fault), _) => Err(fault),
        };
        self.end_own_hold(relocation).await?;
        done
    }

    /// Moves what is left until the time is over. True when nothing is left.
    async fn relocate_left(
        &self,
        left: &mut Left,
        moved: &mut u64,
        relocation: &Relocation,
        charsets: &Charsets,
    ) -> Result<bool, OperatorFault> {
        let deadline = Instant::now() + self.time_for_all;
        loop {
            let Some(still) = self.stilled(relocation, deadline).await? else { return Ok(false) };
            let part = self.part(left).await?;
            let some = part.details.len() as u64;
            let records = part.details.into_iter().map(|one| relocation.record(one, charsets));
            let (records, damaged) = until_damaged(records);
            if !records.is_empty() {
                let told = || Move { still: still.clone(), records: records.clone() };
                match self.say(told).await {
                    Ok(all) if all == some => *moved += all,
                    Ok(0) if Instant::now() >= deadline && *moved == 0 => {
                        return Err(OperatorFault::NothingTaken);
                    }
                    Ok(_) | Err(OperatorFault::InFlight) if Instant::now() >= deadline => {
                        return Ok(false);
                    }
                    // The store is behind, or somebody had the pool do something else: what is left is read again.
                    Ok(taken) => {
                        *moved += taken;
                        sleep(STORE_RECHECK).await;
                        continue;
                    }
                    Err(OperatorFault::InFlight) => continue,
                    Err(fault) => return Err(fault),
                }
            }
            if let Some(damaged) = damaged {
                return Err(damaged);
            }
            match (&mut *left, part.end) {
                (Left::Behind(rest), Some(end)) => rest.after = Some(end),
                (Left::Named(messages), Some(end)) => messages.retain(|one| *one > end),
                (_, None) => return Ok(true),
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
        }
    }

    /// Holds the destination unless it is held, and waits for what is in flight; none where that takes longer.
    async fn stilled(
        &self,
        relocation: &Relocation,
        deadline: Instant,
    ) -> Result<Option<Still>, OperatorFault> {
        loop {
            match self.tell(|| AskStill, soon()).await? {
                Some(still) if still.is_still() => return Ok(Some(still)),
                Some(still) if still.hold.is_none() => {
                    let (by, reason) = (&relocation.by, relocation.reason());
                    self.say(|| Hold { by: Name::clone(by), reason: Name::clone(reason) }).await?;
                }
                Some(_) | None if Instant::now() >= deadline => return Ok(None),
                Some(_) | None => sleep(STORE_RECHECK).await,
            }
        }
    }

    async fn end_own_hold(&self, relocation: &Relocation) -> Result<(), OperatorFault> {
        let still = self.tell(|| AskStill, soon()).await?;
        if still.is_some_and(|still| still.is_held(&relocation.by, relocation.reason())) {
            self.say(|| Release { by: Name::clone(&relocation.by) }).await?;
        }
        Ok(())
    }

    /// The next of what is to be moved.
    async fn part(&self, left: &Left) -> Result<Part, OperatorFault> {
        let store = Arc::clone(&self.store);
        let destination = Name::clone(&self.destination);
        match left {
            Left::Behind(rest) => {
                let (began, after) = (rest.began, rest.after);
                let query = Query { destination, state: None, after, limit: AT_ONCE };
                let all = blocking(move || store.query_whole(&query)).await?;
                let is_meant = |one: &DeliveryDetail| {
                    QUEUED.contains(&one.row.state) && one.row.received_at <= began
                };
                let last = all.last().map(|one| (one.row.message, one.row.received_at));
                let details: Vec<_> = all.into_iter().filter(is_meant).collect();
                let end = last.filter(|(_, at)| *at <= began || !details.is_empty());
                Ok(Part { details, end: end.map(|(message, _)| message) })
            }
            Left::Named(messages) => {
                let next: Vec<MessageId> = messages.iter().rev().take(AT_ONCE).copied().collect();
                blocking(move || named(&*store, &destination, &next)).await
            }
        }
    }
}

/// Those of them that stand in the queue, as far as their bytes fill a window.
fn named(store: &dyn Store, destination: &Name, next: &[MessageId]) -> Result<Part, ReadError> {
    let (mut details, mut end, mut bytes) = (Vec::new(), None, 0);
    for &message in next {
        let delivery = DeliveryRef { message, destination: Name::clone(destination) };
        if let Some(detail) = store.delivery(&delivery)? {
            bytes += detail.body.as_ref().map_or(0, Bytes::len);
            details.extend(Some(detail).filter(|one| QUEUED.contains(&one.row.state)));
        }
        end = Some(message);
        if bytes >= WINDOW_BYTES {
            break;
        }
    }
    Ok(Part { details, end })
}

/// What comes before the first that is damaged, which must not be passed over: what stands behind it would go before it.
fn until_damaged(
    records: impl Iterator<Item = Result<Accept, DamagedDelivery>>,
) -> (Vec<Accept>, Option<OperatorFault>) {
    let mut whole = Vec::new();
    for record in records {
        match record {
            Ok(record) => whole.push(record),
            Err(damaged) => return (whole, Some(damaged.into())),
        }
    }
    (whole, None)
}
