//! Reception: where the peers of a destination arrive that dial us and are sent to (`role = "server"`).
//!
//! ```text
//!   accept ──allowed?──▶ handshake, where there is TLS ──▶ waiting, at most `connections` ──next──▶ OutboundConnection
//!      │ no                    │ failed                         │ full of peers that are still there
//!      ▼                       ▼                                ▼
//!   closed, counted         closed, told                     closed, counted, as are too many handshakes at once
//! ```
//!
//! Bound when the engine is built. It accepts on its pool's arbiter, and tells the pool of each arrival, which then waits
//! for no back-off to end. Hands are shaken at once: a peer that has to wait for its first message must not take that for
//! a server that does not speak TLS.

use std::collections::VecDeque;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix::ArbiterHandle;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wardline_config::{Awaited, Network};
use wardline_flow::DestinationId;

use super::door::PoolDoor;
use super::keeper::Current;
use super::pool::PeerArrived;
use super::socket::{Peeked, peek};
use crate::drain::Drain;
use crate::inbound::listener::Endpoint;
use crate::inbound::turned_away::TurnedAway;
use crate::observe::DestinationCounters;
use crate::tcp;
use crate::tls::{Acceptor, HandshakeFault};
use crate::wire::Wire;

/// How long accepting rests after an error, most likely too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Newcomers with whom hands are shaken at once beside as many as may wait: peers that come back after a break come
/// together, and before their handshake nobody knows who they are.
const HANDS_BESIDE: usize = 16;

/// The peers of one destination that wait for something to be sent.
#[derive(Debug)]
pub(crate) struct Reception {
    destination: DestinationId,
    address: SocketAddr,
    allow: Vec<Network>,
    acceptor: Option<Arc<Acceptor>>,
    counters: Arc<DestinationCounters>,
    most: usize,
    hands: Arc<Semaphore>,
    waiting: Mutex<VecDeque<Wire>>,
    arrived: Notify,
}

impl Reception {
    /// The reception at a bound endpoint. At most `most` peers wait in it.
    pub(crate) fn new(
        destination: DestinationId,
        awaited: &Awaited,
        address: SocketAddr,
        acceptor: Option<Arc<Acceptor>>,
        counters: Arc<DestinationCounters>,
        most: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            destination,
            address,
            allow: awaited.allow.clone(),
            acceptor,
            counters,
            most,
            hands: Arc::new(Semaphore::new(most.saturating_add(HANDS_BESIDE))),
            waiting: Mutex::default(),
            arrived: Notify::new(),
        })
    }

    /// Sockets that a reception for so many peers takes at most: in use, waiting, and shaking hands.
    pub(crate) const fn sockets(most: usize) -> usize {
        most.saturating_mul(3).saturating_add(HANDS_BESIDE)
    }

    /// Where it listens, with the real port where 0 was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A peer that has arrived and is still there, waiting for one if need be.
    pub(super) async fn next(&self) -> Wire {
        loop {
            let arrived = self.arrived.notified();
            if let Some(wire) = self.take() {
                return wire;
            }
            arrived.await;
        }
    }

    /// Accepts on this arbiter from now on, until it is to end.
    pub(crate) fn open(
        self: &Arc<Self>,
        endpoint: Endpoint,
        pool: &PoolDoor,
        drain: Drain,
        arbiter: &ArbiterHandle,
    ) {
        let serving = Arc::clone(self).serve(endpoint, pool.current(), drain);
        arbiter.spawn(serving);
    }

    /// Accepts until the drain; then nobody waits any more.
    async fn serve(self: Arc<Self>, endpoint: Endpoint, pool: Current, mut drain: Drain) {
        let socket = match endpoint.listen() {
            Ok(socket) => socket,
            Err(error) => {
                tracing::error!(destination = %self.destination, %error, "cannot watch a bound socket");
                return;
            }
        };
        let mut turned_away = TurnedAway::default();
        loop {
            let accepted = tokio::select! {
                biased;
                () = drain.begun() => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) if self.allows(peer) => match self.free_hand() {
                    Some(hand) => {
                        let welcome = Arc::clone(&self).welcome(stream, peer, pool.clone());
                        actix::spawn(async move {
                            welcome.await;
                            drop(hand);
                        });
                    }
                    None => self.turn_away(peer),
                },
                Ok((_, peer)) => {
                    self.counters.refused_not_allowed.one();
                    if let Some(times) = turned_away.one(Instant::now()) {
                        let destination = &self.destination;
                        tracing::warn!(%destination, %peer, times, "connection refused: not from a network of allow");
                    }
                }
                Err(error) => {
                    tracing::debug!(destination = %self.destination, %error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        self.lock().clear();
    }

    fn allows(&self, peer: SocketAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(peer.ip()))
    }

    /// Where one more may shake hands (BOUND-1): his, until it is dropped.
    fn free_hand(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.hands).try_acquire_owned().ok()
    }

    fn turn_away(&self, peer: SocketAddr) {
        self.counters.refused_full.one();
        tracing::debug!(%peer, "enough peers wait already");
    }

    /// Shakes hands with who has arrived, and lets it wait.
    async fn welcome(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, pool: Current) {
        if let Err(error) = tcp::set_up(&SockRef::from(&stream)) {
            tracing::debug!(%peer, %error, "connection lost while it was accepted");
            return;
        }
        let wire = match &self.acceptor {
            None => Wire::plain(stream),
            Some(acceptor) => match acceptor.accept(stream).await {
                Ok(wire) => wire,
                Err(fault) => return self.tell(&fault, peer),
            },
        };
        if !self.admit(wire) {
            return self.turn_away(peer);
        }
        self.arrived.notify_one();
        if let Some(pool) = &*pool.borrow() {
            // A full mailbox is a pool at work, which asks for a peer by itself.
            let _busy_or_gone = pool.try_send(PeerArrived);
        }
    }

    /// Takes a newcomer in, where there is room or somebody who waited has gone.
    fn admit(&self, wire: Wire) -> bool {
        let mut waiting = self.lock();
        waiting.retain(|earlier| peek(earlier.socket()) != Peeked::Gone);
        let has_room = waiting.len() < self.most;
        if has_room {
            waiting.push_back(wire);
        }
        has_room
    }

    fn take(&self) -> Option<Wire> {
        let mut waiting = self.lock();
        while let Some(wire) = waiting.pop_front() {
            if peek(wire.socket()) != Peeked::Gone {
                return Some(wire);
            }
        }
        None
    }

    fn tell(&self, fault: &HandshakeFault, peer: SocketAddr) {
        let destination = &self.destination;
        match fault {
            // Load balancers look whether somebody listens, all day.
            HandshakeFault::ClosedBefore => {}
            HandshakeFault::Certificate { identity: Some(identity), .. } => {
                let (subject, serial) = (&identity.subject, &identity.serial);
                let reason = fault.code();
                tracing::warn!(%destination, %peer, reason, subject, serial, "certificate refused: {fault}");
            }
            _ => {
                let (reason, error) = (fault.code(), fault as &dyn Error);
                tracing::warn!(%destination, %peer, reason, error, "TLS handshake failed");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Wire>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_are_shaken_with_so_many_at_once_and_no_more() {
        let awaited = Awaited { bind: ([127, 0, 0, 1], 0).into(), allow: Vec::new(), tls: None };
        let counters = Arc::default();
        let reception =
            Reception::new("lis".into(), &awaited, awaited.bind, None, Arc::clone(&counters), 2);
        let mut hands: Vec<_> = std::iter::from_fn(|| reception.free_hand()).collect();
        assert_eq!(hands.len(), 2 + HANDS_BESIDE);
        hands.pop();
        assert!(reception.free_hand().is_some(), "one is done");
    }
}
