//! Certificates: those of all listeners and destinations of an engine, read together.
//!
//! Read again, either all of them are swapped or none: a slip in one file leaves everything as it was. Connections that
//! stand are not touched.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use wardline_config::{Config, DestinationKind, Dialled, Entrance, PeerEndpoint, ServerTls};
use wardline_flow::{DestinationId, ListenerId};

use super::acceptor::Acceptor;
use super::connector::Connector;
use super::fault::TlsFault;
use super::identity::Identity;
use crate::control::protocol::{CertificateRow, CertificateState};
use crate::inbound::handshake::Side;

/// How often it is looked whether a certificate expires soon.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// All that an engine shows and trusts.
#[derive(Debug)]
pub(crate) struct Certificates {
    acceptors: BTreeMap<Owner, Arc<Acceptor>>,
    connectors: BTreeMap<Owner, Arc<Connector>>,
    warning: Duration,
}

/// Whose certificates they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Listener(ListenerId),
    Destination(DestinationId),
}

impl Owner {
    /// Its id, which no other has.
    fn id(&self) -> &str {
        match self {
            Self::Listener(id) => id.as_str(),
            Self::Destination(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listener(id) => write!(f, "listener {id}"),
            Self::Destination(id) => write!(f, "destination {id}"),
        }
    }
}

/// The TLS of one listener or destination cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the TLS of {of} cannot be used")]
pub struct Unusable {
    /// Whose it is.
    of: Owner,
    /// Why not.
    source: TlsFault,
}

/// Tries to read everything that `config` names for TLS; all that is wrong with it.
pub fn check(config: &Config) -> Vec<Unusable> {
    let (_, unusable) = Certificates::read(config);
    unusable
}

impl Certificates {
    /// Reads everything that `config` names.
    pub(crate) fn load(config: &Config) -> Result<Arc<Self>, Unusable> {
        let (certificates, unusable) = Self::read(config);
        match unusable.into_iter().next() {
            None => Ok(Arc::new(certificates)),
            Some(first) => Err(first),
        }
    }

    fn read(config: &Config) -> (Self, Vec<Unusable>) {
        let warning = config.engine.certificate_warning;
        let mut all = Self { acceptors: BTreeMap::new(), connectors: BTreeMap::new(), warning };
        let mut unusable = Vec::new();
        for listener in &config.listeners {
            let owner = Owner::Listener(listener.id.clone());
            let read = match &listener.entrance {
                Entrance::Dial(dialling) => all.connect_for(owner, &dialling.peer),
                Entrance::Bind(_) | Entrance::Folder(_) => {
                    all.accept_for(owner, listener.tls.as_ref())
                }
            };
            unusable.extend(read.err());
        }
        for destination in &config.destinations {
            let DestinationKind::Mllp(mllp) = &destination.kind else { continue };
            let owner = Owner::Destination(destination.id.clone());
            let read = match &mllp.endpoint {
                PeerEndpoint::Dialled(dialled) => all.connect_for(owner, dialled),
                PeerEndpoint::Awaited(awaited) => all.accept_for(owner, awaited.tls.as_ref()),
            };
            unusable.extend(read.err());
        }
        (all, unusable)
    }

    fn accept_for(&mut self, of: Owner, settings: Option<&ServerTls>) -> Result<(), Unusable> {
        let Some(settings) = settings else { return Ok(()) };
        let built = Acceptor::build(settings);
        let acceptor = built.map_err(|source| Unusable { of: of.clone(), source })?;
        self.acceptors.insert(of, acceptor);
        Ok(())
    }

    fn connect_for(&mut self, of: Owner, dialled: &Dialled) -> Result<(), Unusable> {
        let Some(settings) = &dialled.tls else { return Ok(()) };
        let built = Connector::build(settings, &dialled.address);
        let connector = built.map_err(|source| Unusable { of: of.clone(), source })?;
        self.connectors.insert(of, connector);
        Ok(())
    }

    /// Which side of a handshake a listener is.
    pub(crate) fn side(&self, listener: &ListenerId) -> Side {
        let owner = Owner::Listener(listener.clone());
        match (self.acceptors.get(&owner), self.connectors.get(&owner)) {
            (Some(acceptor), _) => Side::Server(Arc::clone(acceptor)),
            (None, Some(connector)) => Side::Client(Arc::clone(connector)),
            (None, None) => Side::Neither,
        }
    }

    /// What a destination shakes hands with that we dial; none where it is plain.
    pub(crate) fn connector(&self, destination: &DestinationId) -> Option<Arc<Connector>> {
        self.connectors.get(&Owner::Destination(destination.clone())).cloned()
    }

    /// What a destination shakes hands with that is dialled; none where it is plain.
    pub(crate) fn reception(&self, destination: &DestinationId) -> Option<Arc<Acceptor>> {
        self.acceptors.get(&Owner::Destination(destination.clone())).cloned()
    }

    /// Reads every file again and uses what is in them from now on: all, or nothing where one cannot be used. Blocks.
    pub(crate) fn reload(&self) -> Result<(), Unusable> {
        let mut shown = Vec::new();
        for (of, acceptor) in &self.acceptors {
            let read = acceptor.read_again();
            let read = read.map_err(|source| Unusable { of: of.clone(), source })?;
            shown.push((acceptor, read));
        }
        let mut trusted = Vec::new();
        for (of, connector) in &self.connectors {
            let read = connector.read_again();
            let read = read.map_err(|source| Unusable { of: of.clone(), source })?;
            trusted.push((connector, read));
        }
        for (acceptor, shown) in shown {
            acceptor.swap(shown);
        }
        for (connector, trusted) in trusted {
            connector.swap(trusted);
        }
        for row in self.rows(Timestamp::now()) {
            let CertificateRow { of, subject, serial, not_after, days_left, .. } = &row;
            tracing::info!(of, subject, serial, not_after, days_left, "certificate in use");
            warn_of(&row);
        }
        Ok(())
    }

    /// One row for each listener and destination that shows a certificate: the one of its chain that expires first.
    pub(crate) fn rows(&self, now: Timestamp) -> Vec<CertificateRow> {
        let acceptors =
            self.acceptors.iter().map(|(of, acceptor)| (of, acceptor.first_to_expire()));
        let connectors =
            self.connectors.iter().map(|(of, connector)| (of, connector.first_to_expire()));
        let shown = acceptors.chain(connectors);
        shown.filter_map(|(of, identity)| Some(self.row(of.id(), &identity?, now))).collect()
    }

    fn row(&self, of: &str, identity: &Identity, now: Timestamp) -> CertificateRow {
        let left = identity.not_after.as_second() - now.as_second();
        let warned = i64::try_from(self.warning.as_secs()).unwrap_or(i64::MAX);
        let state = match left {
            ..=0 => CertificateState::Expired,
            left if left < warned => CertificateState::Expiring,
            _ => CertificateState::Valid,
        };
        CertificateRow {
            of: of.to_owned(),
            subject: identity.subject.clone(),
            serial: identity.serial.clone(),
            fingerprint: identity.fingerprint.to_string(),
            not_after: identity.not_after.to_string(),
            days_left: identity.days_left(now),
            state,
        }
    }

    /// Warns now, and once a day, of what expires. Never ends.
    pub(crate) async fn watch(self: Arc<Self>) {
        loop {
            self.rows(Timestamp::now()).iter().for_each(warn_of);
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Says that a certificate is about to expire, or has.
fn warn_of(row: &CertificateRow) {
    let CertificateRow { of, subject, serial, not_after, days_left, .. } = row;
    match row.state {
        CertificateState::Valid => {}
        CertificateState::Expiring => {
            tracing::warn!(of, subject, serial, not_after, days_left, "a certificate expires soon");
        }
        CertificateState::Expired => tracing::error!(
            of,
            subject,
            serial,
            not_after,
            "a certificate has expired: peers will refuse it"
        ),
    }
}

/// Of a chain, the certificate that expires first; none that cannot be read.
pub(super) fn first_to_expire(chain: &[CertificateDer<'_>]) -> Option<Identity> {
    let identities = chain.iter().filter_map(Identity::of);
    identities.min_by_key(|identity| identity.not_after)
}
