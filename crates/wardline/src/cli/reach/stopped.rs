//! The store of a stopped engine: its lock is ours while the command runs, it is recovered as a start would do it,
//! and the same desk that a running engine has answers from it.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;
use tracing_subscriber::filter::LevelFilter;
use wardline_config::Config;
use wardline_engine::control::Desk;
use wardline_engine::control::protocol::{Request, Response};
use wardline_engine::store_options;
use wardline_store::{Intake, JournalStore, Store};

use super::ReachError;

/// How long the index may take to catch up before the command ends; the next start reads what it missed.
const INDEX_CLOSE_TIME: Duration = Duration::from_secs(10);

/// The opened store and its desk.
pub(crate) struct Stopped {
    store: Arc<JournalStore>,
    desk: Desk,
    runtime: Runtime,
}

impl Stopped {
    /// Takes the lock and recovers the store.
    pub(super) fn open(config: &Config) -> Result<Self, ReachError> {
        start_log();
        let (intake_changed, _) = watch::channel(Intake::Open);
        let options = store_options(config, intake_changed);
        if !options.dir.is_dir() {
            return Err(ReachError::NoStore { folder: options.dir });
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ReachError::Runtime)?;
        let store = Arc::new(JournalStore::open(options)?);
        let desk = Desk::stopped(Arc::clone(&store) as Arc<dyn Store>, config);
        Ok(Self { store, desk, runtime })
    }

    /// Builds the store's index anew from its journal, whatever is wrong with it.
    pub(crate) fn rebuild_index(&self) -> Result<(), ReachError> {
        self.store.rebuild_index().map_err(ReachError::Rebuild)
    }

    /// Asks the desk.
    pub(crate) fn ask(&self, request: &Request) -> Response {
        self.runtime.block_on(self.desk.answer(request.clone()))
    }
}

/// Shows what the store has to say for itself: what recovery had to leave out, and the fault that ends the command.
fn start_log() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    let _one_is_started_already = subscriber.try_init();
}

impl Drop for Stopped {
    /// What the command changed is durable before it ends.
    fn drop(&mut self) {
        self.store.close(INDEX_CLOSE_TIME);
    }
}
