//! The door to a pool, for whoever looks at the engine from outside.
//!
//! Reading is done here, on threads for blocking work; what changes something is done by the pool, which knows what is
//! in flight. It works the same when the pool has just been replaced.

use std::sync::Arc;

use actix::dev::ToEnvelope;
use actix::{Handler, Message};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use wardline_store::limits::MAX_PAGE;
use wardline_store::{
    DeliveryRef, DeliveryRow, DeliveryState, MessageId, Name, Page, Query, ReadError, Store,
};

use super::Delivering;
use super::keeper::Current;
use super::limits::{OPERATOR_TIMEOUT, STORE_RECHECK};
use super::pool::{Alter, Alteration, Describe, Hold, OutboundPool, PoolState, Release, Touched};
use crate::control::protocol::Which;

/// Talks to the pool of one destination. Clone it freely.
#[derive(Clone)]
pub(crate) struct PoolHandle {
    destination: Name,
    store: Arc<dyn Store>,
    current: Current,
    ended: watch::Receiver<bool>,
}

/// Why an operator's word was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperatorFault {
    /// There is no such delivery in the state that the word is for.
    #[error("there is no such delivery")]
    NotFound,
    /// It is being sent at this moment.
    #[error("the delivery is being sent at this moment")]
    InFlight,
    /// The queue was being read until the time was up.
    #[error("the queue is being read")]
    Busy,
    /// The engine drains.
    #[error("the engine is draining")]
    Draining,
    /// What is asked for could not be read.
    #[error("the store could not be read")]
    Unreadable(#[from] ReadError),
    /// The store has failed.
    #[error("the store has failed")]
    StoreFailed,
}

/// Deliveries that stand in a queue.
const QUEUED: &[DeliveryState] = &[DeliveryState::Held, DeliveryState::Pending];
/// Dead letters.
const DEAD: &[DeliveryState] = &[DeliveryState::Dead];
/// Deliveries that an operator must decide on.
const HELD: &[DeliveryState] = &[DeliveryState::Held];

impl PoolHandle {
    pub(super) fn new(
        delivering: &Delivering,
        current: Current,
        ended: watch::Receiver<bool>,
    ) -> Self {
        let destination = delivering.destination.id.arc();
        Self { destination, store: Arc::clone(&delivering.store), current, ended }
    }

    /// How the destination stands. `stopped` when its pool does not say.
    pub(crate) async fn describe(&self) -> PoolState {
        self.tell(|| Describe).await.unwrap_or_else(|_gone| PoolState::stopped())
    }

    /// Ends a hold, puts held deliveries back in line and tries everything now. How many wait for it.
    pub(crate) async fn retry(&self, by: &str) -> Result<u64, OperatorFault> {
        let revive = Alteration::Revive { by: Name::from(by) };
        let revived = self.alter_chosen(HELD, Which::All, &revive, false).await?;
        let woken = self.say(|| Release { by: Name::from(by) }).await?;
        Ok(revived.max(woken))
    }

    /// Keeps everything where it is until [`retry`](Self::retry). How many wait in hand.
    pub(crate) async fn hold(&self, by: &str, reason: &str) -> Result<u64, OperatorFault> {
        self.say(|| Hold { by: Name::from(by), reason: Name::from(reason) }).await
    }

    /// Makes the first in line a dead letter, so that its lane goes on.
    pub(crate) async fn skip(
        &self,
        by: &str,
        reason: &str,
        dry_run: bool,
    ) -> Result<u64, OperatorFault> {
        let mut first: Option<DeliveryRow> = None;
        for &state in QUEUED {
            let rows = self.page(state, None, 1).await?.deliveries.into_iter();
            first = rows.chain(first).min_by_key(|row| row.message);
        }
        let first = first.ok_or(OperatorFault::NotFound)?;
        if !dry_run {
            let (destination, message_id) = (&self.destination, first.message);
            tracing::warn!(%destination, %message_id, by, reason, "skipped");
        }
        self.alter(&[first], &Alteration::Skip, dry_run).await
    }

    /// Ends deliveries undelivered: of the queue, or dead letters. Those in flight are left alone.
    pub(crate) async fn discard(
        &self,
        dead_letters: bool,
        chosen: Which,
        by: &str,
        reason: &str,
        dry_run: bool,
    ) -> Result<u64, OperatorFault> {
        let states = if dead_letters { DEAD } else { QUEUED };
        let discard = Alteration::Discard { by: Name::from(by), reason: Name::from(reason) };
        self.alter_chosen(states, chosen, &discard, dry_run).await
    }

    /// Puts dead letters back in line.
    pub(crate) async fn revive(
        &self,
        chosen: Which,
        by: &str,
        dry_run: bool,
    ) -> Result<u64, OperatorFault> {
        self.alter_chosen(DEAD, chosen, &Alteration::Revive { by: Name::from(by) }, dry_run).await
    }

    /// Returns when nothing is in flight any more after the drain has begun.
    pub(crate) async fn drained(&self) {
        let mut ended = self.ended.clone();
        let _keeper_gone_is_ended = ended.wait_for(|&ended| ended).await;
    }

    async fn alter_chosen(
        &self,
        states: &'static [DeliveryState],
        chosen: Which,
        alteration: &Alteration,
        dry_run: bool,
    ) -> Result<u64, OperatorFault> {
        match chosen {
            Which::All => {
                let mut touched = 0;
                for &state in states {
                    touched += self.alter_all(state, alteration, dry_run).await?;
                }
                Ok(touched)
            }
            Which::Messages(messages) => {
                let rows = self.rows(messages, states).await?;
                self.alter(&rows, alteration, dry_run).await
            }
        }
    }

    /// Everything that stood in this state when it began, in pages.
    async fn alter_all(
        &self,
        state: DeliveryState,
        alteration: &Alteration,
        dry_run: bool,
    ) -> Result<u64, OperatorFault> {
        let began = Timestamp::now();
        let (mut touched, mut after) = (0, None);
        loop {
            let Page { mut deliveries, next } = self.page(state, after, MAX_PAGE).await?;
            let younger = deliveries.last().is_some_and(|row| row.received_at > began);
            deliveries.retain(|row| row.received_at <= began);
            touched += match self.alter(&deliveries, alteration, dry_run).await {
                Err(OperatorFault::InFlight) => 0, // It was the only one left, and is being sent.
                touched => touched?,
            };
            if younger || next.is_none() {
                return Ok(touched);
            }
            after = next;
        }
    }

    async fn alter(
        &self,
        rows: &[DeliveryRow],
        alteration: &Alteration,
        dry_run: bool,
    ) -> Result<u64, OperatorFault> {
        if dry_run || rows.is_empty() {
            return Ok(rows.len() as u64);
        }
        self.say(|| Alter {
            deliveries: rows.iter().map(|row| (row.message, row.attempts)).collect(),
            alteration: alteration.clone(),
        })
        .await
    }

    /// The deliveries in one of these states among these messages.
    async fn rows(
        &self,
        messages: Vec<MessageId>,
        states: &'static [DeliveryState],
    ) -> Result<Vec<DeliveryRow>, OperatorFault> {
        let (store, destination) = (Arc::clone(&self.store), Name::clone(&self.destination));
        let rows = blocking(move || {
            let mut rows = Vec::new();
            for message in messages {
                let delivery = DeliveryRef { message, destination: Name::clone(&destination) };
                let row = store.delivery(&delivery)?.map(|detail| detail.row);
                rows.extend(row.filter(|row| states.contains(&row.state)));
            }
            Ok(rows)
        })
        .await?;
        if rows.is_empty() { Err(OperatorFault::NotFound) } else { Ok(rows) }
    }

    async fn page(
        &self,
        state: DeliveryState,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Page, OperatorFault> {
        let store = Arc::clone(&self.store);
        let destination = Name::clone(&self.destination);
        let query = Query { destination, state: Some(state), after, limit };
        blocking(move || store.query(&query)).await
    }

    /// Has the pool do it, waiting while it reads its queue.
    async fn say<M>(&self, word: impl Fn() -> M) -> Result<u64, OperatorFault>
    where
        M: Message<Result = Touched> + Send + 'static,
        OutboundPool: Handler<M>,
        actix::Context<OutboundPool>: ToEnvelope<OutboundPool, M>,
    {
        let deadline = Instant::now() + OPERATOR_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(touched) = self.tell(&word).await? {
                return touched;
            }
            sleep(STORE_RECHECK).await;
        }
        Err(OperatorFault::Busy)
    }

    /// Says it to the pool of the moment, waiting for one if it is just being replaced.
    async fn tell<M>(&self, message: impl Fn() -> M) -> Result<M::Result, OperatorFault>
    where
        M: Message<Result: Send> + Send + 'static,
        OutboundPool: Handler<M>,
        actix::Context<OutboundPool>: ToEnvelope<OutboundPool, M>,
    {
        let deadline = Instant::now() + OPERATOR_TIMEOUT;
        let mut current = self.current.clone();
        let told = async {
            loop {
                let pool = match current.wait_for(Option::is_some).await {
                    Ok(pool) => pool.clone(),
                    Err(_keeper_gone) => return Err(OperatorFault::Draining),
                };
                if let Some(pool) = pool
                    && let Ok(result) = pool.send(message()).await
                {
                    return Ok(result);
                }
                sleep(STORE_RECHECK).await;
            }
        };
        timeout_at(deadline, told).await.unwrap_or(Err(OperatorFault::Draining))
    }
}

/// Runs what blocks on a thread for it.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, OperatorFault> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => Ok(read?),
        Err(_panicked) => Err(OperatorFault::StoreFailed),
    }
}

#[cfg(test)]
impl PoolHandle {
    /// Has the pool panic, and returns when another has taken its place.
    pub(super) async fn kill(&self) {
        let killed = self.current.borrow().clone().expect("a pool runs");
        let _closed = killed.send(super::pool::Die).await;
        let mut current = self.current.clone();
        let replaced = current.wait_for(|pool| pool.as_ref().is_some_and(|pool| *pool != killed));
        replaced.await.expect("the keeper lives");
    }
}
