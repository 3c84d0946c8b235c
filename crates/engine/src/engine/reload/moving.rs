//! Moving a queue to another destination: each delivery ends at the one and is there at the other in one record, so that a
//! crash leaves it at exactly one of them (END-1), in the order in which they stood.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wardline_flow::DestinationId;
use wardline_store::{
    Accept, Concluded, DeliveryDetail, DeliveryRef, DeliveryState, Name, NewMessage, Outcome,
    Query, Store,
};

use super::super::harbour::Harbour;
use super::fault::NotReloaded;
use crate::charsets::Charsets;
use crate::inbound::completions::Completions;
use crate::inbound::handover::{NotHandedOver, hand_over};

/// Deliveries read and handed over at once, as far as the store gives so many bytes.
const AT_ONCE: usize = 256;
/// How long one waits for a store that takes nothing.
const STORE_WAIT: Duration = Duration::from_secs(10);

/// Moves queues of one engine.
pub(super) struct Mover<'a> {
    pub(super) harbour: &'a Harbour,
    pub(super) completions: &'a Completions,
    /// In which lanes they stand from now on.
    pub(super) charsets: &'a Charsets,
    /// Who asked for it.
    pub(super) by: Name,
}

impl Mover<'_> {
    /// Moves what is pending, at most so many and what was read with them, up to the first that cannot be moved; how many
    /// it were. Nobody else may have them in hand.
    pub(super) async fn move_all(
        &self,
        from: &str,
        to: &DestinationId,
        most: u64,
    ) -> (u64, Option<NotReloaded>) {
        let mut moved = 0;
        while moved < most {
            match self.move_some(&Name::from(from), to).await {
                Ok(0) => break,
                Ok(some) => moved += some,
                Err(fault) => return (moved, Some(fault)),
            }
        }
        (moved, None)
    }

    async fn move_some(&self, from: &Name, to: &DestinationId) -> Result<u64, NotReloaded> {
        let (store, destination) = (Arc::clone(&self.harbour.store), Name::clone(from));
        let state = Some(DeliveryState::Pending);
        let first = Query { destination, state, after: None, limit: AT_ONCE };
        let first = tokio::task::spawn_blocking(move || store.query_whole(&first)).await??;
        let mut awaited = Vec::with_capacity(first.len());
        for detail in first {
            let Some(accept) = self.record(detail, to) else { break };
            let deadline = Instant::now() + STORE_WAIT;
            let intake = self.harbour.intake.clone();
            match hand_over(&*self.harbour.store, self.completions, intake, accept, deadline).await
            {
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

    /// None for one whose bytes are damaged: an operator has to decide on it.
    fn record(&self, detail: DeliveryDetail, to: &DestinationId) -> Option<Accept> {
        let DeliveryDetail { row, body: Some(body), .. } = detail else { return None };
        let delivery = DeliveryRef { message: row.message, destination: row.destination };
        let reason = Name::from(format!("moved to {to}"));
        let outcome = Outcome::Discarded { by: Name::clone(&self.by), reason };
        let delivery_there = self.charsets.moved(to, &row.listener, &body);
        let message = NewMessage {
            hops: row.hops,
            marks: row.marks,
            ..NewMessage::new(body, vec![delivery_there])
        };
        Some(Accept {
            received_at: row.received_at,
            listener: row.listener,
            peer: row.peer,
            answer: None,
            messages: vec![message],
            concludes: Some(Concluded { delivery, outcome }),
        })
    }
}
