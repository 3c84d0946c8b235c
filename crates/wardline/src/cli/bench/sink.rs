//! A peer that answers AA, at once or after what it takes: where the engine delivers to while deliveries are measured.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::sleep;
use wardline_mllp::{Decoded, Decoder, DecoderOptions, encode};

use super::message::id_of;

/// What every answer begins with.
const BEFORE_ID: &[u8] =
    b"MSH|^~\\&|SINK|WARDLINE|BENCH|WARDLINE|20260403120000||ACK^A01^ACK|1|P|2.5\rMSA|AA|";
/// As much as the engine reads at once.
const READ_SIZE: usize = 64 * 1024;

/// A running sink; it lives as long as the process.
#[derive(Debug)]
pub(super) struct Sink {
    /// Where it listens.
    pub(super) address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Sink {
    /// Starts one on a free port, on a thread of its own.
    pub(super) fn start() -> io::Result<Self> {
        Self::start_slow(Duration::ZERO)
    }

    /// The same, taking so long for each message of a connection.
    pub(super) fn start_slow(pause: Duration) -> io::Result<Self> {
        let listener = StdListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let taken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&taken);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || LocalSet::new().block_on(&runtime, accept(listener, count, pause)));
        Ok(Self { address, taken })
    }

    /// Messages answered so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

async fn accept(listener: StdListener, taken: Arc<AtomicU64>, pause: Duration) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::task::spawn_local(answer(stream, Arc::clone(&taken), pause));
    }
}

async fn answer(mut stream: TcpStream, taken: Arc<AtomicU64>, pause: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut decoder = Decoder::new(DecoderOptions::default());
    let (mut incoming, mut outgoing) = (BytesMut::with_capacity(READ_SIZE), BytesMut::new());
    let mut payload = Vec::new();
    loop {
        incoming.reserve(READ_SIZE);
        if stream.read_buf(&mut incoming).await? == 0 {
            return Ok(());
        }
        while let Some(decoded) = decoder.decode(&mut incoming)? {
            if let Decoded::Frame(frame) = decoded {
                if !pause.is_zero() {
                    sleep(pause).await;
                }
                payload.clear();
                payload.extend_from_slice(BEFORE_ID);
                payload.extend_from_slice(id_of(&frame.payload));
                payload.push(b'\r');
                encode(&payload, &mut outgoing);
                taken.fetch_add(1, Ordering::Relaxed);
            }
        }
        stream.write_all(&outgoing).await?;
        outgoing.clear();
    }
}
