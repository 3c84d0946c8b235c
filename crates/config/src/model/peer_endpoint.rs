//! Who opens the connections of a destination (`role`): we dial the peer, or it dials us and we still send.

use std::net::SocketAddr;

use super::network::Network;
use super::tls::{ClientTls, ServerTls};

/// Where the two sides meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerEndpoint {
    /// `role = "client"`: the peer listens.
    Dialled(Dialled),
    /// `role = "server"`: we listen.
    Awaited(Awaited),
}

/// A peer that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialled {
    /// `host:port`; a name is resolved at each connect.
    pub address: String,
    /// How the connection is encrypted; absent = not at all.
    pub tls: Option<ClientTls>,
}

/// A peer that dials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// Where we listen for it; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The networks that may connect; empty = every address.
    pub allow: Vec<Network>,
    /// How the connection is encrypted, and whose certificates count; absent = not at all.
    pub tls: Option<ServerTls>,
}

impl PeerEndpoint {
    /// A peer that listens at `host:port`, in the clear.
    pub fn dialled(address: impl Into<String>) -> Self {
        Self::Dialled(Dialled { address: address.into(), tls: None })
    }

    /// The address of whoever listens.
    pub fn shown(&self) -> String {
        match self {
            Self::Dialled(Dialled { address, .. }) => address.clone(),
            Self::Awaited(Awaited { bind, .. }) => bind.to_string(),
        }
    }
}

impl Awaited {
    /// Whether messages would go out unencrypted to whoever connects from outside.
    pub fn is_plain_in_public(&self) -> bool {
        super::network::is_plain_in_public(self.bind, &self.allow, self.tls.is_some())
    }
}
