//! Connecting to a peer, and how one that has gone without a word is noticed, whichever side connected.

use std::io::{self, ErrorKind};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use wardline_flow::TransportFault;

/// Silence after which the peer is probed: shorter than what firewalls forget.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
/// Between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// Probes without an answer after which the peer is dead.
const KEEPALIVE_PROBES: u32 = 4;
/// How long sent bytes may go unacknowledged by the peer's TCP.
const USER_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends small frames at once, and has the kernel watch over the peer.
pub(crate) fn set_up(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))
}

/// Resolves `host:port`, and connects to the first of its addresses that takes it, all within `limit`.
pub(crate) async fn connect(address: &str, limit: Duration) -> Result<TcpStream, TransportFault> {
    let dialled = tokio::time::timeout(limit, dial(address)).await;
    dialled.unwrap_or(Err(TransportFault::ConnectTimeout))
}

async fn dial(address: &str) -> Result<TcpStream, TransportFault> {
    let addresses = lookup_host(address).await.map_err(|_| TransportFault::Unresolved)?;
    let mut fault = TransportFault::Unresolved;
    for address in addresses {
        match TcpStream::connect(address).await.and_then(watched) {
            Ok(stream) => return Ok(stream),
            Err(error) => fault = connect_fault(&error),
        }
    }
    Err(fault)
}

fn watched(stream: TcpStream) -> io::Result<TcpStream> {
    set_up(&SockRef::from(&stream))?;
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_peer_that_is_gone_without_a_word_is_found_by_the_kernel() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("a peer");
        let socket = SockRef::from(&stream);
        set_up(&socket).expect("options that this system has");
        assert!(socket.keepalive().expect("an option"));
        let probing = (
            socket.tcp_keepalive_time().expect("an option"),
            socket.tcp_keepalive_interval().expect("an option"),
            socket.tcp_keepalive_retries().expect("an option"),
        );
        assert_eq!(probing, (Duration::from_secs(60), Duration::from_secs(15), 4));
        let unacknowledged = socket.tcp_user_timeout().expect("an option");
        assert_eq!(unacknowledged, Some(Duration::from_secs(60)));
    }
}
