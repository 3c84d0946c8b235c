//! Certificates: those of all listeners and destinations of an engine, read together.
//!
//! Read again, either all of them are swapped or none: a slip in one file leaves everything as it was. Connections that
//! stand are not touched.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use wardline_config::{
    ClientTls, Config, DestinationKind, Dialled, Dialling, Entrance, PeerEndpoint, ServerTls,
};
use wardline_flow::{DestinationId, ListenerId};

use super::acceptor::{Acceptor, Shown};
use super::connector::{Connector, Trusted};
use super::fault::TlsFault;
use super::identity::Identity;
use crate::control::protocol::{CertificateRow, CertificateState};
use crate::inbound::handshake::Side;

/// All that an engine shows and trusts.
#[derive(Debug)]
pub(crate) struct Certificates {
    acceptors: BTreeMap<Owner, Arc<Acceptor>>,
    connectors: BTreeMap<Owner, Arc<Connector>>,
    warning: Duration,
}

/// Certificates that were read and are not in use yet.
pub(crate) struct Renewed {
    all: Certificates,
    shown: Vec<(Arc<Acceptor>, Arc<Shown>)>,
    trusted: Vec<(Arc<Connector>, Arc<Trusted>)>,
}

/// Whose certificates they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// `[admin.tls]`.
    Page,
    Listener(ListenerId),
    Destination(DestinationId),
}

impl Owner {
    /// Its id; a listener or destination of the name `admin` may have the page's.
    fn id(&self) -> &str {
        match self {
            Self::Page => "admin",
            Self::Listener(id) => id.as_str(),
            Self::Destination(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page => f.write_str("[admin]"),
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

impl Unusable {
    /// The files that it is about, the one to look at first.
    pub fn files(&self) -> Vec<&Path> {
        self.source.files()
    }
}

/// Tries to read everything that `config` names for TLS; all that is wrong with it.
pub fn check(config: &Config) -> Vec<Unusable> {
    let (_, unusable) = Certificates::none().read(config);
    unusable
}

impl Certificates {
    /// Reads everything that `config` names.
    pub(crate) fn load(config: &Config) -> Result<Arc<Self>, Unusable> {
        let (renewed, unusable) = Self::none().read(config);
        match unusable.into_iter().next() {
            None => Ok(Arc::new(renewed.all)),
            Some(first) => Err(first),
        }
    }

    /// Reads everything that another configuration names. Whoever is in use by the same settings stays in use, and shows
    /// and trusts what was read once that is [taken](Renewed::take). Blocks.
    ///
    /// # Errors
    ///
    /// All that cannot be used; everything stays as it was.
    pub(crate) fn renewed(&self, config: &Config) -> Result<Renewed, Vec<Unusable>> {
        let (renewed, unusable) = self.read(config);
        if unusable.is_empty() { Ok(renewed) } else { Err(unusable) }
    }

    fn none() -> Self {
        let warning = Duration::ZERO;
        Self { acceptors: BTreeMap::new(), connectors: BTreeMap::new(), warning }
    }

    fn read(&self, config: &Config) -> (Renewed, Vec<Unusable>) {
        let warning = config.engine.certificate_warning;
        let all = Self { warning, ..Self::none() };
        let mut renewed = Renewed { all, shown: Vec::new(), trusted: Vec::new() };
        let mut unusable = Vec::new();
        let page = config.admin.as_ref().and_then(|admin| admin.tls.as_ref());
        unusable.extend(renewed.accept_for(self, Owner::Page, page).err());
        for listener in &config.listeners {
            let owner = Owner::Listener(listener.id.clone());
            let read = match &listener.entrance {
                Entrance::Dial(Dialling { peer: Dialled { address, tls }, .. }) => {
                    renewed.connect_for(self, owner, tls.as_ref(), address)
                }
                Entrance::Bind(_) | Entrance::Folder(_) => {
                    renewed.accept_for(self, owner, listener.tls.as_ref())
                }
            };
            unusable.extend(read.err());
        }
        for destination in &config.destinations {
            let owner = Owner::Destination(destination.id.clone());
            let read = match &destination.kind {
                DestinationKind::Mllp(mllp) => match &mllp.endpoint {
                    PeerEndpoint::Dialled(Dialled { address, tls }) => {
                        renewed.connect_for(self, owner, tls.as_ref(), address)
                    }
                    PeerEndpoint::Awaited(awaited) => {
                        renewed.accept_for(self, owner, awaited.tls.as_ref())
                    }
                },
                DestinationKind::Http(http) => {
                    renewed.connect_for(self, owner, http.tls.as_ref(), &http.url.address)
                }
                DestinationKind::Postgres(postgres) => {
                    renewed.connect_for(self, owner, postgres.tls.as_ref(), &postgres.address)
                }
                DestinationKind::File(_) | DestinationKind::Handler(_) => Ok(()),
            };
            unusable.extend(read.err());
        }
        (renewed, unusable)
    }

    /// What the page shakes hands with; none where it is plain.
    pub(crate) fn page(&self) -> Option<&Arc<Acceptor>> {
        self.acceptors.get(&Owner::Page)
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

    /// Warns of what expires.
    pub(crate) fn warn(&self) {
        self.rows(Timestamp::now()).iter().for_each(warn_of);
    }
}

impl Renewed {
    fn accept_for(
        &mut self,
        before: &Certificates,
        of: Owner,
        settings: Option<&ServerTls>,
    ) -> Result<(), Unusable> {
        let Some(settings) = settings else { return Ok(()) };
        let unusable = |source| Unusable { of: of.clone(), source };
        let acceptor = match before.acceptors.get(&of).filter(|one| one.is_for(settings)) {
            Some(same) => {
                self.shown.push((Arc::clone(same), same.read_again().map_err(unusable)?));
                Arc::clone(same)
            }
            None => Acceptor::build(settings).map_err(unusable)?,
        };
        self.all.acceptors.insert(of, acceptor);
        Ok(())
    }

    fn connect_for(
        &mut self,
        before: &Certificates,
        of: Owner,
        settings: Option<&ClientTls>,
        address: &str,
    ) -> Result<(), Unusable> {
        let Some(settings) = settings else { return Ok(()) };
        let unusable = |source| Unusable { of: of.clone(), source };
        let same = before.connectors.get(&of).filter(|one| one.is_for(settings, address));
        let connector = match same {
            Some(same) => {
                self.trusted.push((Arc::clone(same), same.read_again().map_err(unusable)?));
                Arc::clone(same)
            }
            None => Connector::build(settings, address).map_err(unusable)?,
        };
        self.all.connectors.insert(of, connector);
        Ok(())
    }

    /// Uses what was read from the next handshake on.
    pub(crate) fn take(self) -> Arc<Certificates> {
        for (acceptor, shown) in self.shown {
            acceptor.swap(shown);
        }
        for (connector, trusted) in self.trusted {
            connector.swap(trusted);
        }
        for row in self.all.rows(Timestamp::now()) {
            let CertificateRow { of, subject, serial, not_after, days_left, .. } = &row;
            tracing::info!(of, subject, serial, not_after, days_left, "certificate in use");
            warn_of(&row);
        }
        Arc::new(self.all)
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
