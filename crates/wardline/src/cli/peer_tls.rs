//! TLS towards a peer, as the commands that connect to one are told of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wardline_config::{CertificateFiles, ClientTls};

/// Whom to trust, and what to show.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PeerTls {
    /// Who may have issued the peer's certificate, PEM; whom this machine trusts where absent.
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    ca: Option<PathBuf>,
    /// The certificate to show, PEM, its chain behind it.
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "TLS")]
    cert: Option<PathBuf>,
    /// Its private key, PEM, not encrypted.
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS")]
    key: Option<PathBuf>,
    /// The name that the peer's certificate must carry; the host where absent.
    #[arg(long, value_name = "NAME", help_heading = "TLS")]
    server_name: Option<String>,
}

impl PeerTls {
    /// Whether anything was said.
    pub(crate) fn is_given(&self) -> bool {
        self.ca.is_some() || self.cert.is_some() || self.server_name.is_some()
    }

    /// The same as a destination would have it; a handshake may take `limit`.
    pub(crate) fn settings(&self, limit: Duration) -> ClientTls {
        let identity = self.cert.as_ref().zip(self.key.as_ref());
        ClientTls {
            ca: self.ca.clone(),
            identity: identity.map(|(certificate, key)| CertificateFiles {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            server_name: self.server_name.clone(),
            handshake_timeout: limit,
            ..ClientTls::default()
        }
    }
}
