//! Why nothing was reloaded.

use std::error::Error;

use tokio::task::JoinError;
use wardline_config::{Faults, Severity};
use wardline_flow::HandlerName;
use wardline_store::ReadError;

use super::diff::Diff;
use crate::control::protocol::RefusedReason;
use crate::control::reloading::Refusal;
use crate::engine::BuildError;
use crate::tls::Unusable;

/// Why not. Everything is as it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotReloaded {
    /// The configuration cannot be used.
    #[error("{0}")]
    Invalid(#[from] Faults),
    /// These keys are read at the start only.
    #[error("needs a restart: {}", .0.join(", "))]
    NeedsRestart(Vec<String>),
    /// Files for TLS.
    #[error("{}", in_lines(.0))]
    Tls(Vec<Unusable>),
    /// The files say something else by now, or something else runs.
    #[error("the configuration differs otherwise than when it was looked at: look again")]
    Another,
    /// Destinations are gone and would leave these behind.
    #[error("{}", .0.join("\n"))]
    Queues(Vec<String>),
    /// What is to be moved or parked is not what it should be.
    #[error("{}", .0.join("\n"))]
    Misnamed(Vec<String>),
    /// These have deliveries in flight from before they went.
    #[error("still leaving, with deliveries in flight: {}; ask again", .0.join(", "))]
    Leaving(Vec<String>),
    /// An address or a folder could not be had.
    #[error("{}", in_words(.0))]
    Build(#[from] BuildError),
    /// A handler did not come up.
    #[error("handler {0} did not come up")]
    Handler(HandlerName),
    /// The queues could not be read.
    #[error("the store could not be read: {0}")]
    Store(#[from] ReadError),
    /// A task of ours.
    #[error("a task of the engine failed: {0}")]
    Task(#[from] JoinError),
}

impl NotReloaded {
    /// What this change needs a restart for, if it does.
    pub(super) fn at_start(diff: &Diff) -> Option<Self> {
        let keys = &diff.needs_restart;
        (!keys.is_empty()).then(|| Self::NeedsRestart(keys.clone()))
    }

    /// For whoever asked.
    pub(super) fn refusal(&self) -> Refusal {
        let reason = match self {
            Self::Invalid(_) => RefusedReason::ConfigurationInvalid,
            Self::NeedsRestart(_) => RefusedReason::NeedsRestart,
            Self::Tls(_) => RefusedReason::CertificatesUnusable,
            Self::Another => RefusedReason::AnotherDifference,
            Self::Queues(_) => RefusedReason::QueueNotEmpty,
            Self::Misnamed(_) => RefusedReason::NotFound,
            Self::Leaving(_) => RefusedReason::InFlight,
            Self::Build(_) | Self::Handler(_) => RefusedReason::NotReloaded,
            Self::Store(_) | Self::Task(_) => RefusedReason::StoreFailed,
        };
        Refusal { reason, text: self.to_string() }
    }

    /// For the log: each fault with its place.
    pub(super) fn tell(&self, by: &str) {
        match self {
            Self::Invalid(faults) => {
                let all = faults.diagnostics().iter();
                for fault in all.filter(|one| one.severity() == Severity::Fault) {
                    let (fault, place) = (fault.message(), fault.place(faults.files()));
                    tracing::error!(place, "the configuration has a fault: {fault}");
                }
            }
            Self::Tls(unusable) => {
                for one in unusable {
                    tracing::error!(error = one as &dyn Error, "certificates not reloaded");
                }
            }
            Self::NeedsRestart(_)
            | Self::Another
            | Self::Queues(_)
            | Self::Misnamed(_)
            | Self::Leaving(_)
            | Self::Build(_)
            | Self::Handler(_)
            | Self::Store(_)
            | Self::Task(_) => tracing::error!(reason = %self, "cannot reload"),
        }
        tracing::error!(by, "configuration not reloaded: everything stays as it was");
    }
}

fn in_lines(unusable: &[Unusable]) -> String {
    unusable.iter().map(|one| in_words(one)).collect::<Vec<_>>().join("\n")
}

fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
