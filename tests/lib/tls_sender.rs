//! A sender that is the TCP server, as many analyzers are, over TLS by rustls itself.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::crypto::ring;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::Issued;
use crate::message::framed;

/// A listening sender. Its threads end with the test's process.
pub struct TlsSender {
    address: SocketAddr,
}

impl TlsSender {
    /// Shows `ours`, and sends this to whoever connects.
    pub fn start(ours: &Issued, payload: &[u8]) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of this library")
            .with_no_client_auth()
            .with_single_cert(ours.chain(), ours.key())
            .expect("a key");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (config, frame) = (Arc::new(config), framed(payload));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, frame) = (Arc::clone(&config), frame.clone());
                thread::spawn(move || send(stream, config, &frame));
            }
        });
        Self { address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Sends, and listens until the other side goes.
fn send(stream: TcpStream, config: Arc<ServerConfig>, frame: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, stream);
    stream.write_all(frame)?;
    stream.flush()?;
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}
