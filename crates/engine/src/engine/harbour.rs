//! What all listeners and destinations of one engine share for as long as it runs, and what they share of one version of
//! the configuration.

use std::num::NonZeroUsize;
use std::sync::Arc;

use actix::{Arbiter, ArbiterHandle};
use jiff::Timestamp;
use tokio::sync::watch;
use wardline_config::Config;
use wardline_store::{Intake, JournalStore, Store};

use crate::events::Events;
use crate::inbound::answer::ControlIds;
use crate::inbound::budget::Budget;
use crate::inbound::completions::Completions;
use crate::replies::Replies;
use crate::tls::Certificates;
use crate::ways::Ways;

/// As long as the engine runs.
pub(super) struct Harbour {
    pub(super) quays: Vec<Quay>,
    /// The port to the store of the arbiter that the engine itself runs on.
    pub(super) own: Completions,
    pub(super) store: Arc<JournalStore>,
    pub(super) intake: watch::Receiver<Intake>,
    pub(super) control_ids: Arc<ControlIds>,
    pub(super) events: Events,
    pub(super) budget: Arc<Budget>,
}

/// An arbiter for sockets and what its connections share.
pub(super) struct Quay {
    pub(super) arbiter: ArbiterHandle,
    pub(super) completions: Completions,
}

/// As long as one configuration holds.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) ways: Arc<Ways>,
    pub(super) replies: Arc<Replies>,
    pub(super) certificates: Arc<Certificates>,
}

impl Harbour {
    pub(super) fn new(
        config: &Config,
        store: Arc<JournalStore>,
        intake: watch::Receiver<Intake>,
        events: Events,
    ) -> Self {
        Self {
            quays: quays(config.engine.arbiters, &*store),
            own: Completions::open(&*store, &Arbiter::current()),
            store,
            intake,
            control_ids: Arc::new(ControlIds::starting_at(Timestamp::now())),
            events,
            budget: Budget::new(config.engine.max_buffered),
        }
    }
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
