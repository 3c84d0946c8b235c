//! What goes wrong with certificates and handshakes, and how it is told: which certificate, and why.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, CertificateError, Error};

use super::identity::Identity;

/// Files for TLS that cannot be used: the operator's fault, told with the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no certificate in it.
    #[error("there is no PEM certificate in {}", path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// There is no private key in it.
    #[error("there is no PEM private key in {}", path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// The key is encrypted, and nobody is there to type a password.
    #[error(
        "the private key {} is encrypted: decrypt it with `openssl pkey -in {} -out NEW.key` and let only the engine's \
         user read it",
        path.display(), path.display()
    )]
    EncryptedKey {
        /// Which file.
        path: PathBuf,
    },
    /// There is no revocation list in it.
    #[error("there is no PEM revocation list in {}", path.display())]
    NoRevocationList {
        /// Which file.
        path: PathBuf,
    },
    /// What is in it cannot be used.
    #[error("what is in {} cannot be used", path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: Error,
    },
    /// The key belongs to another certificate.
    #[error(
        "the private key {} does not belong to the first certificate in {}",
        key.display(), certificate.display()
    )]
    KeyMismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The trusted certificates and the revocation lists do not make a whole.
    #[error("the trusted issuers and revocation lists cannot be used together")]
    Trust(#[source] rustls::server::VerifierBuilderError),
    /// The ciphers and versions of this build do not make a whole.
    #[error("TLS cannot be set up")]
    SetUp(#[source] Error),
    /// This machine trusts nobody.
    #[error("this machine has no list of trusted issuers: name one with `ca`")]
    NoRoots,
    /// The peer's name is none that a certificate can carry.
    #[error("`{0}` is no name that a certificate can carry: set `server_name`")]
    ServerName(String),
}

impl TlsFault {
    /// The files that it is about, the one to look at first.
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::Unreadable { path, .. }
            | Self::NoCertificate { path }
            | Self::NoKey { path }
            | Self::EncryptedKey { path }
            | Self::NoRevocationList { path }
            | Self::Unusable { path, .. } => vec![path],
            Self::KeyMismatch { certificate, key } => vec![key, certificate],
            Self::Trust(_) | Self::SetUp(_) | Self::NoRoots | Self::ServerName(_) => Vec::new(),
        }
    }
}

/// Why a handshake did not end in a connection.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeFault {
    /// It took longer than `handshake_timeout`.
    #[error("the handshake did not end in time")]
    TimedOut,
    /// The peer closed before a word was said: a probe of a load balancer.
    #[error("the peer closed before the handshake")]
    ClosedBefore,
    /// The peer closed or reset the connection in between.
    #[error("the peer closed during the handshake")]
    Closed,
    /// What came is not TLS.
    #[error("the peer does not speak TLS")]
    NotTls,
    /// We do not trust the peer's certificate.
    #[error("{}{why}", Of(identity.as_deref()))]
    Certificate {
        /// Whose certificate; absent where there is none, or it cannot be read.
        identity: Option<Box<Identity>>,
        /// What is wrong with it.
        why: Distrust,
    },
    /// The peer does not like us: an alert.
    #[error("the peer refused: {}", alert(*.0))]
    Refused(AlertDescription),
    /// No version, cipher or signature that both speak.
    #[error("the peer speaks no version or cipher of ours")]
    Incompatible,
    /// The peer does not keep to the protocol.
    #[error("the handshake failed")]
    Protocol(#[source] Error),
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] io::Error),
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// None was shown.
    Missing,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// Nobody of those trusted has issued it.
    UnknownIssuer,
    /// A revocation list has it.
    Revoked,
    /// There are revocation lists, and none of its issuer.
    NoRevocationList,
    /// Its signature, or its issuer's, is wrong.
    BadSignature,
    /// It may not be used for this side of a connection.
    WrongPurpose,
    /// It is for other names.
    WrongName {
        /// The name that was looked for.
        expected: String,
    },
    /// Neither `allow_names` nor `allow_fingerprints` has it.
    NotAllowed,
    /// It cannot be read, or uses what is not supported.
    Unusable,
}

impl HandshakeFault {
    /// What an I/O error of a handshake means; `refused` is what our own look at the certificate found.
    pub(super) fn of(error: io::Error, refused: Option<Refused>) -> Self {
        let kind = error.kind();
        let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
            return match kind {
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => Self::Closed,
                _ => Self::Connection(error),
            };
        };
        match (inner, refused) {
            (Error::InvalidCertificate(_), Some(Refused { identity, why })) => {
                Self::Certificate { identity, why }
            }
            (Error::InvalidCertificate(why), None) => {
                Self::Certificate { identity: None, why: Distrust::of(why) }
            }
            (Error::NoCertificatesPresented, _) => {
                Self::Certificate { identity: None, why: Distrust::Missing }
            }
            (Error::AlertReceived(alert), _) => Self::Refused(*alert),
            (Error::InvalidMessage(_), _) => Self::NotTls,
            (Error::PeerIncompatible(_), _) => Self::Incompatible,
            (other, _) => Self::Protocol(other.clone()),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TimedOut => "handshake-timeout",
            Self::ClosedBefore | Self::Closed => "closed",
            Self::NotTls => "not-tls",
            Self::Certificate { why, .. } => why.code(),
            Self::Refused(_) => "refused-by-peer",
            Self::Incompatible => "incompatible",
            Self::Protocol(_) => "protocol",
            Self::Connection(_) => "failed",
        }
    }
}

/// A certificate that our own look at it refused.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) identity: Option<Box<Identity>>,
    pub(super) why: Distrust,
}

/// Where the look of one handshake notes whom it refused: rustls tells why, and not whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Note(Arc<OnceLock<Refused>>);

impl Note {
    /// Notes the verdict on this certificate where it is a refusal.
    pub(super) fn take<T>(&self, verdict: &Result<T, Error>, certificate: &CertificateDer<'_>) {
        if let Err(error) = verdict {
            // One look a handshake: a second would not change whom it was about.
            let _noted_already = self.0.set(Refused::of(error, certificate));
        }
    }

    /// Whom it refused, if anybody.
    pub(super) fn refused(&self) -> Option<Refused> {
        self.0.get().cloned()
    }
}

impl Refused {
    /// What rustls said of this certificate.
    fn of(error: &Error, certificate: &CertificateDer<'_>) -> Self {
        let why = match error {
            Error::InvalidCertificate(error) => Distrust::of(error),
            _ => Distrust::Unusable,
        };
        Self { identity: Identity::of(certificate).map(Box::new), why }
    }
}

impl Distrust {
    /// What rustls found.
    pub(super) fn of(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => Self::NoRevocationList,
            CertificateError::BadSignature => Self::BadSignature,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongPurpose
            }
            CertificateError::NotValidForNameContext { expected, .. } => {
                Self::WrongName { expected: expected.to_str().into_owned() }
            }
            CertificateError::ApplicationVerificationFailure => Self::NotAllowed,
            // What is left are encodings and algorithms, and what a later rustls may add.
            _ => Self::Unusable,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "certificate-missing",
            Self::Expired => "certificate-expired",
            Self::NotYetValid => "certificate-not-yet-valid",
            Self::UnknownIssuer => "certificate-unknown-issuer",
            Self::Revoked => "certificate-revoked",
            Self::NoRevocationList => "certificate-no-crl",
            Self::BadSignature => "certificate-bad-signature",
            Self::WrongPurpose => "certificate-wrong-purpose",
            Self::WrongName { .. } => "certificate-wrong-name",
            Self::NotAllowed => "certificate-not-allowed",
            Self::Unusable => "certificate-unusable",
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the peer showed no certificate",
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
            Self::UnknownIssuer => "nobody who is trusted has issued it",
            Self::Revoked => "it is revoked",
            Self::NoRevocationList => "there is no revocation list of its issuer",
            Self::BadSignature => "its signature is wrong",
            Self::WrongPurpose => "it is not for this side of a connection",
            Self::WrongName { expected } => return write!(f, "it is not for {expected}"),
            Self::NotAllowed => "neither allow_names nor allow_fingerprints has it",
            Self::Unusable => "it cannot be read, or uses what is not supported",
        })
    }
}

/// The beginning of a sentence about somebody's certificate.
struct Of<'a>(Option<&'a Identity>);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(identity) => write!(f, "the certificate of {} is refused: ", identity.subject),
            None => Ok(()),
        }
    }
}

/// What an alert means, in words.
fn alert(alert: AlertDescription) -> String {
    let text = match alert {
        AlertDescription::HandshakeFailure => "no cipher or signature in common",
        AlertDescription::ProtocolVersion => "no version of TLS in common",
        AlertDescription::CertificateRequired => "it wants a certificate",
        AlertDescription::BadCertificate => "it does not like the certificate",
        AlertDescription::UnsupportedCertificate => "it does not support the certificate",
        AlertDescription::CertificateRevoked => "the certificate is revoked",
        AlertDescription::CertificateExpired => "the certificate has expired",
        AlertDescription::CertificateUnknown => "it does not accept the certificate",
        AlertDescription::UnknownCA => "it does not know the certificate's issuer",
        AlertDescription::AccessDenied => "the certificate is not allowed",
        AlertDescription::UnrecognisedName => "it does not know the server name",
        other => return format!("alert {other:?}"),
    };
    text.to_owned()
}
