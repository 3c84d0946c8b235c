//! Connector: the side of a handshake that a destination, or a command, plays.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};
use wardline_config::ClientTls;

use super::certificates::first_to_expire;
use super::fault::{HandshakeFault, Note, TlsFault};
use super::identity::Identity;
use super::material;
use super::{provider, versions};
use crate::wire::Wire;

/// Whom a destination trusts, and what it shows.
#[derive(Debug)]
pub struct Connector {
    settings: ClientTls,
    name: ServerName<'static>,
    current: ArcSwap<Trusted>,
    /// The stable code of the last fault, until a handshake ends well.
    known: Mutex<Option<&'static str>>,
}

/// What was read from the files.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) config: ClientConfig,
    pub(super) issued: Arc<WebPkiServerVerifier>,
    first_to_expire: Option<Identity>,
}

/// One handshake's look at the server's certificate.
#[derive(Debug)]
struct Look {
    issued: Arc<WebPkiServerVerifier>,
    note: Note,
}

impl Connector {
    /// Reads the files. The peer's certificate must be for `server_name`, or else for the host of `address`.
    pub fn build(settings: &ClientTls, address: &str) -> Result<Arc<Self>, TlsFault> {
        let name = server_name(settings, address)?;
        let current = ArcSwap::from(Trusted::load(settings)?);
        Ok(Arc::new(Self { settings: settings.clone(), name, current, known: Mutex::default() }))
    }

    /// Shakes hands over a connection that stands.
    pub async fn connect(&self, stream: TcpStream) -> Result<Wire, HandshakeFault> {
        let limit = self.settings.handshake_timeout;
        tokio::time::timeout(limit, self.shake_hands(stream))
            .await
            .unwrap_or(Err(HandshakeFault::TimedOut))
    }

    async fn shake_hands(&self, stream: TcpStream) -> Result<Wire, HandshakeFault> {
        let trusted = self.current.load_full();
        let note = Note::default();
        let look = Look { issued: Arc::clone(&trusted.issued), note: note.clone() };
        let mut config = trusted.config.clone();
        config.dangerous().set_certificate_verifier(Arc::new(look));
        let connector = TlsConnector::from(Arc::new(config));
        match connector.connect(self.name.clone(), stream).await {
            Ok(stream) => Ok(Wire::encrypted(TlsStream::Client(stream))),
            Err(error) => Err(HandshakeFault::of(error, note.refused())),
        }
    }

    /// The fault, if it is another one than last time: a peer that is retried for ever is told of once.
    pub(crate) fn news_of<'r>(
        &self,
        shaken: &'r Result<Wire, HandshakeFault>,
    ) -> Option<&'r HandshakeFault> {
        let fault = shaken.as_ref().err();
        let is_news = self.is_news(fault);
        fault.filter(|_| is_news)
    }

    /// Whether the last handshake ended otherwise than this one.
    pub(crate) fn is_news(&self, fault: Option<&HandshakeFault>) -> bool {
        let code = fault.map(HandshakeFault::code);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *known, code) != code
    }

    /// Whether it is made of these settings, for a peer there.
    pub(super) fn is_for(&self, settings: &ClientTls, address: &str) -> bool {
        let named = server_name(settings, address);
        self.settings == *settings && named.is_ok_and(|name| name == self.name)
    }

    /// Reads the files again, without using what is in them.
    pub(super) fn read_again(&self) -> Result<Arc<Trusted>, TlsFault> {
        Trusted::load(&self.settings)
    }

    /// Uses this from the next handshake on.
    pub(super) fn swap(&self, trusted: Arc<Trusted>) {
        self.current.store(trusted);
    }

    /// Of the certificates that are shown, the one that expires first; none where none is shown.
    pub(super) fn first_to_expire(&self) -> Option<Identity> {
        self.current.load().first_to_expire.clone()
    }
}

impl Trusted {
    pub(super) fn load(settings: &ClientTls) -> Result<Arc<Self>, TlsFault> {
        let issuers = match &settings.ca {
            Some(ca) => material::issuers(ca)?,
            None => material::issuers_of_this_machine()?,
        };
        let lists = material::revocation_lists(settings.crl.iter().map(AsRef::as_ref))?;
        let issued = WebPkiServerVerifier::builder_with_provider(issuers, provider())
            .with_crls(lists)
            .only_check_end_entity_revocation()
            .build()
            .map_err(TlsFault::Trust)?;
        let shown = settings.identity.as_ref().map(material::certified_key).transpose()?;
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(settings.min_version))
            .map_err(TlsFault::SetUp)?
            .with_webpki_verifier(Arc::clone(&issued));
        let mut config = match &shown {
            Some(shown) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(
                CertifiedKey::clone(shown),
            ))),
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        let first_to_expire = shown.and_then(|shown| first_to_expire(&shown.cert));
        Ok(Arc::new(Self { config, issued, first_to_expire }))
    }
}

/// The name that the peer's certificate must carry.
pub(super) fn server_name(
    settings: &ClientTls,
    address: &str,
) -> Result<ServerName<'static>, TlsFault> {
    let host = address.rsplit_once(':').map_or(address, |(host, _port)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = settings.server_name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|_| TlsFault::ServerName(name.to_owned()))
}

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.issued.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        self.note.take(&verified, end_entity);
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.issued.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.issued.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.issued.supported_verify_schemes()
    }
}
