//! Dialer: a listener whose peer listens (`role = "client"`). We dial it, and it sends.
//!
//! ```text
//!  dialling ──up──▶ Connection, as any other ──ended──▶ pause ──▶ dialling
//!     │ refused, unreachable …                            ▲ doubled each time, until something came
//!     └───────────────────────────────────────────────────┘
//! ```
//!
//! One future for each connection that is kept up, on the arbiter where that connection lives. Nobody sends to it; a drain
//! ends it. That a peer is away is said once, and once that it is back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use wardline_config::Dialling;
use wardline_flow::{ListenerId, RetryPolicy, TransportFault};

use super::connection::Connection;
use super::listener::Berth;
use super::roster::Roster;
use crate::drain::Drain;
use crate::tcp;

/// How long a connection may take to come up.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// One connection that is kept up.
struct Dialer {
    address: Arc<str>,
    retry: RetryPolicy,
    berth: Berth,
    roster: Arc<Roster>,
    /// It is known, and told, that the peer is away.
    away: bool,
}

/// Keeps the connections of one listener up until the engine drains. `berths` must not be empty.
pub(super) fn start(dialling: &Dialling, berths: &[Berth], roster: &Arc<Roster>, drain: &Drain) {
    let address: Arc<str> = dialling.peer.address.as_str().into();
    let retry = RetryPolicy { first: dialling.first, max: dialling.max, ..RetryPolicy::default() };
    for berth in berths.iter().cycle().take(dialling.connections.get()) {
        let dialer = Dialer {
            address: Arc::clone(&address),
            retry,
            berth: berth.clone(),
            roster: Arc::clone(roster),
            away: false,
        };
        let drain = drain.clone();
        berth.arbiter.spawn_fn(move || {
            actix::spawn(dialer.run(drain));
        });
    }
}

impl Dialer {
    async fn run(mut self, mut drain: Drain) {
        let mut failures = 0;
        loop {
            let something_came = tokio::select! {
                biased;
                () = drain.begun() => return,
                something_came = self.once() => something_came,
            };
            failures = if something_came { 1 } else { failures + 1 };
            let pause = self.retry.next_delay(failures, fastrand::u64(..));
            tokio::select! {
                biased;
                () = drain.begun() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One connection, from dialling to its end. Whether anything came over it.
    async fn once(&mut self) -> bool {
        match tcp::connect(&self.address, CONNECT_TIME).await {
            Ok(stream) => {
                if std::mem::take(&mut self.away) {
                    tracing::info!(listener = %self.listener(), address = %self.address, "the peer is back");
                }
                self.hear(stream).await
            }
            Err(fault) => {
                self.tell(fault);
                false
            }
        }
    }

    async fn hear(&self, stream: TcpStream) -> bool {
        let peer = stream.peer_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
        // There are as many places as dialers, and each has one.
        let Ok(seat) = self.roster.admit(peer.ip()) else { return false };
        let (word, ended) = oneshot::channel();
        self.berth.around.now().counters.opened.one();
        let around = self.berth.around.clone();
        actix::Actor::start(Connection::new(stream, peer, seat.telling(word), around));
        ended.await.unwrap_or(false)
    }

    /// Says that the peer cannot be reached, unless that is known.
    fn tell(&mut self, fault: TransportFault) {
        self.berth.around.now().counters.connect_failures.one();
        let reason = fault.cause().code();
        let (listener, address) = (self.listener(), &self.address);
        if self.away {
            tracing::debug!(%listener, %address, reason, "the peer is still away");
        } else {
            tracing::warn!(%listener, %address, reason, "the peer cannot be reached: dialling on");
        }
        self.away = true;
    }

    fn listener(&self) -> ListenerId {
        self.berth.around.now().intake.listener().id.clone()
    }
}
