//! Which listener hears which destination: `ack = "after_delivery"`, wired up.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardline_config::{AckWhen, Config, Listener, Relay};
use wardline_flow::DestinationId;

use crate::control::face::DestinationFace;
use crate::ends::Ends;
use crate::inbound::connection::Relaying;

/// The destinations that some listener relays.
pub(super) struct Relays(BTreeMap<DestinationId, Arc<Ends>>);

impl Relays {
    pub(super) fn of(config: &Config) -> Self {
        let relays = config.listeners.iter().filter_map(relay_of);
        Self(relays.map(|relay| (relay.from.clone(), Arc::default())).collect())
    }

    /// Where a pool tells how its deliveries end, if anybody wants to know.
    pub(super) fn told_by(&self, destination: &DestinationId) -> Option<Arc<Ends>> {
        self.0.get(destination).cloned()
    }

    /// What a listener needs to relay, if it does.
    pub(super) fn heard_by(
        &self,
        listener: &Listener,
        destinations: &[DestinationFace],
    ) -> Option<Arc<Relaying>> {
        let relay = relay_of(listener)?.clone();
        let ends = self.told_by(&relay.from)?;
        let pools = destinations.iter().map(|one| (one.destination.id.arc(), one.pool.clone()));
        Some(Arc::new(Relaying { ends, pools: pools.collect(), relay }))
    }
}

fn relay_of(listener: &Listener) -> Option<&Relay> {
    match &listener.ack {
        AckWhen::AfterDelivery(relay) => Some(relay),
        AckWhen::AfterStore | AckWhen::None => None,
    }
}
