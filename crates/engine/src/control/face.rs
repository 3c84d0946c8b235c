//! What a running engine shows of itself: references to the counters and states of its parts, read when asked.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use tokio::sync::watch;
use wardline_config::{Config, Destination};
use wardline_flow::{HandlerName, ListenerId, Lookups};
use wardline_store::Intake;

use super::protocol::{HandlerRow, ListenerRow, PausedRow};
use crate::drain::Drain;
use crate::handler::HandlerCaller;
use crate::inbound::roster::Roster;
use crate::inbound::surroundings::Around;
use crate::inbound::valve::Valve;
use crate::observe::{DestinationCounters, ListenerCounters, ListenerCounts, Moment, Withheld};
use crate::outbound::{PoolDoor, Reception};
use crate::replies::Apart;
use crate::tls::Certificates;
use crate::ways::Ways;

/// A running engine as its desk sees it.
pub(crate) struct Face {
    pub(crate) name: String,
    /// What it goes by.
    pub(crate) config: Arc<Config>,
    pub(crate) started: Timestamp,
    pub(crate) drain: Drain,
    pub(crate) intake: watch::Receiver<Intake>,
    pub(crate) listeners: Vec<ListenerFace>,
    pub(crate) destinations: Vec<Arc<DestinationFace>>,
    pub(crate) handlers: Vec<HandlerFace>,
    pub(crate) withheld: Arc<Withheld>,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) lookups: Arc<Lookups>,
    /// The version that these parts go by.
    pub(crate) ways: Arc<Ways>,
}

/// One listener.
pub(crate) struct ListenerFace {
    pub(crate) id: ListenerId,
    /// Where its messages come in, as it is shown.
    pub(crate) address: String,
    /// Who dials: `client` where we do.
    pub(crate) role: Option<&'static str>,
    pub(crate) max_connections: u64,
    pub(crate) roster: Arc<Roster>,
    /// One set of counters for each arbiter.
    pub(crate) counters: Vec<Arc<ListenerCounters>>,
    pub(crate) last_received: Arc<Moment>,
    pub(crate) valve: Arc<Valve>,
    /// What its messages are decided and stored with, on one of the arbiters.
    pub(crate) around: Option<Around>,
}

/// One destination.
pub(crate) struct DestinationFace {
    pub(crate) destination: Destination,
    /// Where its peers arrive, if it is they who dial.
    pub(crate) reception: Option<Arc<Reception>>,
    pub(crate) counters: Arc<DestinationCounters>,
    pub(crate) apart: Apart,
    pub(crate) last_delivered: Arc<Moment>,
    pub(crate) pool: PoolDoor,
}

/// One handler.
pub(crate) struct HandlerFace {
    pub(crate) name: HandlerName,
    /// Instances configured.
    pub(crate) wanted: u64,
    pub(crate) caller: HandlerCaller,
}

impl ListenerFace {
    pub(crate) fn counts(&self) -> ListenerCounts {
        self.counters.iter().map(|counters| counters.read()).sum()
    }

    pub(crate) fn row(&self) -> ListenerRow {
        ListenerRow {
            id: self.id.to_string(),
            address: self.address.clone(),
            role: self.role.map(str::to_owned),
            connections: self.roster.count() as u64,
            max_connections: self.max_connections,
            last_received: self.last_received.get().map(|at| at.to_string()),
            paused: self.valve.paused().map(|pause| PausedRow {
                since: pause.at.to_string(),
                by: pause.by.clone(),
                reason: pause.reason.clone(),
            }),
            counts: self.counts(),
        }
    }
}

impl HandlerFace {
    pub(crate) fn row(&self) -> HandlerRow {
        let shared = self.caller.shared();
        HandlerRow {
            name: self.name.to_string(),
            state: shared.state(self.wanted).to_owned(),
            instances: shared.instances.load(Ordering::Acquire),
            stuck: shared.stuck.load(Ordering::Acquire),
            counts: shared.counters.read(),
        }
    }
}
