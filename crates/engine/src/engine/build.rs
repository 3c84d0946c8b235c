//! Building an engine: everything that may fail does so here, before a peer is answered.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{DirBuilder, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use wardline_config::{
    Awaited, Config, Destination, DestinationKind, Faults, Listener, Loaded, PeerEndpoint, Store,
};
use wardline_flow::{DestinationId, HandlerName, ListenerId};
use wardline_store::history::HistoryOptions;
use wardline_store::{Intake, JournalStore, Name, OpenError, StoreOptions};

use super::descriptors;
use super::run::Beside;
use crate::control::socket::ControlSocket;
use crate::events::Events;
use crate::handler::{Handlers, Reach};
use crate::history_keys::HistoryKeys;
use crate::inbound::entrance::Entrance;
use crate::inbound::listener::Endpoint;
use crate::observe::RecentLog;
use crate::outbound::Reception;
use crate::tls::{Acceptor, Certificates, Unusable};

/// Sockets that a listener listens with: its own, and one for who takes its address over.
const LISTENING: usize = 2;

/// Files of the store that are filled ahead, or are runs of a segment that are not one yet.
const UNFINISHED_FILES: u64 = 64;

/// The exit code of a store that could not write: every operator's script can tell it from others.
pub const EXIT_STORE_FAILED: i32 = 9;

/// An engine that is ready to run: its store is recovered, its addresses are bound.
pub struct Engine {
    pub(super) config: Config,
    pub(super) handlers: Handlers,
    pub(super) events: Events,
    pub(super) recent_log: Arc<RecentLog>,
    pub(super) store: Arc<JournalStore>,
    pub(super) intake: watch::Receiver<Intake>,
    pub(super) entrances: Vec<Entrance>,
    /// Of destinations whose peers dial us.
    pub(super) receptions: BTreeMap<DestinationId, Endpoint>,
    pub(super) control: ControlSocket,
    pub(super) certificates: Arc<Certificates>,
    pub(super) reread: Reread,
    pub(super) beside: Option<Beside>,
}

/// Reads the configuration once more, as it was read for the start. Called on a thread that may block.
pub type Reread = Arc<dyn Fn() -> Result<Loaded, Faults> + Send + Sync>;

/// Why an engine could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The data folder is not there and could not be made.
    #[error("cannot make the data folder {}", path.display())]
    DataFolder {
        /// `[engine] data_dir`.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store did not open: locked by another process, damaged, of another version, or unreadable.
    #[error("cannot open the store")]
    Store(#[from] OpenError),
    /// A listener's address is taken or not this machine's.
    #[error("listener {listener} cannot bind {address}")]
    Bind {
        /// Its id.
        listener: ListenerId,
        /// The address it was to have.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A listener's folder is not there or another engine's, or `done` or `failed` is on another disk or a folder that is
    /// watched.
    #[error("listener {listener} cannot watch {}", path.display())]
    Folder {
        /// Its id.
        listener: ListenerId,
        /// The folder it was to watch.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The address at which a destination's peers are to dial us is taken or not this machine's.
    #[error("destination {destination} cannot bind {address}")]
    BindDestination {
        /// Its id.
        destination: DestinationId,
        /// The address it was to have.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The control socket could not be bound.
    #[error("cannot bind the control socket {}", path.display())]
    Control {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate, key, issuers or revocation lists of a listener or destination cannot be used.
    #[error(transparent)]
    Tls(#[from] Unusable),
    /// The configuration names a handler this binary does not have.
    #[error("handler {0} is not in this binary")]
    NoSuchHandler(HandlerName),
}

impl Engine {
    /// Opens the store, recovers it, and binds every address. Nothing is accepted yet. `reread` is asked for the
    /// configuration whenever that is to be reloaded.
    pub fn build(config: Config, handlers: Handlers, reread: Reread) -> Result<Self, BuildError> {
        let known = handlers.clone().with_scripts(&config, Reach::Peers);
        for name in handlers_named(&config) {
            if known.factory(name.as_str()).is_none() {
                return Err(BuildError::NoSuchHandler(name));
            }
        }
        let certificates = Certificates::load(&config)?;
        descriptors::raise(
            connections(&config) + store_files(&config.store, config.history.enabled),
        );
        let folder = &config.engine.data_dir;
        make_private(folder)
            .map_err(|source| BuildError::DataFolder { path: folder.clone(), source })?;
        let (changed, intake) = watch::channel(Intake::Open);
        let options = store_options(&config, changed);
        let store = Arc::new(JournalStore::open(options)?);
        let entrances = Entrance::open_all(&config.listeners)?;
        let receptions = receptions(&config)?;
        let path = crate::control::socket_path(folder);
        let control = ControlSocket::bind(&path)
            .map_err(|source| BuildError::Control { path: path.clone(), source })?;
        Ok(Self {
            config,
            handlers,
            events: Events::default(),
            recent_log: Arc::default(),
            store,
            intake,
            entrances,
            receptions,
            control,
            certificates,
            reread,
            beside: None,
        })
    }

    /// Tells `events` what happens on the connections of all listeners.
    #[must_use]
    pub fn telling(self, events: Events) -> Self {
        Self { events, ..self }
    }

    /// Shows the lines that are kept there to whoever asks for the log.
    #[must_use]
    pub fn showing(self, recent_log: Arc<RecentLog>) -> Self {
        Self { recent_log, ..self }
    }

    /// Starts this beside it, and ends it behind everything else.
    #[must_use]
    pub fn beside(self, beside: Beside) -> Self {
        Self { beside: Some(beside), ..self }
    }

    /// What `[admin.tls]` shakes hands with; a reload renews its certificate.
    ///
    /// # Errors
    ///
    /// The configuration goes not together with what the cryptography can do.
    pub fn page_tls(&self) -> Result<Option<rustls::ServerConfig>, rustls::Error> {
        self.certificates.page().map(Acceptor::unasked).transpose()
    }

    /// The addresses bound, in the order of the configuration, with the real port where 0 was asked for. Listeners that
    /// watch folders have none.
    pub fn addresses(&self) -> impl Iterator<Item = (&ListenerId, SocketAddr)> {
        let listeners = self.config.listeners.iter().zip(&self.entrances);
        listeners.filter_map(|(listener, entrance)| Some((&listener.id, entrance.address()?)))
    }
}

/// Binds for every destination whose peers dial us.
fn receptions(config: &Config) -> Result<BTreeMap<DestinationId, Endpoint>, BuildError> {
    let mut receptions = BTreeMap::new();
    for destination in &config.destinations {
        if let Some(address) = awaits_at(destination) {
            receptions.insert(destination.id.clone(), reception(destination, address)?);
        }
    }
    Ok(receptions)
}

/// Where the peers of a destination are to arrive, if they dial us.
pub(super) fn awaits_at(destination: &Destination) -> Option<SocketAddr> {
    let DestinationKind::Mllp(mllp) = &destination.kind else { return None };
    match &mllp.endpoint {
        PeerEndpoint::Awaited(Awaited { bind, .. }) => Some(*bind),
        PeerEndpoint::Dialled(_) => None,
    }
}

/// Binds there.
pub(super) fn reception(
    destination: &Destination,
    address: SocketAddr,
) -> Result<Endpoint, BuildError> {
    let destination = destination.id.clone();
    Endpoint::bind(address).map_err(|source| BuildError::BindDestination {
        destination,
        address,
        source,
    })
}

/// The connections this configuration may have open at once, in both directions.
pub(super) fn connections(config: &Config) -> u64 {
    let inbound = config.listeners.iter().map(|one| one.max_connections.get() + LISTENING);
    let outbound = config.destinations.iter().map(|destination| match &destination.kind {
        DestinationKind::Mllp(mllp) => match &mllp.endpoint {
            PeerEndpoint::Dialled(_) => mllp.connections.get(),
            PeerEndpoint::Awaited(_) => Reception::sockets(mllp.connections.get()),
        },
        DestinationKind::Http(http) => http.connections.get(),
        DestinationKind::Postgres(_) => 1,
        DestinationKind::File(_) | DestinationKind::Handler(_) => 0,
    });
    inbound.chain(outbound).map(|connections| connections as u64).sum()
}

/// The files that the store of this configuration may have open at once: each segment, and what is found of it.
pub(super) fn store_files(store: &Store, with_history: bool) -> u64 {
    let segments = store.retain_bytes.div_ceil(store.segment_size.max(1));
    let each = if with_history { 2 } else { 1 };
    segments * each + UNFINISHED_FILES
}

/// Where the store of this configuration lies.
pub fn store_folder(config: &Config) -> PathBuf {
    config.engine.data_dir.join("store")
}

/// The store of this configuration, as it is opened by an engine or by a command on a stopped one.
///
/// `on_intake` hears whenever the store begins or ceases to take messages.
pub fn store_options(config: &Config, on_intake: watch::Sender<Intake>) -> StoreOptions {
    StoreOptions {
        dir: store_folder(config),
        segment_size: config.store.segment_size,
        retain_for: config.store.retain_for,
        retain_bytes: config.store.retain_bytes,
        min_free: config.store.min_free,
        max_index_lag: config.store.max_index_lag,
        dead_letter_retention: config.store.dead_letter_retention,
        history: config
            .history
            .enabled
            .then(|| HistoryOptions { keys: Arc::new(HistoryKeys::of(config)) }),
        tick: wardline_store::limits::TICK,
        on_fatal: Box::new(|fault| {
            tracing::error!(
                %fault,
                source = fault.source(),
                "the store failed: the process ends, nothing more is acknowledged"
            );
            std::process::exit(EXIT_STORE_FAILED);
        }),
        on_intake: Box::new(move |intake| {
            match intake {
                Intake::Open => tracing::info!("the store takes messages again"),
                Intake::NoSpace { .. } | Intake::Lagging { .. } => {
                    tracing::error!(%intake, "the store takes no messages: senders wait");
                }
                Intake::Closed => tracing::debug!("the store is closed"),
            }
            on_intake.send_replace(intake);
        }),
    }
}

/// How long what came through each listener is found and read, where that is said.
pub(crate) fn terms(config: &Config) -> BTreeMap<Name, Duration> {
    let of = |listener: &Listener| Some((listener.id.arc(), listener.retain_for?));
    config.listeners.iter().filter_map(of).collect()
}

/// Makes the data folder, if it is not there, for its owner alone: bodies of messages lie in it. The names of what was
/// made are durable when this returns.
fn make_private(folder: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.is_dir();
    let missing: Vec<_> = folder.ancestors().take_while(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    for parent in missing.into_iter().filter_map(Path::parent) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Every handler that listeners, routes and destinations name.
pub(super) fn handlers_named(config: &Config) -> Vec<HandlerName> {
    let before_the_ack = config.listeners.iter().flat_map(|listener| &listener.handlers);
    let on_routes = config.routing.routes.iter().flat_map(|route| &route.handlers);
    let behind_the_queue =
        config.destinations.iter().filter_map(|destination| match &destination.kind {
            DestinationKind::Handler(handler) => Some(&handler.handler),
            DestinationKind::Mllp(_)
            | DestinationKind::File(_)
            | DestinationKind::Http(_)
            | DestinationKind::Postgres(_) => None,
        });
    let mut names: Vec<HandlerName> =
        before_the_ack.chain(on_routes).chain(behind_the_queue).cloned().collect();
    names.sort();
    names.dedup();
    names
}
