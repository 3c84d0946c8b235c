//! `wardline run`: the engine, until a signal ends it.

mod log;

use std::panic;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use tracing_subscriber::filter::ParseError;
use wardline_admin::{Admin, AdminError, Options};
use wardline_engine::{BuildError, Ended, Engine};

use super::Invocation;
use super::configuration;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::store_errors;

/// Run the engine.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The configuration; --config where absent.
    #[arg(value_name = "CONFIG")]
    file: Option<PathBuf>,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
enum RunError {
    /// `[log] filter` is not one.
    #[error("[log] filter is not understood")]
    Filter(#[source] ParseError),
    /// The store or an address could not be had.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The page could not be had.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl Failure for RunError {
    fn exit(&self) -> Exit {
        match self {
            Self::Filter(_)
            | Self::Build(BuildError::NoSuchHandler(_) | BuildError::Tls(_))
            | Self::Admin(AdminError::Tls(_)) => Exit::ConfigInvalid,
            Self::Build(BuildError::Store(error)) => store_errors::exit(error),
            Self::Build(
                BuildError::DataFolder { .. }
                | BuildError::Bind { .. }
                | BuildError::Folder { .. }
                | BuildError::BindDestination { .. }
                | BuildError::Control { .. },
            )
            | Self::Admin(AdminError::Bind { .. } | AdminError::Access(_)) => Exit::Failed,
        }
    }
}

impl Run {
    /// Runs until the engine has drained.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let loaded = configuration::load_with_warnings(self.file.as_deref(), invocation)?;
        let recent_log = log::start(&loaded.config.log).map_err(RunError::Filter)?;
        log_panics();
        let reread = configuration::reread(self.file.as_deref(), invocation);
        let admin = loaded.config.admin.clone();
        let (name, data_dir) =
            (loaded.config.engine.name.clone(), loaded.config.engine.data_dir.clone());
        let engine = Engine::build(loaded.config, invocation.handlers.clone(), reread);
        let mut engine = engine.map_err(RunError::from)?;
        if let Some(settings) = admin {
            let options = Options { settings, name, data_dir: &data_dir };
            let page = Admin::build(options, &engine).map_err(RunError::from)?;
            engine = engine.beside(page.beside());
        }
        let engine = engine.telling(invocation.events.clone()).showing(recent_log);
        Ok(match engine.run() {
            Ended::Drained | Ended::DrainTimedOut => Exit::Ok,
            Ended::Forced => Exit::Failed,
        })
    }
}

/// Has a panic logged like everything else, as thread and place. Its text stays unsaid: a handler's may quote the message
/// it panicked over (PHI-1).
fn log_panics() {
    panic::set_hook(Box::new(|panicked| {
        let thread = thread::current();
        let location = panicked.location().map(ToString::to_string);
        tracing::error!(thread = thread.name(), location, "panicked");
    }));
}
