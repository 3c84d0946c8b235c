//! The door to a pool, for whoever looks at the engine from outside.
//!
//! Reading is done here, on threads for blocking work; what changes something is done by the pool, which knows what is
//! in flight. It works the same when the pool has just been replaced.

use std::sync::Arc;
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Handler, Message};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use wardline_store::limits::MAX_PAGE;
use wardline_store::{
    DeliveryRef, DeliveryRow, DeliveryState, MessageId, Name, Page, Query, ReadError, Store,
};

use super::Delivering;
use super::keeper::Current;
use super::limits::{OPERATOR_TIMEOUT, STORE_RECHECK, TIME_FOR_ALL};
use super::pool::{
    Alter, Alteration, Describe, Hold, LastReply, OutboundPool, PoolState, Release, Touched,
};

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

/// Which deliveries an operator's word is for.
#[derive(Debug, Clone)]
pub(crate) enum Chosen {
    /// All that stand there at this moment.
    All,
    /// What was left of all.
    Rest(Rest),
    /// These.
    Messages(Vec<MessageId>),
}

/// What a word about all deliveries has left when its time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rest {
    /// When it was said: what was received later is not meant.
    pub(crate) began: Timestamp,
    /// The state it was at.
    pub(crate) state: DeliveryState,
    /// What it had come to.
    pub(crate) after: Option<MessageId>,
}

/// What an operator's word has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// Deliveries touched, or that would be.
    pub(crate) touched: u64,
    /// What is left to be done.
    pub(crate) rest: Option<Rest>,
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

    /// Whether it has ended.
    pub(crate) fn has_drained(&self) -> bool {
        *self.ended.borrow()
    }

    async fn alter_chosen(
        &self,
        states: &'static [DeliveryState],
        chosen: Chosen,
        alteration: &Alteration,
        dry_run: bool,
    ) -> Result<Done, OperatorFault> {
        match chosen {
            Chosen::All => {
                let all = states.iter().map(|&state| Rest::all_in(state));
                self.alter_all(all, alteration, dry_run).await
            }
            Chosen::Rest(rest) => {
                let began = rest.began;
                let later = states.iter().skip_while(|&&state| state != rest.state).skip(1);
                let later = later.map(|&state| Rest { began, ..Rest::all_in(state) });
                self.alter_all(std::iter::once(rest.clone()).chain(later), alteration, dry_run)
                    .await
            }
            Chosen::Messages(messages) => {
                let rows = self.rows(messages, states).await?;
                let touched = self.alter(&rows, alteration, dry_run).await?;
                Ok(Done { touched, rest: None })
            }
        }
    }

    /// In pages, until all is done or the time is over; at least one page.
    async fn alter_all(
        &self,
        all: impl Iterator<Item = Rest>,
        alteration: &Alteration,
        dry_run: bool,
    ) -> Result<Done, OperatorFault> {
        let deadline = Instant::now() + self.time_for_all;
        let mut touched = 0;
        for mut rest in all {
            loop {
                let Page { mut deliveries, next } =
                    self.page(rest.state, rest.after, MAX_PAGE).await?;
                let younger = deliveries.last().is_some_and(|row| row.received_at > rest.began);
                deliveries.retain(|row| row.received_at <= rest.began);
                touched += match self.alter(&deliveries, alteration, dry_run).await {
                    Err(OperatorFault::InFlight) => 0, // It was the only one left, and is being sent.
                    touched => touched?,
                };
                rest.after = next;
                if younger || next.is_none() {
                    break;
                }
                if Instant::now() >= deadline {
                    return Ok(Done { touched, rest: Some(rest) });
                }
            }
        }
        Ok(Done { touched, rest: None })
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
                let row = store.delivery_head(&delivery, 0)?.map(|detail| detail.row);
                rows.extend(row.filter(|row| states.contains(&row.state)));
            }
            Ok(rows)
        })
        .await?;
        if rows.is_empty() { Err(OperatorFault::NotFound) } else { Ok(rows) }
    }

    async fn stored_reply(&self, message: MessageId) -> Result<Option<Bytes>, OperatorFault> {
        let store = Arc::clone(&self.store);
        let delivery = DeliveryRef { message, destination: Name::clone(&self.destination) };
        let head = blocking(move || store.delivery_head(&delivery, 0)).await?;
        Ok(head.and_then(|detail| detail.reply))
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

impl Rest {
    /// All that stand in this state now.
    fn all_in(state: DeliveryState) -> Self {
        Self { began: Timestamp::now(), state, after: None }
    }
}

/// Until when an operator's word may wait.
fn soon() -> Instant {
    Instant::now() + OPERATOR_TIMEOUT
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
impl PoolDoor {
    /// The same with time for one page only.
    pub(super) fn hurried(self) -> Self {
        Self { time_for_all: Duration::ZERO, ..self }
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
