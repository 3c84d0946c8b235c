//! `tls` of listeners and destinations: whose certificates are shown, and whose are trusted.
//!
//! Files are named here and read by the engine, at its start and whenever it is told to read them again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a handshake may take before the peer is taken for no peer: what MLLP servers with TLS have settled on.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// `tls` of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    /// What the listener shows to its peers.
    pub identity: CertificateFiles,
    /// Which peers may connect; absent = no certificate is asked for.
    pub clients: Option<TrustedClients>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
}

/// `tls` of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTls {
    /// PEM: who may have issued the peer's certificate; absent = whom this machine trusts.
    pub ca: Option<PathBuf>,
    /// What is shown to a peer that asks for a certificate.
    pub identity: Option<CertificateFiles>,
    /// The name that the peer's certificate must carry; absent = the host of the address.
    pub server_name: Option<String>,
    /// PEM: revoked certificates.
    pub crl: Vec<PathBuf>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
}

/// A certificate with its chain, and the key that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateFiles {
    /// PEM: the certificate first, then those that issued it.
    pub certificate: PathBuf,
    /// PEM: its private key, not encrypted.
    pub key: PathBuf,
}

/// Which peers of a listener may connect: all conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedClients {
    /// PEM: who may have issued a peer's certificate.
    pub ca: PathBuf,
    /// PEM: revoked certificates. Where there is one, there must be one of every issuer.
    pub crl: Vec<PathBuf>,
    /// One of these names or of [`TrustedClients::fingerprints`]; both empty = every certificate of the issuers.
    pub names: Vec<String>,
    /// SHA-256 of whole certificates.
    pub fingerprints: Vec<Fingerprint>,
}

/// SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsVersion {
    /// 1.2, with AEAD ciphers only.
    #[default]
    V1_2,
    /// 1.3.
    V1_3,
}

impl ServerTls {
    /// The defaults, for the two keys that have none.
    pub fn new(identity: CertificateFiles) -> Self {
        Self {
            identity,
            clients: None,
            min_version: TlsVersion::default(),
            handshake_timeout: HANDSHAKE_TIMEOUT,
        }
    }

    /// Every file that is read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let clients = self.clients.iter().flat_map(|clients| {
            std::iter::once(clients.ca.as_path()).chain(clients.crl.iter().map(PathBuf::as_path))
        });
        self.identity.files().into_iter().chain(clients)
    }
}

impl Default for ClientTls {
    fn default() -> Self {
        Self {
            ca: None,
            identity: None,
            server_name: None,
            crl: Vec::new(),
            min_version: TlsVersion::default(),
            handshake_timeout: HANDSHAKE_TIMEOUT,
        }
    }
}

impl ClientTls {
    /// Every file that is read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let identity = self.identity.iter().flat_map(CertificateFiles::files);
        let trusted = self.ca.iter().chain(&self.crl).map(PathBuf::as_path);
        identity.chain(trusted)
    }
}

impl CertificateFiles {
    fn files(&self) -> [&Path; 2] {
        [&self.certificate, &self.key]
    }
}

impl fmt::Display for Fingerprint {
    /// As openssl writes it: `AB:CD:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let colon = if place == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
