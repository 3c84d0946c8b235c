//! A listener whose peer listens (`role = "client"`): many analyzers are the TCP server, and still send.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::peer_endpoint::Dialled;

/// Whom such a listener dials, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialling {
    /// The peer.
    pub peer: Dialled,
    /// How many connections to it are kept up.
    pub connections: NonZeroUsize,
    /// The wait before a connection that ended is dialled again.
    pub first: Duration,
    /// The longest such wait: it doubles until a message has come.
    pub max: Duration,
}

impl Dialling {
    /// The defaults, for a peer.
    pub fn new(peer: Dialled) -> Self {
        Self {
            peer,
            connections: NonZeroUsize::MIN,
            first: Duration::from_secs(1),
            max: Duration::from_secs(60),
        }
    }
}
