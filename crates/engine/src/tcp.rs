//! How a TCP peer that has gone without a word is noticed, whichever side connected.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

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
