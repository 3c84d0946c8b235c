//! One destination of a running engine: its pool, and where its peers arrive if they dial us.
//!
//! Changed, its pool drains and another takes its place on the same queue, behind the same door. Removed, it drains.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use actix::ArbiterHandle;
use tokio::sync::watch;
use wardline_config::{Awaited, Destination, DestinationKind, MllpDestination, PeerEndpoint};

use super::harbour::Harbour;
use crate::control::face::DestinationFace;
use crate::drain::{Drain, Phase, PhaseSender};
use crate::ends::Ends;
use crate::inbound::listener::Endpoint;
use crate::observe::{DestinationCounters, Moment};
use crate::outbound::{self, Delivering, PoolDoor, Reception, Turn};
use crate::replies::{Apart, Elsewhere};
use crate::tls::Certificates;
use crate::ways::CurrentWays;

/// A destination.
pub(super) struct RunningDestination {
    pub(super) face: Arc<DestinationFace>,
    /// What the next pool is made of.
    told: watch::Sender<Delivering>,
    /// Ends the pool of the moment.
    pool: PhaseSender,
    entry: Option<Entry>,
    pub(super) ends: Option<Arc<Ends>>,
    /// Where pools wait for answers that have not drained yet.
    pub(super) leaving: Vec<Weak<Elsewhere>>,
    arbiter: ArbiterHandle,
}

/// Where its peers arrive.
struct Entry {
    reception: Arc<Reception>,
    gate: PhaseSender,
    /// The bound socket once more, for who takes the address over.
    bound: Option<Endpoint>,
}

/// What a destination goes by that others have a say in.
pub(super) struct Beside<'a> {
    pub(super) harbour: &'a Harbour,
    pub(super) ways: &'a CurrentWays,
    pub(super) certificates: &'a Certificates,
    /// Where senders wait for how its deliveries end.
    pub(super) ends: Option<Arc<Ends>>,
}

impl RunningDestination {
    /// Starts its pool on the arbiter of that quay, counted around, and its reception at this endpoint.
    pub(super) fn start(
        destination: &Destination,
        endpoint: Option<Endpoint>,
        place: usize,
        beside: &Beside<'_>,
    ) -> Option<Self> {
        let quay = beside.harbour.quays.iter().cycle().nth(place)?;
        let counters = Arc::new(DestinationCounters::default());
        let apart = Apart::of(destination, Arc::clone(&counters));
        let (pool, drain) = Drain::new();
        let delivering = Delivering {
            destination: destination.clone(),
            store: beside.harbour.store.clone(),
            completions: quay.completions.clone(),
            counters,
            last_delivered: Arc::new(Moment::default()),
            drain,
            ways: beside.ways.clone(),
            turn: Turn::default(),
            ends: beside.ends.clone(),
            connector: beside.certificates.connector(&destination.id),
            apart,
            reception: None,
        };
        let (entry, waiting) = match endpoint {
            Some(endpoint) => {
                Entry::new(destination, endpoint, &delivering.counters, beside).unzip()
            }
            None => (None, None),
        };
        let delivering = Delivering { reception: reception_of(entry.as_ref()), ..delivering };
        let arbiter = quay.arbiter.clone();
        let (door, told) = outbound::start(delivering.clone(), &arbiter);
        if let Some(waiting) = waiting {
            waiting.open(&door, &arbiter);
        }
        let face = Arc::new(face_of(&delivering, door));
        let (ends, leaving) = (beside.ends.clone(), Vec::new());
        Some(Self { face, told, pool, entry, ends, leaving, arbiter })
    }

    /// Whether a pool of this one has to be made anew for that.
    pub(super) fn restarts_for(&self, next: &Destination) -> bool {
        let before = &self.face.destination;
        // The first of these are obeyed before a message is stored.
        let seen_by_pool = Destination {
            charset: before.charset,
            unmappable: before.unmappable,
            processing_id: before.processing_id,
            accept_test: before.accept_test,
            ..next.clone()
        };
        seen_by_pool != *before
    }

    /// Whether its peers arrive elsewhere, or by other terms, from then on.
    pub(super) fn reopens_for(&self, next: &Destination) -> bool {
        let terms =
            |one| reception_settings(one).map(|(awaited, mllp)| (awaited, mllp.connections));
        terms(&self.face.destination) != terms(next)
    }

    /// Goes by these settings: the pool drains, another one follows. `endpoint` where its peers arrive anew.
    pub(super) fn renew(
        &mut self,
        next: &Destination,
        endpoint: Option<Endpoint>,
        beside: &Beside<'_>,
    ) {
        let restarts = self.restarts_for(next) || self.ends.is_some() != beside.ends.is_some();
        let reopens = self.reopens_for(next);
        let mut delivering = self.told.borrow().clone();
        let apart = delivering.apart.renewed(next, Arc::clone(&delivering.counters));
        self.leaving.retain(|elsewhere| elsewhere.strong_count() > 0);
        let before = std::mem::replace(&mut delivering.apart, apart).elsewhere;
        if !Arc::ptr_eq(&before, &delivering.apart.elsewhere) {
            self.leaving.push(Arc::downgrade(&before));
        }
        delivering.destination = next.clone();
        delivering.connector = beside.certificates.connector(&next.id);
        delivering.ends.clone_from(&beside.ends);
        self.ends.clone_from(&beside.ends);
        if reopens {
            self.close();
            if let Some(endpoint) = endpoint
                && let Some((entry, waiting)) =
                    Entry::new(next, endpoint, &delivering.counters, beside)
            {
                waiting.open(&self.face.pool, &self.arbiter);
                self.entry = Some(entry);
            }
            delivering.reception = reception_of(self.entry.as_ref());
        }
        if restarts {
            let (phase, drain) = Drain::new();
            delivering.drain = drain;
            self.told.send_replace(delivering.clone());
            // The next is known before this one ends.
            let before = std::mem::replace(&mut self.pool, phase);
            before.send_replace(Phase::Draining);
        }
        self.face = Arc::new(face_of(&delivering, self.face.pool.clone()));
    }

    /// What is in flight gets its answer, nothing more goes out.
    pub(super) fn end(&mut self) {
        self.close();
        self.pool.send_replace(Phase::Draining);
    }

    fn close(&mut self) {
        if let Some(entry) = self.entry.take() {
            entry.gate.send_replace(Phase::Draining);
        }
    }

    /// The socket at this address, if that is where its peers arrive, for another destination or a listener.
    pub(super) fn hand_over(&self, address: SocketAddr) -> Option<io::Result<Endpoint>> {
        let (awaited, _) = reception_settings(&self.face.destination)?;
        let bound = self.entry.as_ref()?.bound.as_ref();
        let endpoint = bound.filter(|_| awaited.bind == address && awaited.bind.port() != 0)?;
        Some(endpoint.again())
    }
}

/// A reception that nobody has come through yet.
struct Waiting {
    reception: Arc<Reception>,
    endpoint: Endpoint,
    drain: Drain,
}

impl Waiting {
    fn open(self, door: &PoolDoor, arbiter: &ArbiterHandle) {
        self.reception.open(self.endpoint, door, self.drain, arbiter);
    }
}

impl Entry {
    /// None for a destination that dials.
    fn new(
        destination: &Destination,
        endpoint: Endpoint,
        counters: &Arc<DestinationCounters>,
        beside: &Beside<'_>,
    ) -> Option<(Self, Waiting)> {
        let (awaited, mllp) = reception_settings(destination)?;
        let (id, address) = (&destination.id, endpoint.address);
        tracing::info!(destination = %id, %address, "listening for its peer");
        if awaited.is_plain_in_public() {
            tracing::warn!(destination = %id, %address,
                "messages go out unencrypted to whoever connects: add `tls` with `client_ca`, or `allow`");
        }
        let acceptor = beside.certificates.reception(id);
        let (most, counters) = (mllp.connections.get(), Arc::clone(counters));
        let reception = Reception::new(id.clone(), awaited, address, acceptor, counters, most);
        let (gate, drain) = Drain::new();
        // Where descriptors have run out nobody else can have it.
        let bound = endpoint.again().ok();
        let waiting = Waiting { reception: Arc::clone(&reception), endpoint, drain };
        Some((Self { reception, gate, bound }, waiting))
    }
}

fn reception_of(entry: Option<&Entry>) -> Option<Arc<Reception>> {
    entry.map(|entry| Arc::clone(&entry.reception))
}

/// Where its peers arrive, and how many, if they dial us.
fn reception_settings(destination: &Destination) -> Option<(&Awaited, &MllpDestination)> {
    let DestinationKind::Mllp(mllp) = &destination.kind else { return None };
    match &mllp.endpoint {
        PeerEndpoint::Awaited(awaited) => Some((awaited, mllp)),
        PeerEndpoint::Dialled(_) => None,
    }
}

fn face_of(delivering: &Delivering, pool: PoolDoor) -> DestinationFace {
    DestinationFace {
        destination: delivering.destination.clone(),
        reception: delivering.reception.clone(),
        counters: Arc::clone(&delivering.counters),
        apart: delivering.apart.clone(),
        last_delivered: Arc::clone(&delivering.last_delivered),
        pool,
    }
}
