//! Which clients a listener lets in by their certificates, and a note of the one that it did not.
//!
//! The conditions of `allow_names` and `allow_fingerprints` are held inside the handshake, so that who is refused learns
//! it by an alert.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use wardline_config::{Fingerprint, TrustedClients};

use super::fault::{Note, TlsFault};
use super::identity::Identity;
use super::{material, provider};

/// Whom a listener trusts.
#[derive(Debug)]
pub(super) struct Clients {
    issued: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
    fingerprints: Vec<Fingerprint>,
}

/// One handshake's look at the client's certificate.
#[derive(Debug)]
pub(super) struct Look {
    clients: Arc<Clients>,
    note: Note,
}

impl Clients {
    /// Reads the issuers and the revocation lists.
    pub(super) fn load(trusted: &TrustedClients) -> Result<Arc<Self>, TlsFault> {
        let issuers = material::issuers(&trusted.ca)?;
        let lists = material::revocation_lists(trusted.crl.iter().map(AsRef::as_ref))?;
        let issued = WebPkiClientVerifier::builder_with_provider(issuers, provider())
            .with_crls(lists)
            .only_check_end_entity_revocation()
            .build()
            .map_err(TlsFault::Trust)?;
        let (names, fingerprints) = (trusted.names.clone(), trusted.fingerprints.clone());
        Ok(Arc::new(Self { issued, names, fingerprints }))
    }

    /// A look for one handshake, which notes whom it refuses.
    pub(super) fn look(self: &Arc<Self>, note: Note) -> Arc<Look> {
        Arc::new(Look { clients: Arc::clone(self), note })
    }

    /// Holds the certificate of a known issuer against `allow_names` and `allow_fingerprints`.
    fn allow(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        if self.names.is_empty() && self.fingerprints.is_empty() {
            return Ok(());
        }
        let identity = Identity::of(certificate).ok_or(CertificateError::BadEncoding)?;
        let is_named = self.names.iter().any(|name| identity.carries(name));
        if is_named || self.fingerprints.contains(&identity.fingerprint) {
            return Ok(());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }
}

impl ClientCertVerifier for Look {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.clients.issued.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .clients
            .issued
            .verify_client_cert(end_entity, intermediates, now)
            .and_then(|verified| self.clients.allow(end_entity).map(|()| verified));
        self.note.take(&verified, end_entity);
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.clients.issued.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.clients.issued.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.clients.issued.supported_verify_schemes()
    }
}
