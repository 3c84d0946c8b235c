//! Moving a queue to another destination: each delivery ends at the one and is there at the other in one record, so that a
//! crash leaves it at exactly one of them (END-1), in the order in which they stood.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use wardline_flow::DestinationId;
use wardline_store::{
    DeliveryDetail, DeliveryState, Intake, JournalStore, MessageId, Name, Query, Store,
};

use super::super::harbour::Harbour;
use super::fault::NotReloaded;
use crate::charsets::Charsets;
use crate::control::protocol::QueueMove;
use crate::inbound::completions::Completions;
use crate::inbound::handover::{NotHandedOver, hand_over};
use crate::outbound::relocation::Relocation;

/// Deliveries read and handed over at once, as far as the store gives so many bytes.
const AT_ONCE: usize = 256;
/// How long one waits for a store that takes nothing.
const STORE_WAIT: Duration = Duration::from_secs(10);

/// Moves one queue.
#[derive(Clone)]
pub(super) struct Mover {
    store: Arc<JournalStore>,
    intake: watch::Receiver<Intake>,
    completions: Completions,
    from: Name,
    relocation: Relocation,
    /// In flight when its pool was ended: their outcome belongs to the peer (END-1).
    pub(super) in_flight: BTreeSet<MessageId>,
}

impl Mover {
    /// None in an engine without arbiters.
    pub(super) fn new(
        harbour: &Harbour,
        QueueMove { from, to }: &QueueMove,
        by: &Name,
    ) -> Option<Self> {
        Some(Self {
            store: Arc::clone(&harbour.store),
            intake: harbour.intake.clone(),
            completions: harbour.quays.first()?.completions.clone(),
            from: Name::from(from.as_str()),
            relocation: Relocation::new(to.as_str().into(), Name::clone(by), ""),
            in_flight: BTreeSet::new(),
        })
    }

    /// Whose it was.
    pub(super) fn from(&self) -> &Name {
        &self.from
    }

    /// Whose it is.
    pub(super) fn to(&self) -> &DestinationId {
        &self.relocation.to
    }

    /// Moves what is pending, at most so many and what was read with them, up to the first that cannot be moved; how many
    /// it were. Nobody else may have in hand what is not known to be in flight. They stand in the lanes of these charsets.
    pub(super) async fn move_all(&self, charsets: &Charsets, most: u64) -> u64 {
        let mut moved = 0;
        while moved < most {
            match self.move_some(charsets).await {
                Ok(0) => break,
                Ok(some) => moved += some,
                Err(reason) => {
                    let (destination, to) = (&self.from, self.to());
                    tracing::error!(%destination, %to, moved, %reason, "its queue is not moved to the end");
                    break;
                }
            }
        }
        moved
    }

    async fn move_some(&self, charsets: &Charsets) -> Result<u64, NotReloaded> {
        let (store, destination) = (Arc::clone(&self.store), Name::clone(&self.from));
        let state = Some(DeliveryState::Pending);
        let limit = AT_ONCE + self.in_flight.len();
        let first = Query { destination, state, after: None, limit };
        let first = tokio::task::spawn_blocking(move || store.query_whole(&first)).await??;
        let mut awaited = Vec::with_capacity(first.len());
        let may_go = |one: &DeliveryDetail| !self.in_flight.contains(&one.row.message);
        for detail in first.into_iter().filter(may_go) {
            let Ok(accept) = self.relocation.record(detail, charsets) else { break };
            let deadline = Instant::now() + STORE_WAIT;
            let intake = self.intake.clone();
            match hand_over(&*self.store, &self.completions, intake, accept, deadline).await {
                Ok(one) => awaited.push(one),
                Err(NotHandedOver::InTime | NotHandedOver::Ever) => break,
            }
        }
        let mut moved = 0;
        for one in awaited {
            moved += u64::from(one.stored().await.is_some());
        }
        Ok(moved)
    }
}
