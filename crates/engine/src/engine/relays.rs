//! Which listener hears which destination: `ack = "after_delivery"`, wired up.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardline_config::{AckWhen, Config, Listener, Relay};
use wardline_flow::DestinationId;

use super::destinations::RunningDestination;
use crate::ends::Ends;
use crate::inbound::connection::Relaying;

/// The destinations that some listener relays.
pub(super) struct Relays(BTreeMap<DestinationId, Arc<Ends>>);

impl Relays {
    /// Of this configuration. Who waits for a destination that is relayed already goes on waiting.
    pub(super) fn of(config: &Config, before: &[RunningDestination]) -> Self {
        let ends = |id: &DestinationId| {
            let running = before.iter().find(|one| one.face.destination.id == *id);
            running.and_then(|one| one.ends.clone()).unwrap_or_default()
        };
        let relays = config.listeners.iter().filter_map(relay_of);
        Self(relays.map(|relay| (relay.from.clone(), ends(&relay.from))).collect())
    }

    /// Where a pool tells how its deliveries end, if anybody wants to know.
    pub(super) fn told_by(&self, destination: &DestinationId) -> Option<Arc<Ends>> {
        self.0.get(destination).cloned()
    }

    /// What a listener needs to relay, if it does.
    pub(super) fn heard_by(
        &self,
        listener: &Listener,
        destinations: &[RunningDestination],
    ) -> Option<Arc<Relaying>> {
        let relay = relay_of(listener)?.clone();
        let ends = self.told_by(&relay.from)?;
        let faces = destinations.iter().map(|one| &one.face);
        let pools = faces.map(|face| (face.destination.id.arc(), face.pool.clone()));
        Some(Arc::new(Relaying { ends, pools: pools.collect(), relay }))
    }
}

fn relay_of(listener: &Listener) -> Option<&Relay> {
    match &listener.ack {
        AckWhen::AfterDelivery(relay) => Some(relay),
        AckWhen::AfterStore | AckWhen::None => None,
    }
}
