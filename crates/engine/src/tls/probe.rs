//! A look at another's TLS: what it shows, what it speaks, and why a connection would fail.
//!
//! The handshake goes on with a certificate that is not trusted, so that all there is to see is seen; then the connection
//! is closed without a byte of data.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client};
use wardline_config::ClientTls;

use super::connector::{Trusted, server_name};
use super::fault::{Distrust, HandshakeFault, Note, TlsFault};
use super::identity::Identity;

/// How long a peer that does not like our certificate, or misses it, may take to say so: in TLS 1.3 it does after our
/// side of the handshake has ended.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// What was seen.
#[derive(Debug)]
pub struct Probed {
    /// The version, as `TLS 1.3`; absent where the handshake did not come so far.
    pub protocol: Option<&'static str>,
    /// The cipher suite by its registered name.
    pub cipher: Option<String>,
    /// The certificates shown, the peer's own first.
    pub chain: Vec<Identity>,
    /// Why the peer's certificate is not trusted; absent where it is, or none was seen.
    pub distrust: Option<Distrust>,
    /// Why the handshake failed otherwise.
    pub failure: Option<HandshakeFault>,
}

/// Notes what is shown and what we think of it, and goes on.
#[derive(Debug)]
struct Recorder {
    issued: Arc<WebPkiServerVerifier>,
    chain: Mutex<Vec<Identity>>,
    note: Note,
}

/// Shakes hands with whoever is at the other end, as a destination with these settings would.
pub async fn probe(
    stream: TcpStream,
    address: &str,
    settings: &ClientTls,
) -> Result<Probed, TlsFault> {
    let name = server_name(settings, address)?;
    let trusted = Trusted::load(settings)?;
    let recorder = Arc::new(Recorder {
        issued: Arc::clone(&trusted.issued),
        chain: Mutex::default(),
        note: Note::default(),
    });
    let mut config = trusted.config.clone();
    config.dangerous().set_certificate_verifier(Arc::clone(&recorder) as _);
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let shaken = match tokio::time::timeout(settings.handshake_timeout, shaking).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(HandshakeFault::of(error, None)),
        Err(_elapsed) => Err(HandshakeFault::TimedOut),
    };
    let (protocol, cipher, failure) = match shaken {
        Ok(mut stream) => {
            let (_, session) = stream.get_ref();
            let protocol = session.protocol_version().map(protocol_name);
            let cipher = session.negotiated_cipher_suite();
            let cipher = cipher.map(|suite| format!("{:?}", suite.suite()));
            (protocol, cipher, refusal(&mut stream).await)
        }
        Err(fault) => (None, None, Some(fault)),
    };
    let chain = recorder.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let distrust = recorder.note.refused().map(|refused| refused.why);
    Ok(Probed { protocol, cipher, chain, distrust, failure })
}

/// What the peer says against us once it has seen our side.
async fn refusal(stream: &mut client::TlsStream<TcpStream>) -> Option<HandshakeFault> {
    let mut byte = [0];
    match tokio::time::timeout(REFUSAL_TIME, stream.read(&mut byte)).await {
        Ok(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Some(HandshakeFault::of(error, None))
        }
        // It waits for us, or speaks first, or closes: no word against us.
        Err(_) | Ok(_) => None,
    }
}

fn protocol_name(version: rustls::ProtocolVersion) -> &'static str {
    match version {
        rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3",
        rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2",
        // No older one is spoken here.
        _ => "unknown",
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(end_entity).chain(intermediates);
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) =
            shown.filter_map(Identity::of).collect();
        let verified = self.issued.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        self.note.take(&verified, end_entity);
        Ok(ServerCertVerified::assertion())
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
