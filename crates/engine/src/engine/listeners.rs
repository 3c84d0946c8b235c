//! One listener of a running engine: berthed, opened, changed while its connections stand, ended.
//!
//! ```text
//!   new ──open──▶ accepting, dialling, watching ──end──▶ connections finish what they have in hand
//!                      │  ▲
//!                      └──┘ renew: the same entrance, other settings
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use wardline_config::{Entrance as Way, Listener};

use super::harbour::{Harbour, Quay, Version};
use crate::control::face::ListenerFace;
use crate::drain::{Drain, Phase, PhaseSender};
use crate::inbound::answer::AnswerStyle;
use crate::inbound::blocks::Blocks;
use crate::inbound::connection::Relaying;
use crate::inbound::duplicates::Duplicates;
use crate::inbound::entrance::Entrance;
use crate::inbound::intake::Intake;
use crate::inbound::listener::{Berth, Endpoint};
use crate::inbound::roster::Roster;
use crate::inbound::sources::Sources;
use crate::inbound::surroundings::{Around, AroundSender, Surroundings};
use crate::inbound::valve::Valve;
use crate::observe::{ListenerCounters, Moment};

/// A listener.
pub(super) struct RunningListener {
    pub(super) settings: Listener,
    shown: String,
    pub(super) roster: Arc<Roster>,
    pub(super) lasting: Lasting,
    sources: Arc<Sources>,
    /// Ends who accepts or dials.
    gate: PhaseSender,
    /// Ends connections.
    connections: (PhaseSender, Drain),
    around: Vec<AroundSender>,
    /// The bound socket once more, for who takes the address over.
    bound: Option<Endpoint>,
}

/// What outlives another entrance of the same listener: its figures, what is known of messages that came, and whether an
/// operator lets any in.
#[derive(Clone)]
pub(super) struct Lasting {
    counters: Vec<Arc<ListenerCounters>>,
    last_received: Arc<Moment>,
    blocks: Arc<Blocks>,
    valve: Arc<Valve>,
    pub(super) duplicates: Option<Arc<Duplicates>>,
}

/// What a listener goes by that others have a say in.
pub(super) struct Beside<'a> {
    pub(super) harbour: &'a Harbour,
    pub(super) version: &'a Version,
    pub(super) relaying: Option<Arc<Relaying>>,
}

impl Lasting {
    pub(super) fn new(harbour: &Harbour, duplicates: Option<Arc<Duplicates>>) -> Self {
        Self {
            counters: harbour.quays.iter().map(|_| Arc::default()).collect(),
            last_received: Arc::default(),
            blocks: Arc::default(),
            valve: Arc::default(),
            duplicates,
        }
    }
}

impl RunningListener {
    /// Lets messages come in.
    pub(super) fn open(
        settings: Listener,
        entrance: Entrance,
        lasting: Lasting,
        beside: &Beside<'_>,
    ) -> Self {
        let (gate, closing) = Drain::new();
        let mut listener = Self {
            shown: entrance.shown(),
            roster: Roster::of(&settings),
            sources: Sources::new(&settings),
            lasting,
            gate,
            connections: Drain::new(),
            around: Vec::new(),
            bound: entrance.bound_again(),
            settings,
        };
        let intake = listener.intake(beside);
        let mut berths = Vec::new();
        for (place, quay) in beside.harbour.quays.iter().enumerate() {
            let (sender, around) = Around::new(listener.surroundings(place, quay, &intake, beside));
            listener.around.push(sender);
            berths.push(Berth { arbiter: quay.arbiter.clone(), around });
        }
        listener.tell(&entrance);
        entrance.start(berths, Arc::clone(&listener.roster), closing);
        listener
    }

    fn tell(&self, entrance: &Entrance) {
        let (id, at) = (&self.settings.id, &self.shown);
        match entrance {
            Entrance::Socket(_) => tracing::info!(listener = %id, address = at, "listening"),
            Entrance::Peer(_) => tracing::info!(listener = %id, address = at, "dialling"),
            Entrance::Folder(_) => tracing::info!(listener = %id, folder = at, "watching"),
        }
        if self.settings.is_plain_in_public() {
            tracing::warn!(listener = %id,
                "messages come in from everywhere and unencrypted: add `tls`");
        }
    }

    /// Goes by these settings from the next message on. The entrance is the same. Connections stay, unless they would have
    /// to speak otherwise.
    pub(super) fn renew(
        &mut self,
        settings: Listener,
        duplicates: Option<Arc<Duplicates>>,
        beside: &Beside<'_>,
    ) {
        let speaks_otherwise =
            settings.tls != self.settings.tls || settings.release != self.settings.release;
        if speaks_otherwise {
            let (before, _) = std::mem::replace(&mut self.connections, Drain::new());
            before.send_replace(Phase::Draining);
        }
        let same_sources = (&settings.allow, settings.rate, settings.max_in_flight_per_source)
            == (&self.settings.allow, self.settings.rate, self.settings.max_in_flight_per_source);
        if !same_sources {
            self.sources = Sources::new(&settings);
        }
        self.roster.limit(&settings);
        self.lasting.duplicates = duplicates;
        self.settings = settings;
        let intake = self.intake(beside);
        for (place, (quay, sender)) in beside.harbour.quays.iter().zip(&self.around).enumerate() {
            sender.send_replace(Arc::new(self.surroundings(place, quay, &intake, beside)));
        }
    }

    /// Nothing more comes in; connections finish what they have in hand.
    pub(super) fn end(&mut self) {
        self.bound = None;
        self.gate.send_replace(Phase::Draining);
        self.connections.0.send_replace(Phase::Draining);
        for sender in &self.around {
            sender.send_modify(|_same| {});
        }
    }

    /// The socket at this address, if that is where it listens, for another listener or a destination.
    pub(super) fn hand_over(&self, address: SocketAddr) -> Option<io::Result<Endpoint>> {
        let Way::Bind(bound) = self.settings.entrance else { return None };
        let endpoint = self.bound.as_ref().filter(|_| bound == address && bound.port() != 0)?;
        Some(endpoint.again())
    }

    fn intake(&self, beside: &Beside<'_>) -> Arc<Intake> {
        Arc::new(Intake::new(self.settings.clone(), Arc::clone(&beside.version.ways)))
    }

    fn surroundings(
        &self,
        place: usize,
        quay: &Quay,
        intake: &Arc<Intake>,
        beside: &Beside<'_>,
    ) -> Surroundings {
        let Beside { harbour, version, relaying } = beside;
        let Lasting { counters, last_received, blocks, valve, duplicates } = &self.lasting;
        Surroundings {
            intake: Arc::clone(intake),
            style: AnswerStyle {
                ack_type: self.settings.ack_type.clone(),
                err_before_2_5: self.settings.err,
            },
            store: harbour.store.clone(),
            store_intake: harbour.intake.clone(),
            completions: quay.completions.clone(),
            control_ids: Arc::clone(&harbour.control_ids),
            counters: counters.get(place).cloned().unwrap_or_default(),
            events: harbour.events.clone(),
            replies: Arc::clone(&version.replies),
            last_received: Arc::clone(last_received),
            drain: self.connections.1.clone(),
            blocks: Arc::clone(blocks),
            sources: Arc::clone(&self.sources),
            budget: Arc::clone(&harbour.budget),
            valve: Arc::clone(valve),
            duplicates: duplicates.clone(),
            relaying: relaying.clone(),
            side: version.certificates.side(&self.settings.id),
        }
    }

    pub(super) fn face(&self) -> ListenerFace {
        ListenerFace {
            id: self.settings.id.clone(),
            address: self.shown.clone(),
            role: role(&self.settings.entrance),
            max_connections: self.settings.max_connections.get() as u64,
            roster: Arc::clone(&self.roster),
            counters: self.lasting.counters.clone(),
            last_received: Arc::clone(&self.lasting.last_received),
            valve: Arc::clone(&self.lasting.valve),
            around: self.around.first().map(Around::of),
        }
    }
}

/// Who dials, where there are connections: `client` where we do.
fn role(entrance: &Way) -> Option<&'static str> {
    match entrance {
        Way::Bind(_) => Some("server"),
        Way::Dial(_) => Some("client"),
        Way::Folder(_) => None,
    }
}
