//! Which deliveries an operator's word is for: found in the store page by page, and given to the pool.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;
use wardline_store::limits::MAX_PAGE;
use wardline_store::{
    DeliveryRef, DeliveryRow, DeliveryState, MessageId, Name, Page, Query, ReadError,
};

use super::{OperatorFault, PoolDoor};
use crate::outbound::pool::{Alter, Alteration};

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

impl PoolDoor {
    pub(super) async fn alter_chosen(
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

    pub(super) async fn alter(
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
    pub(super) async fn rows(
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

    pub(super) async fn stored_reply(
        &self,
        message: MessageId,
    ) -> Result<Option<Bytes>, OperatorFault> {
        let store = Arc::clone(&self.store);
        let delivery = DeliveryRef { message, destination: Name::clone(&self.destination) };
        let head = blocking(move || store.delivery_head(&delivery, 0)).await?;
        Ok(head.and_then(|detail| detail.reply))
    }

    pub(super) async fn page(
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
}

impl Rest {
    /// All that stand in this state now.
    pub(super) fn all_in(state: DeliveryState) -> Self {
        Self { began: Timestamp::now(), state, after: None }
    }
}

/// Runs what blocks on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, OperatorFault> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => Ok(read?),
        Err(_panicked) => Err(OperatorFault::StoreFailed),
    }
}
