//! A running engine: its parts, by one configuration after the other, until it drains.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use wardline_config::Config;
use wardline_flow::DestinationId;
use wardline_store::Store;

use super::build::{Engine, Reread};
use super::destinations::{self, RunningDestination};
use super::handlers::RunningHandlers;
use super::harbour::{Harbour, Version};
use super::listeners::{self, Lasting, RunningListener};
use super::relays::Relays;
use super::reload::Departure;
use super::run::Ended;
use crate::charsets::Charsets;
use crate::control::face::Face;
use crate::control::socket::ControlSocket;
use crate::drain::{Drain, Phase, PhaseSender};
use crate::handler::Handlers;
use crate::inbound::duplicates::recognising;
use crate::inbound::roster::Roster;
use crate::observe::Withheld;
use crate::replay::{Means, Replays};
use crate::replies::Replies;
use crate::ways::{Unused, Ways};

/// How long the index may take to catch up when the engine ends. What it misses it reads at the next start.
const INDEX_CLOSE_TIME: Duration = Duration::from_secs(2);
/// How often it is looked whether a certificate expires soon.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// The parts.
pub(super) struct Running {
    pub(super) config: Arc<Config>,
    pub(super) reread: Reread,
    /// The handlers that the binary has.
    pub(super) known: Handlers,
    pub(super) harbour: Harbour,
    pub(super) version: Version,
    pub(super) ways: watch::Sender<Arc<Ways>>,
    /// When nobody goes by the ways of the moment any more.
    pub(super) unused: Unused,
    /// The same of the ways before, as far as somebody may go by them still.
    pub(super) earlier: Vec<Unused>,
    pub(super) handlers: RunningHandlers,
    pub(super) destinations: Vec<RunningDestination>,
    pub(super) listeners: Vec<RunningListener>,
    /// Who has been ended and may have something in hand still.
    pub(super) leaving: Leaving,
    started: Timestamp,
    faces: watch::Sender<Arc<Face>>,
    phase: PhaseSender,
    pub(super) drain: Drain,
}

/// Parts of earlier configurations.
#[derive(Default)]
pub(super) struct Leaving {
    pub(super) rosters: Vec<Arc<Roster>>,
    pub(super) destinations: Vec<Departure>,
}

impl Running {
    /// Starts what was built, and gives the control socket back to be served.
    pub(super) fn start(engine: Engine) -> (Self, ControlSocket) {
        let Engine { config, handlers: known, events, store, intake, entrances, .. } = engine;
        let harbour = Harbour::new(&config, store, intake, events);
        let handlers = RunningHandlers::start(&config, &known, &RunningHandlers::default());
        let (ways, unused) = Ways::new(
            Arc::new(config.routing.clone()),
            Charsets::of(&config),
            Arc::new(Withheld::of(&config)),
            handlers.callers(),
        );
        let (sender, current) = watch::channel(Arc::clone(&ways));
        let (certificates, mut receptions) = (engine.certificates, engine.receptions);
        let relays = Relays::of(&config, &[]);
        let mut destinations = Vec::new();
        for (place, destination) in config.destinations.iter().enumerate() {
            let beside = destinations::Beside {
                harbour: &harbour,
                ways: &current,
                certificates: &certificates,
                ends: relays.told_by(&destination.id),
            };
            let endpoint = receptions.remove(&destination.id);
            destinations.extend(RunningDestination::start(destination, endpoint, place, &beside));
        }
        let version = Version { ways, replies: replies(&destinations), certificates };
        let mut duplicates = recognising(&config.listeners, |_| true, &harbour.store);
        let mut listeners = Vec::new();
        for (listener, entrance) in config.listeners.iter().zip(entrances) {
            let relaying = relays.heard_by(listener, &destinations);
            let beside = listeners::Beside { harbour: &harbour, version: &version, relaying };
            let lasting = Lasting::new(&harbour, duplicates.remove(listener.id.as_str()));
            listeners.push(RunningListener::open(listener.clone(), entrance, lasting, &beside));
        }
        let (phase, drain) = Drain::new();
        let started = Timestamp::now();
        let parts = (&listeners[..], &destinations[..], &handlers);
        let config = Arc::new(config);
        let face = face(&config, parts, &version, &harbour, (started, &drain));
        let (faces, seen) = watch::channel(Arc::new(face));
        actix::spawn(warn_of_certificates(seen));
        let running = Self {
            config,
            reread: engine.reread,
            known,
            harbour,
            version,
            ways: sender,
            unused,
            earlier: Vec::new(),
            handlers,
            destinations,
            listeners,
            leaving: Leaving::default(),
            started,
            faces,
            phase,
            drain,
        };
        (running, engine.control)
    }

    /// Tells its parts that it ends, whatever it is doing itself.
    pub(super) fn phase(&self) -> PhaseSender {
        self.phase.clone()
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        self.harbour.store.clone()
    }

    /// Sets to work what was replayed when the engine ended, and whatever is asked for from now on.
    pub(super) async fn replays(&self) -> Arc<Replays> {
        let means = Means {
            store: self.store(),
            completions: self.harbour.own.clone(),
            intake: self.harbour.intake.clone(),
            ways: self.ways.subscribe(),
            faces: self.faces(),
        };
        Replays::start(&self.config.engine.data_dir, means).await
    }

    /// What is seen of the engine, whatever configuration it goes by.
    pub(super) fn faces(&self) -> watch::Receiver<Arc<Face>> {
        self.faces.subscribe()
    }

    /// Shows the parts of the moment.
    pub(super) fn show(&self) {
        let parts = (&self.listeners[..], &self.destinations[..], &self.handlers);
        let since = (self.started, &self.drain);
        let face = face(&self.config, parts, &self.version, &self.harbour, since);
        self.faces.send_replace(Arc::new(face));
    }

    pub(super) fn destination(&self, id: &DestinationId) -> Option<&RunningDestination> {
        self.destinations.iter().find(|one| one.face.destination.id == *id)
    }

    /// Takes messages for `shutdown_delay` yet, then ends everything.
    pub(super) async fn leave(self) -> Ended {
        if let Some(delay) = self.config.engine.shutdown_delay
            && !self.drain.is_draining()
        {
            tracing::info!(delay_s = delay.as_secs(), "stopping: messages are still taken");
            self.phase.send_replace(Phase::Leaving);
            tokio::time::sleep(delay).await;
        }
        self.drain().await
    }

    /// Ends everything in its order.
    async fn drain(mut self) -> Ended {
        let drain_timeout = self.config.engine.drain_timeout;
        tracing::info!(timeout_s = drain_timeout.as_secs(), "draining");
        self.phase.send_replace(Phase::Draining);
        self.listeners.iter_mut().for_each(RunningListener::end);
        self.destinations.iter_mut().for_each(RunningDestination::end);
        let in_hand = async {
            let rosters = self.listeners.iter().map(|listener| &listener.roster);
            for roster in rosters.chain(&self.leaving.rosters) {
                roster.emptied().await;
            }
            let pools = self.destinations.iter().map(|destination| &destination.face.pool);
            let leaving = self.leaving.destinations.iter().filter_map(|one| one.pool.as_ref());
            for pool in pools.chain(leaving) {
                pool.drained().await;
            }
        };
        let ended = match tokio::time::timeout(drain_timeout, in_hand).await {
            Ok(()) => Ended::Drained,
            Err(_elapsed) => {
                tracing::warn!(
                    "drain timed out: what is in flight is delivered again after the next start"
                );
                Ended::DrainTimedOut
            }
        };
        let store = Arc::clone(&self.harbour.store);
        let closed = tokio::task::spawn_blocking(move || store.close(INDEX_CLOSE_TIME)).await;
        match closed {
            Ok(_) => tracing::info!("stopped"),
            Err(error) => tracing::error!(%error, "closing the store failed"),
        }
        ended
    }
}

/// What is awaited by all destinations.
pub(super) fn replies(destinations: &[RunningDestination]) -> Arc<Replies> {
    let aparts = destinations.iter().map(|one| one.face.apart.clone());
    let leaving = destinations.iter().flat_map(|one| one.leaving.iter().cloned());
    Arc::new(Replies::new(aparts.collect(), leaving.collect()))
}

type Parts<'a> = (&'a [RunningListener], &'a [RunningDestination], &'a RunningHandlers);

fn face(
    config: &Arc<Config>,
    (listeners, destinations, handlers): Parts<'_>,
    version: &Version,
    harbour: &Harbour,
    (started, drain): (Timestamp, &Drain),
) -> Face {
    Face {
        name: config.engine.name.clone(),
        config: Arc::clone(config),
        started,
        drain: drain.clone(),
        intake: harbour.intake.clone(),
        listeners: listeners.iter().map(RunningListener::face).collect(),
        destinations: destinations.iter().map(|one| Arc::clone(&one.face)).collect(),
        handlers: handlers.faces(),
        withheld: Arc::clone(&version.ways.withheld),
        certificates: Arc::clone(&version.certificates),
        lookups: Arc::clone(&config.routing.lookups),
        ways: Arc::clone(&version.ways),
    }
}

/// Warns now, and once a day, of certificates that expire. Never ends.
async fn warn_of_certificates(face: watch::Receiver<Arc<Face>>) {
    loop {
        let certificates = Arc::clone(&face.borrow().certificates);
        certificates.warn();
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
