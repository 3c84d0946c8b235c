//! What becomes of the queues of destinations that are gone: nothing is left behind without a word.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardline_config::Config;
use wardline_store::{DestinationState, Store};

use super::diff::Diff;
use super::fault::NotReloaded;
use crate::control::protocol::{Part, QueueMove};
use crate::control::reloading::Asked;

/// What was asked for, and may be done.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) moves: Vec<QueueMove>,
    pub(super) park: Vec<String>,
}

impl Left {
    /// Whether queues stay where they are.
    pub(super) fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.park.is_empty()
    }

    /// Looks into the queues of those that are gone.
    pub(super) async fn look(
        diff: &Diff,
        config: &Config,
        asked: &Asked,
        store: &Arc<dyn Store>,
    ) -> Result<Self, NotReloaded> {
        let gone: Vec<&str> = diff.removed(Part::Destination).collect();
        if gone.is_empty() && asked.moves.is_empty() && asked.park.is_empty() {
            return Ok(Self::default());
        }
        let store = Arc::clone(store);
        let states = tokio::task::spawn_blocking(move || store.destinations()).await??;
        let states: Queues =
            states.into_iter().map(|one| (one.destination.to_string(), one)).collect();
        let misnamed = misnamed(&gone, config, asked, &states);
        if !misnamed.is_empty() {
            return Err(NotReloaded::Misnamed(misnamed));
        }
        let left = left(&gone, asked, &states);
        if !left.is_empty() {
            return Err(NotReloaded::Queues(left));
        }
        Ok(Self { moves: asked.moves.clone(), park: asked.park.clone() })
    }
}

type Queues = BTreeMap<String, DestinationState>;

/// Names that are not of what they should be.
fn misnamed(gone: &[&str], config: &Config, asked: &Asked, states: &Queues) -> Vec<String> {
    let stays = |id: &str| config.destinations.iter().any(|one| one.id.as_str() == id);
    let is_left = |id: &str| gone.contains(&id) || (!stays(id) && states.contains_key(id));
    let mut faults = Vec::new();
    let mut named: Vec<&str> = Vec::new();
    let leaving = asked.moves.iter().map(|one| &one.from).chain(&asked.park);
    for id in leaving {
        if named.contains(&id.as_str()) {
            faults.push(format!("the queue of `{id}` can go one way only"));
        } else if stays(id) {
            faults.push(format!("destination `{id}` stays: its queue does too"));
        } else if !is_left(id) {
            faults.push(format!("no destination or queue `{id}` goes"));
        }
        named.push(id);
    }
    for QueueMove { to, .. } in &asked.moves {
        if !stays(to) {
            faults.push(format!("`{to}` is no destination of the configuration"));
        }
    }
    faults
}

/// Queues that would be left behind, and moves that would change what an operator has to decide on.
fn left(gone: &[&str], asked: &Asked, states: &Queues) -> Vec<String> {
    let mut faults = Vec::new();
    let is_parked = |id: &str| asked.park.iter().any(|one| one == id);
    let is_moved = |id: &str| asked.moves.iter().any(|one| one.from == id);
    for id in gone.iter().filter(|id| !is_parked(id) && !is_moved(id)) {
        let Some(DestinationState { pending, held, dead, .. }) = states.get(*id) else { continue };
        if pending + held + dead > 0 {
            faults.push(format!(
                "destination `{id}` is gone and leaves {pending} pending, {held} held and {dead} dead deliveries: \
                 --move-queue {id}=NEW or --park {id}"
            ));
        }
    }
    for QueueMove { from, .. } in &asked.moves {
        let held = states.get(from).map_or(0, |state| state.held);
        if held > 0 {
            faults.push(format!(
                "destination `{from}` has {held} held deliveries, which wait for a decision: retry, skip or discard them, \
                 then move its queue"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests;
