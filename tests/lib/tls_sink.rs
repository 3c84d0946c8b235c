//! A receiver over TLS, by rustls itself, that answers AA to everything.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::{Authority, Issued};
use crate::message::{Unframed, answer, control_id, framed};
use crate::wait;

/// A listening sink. Its threads end with the test's process.
pub struct TlsSink {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What a sink has seen so far.
#[derive(Debug, Default, Clone)]
struct Seen {
    control_ids: Vec<String>,
    /// Of the last handshake: the name that the client asked for.
    server_name: Option<String>,
    /// Of the last handshake: the client's certificate.
    client: Option<Vec<u8>>,
    handshakes: usize,
}

impl TlsSink {
    /// Shows `ours`; lets in whom `clients` has issued, or everybody.
    pub fn start(ours: &Issued, clients: Option<&Authority>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions of this library");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).expect("a certificate");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let config = builder.with_single_cert(ours.chain(), ours.key()).expect("a key");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (config, seen) = (Arc::new(config), Arc::<Mutex<Seen>>::default());
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, seen) = (Arc::clone(&config), Arc::clone(&noted));
                thread::spawn(move || serve(stream, config, &seen));
            }
        });
        Self { address, seen }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The control ids of what arrived so far, in order.
    pub fn control_ids(&self) -> Vec<String> {
        self.seen().control_ids
    }

    /// Waits until so many messages have arrived.
    pub fn wait_for(&self, count: usize) {
        let what = format!("{count} messages to arrive over TLS");
        wait::until_so(&what, || self.seen().control_ids.len() >= count);
    }

    /// Handshakes that ended well.
    pub fn handshakes(&self) -> usize {
        self.seen().handshakes
    }

    /// The name that the last client asked for.
    pub fn server_name(&self) -> Option<String> {
        self.seen().server_name
    }

    /// The certificate that the last client showed.
    pub fn client(&self) -> Option<Vec<u8>> {
        self.seen().client
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One connection, until it ends or breaks.
fn serve(stream: TcpStream, config: Arc<ServerConfig>, seen: &Mutex<Seen>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.handshakes += 1;
        seen.server_name = stream.conn.server_name().map(str::to_owned);
        seen.client = stream.conn.peer_certificates().map(|chain| chain[0].to_vec());
    }
    let mut unread = Unframed::default();
    loop {
        let mut bytes = [0; 16 * 1024];
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            read => unread.add(&bytes[..read]),
        }
        while let Some(payload) = unread.take() {
            let id = control_id(&payload);
            seen.lock().unwrap_or_else(PoisonError::into_inner).control_ids.push(id.clone());
            stream.write_all(&framed(&answer("AA", &id)))?;
            stream.flush()?;
        }
    }
}
