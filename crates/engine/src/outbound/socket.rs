//! The socket of an outbound connection: how it comes up, and how a dead peer shows.

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpStream, lookup_host};
use wardline_config::MllpDestination;
use wardline_flow::TransportFault;
use wardline_mllp::{CARRIAGE_RETURN, END_BLOCK, START_BLOCK};

/// Silence after which the peer is probed: shorter than what firewalls forget.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
/// Between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// Probes without an answer after which the peer is dead.
const KEEPALIVE_PROBES: u32 = 4;
/// How long sent bytes may go unacknowledged by the peer's TCP.
const USER_TIMEOUT: Duration = Duration::from_secs(60);

const FRAME_START: &[u8] = &[START_BLOCK];
const FRAME_END: &[u8] = &[END_BLOCK, CARRIAGE_RETURN];

/// Resolves, connects within `connect_timeout` and sets the socket up.
pub(super) async fn connect(destination: &MllpDestination) -> Result<TcpStream, TransportFault> {
    tokio::time::timeout(destination.connect_timeout, open(&destination.address))
        .await
        .unwrap_or(Err(TransportFault::ConnectTimeout))
}

async fn open(address: &str) -> Result<TcpStream, TransportFault> {
    let addresses = lookup_host(address).await.map_err(|_| TransportFault::Unresolved)?;
    let mut fault = TransportFault::Unresolved;
    for address in addresses {
        match TcpStream::connect(address).await.and_then(set_up) {
            Ok(stream) => return Ok(stream),
            Err(error) => fault = connect_fault(&error),
        }
    }
    Err(fault)
}

fn set_up(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(stream)
}

fn connect_fault(error: &io::Error) -> TransportFault {
    match error.kind() {
        ErrorKind::ConnectionRefused => TransportFault::Refused,
        ErrorKind::TimedOut => TransportFault::ConnectTimeout,
        ErrorKind::ConnectionReset => TransportFault::Reset,
        _ => TransportFault::Unreachable,
    }
}

/// What a failed read or write says of the peer.
pub(super) fn fault(error: &io::Error) -> TransportFault {
    match error.kind() {
        ErrorKind::UnexpectedEof => TransportFault::Closed,
        ErrorKind::TimedOut => TransportFault::AckTimeout,
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
    half: &OwnedWriteHalf,
    payload: &[u8],
    written: usize,
) -> io::Result<usize> {
    let mut parts = [IoSlice::new(FRAME_START), IoSlice::new(payload), IoSlice::new(FRAME_END)];
    let mut rest = &mut parts[..];
    IoSlice::advance_slices(&mut rest, written);
    half.try_write_vectored(rest)
}

/// Writes the rest of a frame as the socket takes it; the peer may pause for at most `timeout` each time.
pub(super) async fn finish_frame(
    half: &OwnedWriteHalf,
    payload: &[u8],
    mut written: usize,
    timeout: Duration,
) -> Result<(), TransportFault> {
    while written < wardline_mllp::encoded_len(payload.len()) {
        let writable = tokio::time::timeout(timeout, half.writable()).await;
        writable
            .map_err(|_elapsed| TransportFault::WriteTimeout)?
            .map_err(|error| fault(&error))?;
        match write_frame(half, payload, written) {
            Ok(0) => return Err(TransportFault::Closed),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(fault(&error)),
        }
    }
    Ok(())
}
