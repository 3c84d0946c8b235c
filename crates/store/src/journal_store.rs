//! The store of one machine: a journal with an index behind it.

use std::sync::Arc;
use std::time::Duration;

use crate::api::{
    Accept, Change, Closed, DeliveryDetail, DeliveryRef, DestinationState, Intake, OpenError, Page,
    Port, PortId, Query, ReadError, Refusal, Refused, Stats, Store, StoreOptions, Ticket, Verified,
};
use crate::outbox::Outbox;

/// A [`Store`] in a folder of its own.
#[derive(Debug)]
pub struct JournalStore {
    _options: StoreOptions,
}

impl JournalStore {
    /// Locks the folder, recovers what is in it, and starts.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        Ok(Self { _options: options })
    }
}

impl Store for JournalStore {
    fn open_port(&self, _port: Box<dyn Port>) -> PortId {
        PortId(0)
    }
    fn accept(&self, accept: Accept, _ticket: Ticket) -> Result<(), Refused> {
        Err(Refused { accept, refusal: Refusal::Intake(Intake::Closed) })
    }
    fn record(&self, _change: Change, _ticket: Option<Ticket>) {}
    fn backlog(&self) -> usize {
        0
    }
    fn outbox(&self, _destination: &str, _wake: Box<dyn Fn() + Send + Sync>) -> Arc<Outbox> {
        Arc::new(Outbox {})
    }
    fn intake(&self) -> Intake {
        Intake::Closed
    }
    fn destinations(&self) -> Result<Vec<DestinationState>, ReadError> {
        Ok(Vec::new())
    }
    fn query(&self, _query: &Query) -> Result<Page, ReadError> {
        Err(ReadError::Closed)
    }
    fn delivery(&self, _delivery: &DeliveryRef) -> Result<Option<DeliveryDetail>, ReadError> {
        Ok(None)
    }
    fn stats(&self) -> Stats {
        Stats::default()
    }
    fn verify(&self) -> Result<Verified, ReadError> {
        Ok(Verified::default())
    }
    fn close(&self, _index_deadline: Duration) -> Closed {
        Closed { journal_synced: true, index_applied: true }
    }
}
