//! Certificates: those of all listeners and destinations of an engine, read together.
//!
//! Read again, either all of them are swapped or none: a slip in one file leaves everything as it was. Connections that
//! stand are not touched.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use wardline_config::{Config, DestinationKind};
use wardline_flow::{DestinationId, ListenerId};

use super::acceptor::Acceptor;
use super::connector::Connector;
use super::fault::TlsFault;
use super::identity::Identity;
use crate::control::protocol::{CertificateRow, CertificateState};

/// How often it is looked whether a certificate expires soon.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// All that an engine shows and trusts.
#[derive(Debug)]
pub(crate) struct Certificates {
    acceptors: BTreeMap<ListenerId, Arc<Acceptor>>,
    connectors: BTreeMap<DestinationId, Arc<Connector>>,
    warning: Duration,
}

/// The TLS of one listener or destination cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the TLS of {of} cannot be used")]
pub struct Unusable {
    /// `listener ID` or `destination ID`.
    of: String,
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
        let mut unusable = Vec::new();
        let (mut acceptors, mut connectors) = (BTreeMap::new(), BTreeMap::new());
        for listener in &config.listeners {
            let Some(settings) = &listener.tls else { continue };
            match Acceptor::build(settings) {
                Ok(acceptor) => {
                    acceptors.insert(listener.id.clone(), acceptor);
                }
                Err(source) => unusable.push(Unusable::listener(&listener.id, source)),
            }
        }
        for destination in &config.destinations {
            let DestinationKind::Mllp(mllp) = &destination.kind else { continue };
            let Some(settings) = &mllp.tls else { continue };
            match Connector::build(settings, &mllp.address) {
                Ok(connector) => {
                    connectors.insert(destination.id.clone(), connector);
                }
                Err(source) => unusable.push(Unusable::destination(&destination.id, source)),
            }
        }
        let warning = config.engine.certificate_warning;
        (Self { acceptors, connectors, warning }, unusable)
    }

    /// What a listener shakes hands with; none where it is plain.
    pub(crate) fn acceptor(&self, listener: &ListenerId) -> Option<Arc<Acceptor>> {
        self.acceptors.get(listener).cloned()
    }

    /// What a destination shakes hands with; none where it is plain.
    pub(crate) fn connector(&self, destination: &DestinationId) -> Option<Arc<Connector>> {
        self.connectors.get(destination).cloned()
    }

    /// Reads every file again and uses what is in them from now on: all, or nothing where one cannot be used. Blocks.
    pub(crate) fn reload(&self) -> Result<(), Unusable> {
        let mut shown = Vec::new();
        for (id, acceptor) in &self.acceptors {
            let read = acceptor.read_again();
            shown.push((acceptor, read.map_err(|fault| Unusable::listener(id, fault))?));
        }
        let mut trusted = Vec::new();
        for (id, connector) in &self.connectors {
            let read = connector.read_again();
            trusted.push((connector, read.map_err(|fault| Unusable::destination(id, fault))?));
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
        let listeners = self
            .acceptors
            .iter()
            .map(|(id, acceptor)| (id.to_string(), acceptor.first_to_expire()));
        let destinations = self
            .connectors
            .iter()
            .map(|(id, connector)| (id.to_string(), connector.first_to_expire()));
        let shown = listeners.chain(destinations);
        shown.filter_map(|(of, identity)| Some(self.row(of, &identity?, now))).collect()
    }

    fn row(&self, of: String, identity: &Identity, now: Timestamp) -> CertificateRow {
        let left = identity.not_after.as_second() - now.as_second();
        let warned = i64::try_from(self.warning.as_secs()).unwrap_or(i64::MAX);
        let state = match left {
            ..=0 => CertificateState::Expired,
            left if left < warned => CertificateState::Expiring,
            _ => CertificateState::Valid,
        };
        CertificateRow {
            of,
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

impl Unusable {
    fn listener(id: &ListenerId, source: TlsFault) -> Self {
        Self { of: format!("listener {id}"), source }
    }

    fn destination(id: &DestinationId, source: TlsFault) -> Self {
        Self { of: format!("destination {id}"), source }
    }
}

/// Of a chain, the certificate that expires first; none that cannot be read.
pub(super) fn first_to_expire(chain: &[CertificateDer<'_>]) -> Option<Identity> {
    let identities = chain.iter().filter_map(Identity::of);
    identities.min_by_key(|identity| identity.not_after)
}
