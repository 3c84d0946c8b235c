//! Destinations that are gone: each ends when nothing more can come for it and nothing is left of its queue.
//!
//! A message that was in hand when they went may be stored for them still. It is delivered, as it was acknowledged.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};
use wardline_store::{Change, Name, Store};

use super::super::destinations::RunningDestination;
use crate::drain::Drain;
use crate::ways::Unused;

/// How long messages in hand are waited for that are decided by an earlier configuration. Longer than handlers take.
pub(super) const IN_HAND: Duration = Duration::from_secs(10);
/// How long what came at the last moment may take to be delivered. Then it is kept as an orphaned queue.
const AT_THE_LAST_MOMENT: Duration = Duration::from_secs(60);
/// How often it is looked whether it was.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How they go.
pub(super) struct Farewell {
    /// Their queues are kept, and held when they come back.
    pub(super) parked: Vec<String>,
    /// Their queues are elsewhere.
    pub(super) moved: Vec<String>,
    pub(super) by: Name,
    pub(super) store: Arc<dyn Store>,
    pub(super) drain: Drain,
}

impl Farewell {
    /// Ends them; `unused` tells when nothing more comes for them.
    pub(super) async fn say(self, mut gone: Vec<RunningDestination>, unused: Unused) {
        gone.iter_mut().filter(|one| self.is_parked(one)).for_each(RunningDestination::end);
        let mut drain = self.drain.clone();
        tokio::select! {
            _late_ones_are_orphaned = timeout(IN_HAND, unused.wait()) => {}
            () = drain.begun() => {}
        }
        join_all(gone.into_iter().map(|one| self.end(one))).await;
    }

    async fn end(&self, mut destination: RunningDestination) {
        let id = destination.face.destination.id.arc();
        let is_moved = self.moved.iter().any(|one| **one == *id);
        if !is_moved && !self.is_parked(&destination) {
            self.delivered(&id).await;
        }
        destination.end();
        destination.face.pool.drained().await;
        if self.is_parked(&destination) {
            let held = Change::DestinationHeld {
                at: Timestamp::now(),
                destination: id,
                by: Name::clone(&self.by),
                reason: Name::from("parked when it left the configuration"),
            };
            self.store.record(held, None);
        }
    }

    fn is_parked(&self, destination: &RunningDestination) -> bool {
        let id = destination.face.destination.id.as_str();
        self.parked.iter().any(|one| one == id)
    }

    /// Returns when its queue is empty.
    async fn delivered(&self, id: &Name) {
        let deadline = Instant::now() + AT_THE_LAST_MOMENT;
        loop {
            let (store, name) = (Arc::clone(&self.store), Name::clone(id));
            let queued = tokio::task::spawn_blocking(move || {
                let states = store.destinations().ok()?;
                let state = states.into_iter().find(|state| state.destination == name)?;
                Some(state.pending + state.held)
            });
            let queued = queued.await.ok().flatten().unwrap_or(0);
            if queued == 0 || self.drain.is_draining() {
                return;
            }
            if Instant::now() >= deadline {
                tracing::warn!(destination = %id, queued,
                    "what came for it at the last moment is not delivered: its queue is orphaned");
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    }
}
