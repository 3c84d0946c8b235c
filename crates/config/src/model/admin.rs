//! `[admin]`: the page for operators, and its API.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use super::ServerTls;

/// `[admin]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where browsers connect. Without `tls` an address of this machine alone: passwords would cross the network.
    pub bind: SocketAddr,
    /// What is shown to browsers; clients' certificates are never asked for.
    pub tls: Option<ServerTls>,
    /// What stands on top of every page.
    pub environment: Environment,
    /// A session that is not used for so long ends.
    pub session_idle: Duration,
    /// A session ends after this, used or not.
    pub session_max: Duration,
    /// Browsers and programs connected at once; further ones wait to be accepted.
    pub max_connections: NonZeroUsize,
}

/// `[admin.environment]`: what an operator must not mistake for another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// What it is called; absent = the name of the engine.
    pub name: Option<String>,
    /// Which it is, told by word and colour.
    pub kind: EnvironmentKind,
}

/// Kinds of environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvironmentKind {
    /// Patients depend on it.
    Production,
    /// Changes are tried here.
    Test,
    /// People learn here.
    Training,
    /// None of these.
    #[default]
    Other,
}

impl Admin {
    /// The defaults, for the one key that has none.
    pub fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            tls: None,
            environment: Environment::default(),
            session_idle: Duration::from_secs(30 * 60),
            session_max: Duration::from_secs(12 * 60 * 60),
            max_connections: NonZeroUsize::MIN.saturating_add(255),
        }
    }

    /// Whether passwords would cross the network for everybody to read.
    pub(crate) fn is_plain_in_public(&self) -> bool {
        self.tls.is_none() && !self.bind.ip().is_loopback()
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self::new((Ipv4Addr::LOCALHOST, 0).into())
    }
}

impl EnvironmentKind {
    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
            Self::Training => "training",
            Self::Other => "other",
        }
    }
}
