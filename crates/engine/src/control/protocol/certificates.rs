//! How the certificates stand that an engine shows.

use serde::{Deserialize, Serialize};

/// A certificate that a listener or a destination shows: the one of its chain that expires first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRow {
    /// The id of the listener or destination.
    pub of: String,
    /// Whose it is.
    pub subject: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Its SHA-256.
    pub fingerprint: String,
    /// Until when it holds, RFC 3339.
    pub not_after: String,
    /// Whole days until then; negative when it is over.
    pub days_left: i64,
    /// How it stands.
    pub state: CertificateState,
}

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateState {
    /// It holds.
    Valid,
    /// It expires within `certificate_warning`.
    Expiring,
    /// Its time is over.
    Expired,
}
