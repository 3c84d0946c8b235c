//! Where a listener's messages come in, once it is open: building may fail here, starting may not.

use std::net::SocketAddr;
use std::sync::Arc;

use wardline_config as config;

use super::dialer;
use super::folder::{FolderWatcher, Inbox};
use super::listener::{Berth, Endpoint, Listener};
use super::roster::Roster;
use crate::drain::Drain;
use crate::engine::BuildError;

/// An entrance that nobody has come through yet.
pub(crate) enum Entrance {
    /// A bound address.
    Socket(Endpoint),
    /// A peer that we dial.
    Peer(config::Dialling),
    /// A folder of ours.
    Folder(Inbox),
}

impl Entrance {
    /// Opens those of all listeners, in their order.
    pub(crate) fn open_all(listeners: &[config::Listener]) -> Result<Vec<Self>, BuildError> {
        let entrances: Vec<Self> = listeners.iter().map(Self::open).collect::<Result<_, _>>()?;
        let folders = || {
            listeners.iter().zip(&entrances).filter_map(|(listener, entrance)| match entrance {
                Self::Folder(inbox) => Some((&listener.id, inbox)),
                Self::Socket(_) | Self::Peer(_) => None,
            })
        };
        for (id, inbox) in folders() {
            for (other_id, other) in folders().filter(|(other_id, _)| *other_id != id) {
                inbox.is_apart_from(other, other_id).map_err(|source| BuildError::Folder {
                    listener: id.clone(),
                    path: inbox.settings().path.clone(),
                    source,
                })?;
            }
        }
        Ok(entrances)
    }

    /// Binds the address, or takes possession of the folder.
    pub(crate) fn open(listener: &config::Listener) -> Result<Self, BuildError> {
        let id = || listener.id.clone();
        match &listener.entrance {
            config::Entrance::Bind(address) => Endpoint::bind(*address)
                .map(Self::Socket)
                .map_err(|source| BuildError::Bind { listener: id(), address: *address, source }),
            config::Entrance::Dial(dialling) => Ok(Self::Peer(dialling.clone())),
            config::Entrance::Folder(folder) => {
                Inbox::open(folder.clone()).map(Self::Folder).map_err(|source| BuildError::Folder {
                    listener: id(),
                    path: folder.path.clone(),
                    source,
                })
            }
        }
    }

    /// The address, with the real port where 0 was asked for.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Socket(endpoint) => Some(endpoint.address),
            Self::Peer(_) | Self::Folder(_) => None,
        }
    }

    /// The bound socket once more. Where descriptors have run out nobody else can have it.
    pub(crate) fn bound_again(&self) -> Option<Endpoint> {
        match self {
            Self::Socket(endpoint) => endpoint.again().ok(),
            Self::Peer(_) | Self::Folder(_) => None,
        }
    }

    /// What an operator is shown: the address, ours or the peer's, or the folder.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Socket(endpoint) => endpoint.address.to_string(),
            Self::Peer(dialling) => dialling.peer.address.clone(),
            Self::Folder(inbox) => inbox.settings().path.display().to_string(),
        }
    }

    /// Lets messages come in. A folder has one berth: there is one file in hand.
    pub(crate) fn start(self, berths: Vec<Berth>, roster: Arc<Roster>, drain: Drain) {
        match self {
            Self::Socket(endpoint) => {
                actix::Actor::start(Listener::new(endpoint, berths, roster, drain));
            }
            Self::Peer(dialling) => dialer::start(&dialling, &berths, &roster, &drain),
            Self::Folder(inbox) => {
                if let Some(berth) = berths.into_iter().next() {
                    FolderWatcher::start(inbox, berth, &roster);
                }
            }
        }
    }
}
