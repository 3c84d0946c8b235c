//! Applying what was prepared: it cannot fail. Downstream first, as at a start: pools, then ways, then listeners.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;
use wardline_config::Config;
use wardline_flow::{DestinationId, ListenerId};
use wardline_store::{Change, DestinationState, MessageId, Name, Store};

use super::super::build::{connections, store_files, terms};
use super::super::descriptors;
use super::super::destinations::{self, RunningDestination};
use super::super::harbour::Version;
use super::super::listeners::{self, Lasting, RunningListener};
use super::super::relays::Relays;
use super::super::running::{Running, replies};
use super::farewell::{Farewell, Fate};
use super::fault::NotReloaded;
use super::moving::Mover;
use super::prepared::{Prepared, recognises_alike};
use super::queues::Left;
use crate::charsets::Charsets;
use crate::control::protocol::QueueMoved;
use crate::control::reloading::Asked;
use crate::inbound::duplicates::Duplicates;
use crate::inbound::entrance::Entrance;
use crate::inbound::listener::Endpoint;
use crate::inbound::roster::Roster;
use crate::tls::Certificates;
use crate::ways::{Gate, Opens, Unused, Ways};

/// How long a pool that ends may wait for answers to what is in flight before its queue is moved.
const IN_FLIGHT: Duration = Duration::from_secs(60);
/// How long messages that come in wait, where a queue moves, for those in hand that are decided by what was before.
const IN_HAND: Duration = Duration::from_secs(10);

impl Running {
    pub(super) async fn apply(
        &mut self,
        prepared: Prepared,
        left: Left,
        asked: &Asked,
    ) -> Vec<QueueMoved> {
        let charsets = Charsets::of(&prepared.config);
        let by = Name::from(asked.by.as_str());
        let mut moved: Vec<QueueMoved> = Vec::new();
        let mut under_way: Vec<Mover> = Vec::new();
        for one in &left.moves {
            let Some(mut queue) = Mover::new(&self.harbour, one, &by) else { continue };
            let in_flight = self.stop_sending(&one.from).await;
            let may_move = in_flight.is_some();
            queue.in_flight = in_flight.into_iter().flatten().collect();
            // What still comes must not keep this going for ever.
            let most = if may_move { self.pending(&one.from).await } else { 0 };
            let deliveries = queue.move_all(&charsets, most).await;
            let (destination, to) = (one.from.clone(), Some(one.to.clone()));
            moved.push(QueueMoved { destination, to, deliveries, left: 0 });
            if may_move {
                under_way.push(queue);
            }
        }
        // What is decided by the ways before is stored at the old place, and has to be at the new one before what follows.
        let (gate, opens) = Gate::closed();
        let opens = (!left.moves.is_empty()).then_some(opens);
        let gone = self.swap(prepared, charsets, opens);
        if !left.moves.is_empty() {
            if !self.within(IN_HAND, Unused::all(self.earlier.clone())).await {
                tracing::warn!(
                    "messages may be in hand still that are decided by the configuration before: what they leave follows its queue"
                );
            }
            let ways = Arc::clone(&self.version.ways);
            for queue in &under_way {
                let deliveries = queue.move_all(&ways.charsets, u64::MAX).await;
                let mut counted = moved.iter_mut();
                if let Some(one) = counted.find(|one| *one.destination == **queue.from()) {
                    one.deliveries += deliveries;
                }
            }
        }
        drop(gate);
        self.let_go(gone, &left, &by);
        self.count_left(&mut moved, &left, &by).await;
        moved
    }

    /// Ends the pool of a destination, and waits until it has nothing in flight. What is then in flight still; none where
    /// that is not known.
    async fn stop_sending(&mut self, id: &str) -> Option<Vec<MessageId>> {
        let mut all = self.destinations.iter_mut();
        let Some(running) = all.find(|one| one.face.destination.id.as_str() == id) else {
            return Some(Vec::new());
        };
        running.end();
        let pool = running.face.pool.clone();
        if self.within(IN_FLIGHT, pool.drained()).await {
            return Some(Vec::new());
        }
        tracing::warn!(
            destination = id,
            "a delivery in flight is not answered: it stays there until it is"
        );
        pool.in_flight().await
    }

    /// Whether it came in time, and before the engine was told to stop.
    async fn within(&self, time: Duration, what: impl Future<Output = ()>) -> bool {
        let mut drain = self.drain.clone();
        tokio::select! {
            came = timeout(time, what) => came.is_ok(),
            () = drain.begun() => false,
        }
    }

    /// How many deliveries wait for that destination.
    async fn pending(&self, id: &str) -> u64 {
        let states = self.states().await;
        states.iter().find(|one| &*one.destination == id).map_or(0, |one| one.pending)
    }

    async fn states(&self) -> Vec<DestinationState> {
        let store = self.store();
        let states = tokio::task::spawn_blocking(move || store.destinations()).await;
        match states.map_err(NotReloaded::Task).and_then(|states| Ok(states?)) {
            Ok(states) => states,
            Err(reason) => {
                tracing::error!(%reason, "the queues cannot be counted");
                Vec::new()
            }
        }
    }

    /// What runs goes by the new configuration from here on. Gives the destinations that are gone.
    fn swap(
        &mut self,
        prepared: Prepared,
        charsets: Charsets,
        opens: Option<Opens>,
    ) -> Vec<RunningDestination> {
        let Prepared { config, certificates, handlers, entrances, endpoints, duplicates } =
            prepared;
        descriptors::raise(
            connections(&config) + store_files(&config.store, config.history.enabled),
        );
        self.harbour.store.retain_each(terms(&config));
        let certificates = certificates.take();
        let withheld = Arc::new(self.version.ways.withheld.renewed(&config));
        let routing = Arc::new(config.routing.clone());
        let (ways, unused) = Ways::behind(opens, routing, charsets, withheld, handlers.callers());
        let relays = Relays::of(&config, &self.destinations);
        let gone = self.swap_destinations(&config, &certificates, &relays, endpoints);
        self.ways.send_replace(Arc::clone(&ways));
        let replies = replies(&self.destinations);
        self.version = Version { ways, replies, certificates };
        self.swap_listeners(&config, &relays, entrances, duplicates);
        self.handlers = handlers;
        self.config = config;
        self.earlier.retain(|one| !one.is_now());
        self.earlier.push(std::mem::replace(&mut self.unused, unused));
        gone
    }

    /// Gives those that are gone.
    fn swap_destinations(
        &mut self,
        config: &Config,
        certificates: &Certificates,
        relays: &Relays,
        mut endpoints: BTreeMap<DestinationId, Endpoint>,
    ) -> Vec<RunningDestination> {
        let current = self.ways.subscribe();
        let mut before = std::mem::take(&mut self.destinations);
        for (place, destination) in config.destinations.iter().enumerate() {
            let id = &destination.id;
            let beside = destinations::Beside {
                harbour: &self.harbour,
                ways: &current,
                certificates,
                ends: relays.told_by(id),
            };
            let endpoint = endpoints.remove(id);
            let same = before.iter().position(|one| one.face.destination.id == *id);
            let running = match same.map(|same| before.remove(same)) {
                Some(mut running) => {
                    running.renew(destination, endpoint, &beside);
                    Some(running)
                }
                None => RunningDestination::start(destination, endpoint, place, &beside),
            };
            self.destinations.extend(running);
        }
        before
    }

    fn swap_listeners(
        &mut self,
        config: &Config,
        relays: &Relays,
        mut entrances: BTreeMap<ListenerId, Entrance>,
        mut duplicates: BTreeMap<Name, Arc<Duplicates>>,
    ) {
        let (mut before, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.listeners)
            .into_iter()
            .partition(|running| config.listeners.iter().any(|one| one.id == running.settings.id));
        self.leaving.rosters.extend(gone.into_iter().map(end));
        for settings in &config.listeners {
            let beside = listeners::Beside {
                harbour: &self.harbour,
                version: &self.version,
                relaying: relays.heard_by(settings, &self.destinations),
            };
            let same = before.iter().position(|one| one.settings.id == settings.id);
            let running = same.map(|same| before.remove(same));
            let known = running.as_ref().filter(|one| recognises_alike(&one.settings, settings));
            let known = known.and_then(|one| one.lasting.duplicates.clone());
            let duplicates = duplicates.remove(settings.id.as_str()).or(known);
            let listener = match (running, entrances.remove(&settings.id)) {
                (Some(mut running), None) => {
                    running.renew(settings.clone(), duplicates, &beside);
                    running
                }
                (running, Some(entrance)) => {
                    let lasting = running.as_ref().map(|one| one.lasting.clone());
                    let mut lasting = lasting.unwrap_or_else(|| Lasting::new(&self.harbour, None));
                    lasting.duplicates = duplicates;
                    self.leaving.rosters.extend(running.map(end));
                    RunningListener::open(settings.clone(), entrance, lasting, &beside)
                }
                (None, None) => continue, // It was opened when this was prepared.
            };
            self.listeners.push(listener);
        }
    }

    /// Ends destinations that are gone, once nobody stores for them any more and their queue is empty or elsewhere. Those
    /// parked end at once, and are held whatever happens next.
    fn let_go(&mut self, gone: Vec<RunningDestination>, left: &Left, by: &Name) {
        self.leaving.rosters.retain(|roster| roster.count() > 0);
        self.leaving.destinations.retain(|one| !one.is_over());
        let (at, reason) = (Timestamp::now(), Name::from("parked when it left the configuration"));
        let mut gone: BTreeMap<Name, RunningDestination> =
            gone.into_iter().map(|one| (one.face.destination.id.arc(), one)).collect();
        let mut fates: Vec<(Name, Fate)> = Vec::new();
        for id in left.park.iter().map(|id| Name::from(id.as_str())) {
            if let Some(running) = gone.get_mut(&id) {
                running.end();
            }
            let (destination, by, reason) = (Name::clone(&id), Name::clone(by), reason.clone());
            let held = Change::DestinationHeld { at, destination, by, reason };
            self.harbour.store.record(held, None);
            fates.push((id, Fate::Parked));
        }
        for one in &left.moves {
            let mover = Mover::new(&self.harbour, one, by);
            fates.extend(mover.map(|mover| (Name::from(one.from.as_str()), Fate::Moved(mover))));
        }
        let named = |id: &Name| fates.iter().any(|(one, _)| one == id);
        let others: Vec<Name> = gone.keys().filter(|id| !named(id)).cloned().collect();
        fates.extend(others.into_iter().map(|id| (id, Fate::Delivered)));
        for (id, fate) in fates {
            let farewell = Farewell {
                running: gone.remove(&id),
                id,
                fate,
                store: self.store(),
                ways: self.ways.subscribe(),
                drain: self.drain.clone(),
                versions: self.earlier.clone(),
            };
            self.leaving.destinations.push(farewell.begin());
        }
    }

    /// What stays under the ids that are gone.
    async fn count_left(&self, moved: &mut Vec<QueueMoved>, left: &Left, by: &Name) {
        let states = self.states().await;
        let count = |id: &str| {
            let state = states.iter().find(|one| &*one.destination == id);
            state.map_or(0, |one| one.pending + one.held + one.dead)
        };
        for one in moved.iter_mut() {
            one.left = count(&one.destination);
            self.release(&states, &one.destination, by);
        }
        for id in &left.park {
            let (destination, deliveries) = (id.clone(), count(id));
            moved.push(QueueMoved { destination, to: None, deliveries, left: deliveries });
        }
    }
}

impl Running {
    /// Ends the hold of a queue that was parked before it was moved: the next destination of this id begins like any.
    fn release(&self, states: &[DestinationState], id: &str, by: &Name) {
        let is_held = |one: &DestinationState| &*one.destination == id && one.hold.is_some();
        if states.iter().any(is_held) {
            let (at, destination, by) = (Timestamp::now(), Name::from(id), Name::clone(by));
            self.harbour.store.record(Change::DestinationReleased { at, destination, by }, None);
        }
    }
}

/// Ends a listener that is gone or opens elsewhere; who of its connections has something in hand finishes it.
fn end(mut listener: RunningListener) -> Arc<Roster> {
    listener.end();
    listener.roster
}
