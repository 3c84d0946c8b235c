//! All that can fail of a reload, done before anything is touched. Dropped, it is undone: sockets close, handlers end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use wardline_config::{Config, Destination, Entrance as Way, Listener};
use wardline_flow::{DestinationId, ListenerId};
use wardline_store::Name;

use super::super::build::{self, BuildError};
use super::super::destinations::RunningDestination;
use super::super::handlers::RunningHandlers;
use super::super::running::Running;
use super::fault::NotReloaded;
use crate::inbound::duplicates::{Duplicates, recognising};
use crate::inbound::entrance::Entrance;
use crate::inbound::listener::Endpoint;
use crate::tls::Renewed;

/// How long a new handler may take to come up. Its constructor may open files or a database.
const HANDLER_START: Duration = Duration::from_secs(30);

/// What another configuration needs beside what runs.
pub(super) struct Prepared {
    pub(super) config: Arc<Config>,
    pub(super) certificates: Renewed,
    /// The handlers of that configuration; those that stay are the running ones.
    pub(super) handlers: RunningHandlers,
    /// Of listeners that open.
    pub(super) entrances: BTreeMap<ListenerId, Entrance>,
    /// Of destinations whose peers arrive anew.
    pub(super) endpoints: BTreeMap<DestinationId, Endpoint>,
    /// Of listeners that begin to recognise what comes again.
    pub(super) duplicates: BTreeMap<Name, Arc<Duplicates>>,
}

impl Prepared {
    pub(super) async fn of(
        running: &Running,
        config: Arc<Config>,
        certificates: Renewed,
    ) -> Result<Self, NotReloaded> {
        let entrances = entrances(running, &config)?;
        let endpoints = endpoints(running, &config)?;
        let handlers = RunningHandlers::start(&config, &running.known, &running.handlers);
        for (name, handler) in &handlers.0 {
            let is_new =
                running.handlers.0.get(name).is_none_or(|old| old.limits != handler.limits);
            if is_new && !handler.caller.comes_up(HANDLER_START).await {
                return Err(NotReloaded::Handler(name.clone()));
            }
        }
        let duplicates = duplicates(running, &config).await?;
        Ok(Self { config, certificates, handlers, entrances, endpoints, duplicates })
    }
}

/// Opens what is not open already. An address that somebody else leaves is taken over with its socket, so that nobody who
/// connects meanwhile is turned away.
fn entrances(
    running: &Running,
    config: &Config,
) -> Result<BTreeMap<ListenerId, Entrance>, BuildError> {
    let mut entrances = BTreeMap::new();
    for listener in config.listeners.iter().filter(|one| !running.has_open(one)) {
        let taken_over = match &listener.entrance {
            Way::Bind(address) => running.left_at(config, *address),
            Way::Dial(_) | Way::Folder(_) => None,
        };
        let entrance = match taken_over {
            Some(endpoint) => Entrance::Socket(endpoint),
            None => Entrance::open(listener)?,
        };
        entrances.insert(listener.id.clone(), entrance);
    }
    Ok(entrances)
}

fn endpoints(
    running: &Running,
    config: &Config,
) -> Result<BTreeMap<DestinationId, Endpoint>, BuildError> {
    let mut endpoints = BTreeMap::new();
    for destination in &config.destinations {
        let Some(address) = build::awaits_at(destination) else { continue };
        let before = running.destination(&destination.id);
        if before.is_some_and(|before| !before.reopens_for(destination)) {
            continue;
        }
        let endpoint = match running.left_at(config, address) {
            Some(endpoint) => endpoint,
            None => build::reception(destination, address)?,
        };
        endpoints.insert(destination.id.clone(), endpoint);
    }
    Ok(endpoints)
}

async fn duplicates(
    running: &Running,
    config: &Arc<Config>,
) -> Result<BTreeMap<Name, Arc<Duplicates>>, NotReloaded> {
    let (before, config) = (Arc::clone(&running.config), Arc::clone(config));
    let store = Arc::clone(&running.harbour.store);
    let known = move |listener: &Listener| {
        let before = before.listeners.iter().find(|one| one.id == listener.id);
        before.is_none_or(|before| !recognises_alike(before, listener))
    };
    let read = move || recognising(&config.listeners, known, &store);
    Ok(tokio::task::spawn_blocking(read).await?)
}

/// Whether what one remembers serves the other.
pub(super) fn recognises_alike(one: &Listener, other: &Listener) -> bool {
    (one.dedup, one.dedup_window) == (other.dedup, other.dedup_window)
}

impl Running {
    /// Whether this listener is open where it wants to be.
    pub(super) fn has_open(&self, listener: &Listener) -> bool {
        let same = |one: &&Listener| one.id == listener.id && one.entrance == listener.entrance;
        self.config.listeners.iter().any(|one| same(&one))
    }

    /// The socket at this address, where a listener or a destination leaves it.
    fn left_at(&self, next: &Config, address: SocketAddr) -> Option<Endpoint> {
        let keeps = |settings: &Listener| {
            let mut listeners = next.listeners.iter();
            listeners.any(|one| one.id == settings.id && one.entrance == settings.entrance)
        };
        let mut listeners = self.listeners.iter().filter(|one| !keeps(&one.settings));
        let left = listeners.find_map(|one| one.hand_over(address));
        let reopens = |id: &DestinationId| -> Option<&Destination> {
            next.destinations.iter().find(|one| one.id == *id)
        };
        let leaves = |one: &&RunningDestination| {
            reopens(&one.face.destination.id).is_none_or(|next| one.reopens_for(next))
        };
        let mut destinations = self.destinations.iter().filter(leaves);
        let left = left.or_else(|| destinations.find_map(|one| one.hand_over(address)));
        // A socket that cannot be had once more is bound anew, which says why it cannot.
        left?.ok()
    }
}
