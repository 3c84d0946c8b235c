//! The door to a pool, for whoever looks at the engine from outside.
//!
//! Reading is done here, on threads for blocking work; what changes something is done by the pool, which knows what is
//! in flight. It works the same when the pool has just been replaced.

mod chosen;
mod moving;

use std::sync::Arc;
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Handler, Message};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use wardline_store::{DeliveryRow, DeliveryState, MessageId, Name, ReadError, Store};

pub(crate) use self::chosen::{Chosen, Done, Rest};
use super::Delivering;
use super::keeper::Current;
use super::limits::{OPERATOR_TIMEOUT, STORE_RECHECK, TIME_FOR_ALL};
use super::pool::{
    Alteration, Describe, Hold, InFlight, LastReply, OutboundPool, PoolState, Release, Touched,
};
use super::relocation::DamagedDelivery;

/// The way to the pool of one destination. Clone it freely.
#[derive(Clone)]
pub(crate) struct PoolDoor {
    destination: Name,
    store: Arc<dyn Store>,
    current: Current,
    ended: watch::Receiver<bool>,
    /// How long a word about all deliveries goes on.
    time_for_all: Duration,
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
    /// Another is at the head of the queue than was seen there.
    #[error("the message is not the head of the queue any more")]
    NotTheHead,
    /// The queue was being read, or the pool did not come to it, until the time was up.
    #[error("the pool had no time for it")]
    Busy,
    /// The engine drains.
    #[error("the engine is draining")]
    Draining,
    /// The store takes no messages, so that none can stand elsewhere.
    #[error("the store takes nothing at this moment")]
    NothingTaken,
    /// It cannot be sent from anywhere.
    #[error(transparent)]
    Damaged(#[from] DamagedDelivery),
    /// What is asked for could not be read.
    #[error("the store could not be read")]
    Unreadable(#[from] ReadError),
    /// The store has failed.
    #[error("the store has failed")]
    StoreFailed,
}

/// Deliveries that stand in a queue.
const QUEUED: &[DeliveryState] = &[DeliveryState::Held, DeliveryState::Pending];
/// Deliveries that wait for their turn or their retry.
const PENDING: &[DeliveryState] = &[DeliveryState::Pending];
/// Dead letters.
const DEAD: &[DeliveryState] = &[DeliveryState::Dead];
/// Deliveries that an operator must decide on.
const HELD: &[DeliveryState] = &[DeliveryState::Held];

impl PoolDoor {
    pub(super) fn new(
        delivering: &Delivering,
        current: Current,
        ended: watch::Receiver<bool>,
    ) -> Self {
        let destination = delivering.destination.id.arc();
        let store = Arc::clone(&delivering.store);
        Self { destination, store, current, ended, time_for_all: TIME_FOR_ALL }
    }

    /// The pool of the moment.
    pub(super) fn current(&self) -> Current {
        self.current.clone()
    }

    /// How the destination stands. `stopped` when its pool does not say.
    pub(crate) async fn describe(&self) -> PoolState {
        let told = self.tell(|| Describe, soon()).await;
        told.unwrap_or_else(|_gone_or_busy| PoolState::stopped())
    }

    /// What was last answered to a delivery that is in hand, which the store learns only when it ends.
    pub(crate) async fn last_reply(&self, message: MessageId) -> Option<Bytes> {
        self.tell(|| LastReply(message), soon()).await.unwrap_or_default()
    }

    /// What is in flight. None where the pool does not say in time; nothing where it has drained.
    pub(crate) async fn in_flight(&self) -> Option<Vec<MessageId>> {
        match self.tell(|| InFlight, soon()).await {
            Ok(in_flight) => Some(in_flight),
            Err(OperatorFault::Draining) => Some(Vec::new()),
            Err(_) => None,
        }
    }

    /// Ends a hold, puts held deliveries back in line and tries everything now. How many wait for it.
    pub(crate) async fn retry(&self, by: &str) -> Result<Done, OperatorFault> {
        let revive = Alteration::Revive { by: Name::from(by) };
        let revived = self.alter_chosen(HELD, Chosen::All, &revive, false).await?;
        if revived.rest.is_some() {
            return Ok(revived);
        }
        let woken = self.say(|| Release { by: Name::from(by) }).await?;
        Ok(Done { touched: revived.touched.max(woken), rest: None })
    }

    /// Keeps everything where it is until [`retry`](Self::retry). How many wait in hand.
    pub(crate) async fn hold(&self, by: &str, reason: &str) -> Result<u64, OperatorFault> {
        self.say(|| Hold { by: Name::from(by), reason: Name::from(reason) }).await
    }

    /// Makes the first in line a dead letter, so that its lane goes on. If a message is named, only that one; one that is
    /// held is the first of its lane. Which it was.
    pub(crate) async fn skip(
        &self,
        seen: Option<MessageId>,
        by: &str,
        reason: &str,
        dry_run: bool,
    ) -> Result<MessageId, OperatorFault> {
        let mut first: Option<DeliveryRow> = None;
        for &state in QUEUED {
            let rows = self.page(state, None, 1).await?.deliveries.into_iter();
            first = rows.chain(first).min_by_key(|row| row.message);
        }
        if let Some(seen) =
            seen.filter(|seen| first.as_ref().is_some_and(|one| one.message != *seen))
        {
            let held = self.rows(vec![seen], HELD).await.unwrap_or_default().into_iter().next();
            first = held.or(first);
        }
        let first = first.ok_or(OperatorFault::NotFound)?;
        if seen.is_some_and(|seen| seen != first.message) {
            return Err(OperatorFault::NotTheHead);
        }
        let message_id = first.message;
        if !dry_run {
            let skip = Alteration::Skip { stored_reply: self.stored_reply(message_id).await? };
            if self.alter(&[first], &skip, false).await? == 0 {
                return Err(OperatorFault::NotFound);
            }
            tracing::warn!(destination = %self.destination, %message_id, by, reason, "skipped");
        }
        Ok(message_id)
    }

    /// Ends deliveries undelivered: of the queue, or dead letters. Those in flight are left alone.
    pub(crate) async fn discard(
        &self,
        dead_letters: bool,
        chosen: Chosen,
        by: &str,
        reason: &str,
        dry_run: bool,
    ) -> Result<Done, OperatorFault> {
        let states = if dead_letters { DEAD } else { QUEUED };
        let discard = Alteration::Discard { by: Name::from(by), reason: Name::from(reason) };
        self.alter_chosen(states, chosen, &discard, dry_run).await
    }

    /// Ends a delivery that has not begun, whose sender is told to send again. False if it has, or is over.
    pub(crate) async fn withdraw(&self, message: MessageId) -> Result<bool, OperatorFault> {
        let withdrawn =
            self.alter_chosen(PENDING, Chosen::Messages(vec![message]), &Alteration::Return, false);
        match withdrawn.await {
            Ok(done) => Ok(done.touched > 0),
            Err(OperatorFault::NotFound | OperatorFault::InFlight) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Puts dead letters back in line.
    pub(crate) async fn revive(
        &self,
        chosen: Chosen,
        by: &str,
        dry_run: bool,
    ) -> Result<Done, OperatorFault> {
        self.alter_chosen(DEAD, chosen, &Alteration::Revive { by: Name::from(by) }, dry_run).await
    }

    /// Returns when nothing is in flight any more after the drain has begun.
    pub(crate) async fn drained(&self) {
        let mut ended = self.ended.clone();
        let _keeper_gone_is_ended = ended.wait_for(|&ended| ended).await;
    }

    /// Has the pool do it, waiting while it reads its queue.
    async fn say<M>(&self, word: impl Fn() -> M) -> Result<u64, OperatorFault>
    where
        M: Message<Result = Touched> + Send + 'static,
        OutboundPool: Handler<M>,
        actix::Context<OutboundPool>: ToEnvelope<OutboundPool, M>,
    {
        let deadline = soon();
        while Instant::now() < deadline {
            if let Some(touched) = self.tell(&word, deadline).await? {
                return touched;
            }
            sleep(STORE_RECHECK).await;
        }
        Err(OperatorFault::Busy)
    }

    /// Says it to the pool of the moment, waiting for one if it is just being replaced.
    async fn tell<M>(
        &self,
        message: impl Fn() -> M,
        deadline: Instant,
    ) -> Result<M::Result, OperatorFault>
    where
        M: Message<Result: Send> + Send + 'static,
        OutboundPool: Handler<M>,
        actix::Context<OutboundPool>: ToEnvelope<OutboundPool, M>,
    {
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
        timeout_at(deadline, told).await.unwrap_or(Err(OperatorFault::Busy))
    }
}

/// Until when an operator's word may wait.
fn soon() -> Instant {
    Instant::now() + OPERATOR_TIMEOUT
}

#[cfg(test)]
impl PoolDoor {
    /// The same with time for one page only.
    pub(super) fn hurried(self) -> Self {
        Self { time_for_all: Duration::ZERO, ..self }
    }

    /// Moves what was read before `meanwhile` had happened.
    pub(super) async fn relocate_as_read(
        &self,
        records: Vec<wardline_store::Accept>,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<u64, OperatorFault> {
        let still = self.tell(|| super::pool::AskStill, soon()).await?.expect("its queue was read");
        meanwhile.await;
        let told = || super::pool::Move { still: still.clone(), records: records.clone() };
        self.say(told).await
    }

    /// Has the pool panic. What comes after it is seen through what this gives.
    pub(super) async fn kill(&self) -> Current {
        let mut current = self.current.clone();
        let pool = current.borrow().clone().expect("a pool runs");
        let _closed = pool.send(super::pool::Die).await;
        let gone = current.wait_for(|now| now.as_ref() != Some(&pool)).await;
        drop(gone.expect("the keeper lives"));
        current
    }

    /// Has the pool panic, and returns when another has taken its place.
    pub(super) async fn replace(&self) {
        self.kill().await.wait_for(Option::is_some).await.expect("the keeper lives");
    }
}
