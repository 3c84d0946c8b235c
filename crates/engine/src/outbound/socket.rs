//! The socket of an outbound connection: how it comes up, and how a dead peer shows.

use std::error::Error;
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::net::TcpStream;
use wardline_config::MllpDestination;
use wardline_flow::TransportFault;
use wardline_mllp::{CARRIAGE_RETURN, END_BLOCK, START_BLOCK};

use super::{Delivering, Reception};
use crate::tcp;
use crate::tls::{Connector, HandshakeFault, Identity};
use crate::wire::{Wire, WireWriter};

const FRAME_START: &[u8] = &[START_BLOCK];
const FRAME_END: &[u8] = &[END_BLOCK, CARRIAGE_RETURN];

/// How a connection to a peer comes about.
#[derive(Clone)]
pub(super) enum Way {
    /// We dial.
    Dialled {
        /// `host:port`.
        address: Arc<str>,
        /// Where it is encrypted.
        connector: Option<Arc<Connector>>,
    },
    /// The peer dials.
    Awaited(Arc<Reception>),
}

impl Way {
    /// The way to the peers of a destination.
    pub(super) fn of(destination: &MllpDestination, delivering: &Delivering) -> Self {
        match &delivering.reception {
            Some(reception) => Self::Awaited(Arc::clone(reception)),
            None => Self::Dialled {
                address: destination.endpoint.shown().into(),
                connector: delivering.connector.clone(),
            },
        }
    }
}

/// A connection that has come up within `connect_timeout`, with hands shaken where it is to be encrypted.
pub(super) async fn connect(
    destination: &MllpDestination,
    way: &Way,
) -> Result<Wire, TransportFault> {
    let limit = destination.connect_timeout;
    match way {
        Way::Awaited(reception) => tokio::time::timeout(limit, reception.next())
            .await
            .map_err(|_elapsed| TransportFault::NoPeer),
        Way::Dialled { address, connector } => dial(address, connector.as_deref(), limit).await,
    }
}

/// Resolves, connects, sets the socket up and shakes hands.
pub(super) async fn dial(
    address: &str,
    connector: Option<&Connector>,
    limit: Duration,
) -> Result<Wire, TransportFault> {
    let stream = tcp::connect(address, limit).await?;
    match connector {
        None => Ok(Wire::plain(stream)),
        Some(connector) => shake_hands(connector, stream, address).await,
    }
}

/// Encrypts a connection that stands, and says once why that failed.
pub(super) async fn shake_hands(
    connector: &Connector,
    stream: TcpStream,
    address: &str,
) -> Result<Wire, TransportFault> {
    let shaken = connector.connect(stream).await;
    if let Some(news) = connector.news_of(&shaken) {
        tell(news, address);
    }
    shaken.map_err(|fault| match fault {
        HandshakeFault::Certificate { .. } => TransportFault::Certificate,
        _ => TransportFault::Tls,
    })
}

/// Says which certificate was refused and why, or what else went wrong.
fn tell(fault: &HandshakeFault, address: &str) {
    let reason = fault.code();
    if let HandshakeFault::Certificate { identity: Some(identity), .. } = fault {
        let Identity { subject, issuer, names, serial, fingerprint, not_before, not_after } =
            &**identity;
        let names = names.join(", ");
        tracing::warn!(
            address, reason, subject, issuer, names, serial, %fingerprint, %not_before, %not_after,
            "server certificate refused: {fault}"
        );
    } else {
        tracing::warn!(address, reason, error = fault as &dyn Error, "TLS handshake failed");
    }
}

/// Says what TLS found wrong on a connection that stood: in TLS 1.3 a peer refuses our certificate only then.
pub(super) fn tell_broken_tls(error: &io::Error, address: &str) {
    if error.kind() == ErrorKind::InvalidData {
        tracing::warn!(address, error = error as &dyn Error, "the peer broke TLS off");
    }
}

/// What a failed read or write says of the peer.
pub(super) fn fault(error: &io::Error) -> TransportFault {
    match error.kind() {
        ErrorKind::UnexpectedEof => TransportFault::Closed,
        ErrorKind::TimedOut => TransportFault::AckTimeout,
        ErrorKind::InvalidData => TransportFault::Tls,
        _ => TransportFault::Reset,
    }
}

/// What is there to be read before a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peeked {
    /// Nothing: the peer waits for us.
    Quiet,
    /// Bytes that nobody asked for.
    Bytes,
    /// The peer has closed, or the connection is broken.
    Gone,
}

/// Looks without taking. One system call, so that no message is written to a peer that is known to be dead.
pub(super) fn peek(socket: impl AsFd) -> Peeked {
    let mut byte = [0_u8; 1];
    match recv(socket, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((0, _)) => Peeked::Gone,
        Ok(_) => Peeked::Bytes,
        Err(Errno::AGAIN | Errno::INTR) => Peeked::Quiet,
        Err(_) => Peeked::Gone,
    }
}

/// Writes what the socket takes of the frame around `payload`, from `written` bytes on, without copying it.
pub(super) fn write_frame(
    writer: &WireWriter,
    payload: &[u8],
    written: usize,
) -> io::Result<usize> {
    let mut parts = [IoSlice::new(FRAME_START), IoSlice::new(payload), IoSlice::new(FRAME_END)];
    let mut rest = &mut parts[..];
    IoSlice::advance_slices(&mut rest, written);
    writer.try_write_vectored(rest)
}

/// Writes the rest of a frame as the socket takes it; the peer may pause for at most `timeout` each time.
pub(super) async fn finish_frame(
    writer: &WireWriter,
    payload: &[u8],
    mut written: usize,
    timeout: Duration,
) -> Result<(), TransportFault> {
    while written < wardline_mllp::encoded_len(payload.len()) {
        let mut parts = [IoSlice::new(FRAME_START), IoSlice::new(payload), IoSlice::new(FRAME_END)];
        let mut rest = &mut parts[..];
        IoSlice::advance_slices(&mut rest, written);
        match within(timeout, writer.write_vectored(rest)).await? {
            0 => return Err(TransportFault::Closed),
            more => written += more,
        }
    }
    within(timeout, writer.flush()).await
}

/// What the socket does, unless the peer makes it wait for longer than `timeout`.
async fn within<T>(
    timeout: Duration,
    done: impl Future<Output = io::Result<T>>,
) -> Result<T, TransportFault> {
    match tokio::time::timeout(timeout, done).await {
        Ok(done) => done.map_err(|error| fault(&error)),
        Err(_elapsed) => Err(TransportFault::WriteTimeout),
    }
}
