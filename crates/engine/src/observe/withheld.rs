//! Deliveries that were not made because the message is a test and the destination is for production: counted for each
//! destination, told of once.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardline_config::Config;
use wardline_flow::{DestinationId, Source};

use super::counters::Counter;

/// The destinations that no test may reach.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    counts: BTreeMap<DestinationId, Arc<Counter>>,
}

impl Withheld {
    pub(crate) fn of(config: &Config) -> Self {
        Self::default().renewed(config)
    }

    /// Those of another configuration; who was there before counts on.
    pub(crate) fn renewed(&self, config: &Config) -> Self {
        let count = |id: &DestinationId| self.counts.get(id).cloned().unwrap_or_default();
        let production = config.routing.production.iter();
        Self { counts: production.map(|id| (id.clone(), count(id))).collect() }
    }

    /// A message of `source` is kept, and none of these destinations gets it.
    pub(crate) fn count(&self, source: &Source, destinations: &[DestinationId]) {
        for destination in destinations {
            let Some(count) = self.counts.get(destination) else { continue };
            if count.one_more() == 1 {
                tracing::warn!(%source, %destination, "a test (processing id T or D) was for a production system: withheld, as all that follow");
            }
        }
    }

    /// How many this destination did not get.
    pub(crate) fn from(&self, destination: &DestinationId) -> u64 {
        self.counts.get(destination).map_or(0, |count| count.get())
    }
}
