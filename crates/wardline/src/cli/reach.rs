//! The way to what an operator asks about: the running engine by its control socket, or the store of a stopped one.
//!
//! ```text
//!   --config ─▶ data_dir ─▶ control.sock ─ answers ─▶ Live: the engine does it
//!                                        └ nobody ──▶ Stopped: we take the store's lock, recover it, and do it here
//! ```
//!
//! Both are asked the same requests and give the same answers.

mod live;
mod stopped;

use std::io;
use std::path::{Path, PathBuf};

use wardline_engine::control::protocol::{RefusedReason, Request, Response};
use wardline_engine::control::socket_path;
use wardline_store::{OpenError, ReadError};

use self::live::Live;
use self::stopped::Stopped;
use super::Invocation;
use super::configuration::{self, ConfigInvalid};
use super::exit::Exit;
use super::failure::Failure;
use super::store_errors;

/// Something that answers requests.
pub(crate) enum Reach {
    /// A running engine.
    Live(Live),
    /// The store of a stopped one, held by us.
    Stopped(Box<Stopped>),
}

/// Why there was no answer, or none that helps.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReachError {
    /// The configuration, which says where the engine is, cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigInvalid),
    /// No engine runs with this configuration.
    #[error("no engine runs: nobody answers at {}", socket.display())]
    NotRunning {
        /// Where it would answer.
        socket: PathBuf,
    },
    /// The engine could not be reached although its socket is there.
    #[error("the engine cannot be reached at {}", socket.display())]
    Connect {
        /// Where it should answer.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The conversation broke off.
    #[error("the conversation with the engine broke off")]
    Broken(#[source] io::Error),
    /// What was said is not the protocol: another version, most likely.
    #[error("the engine speaks another version than this command")]
    Protocol(#[source] serde_json::Error),
    /// The answer is one to another question.
    #[error("the engine's answer does not fit the question")]
    Unexpected,
    /// The search comes no further than the page before.
    #[error("the search does not come further: ask for less, by a time or a listener")]
    NoFurther,
    /// The engine, or the store, would not do it.
    #[error("{text}")]
    Refused {
        /// Why, for the exit code.
        reason: RefusedReason,
        /// Why, in words.
        text: String,
    },
    /// The event loop of this command did not start.
    #[error("this command cannot start its event loop")]
    Runtime(#[source] io::Error),
    /// The index of the stopped engine's store could not be built anew.
    #[error("the index cannot be built anew")]
    Rebuild(#[source] ReadError),
    /// The stopped engine's store did not open.
    #[error("the store cannot be opened")]
    Store(#[from] OpenError),
    /// There is no store yet: the engine has never run.
    #[error("there is no store at {}: the engine has not run yet", folder.display())]
    NoStore {
        /// Where it would be.
        folder: PathBuf,
    },
}

impl Failure for ReachError {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(invalid) => invalid.exit(),
            Self::Connect { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Exit::Denied
            }
            Self::NotRunning { .. } | Self::Connect { .. } | Self::Broken(_) => Exit::NotReachable,
            Self::Protocol(_) | Self::Unexpected | Self::NoFurther | Self::Runtime(_) => {
                Exit::Failed
            }
            Self::Refused { reason, .. } => match reason {
                RefusedReason::NotFound => Exit::NotFound,
                RefusedReason::StoreFailed => Exit::StoreFailed,
                RefusedReason::Draining | RefusedReason::NotRunning => Exit::NotReachable,
                RefusedReason::ConfigurationInvalid | RefusedReason::CertificatesUnusable => {
                    Exit::ConfigInvalid
                }
                RefusedReason::NeedsRestart
                | RefusedReason::QueueNotEmpty
                | RefusedReason::NotReloaded
                | RefusedReason::AnotherDifference
                | RefusedReason::NotUnderstood
                | RefusedReason::InFlight
                | RefusedReason::Busy
                | RefusedReason::NotTheHead
                | RefusedReason::NotMoved
                | RefusedReason::NotReleased
                | RefusedReason::NotReplayed
                | RefusedReason::NoHistory
                | RefusedReason::NotTried
                | RefusedReason::TooLong => Exit::Failed,
                RefusedReason::UnknownKey | RefusedReason::WhichListener => Exit::Usage,
            },
            Self::Rebuild(_) => Exit::StoreFailed,
            Self::Store(error) => store_errors::exit(error),
            Self::NoStore { .. } => Exit::NotFound,
        }
    }

    fn is_told(&self) -> bool {
        matches!(self, Self::Config(_))
    }
}

impl Reach {
    /// The running engine, or else the store of the stopped one.
    pub(crate) fn open(invocation: &Invocation) -> Result<Self, ReachError> {
        let config = configuration::load(None, invocation)?.config;
        match Live::connect(&socket_path(&config.engine.data_dir)) {
            Err(ReachError::NotRunning { .. }) => {
                Ok(Self::Stopped(Box::new(Stopped::open(&config)?)))
            }
            live => live.map(Self::Live),
        }
    }

    /// The store of a stopped engine only; a running one has its lock.
    pub(crate) fn stopped(invocation: &Invocation) -> Result<Stopped, ReachError> {
        Stopped::open(&configuration::load(None, invocation)?.config)
    }

    /// The running engine only.
    pub(crate) fn running(invocation: &Invocation) -> Result<Self, ReachError> {
        let config = configuration::load(None, invocation)?.config;
        Self::at(&socket_path(&config.engine.data_dir))
    }

    /// The engine that answers at this socket.
    pub(crate) fn at(socket: &Path) -> Result<Self, ReachError> {
        Live::connect(socket).map(Self::Live)
    }

    /// Asks, and returns the answer unless it is a refusal.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Response, ReachError> {
        let response = match self {
            Self::Live(live) => live.ask(request)?,
            Self::Stopped(stopped) => stopped.ask(request),
        };
        match response {
            Response::Refused { reason, text } => Err(ReachError::Refused { reason, text }),
            answer => Ok(answer),
        }
    }
}

/// Who asks: recorded with everything that is changed.
pub(crate) fn operator() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}
