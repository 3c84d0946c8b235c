//! Running an engine: downstream starts first, upstream ends first.

use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use jiff::Timestamp;
use wardline_config::{
    Destination, DestinationKind, Entrance, HandlerLimits, Listener as ListenerSettings,
    PeerEndpoint,
};
use wardline_flow::{DestinationId, HandlerName};
use wardline_store::Store;

use super::build::{Engine, handlers_named};
use super::relays::Relays;
use super::signals::{Signals, Told};
use crate::charsets::Charsets;
use crate::control::Desk;
use crate::control::face::{DestinationFace, Face, HandlerFace, ListenerFace};
use crate::drain::{Drain, Phase, PhaseSender};
use crate::handler::{HandlerCaller, HandlerSupervisor};
use crate::inbound::answer::{AnswerStyle, ControlIds};
use crate::inbound::blocks::Blocks;
use crate::inbound::budget::Budget;
use crate::inbound::completions::Completions;
use crate::inbound::connection::{Relaying, Surroundings};
use crate::inbound::duplicates::recognising;
use crate::inbound::intake::Intake;
use crate::inbound::listener::{Berth, Endpoint};
use crate::inbound::roster::Roster;
use crate::inbound::sources::Sources;
use crate::observe::{DestinationCounters, ListenerCounters, Moment, Withheld};
use crate::outbound::{self, Delivering, PoolDoor, Reception};
use crate::replies::{Apart, Replies};
use crate::tls::Certificates;

/// How long the index may take to catch up when the engine ends. What it misses it reads at the next start.
const INDEX_CLOSE_TIME: Duration = Duration::from_secs(2);

/// How an engine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything in hand was finished.
    Drained,
    /// `drain_timeout` passed first. Nothing acknowledged is lost.
    DrainTimedOut,
    /// A second signal came. Nothing acknowledged is lost.
    Forced,
}

/// The running parts, as the drain needs them.
struct Running {
    rosters: Vec<Arc<Roster>>,
    pools: Vec<PoolDoor>,
    store: Arc<dyn Store>,
    phase: PhaseSender,
    drain_timeout: Duration,
}

/// An arbiter for sockets and what its connections share.
struct Quay {
    arbiter: ArbiterHandle,
    completions: Completions,
}

type Callers = Arc<BTreeMap<HandlerName, HandlerCaller>>;

impl Engine {
    /// Runs until a signal ends it. Blocks the calling thread.
    ///
    /// The caller should end the process with `std::process::exit` afterwards: a handler that blocks its thread
    /// cannot be joined.
    pub fn run(self) -> Ended {
        actix::System::new().block_on(self.live())
    }

    async fn live(self) -> Ended {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                tracing::error!(%error, "cannot listen to signals");
                return Ended::Forced;
            }
        };
        let certificates = Arc::clone(&self.certificates);
        let running = self.start();
        while signals.next().await == Told::Reload {
            reload(Arc::clone(&certificates)).await;
        }
        tokio::select! {
            ended = running.drain() => ended,
            () = signals.stop() => {
                tracing::warn!("second signal: ending at once");
                Ended::Forced
            }
        }
    }

    fn start(mut self) -> Running {
        let (phase, drain) = Drain::new();
        let store: Arc<dyn Store> = self.store.clone();
        let quays = quays(self.config.engine.arbiters, &*store);
        let (callers, handler_faces) = self.start_handlers();
        let relays = Relays::of(&self.config);
        let withheld = Arc::new(Withheld::of(&self.config));
        let receptions = std::mem::take(&mut self.receptions);
        let (pools, destination_faces) =
            self.start_pools(receptions, &quays, &callers, &withheld, &relays, &drain);
        let apart = destination_faces.iter().map(|face| face.apart.clone());
        let replies = Arc::new(Replies::new(apart.collect()));
        let relaying = |listener: &_| relays.heard_by(listener, &destination_faces);
        let (rosters, listener_faces) =
            self.berth_listeners(&quays, &callers, &withheld, &replies, &drain, relaying);
        let face = Face {
            name: self.config.engine.name.clone(),
            started: Timestamp::now(),
            drain,
            intake: self.intake.clone(),
            listeners: listener_faces,
            destinations: destination_faces,
            handlers: handler_faces,
            withheld,
            certificates: Arc::clone(&self.certificates),
        };
        for (listener, entrance) in self.config.listeners.iter().zip(&self.entrances) {
            let (id, at) = (&listener.id, entrance.shown());
            match listener.entrance {
                Entrance::Bind(_) => tracing::info!(listener = %id, address = at, "listening"),
                Entrance::Dial(_) => tracing::info!(listener = %id, address = at, "dialling"),
                Entrance::Folder(_) => tracing::info!(listener = %id, folder = at, "watching"),
            }
        }
        for listener in self.config.listeners.iter().filter(|one| one.is_plain_in_public()) {
            tracing::warn!(listener = %listener.id,
                "messages come in from everywhere and unencrypted: add `tls`");
        }
        actix::spawn(Arc::clone(&self.certificates).watch());
        let drain_timeout = self.config.engine.drain_timeout;
        let desk = Desk::live(Arc::clone(&store), &self.config, face);
        let accepting = rosters.into_iter().zip(self.entrances).map(|(berthed, entrance)| {
            let Berthed { roster, berths, drain } = berthed;
            entrance.start(berths, Arc::clone(&roster), drain);
            roster
        });
        let rosters = accepting.collect();
        self.control.serve(desk);
        Running { rosters, pools, store, phase, drain_timeout }
    }

    fn start_handlers(&self) -> (Callers, Vec<HandlerFace>) {
        let mut callers = BTreeMap::new();
        let mut faces = Vec::new();
        for name in handlers_named(&self.config) {
            let Some(factory) = self.handlers.factory(name.as_str()) else { continue };
            let configured = self.config.handlers.iter().find(|limits| limits.name == name);
            let limits = configured.cloned().unwrap_or_else(|| HandlerLimits::new(name.clone()));
            let wanted = limits.instances.get() as u64;
            let (supervisor, caller) = HandlerSupervisor::new(limits, factory);
            supervisor.start();
            faces.push(HandlerFace { name: name.clone(), wanted, caller: caller.clone() });
            callers.insert(name, caller);
        }
        (Arc::new(callers), faces)
    }

    fn start_pools(
        &self,
        mut endpoints: BTreeMap<DestinationId, Endpoint>,
        quays: &[Quay],
        callers: &Callers,
        withheld: &Arc<Withheld>,
        relays: &Relays,
        drain: &Drain,
    ) -> (Vec<PoolDoor>, Vec<DestinationFace>) {
        let routing = Arc::new(self.config.routing.clone());
        let charsets = Arc::new(Charsets::of(&self.config));
        let mut pools = Vec::new();
        let mut faces = Vec::new();
        for (destination, quay) in self.config.destinations.iter().zip(quays.iter().cycle()) {
            let counters = Arc::new(DestinationCounters::default());
            let last_delivered = Arc::new(Moment::default());
            let handler = match &destination.kind {
                DestinationKind::Handler(handler) => callers.get(&handler.handler).cloned(),
                DestinationKind::Mllp(_) | DestinationKind::File(_) => None,
            };
            let apart = Apart::of(destination, Arc::clone(&counters));
            let endpoint = endpoints.remove(&destination.id);
            let reception = self.reception(destination, endpoint.as_ref(), &counters);
            let delivering = Delivering {
                destination: destination.clone(),
                store: self.store.clone(),
                counters: Arc::clone(&counters),
                last_delivered: Arc::clone(&last_delivered),
                drain: drain.clone(),
                handler,
                routing: Arc::clone(&routing),
                turn: outbound::Turn::default(),
                charsets: Arc::clone(&charsets),
                withheld: Arc::clone(withheld),
                ends: relays.told_by(&destination.id),
                connector: self.certificates.connector(&destination.id),
                apart: apart.clone(),
                reception: reception.clone(),
            };
            let pool = outbound::start(delivering, endpoint, &quay.arbiter);
            faces.push(DestinationFace {
                destination: destination.clone(),
                reception,
                counters,
                apart,
                last_delivered,
                pool: pool.clone(),
            });
            pools.push(pool);
        }
        (pools, faces)
    }

    /// Where the peers of this destination arrive, if it is they who dial.
    fn reception(
        &self,
        destination: &Destination,
        endpoint: Option<&Endpoint>,
        counters: &Arc<DestinationCounters>,
    ) -> Option<Arc<Reception>> {
        let DestinationKind::Mllp(mllp) = &destination.kind else { return None };
        let PeerEndpoint::Awaited(awaited) = &mllp.endpoint else { return None };
        let (id, address) = (&destination.id, endpoint?.address);
        tracing::info!(destination = %id, %address, "listening for its peer");
        if awaited.is_plain_in_public() {
            tracing::warn!(destination = %id, %address,
                "messages go out unencrypted to whoever connects: add `tls` with `client_ca`, or `allow`");
        }
        let acceptor = self.certificates.reception(id);
        let most = mllp.connections.get();
        Some(Reception::new(id.clone(), awaited, address, acceptor, Arc::clone(counters), most))
    }

    /// Prepares every listener without accepting yet.
    fn berth_listeners(
        &self,
        quays: &[Quay],
        callers: &Callers,
        withheld: &Arc<Withheld>,
        replies: &Arc<Replies>,
        drain: &Drain,
        relaying: impl Fn(&ListenerSettings) -> Option<Arc<Relaying>>,
    ) -> (Vec<Berthed>, Vec<ListenerFace>) {
        let routing = Arc::new(self.config.routing.clone());
        let charsets = Arc::new(Charsets::of(&self.config));
        let control_ids = Arc::new(ControlIds::starting_at(Timestamp::now()));
        let budget = Budget::new(self.config.engine.max_buffered);
        let duplicates = recognising(&self.config.listeners, &self.store);
        let mut all = Vec::new();
        let mut faces = Vec::new();
        for (listener, entrance) in self.config.listeners.iter().zip(&self.entrances) {
            let roster =
                Roster::new(listener.max_connections, listener.max_per_source, listener.when_full);
            let intake = Intake::new(
                listener.clone(),
                Arc::clone(&routing),
                Arc::clone(callers),
                Arc::clone(&charsets),
                Arc::clone(withheld),
            );
            let intake = Arc::new(intake);
            let blocks = Arc::new(Blocks::default());
            let last_received = Arc::new(Moment::default());
            let sources = Sources::new(listener);
            let relaying = relaying(listener);
            let duplicates = duplicates.get(listener.id.as_str()).cloned();
            let berths: Vec<Berth> = quays
                .iter()
                .map(|quay| Berth {
                    arbiter: quay.arbiter.clone(),
                    around: Arc::new(Surroundings {
                        intake: Arc::clone(&intake),
                        style: AnswerStyle {
                            ack_type: listener.ack_type.clone(),
                            err_before_2_5: listener.err,
                        },
                        store: self.store.clone(),
                        store_intake: self.intake.clone(),
                        completions: quay.completions.clone(),
                        control_ids: Arc::clone(&control_ids),
                        counters: Arc::new(ListenerCounters::default()),
                        events: self.events.clone(),
                        replies: Arc::clone(replies),
                        last_received: Arc::clone(&last_received),
                        drain: drain.clone(),
                        blocks: Arc::clone(&blocks),
                        sources: Arc::clone(&sources),
                        budget: Arc::clone(&budget),
                        duplicates: duplicates.clone(),
                        relaying: relaying.clone(),
                        side: self.certificates.side(&listener.id),
                    }),
                })
                .collect();
            faces.push(ListenerFace {
                id: listener.id.clone(),
                address: entrance.shown(),
                role: role(&listener.entrance),
                max_connections: listener.max_connections.get() as u64,
                roster: Arc::clone(&roster),
                counters: berths.iter().map(|b| Arc::clone(&b.around.counters)).collect(),
                last_received,
            });
            all.push(Berthed { roster, berths, drain: drain.clone() });
        }
        (all, faces)
    }
}

/// What SIGHUP asks for: certificates, keys, issuers and revocation lists anew, the rest of the configuration as it was.
async fn reload(certificates: Arc<Certificates>) {
    match tokio::task::spawn_blocking(move || certificates.reload()).await {
        Ok(Ok(())) => tracing::info!(
            "certificates reloaded; the configuration itself is read at the start only"
        ),
        Ok(Err(unusable)) => tracing::error!(
            error = &unusable as &dyn Error,
            "certificates not reloaded: all stay as they were"
        ),
        Err(error) => tracing::error!(%error, "reloading certificates failed"),
    }
}

/// Who dials, where there are connections: `client` where we do.
fn role(entrance: &Entrance) -> Option<&'static str> {
    match entrance {
        Entrance::Bind(_) => Some("server"),
        Entrance::Dial(_) => Some("client"),
        Entrance::Folder(_) => None,
    }
}

/// A listener that is ready to accept.
struct Berthed {
    roster: Arc<Roster>,
    berths: Vec<Berth>,
    drain: Drain,
}

/// One arbiter per core for sockets, each with its port to the store.
fn quays(arbiters: Option<NonZeroUsize>, store: &dyn Store) -> Vec<Quay> {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    (0..arbiters.unwrap_or_else(cores).get())
        .map(|_| {
            let arbiter = Arbiter::new().handle();
            let completions = Completions::open(store, &arbiter);
            Quay { arbiter, completions }
        })
        .collect()
}

impl Running {
    async fn drain(self) -> Ended {
        tracing::info!(timeout_s = self.drain_timeout.as_secs(), "draining");
        self.phase.send_replace(Phase::Draining);
        let in_hand = async {
            for roster in &self.rosters {
                roster.emptied().await;
            }
            for pool in &self.pools {
                pool.drained().await;
            }
        };
        let ended = match tokio::time::timeout(self.drain_timeout, in_hand).await {
            Ok(()) => Ended::Drained,
            Err(_elapsed) => {
                tracing::warn!(
                    "drain timed out: what is in flight is delivered again after the next start"
                );
                Ended::DrainTimedOut
            }
        };
        let store = Arc::clone(&self.store);
        let closed = tokio::task::spawn_blocking(move || store.close(INDEX_CLOSE_TIME)).await;
        match closed {
            Ok(_) => tracing::info!("stopped"),
            Err(error) => tracing::error!(%error, "closing the store failed"),
        }
        ended
    }
}
