//! Listener: one endpoint that accepts, and a place on an arbiter for everyone it lets in.
//!
//! ```text
//! bound (Endpoint) ──start──▶ accepting ──drain──▶ socket closed, connections finish by themselves
//! ```
//!
//! Who sends to it: nobody; it learns of a drain by its watch. Its death costs newcomers, not the connections there
//! are; building it may fail ([`Endpoint::bind`]), starting may not.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use super::close::CloseReason;
use super::connection::Connection;
use super::roster::Roster;
use super::surroundings::Around;
use super::turned_away::TurnedAway;
use crate::drain::Drain;
use crate::tcp;

/// How many connections may wait to be accepted. The kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 1024;
/// How long accepting rests after an error, most likely too many open files: at once it would only fail again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound address that does not accept yet.
#[derive(Debug)]
pub(crate) struct Endpoint {
    socket: StdListener,
    /// With the real port where 0 was asked for.
    pub(crate) address: SocketAddr,
}

/// One arbiter on which connections live, and what those of this listener share there.
#[derive(Clone)]
pub(crate) struct Berth {
    pub(crate) arbiter: ArbiterHandle,
    pub(crate) around: Around,
}

/// The actor.
pub(crate) struct Listener {
    endpoint: Option<Endpoint>,
    berths: Vec<Berth>,
    roster: Arc<Roster>,
    drain: Drain,
}

/// What the accepting future owns.
struct Accepting {
    socket: TcpListener,
    berths: Vec<Berth>,
    next_berth: usize,
    roster: Arc<Roster>,
    drain: Drain,
    not_allowed: TurnedAway,
    no_place: TurnedAway,
}

impl Endpoint {
    /// Binds with `SO_REUSEADDR` alone: with `SO_REUSEPORT` a second engine would bind silently.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let socket = StdListener::from(socket);
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// The same socket once more: who takes the address over misses nobody who has connected meanwhile.
    pub(crate) fn again(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, address: self.address })
    }

    /// Watches it with this thread's runtime.
    pub(crate) fn listen(self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.socket)
    }
}

impl Listener {
    /// `berths` must not be empty.
    pub(crate) fn new(
        endpoint: Endpoint,
        berths: Vec<Berth>,
        roster: Arc<Roster>,
        drain: Drain,
    ) -> Self {
        Self { endpoint: Some(endpoint), berths, roster, drain }
    }
}

impl Actor for Listener {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Some(endpoint) = self.endpoint.take() else { return };
        let address = endpoint.address;
        match endpoint.listen() {
            Ok(socket) => {
                let accepting = Accepting {
                    socket,
                    berths: std::mem::take(&mut self.berths),
                    next_berth: 0,
                    roster: Arc::clone(&self.roster),
                    drain: self.drain.clone(),
                    not_allowed: TurnedAway::default(),
                    no_place: TurnedAway::default(),
                };
                ctx.spawn(accepting.run().into_actor(self).map(|(), _, ctx| ctx.stop()));
            }
            Err(error) => {
                tracing::error!(%address, %error, "cannot watch a bound socket");
                ctx.stop();
            }
        }
    }
}

impl Accepting {
    async fn run(mut self) {
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.drain.begun() => return,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    failing = false;
                    self.admit(stream, peer);
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "cannot accept connections");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr) {
        let Some(berth) = self.berths.get(self.next_berth % self.berths.len().max(1)) else {
            return;
        };
        self.next_berth = self.next_berth.wrapping_add(1);
        let around = berth.around.now();
        let counters = &around.counters;
        let listener = &around.intake.listener().id;
        if !around.sources.allows(peer.ip()) {
            counters.refused_not_allowed.one();
            if let Some(times) = self.not_allowed.one(Instant::now()) {
                tracing::warn!(%listener, %peer, times, "connection refused: not from a network of allow");
            }
            return;
        }
        let seat = match self.roster.admit(peer.ip()) {
            Ok(seat) => seat,
            Err(full) => {
                counters.refused_full.one();
                if let Some(times) = self.no_place.one(Instant::now()) {
                    tracing::warn!(%listener, %peer, times, "connection refused: {full}");
                }
                return;
            }
        };
        counters.opened.one();
        // A socket belongs to the runtime that polls it: it changes hands as a plain one.
        let stream = match prepare(stream) {
            Ok(stream) => stream,
            Err(error) => {
                CloseReason::Failed(error.kind()).count(counters);
                tracing::debug!(%peer, %error, "connection lost while it was accepted");
                return;
            }
        };
        let (around, current) = (Arc::clone(&around), berth.around.clone());
        let spawned = berth.arbiter.spawn_fn(move || match TcpStream::from_std(stream) {
            Ok(stream) => {
                Connection::new(stream, peer, seat, current).start();
            }
            Err(error) => {
                CloseReason::Failed(error.kind()).count(&around.counters);
                tracing::error!(%peer, %error, "cannot watch an accepted socket");
            }
        });
        if !spawned {
            CloseReason::Failed(io::ErrorKind::BrokenPipe).count(counters);
            tracing::error!(%peer, "an arbiter has ended: a connection is closed unheard");
        }
    }
}

fn prepare(stream: TcpStream) -> io::Result<std::net::TcpStream> {
    let stream = stream.into_std()?;
    tcp::set_up(&SockRef::from(&stream))?;
    Ok(stream)
}
