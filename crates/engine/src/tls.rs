//! TLS: whose certificate is shown, whose is trusted, and why one was not.
//!
//! ```text
//! listener:    TcpStream ──Acceptor──▶ Wire      shows ours; with `client_ca` asks for theirs
//! destination: TcpStream ──Connector─▶ Wire      checks theirs and its name; shows ours where it is asked for
//!                 ▲
//!           Certificates: all of them; read again together, or not at all; warned of before they expire
//! ```
//!
//! In the order of the data: [`material`] reads files, [`acceptor`] with its [`clients`], and [`connector`], shake hands,
//! [`certificates`] keeps them current, [`probe`] looks at another's. [`identity`] is what a certificate says of its
//! owner, [`fault`] what went wrong.
//!
//! Sessions are never resumed: connections last for weeks, so it would save nothing, and a resumed session is not asked
//! for its certificate again, which may have been revoked meanwhile.
//!
//! Certificates name machines, not patients: they may stand in logs (PHI-1).

mod acceptor;
mod certificates;
mod clients;
mod connector;
mod fault;
mod identity;
mod material;
mod probe;

use std::sync::{Arc, LazyLock};

use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use wardline_config::TlsVersion;

pub(crate) use acceptor::Acceptor;
pub(crate) use certificates::{Certificates, Renewed};
pub use certificates::{Unusable, check};
pub use connector::Connector;
pub use fault::{Distrust, HandshakeFault, TlsFault};
pub use identity::Identity;
pub use probe::{Probed, probe};

/// The ciphers of ring, all of them AEAD. Nothing is installed for the whole process: a program that embeds the engine
/// may have its own.
static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(ring::default_provider()));

fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}

/// The versions from this one on.
fn versions(least: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static FROM_1_2: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    static FROM_1_3: [&SupportedProtocolVersion; 1] = [&TLS13];
    match least {
        TlsVersion::V1_2 => &FROM_1_2,
        TlsVersion::V1_3 => &FROM_1_3,
    }
}
