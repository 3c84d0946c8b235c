//! A sender over TLS, by rustls itself: what the engine does wrong with it must not hide here.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use crate::certificates::{Authority, Issued};
use crate::message::{Unframed, control_id, field, framed};

/// How long a peer waits for an answer before the test fails.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Whom a peer trusts, and what it shows.
#[derive(Clone)]
pub struct Caller {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// One encrypted connection to a listener.
pub struct TlsPeer {
    stream: StreamOwned<ClientConnection, TcpStream>,
    unread: Unframed,
}

impl Caller {
    /// Trusts what `authority` has issued for `name`, and shows `ours`, if anything.
    pub fn new(authority: &Authority, name: &str, ours: Option<&Issued>) -> Self {
        Self::speaking(rustls::ALL_VERSIONS, authority, name, ours)
    }

    /// The same, with these versions only.
    pub fn speaking(
        versions: &[&'static SupportedProtocolVersion],
        authority: &Authority,
        name: &str,
        ours: Option<&Issued>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).expect("a certificate");
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions of this library")
            .with_root_certificates(roots);
        let config = match ours {
            Some(ours) => builder.with_client_auth_cert(ours.chain(), ours.key()).expect("a key"),
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        Self { config: Arc::new(config), name }
    }

    /// Connects and shakes hands. In TLS 1.3 a refusal of our certificate shows only with the first read.
    pub fn connect(&self, address: SocketAddr) -> io::Result<TlsPeer> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(READ_TIMEOUT))?;
        let session = ClientConnection::new(Arc::clone(&self.config), self.name.clone())
            .map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(TlsPeer { stream, unread: Unframed::default() })
    }

    /// Why no message gets through: the error of the handshake, or of the first exchange.
    pub fn refused(&self, address: SocketAddr) -> io::Error {
        let exchanged = self
            .connect(address)
            .and_then(|mut peer| peer.try_exchange(&crate::message::adt("NEVER")));
        exchanged.expect_err("the listener refuses this certificate")
    }
}

impl TlsPeer {
    /// Sends a payload in a frame and returns the payload of its answer.
    pub fn try_exchange(&mut self, payload: &[u8]) -> io::Result<Vec<u8>> {
        self.write(&framed(payload))?;
        self.read()
    }

    /// Writes these bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Everything until the other end closes, with a word or without.
    pub fn rest(&mut self) -> String {
        let mut all = Vec::new();
        let _closed_without_a_word = self.stream.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    }

    /// The payload of the next frame.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(payload) = self.unread.take() {
                return Ok(payload);
            }
            let mut bytes = [0; 16 * 1024];
            match self.stream.read(&mut bytes)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.unread.add(&bytes[..read]),
            }
        }
    }

    /// Sends a payload and returns MSA-1 of its answer, having compared MSA-2.
    pub fn send(&mut self, payload: &[u8]) -> String {
        let answer = self.try_exchange(payload).expect("an answer");
        assert_eq!(field(&answer, "MSA", 2), control_id(payload), "MSA-2");
        field(&answer, "MSA", 1)
    }

    /// Whether the engine closed without another byte, and said so in TLS.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0; 1]), Ok(0))
    }

    /// The certificate that the engine showed.
    pub fn shown(&self) -> Vec<u8> {
        let chain = self.stream.conn.peer_certificates().expect("a server shows one");
        chain[0].to_vec()
    }

    /// The version and the cipher, as rustls names them.
    pub fn speaks(&self) -> String {
        let version = self.stream.conn.protocol_version().expect("after the handshake");
        let suite = self.stream.conn.negotiated_cipher_suite().expect("after the handshake");
        format!("{version:?} {:?}", suite.suite())
    }
}
