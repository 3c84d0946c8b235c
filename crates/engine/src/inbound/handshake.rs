//! Before the first byte of a message: TLS, where the listener asks for it.
//!
//! It runs on the connection's own arbiter, with its seat taken: a crowd of slow strangers is bounded like any other. A
//! refusal is told once, with the certificate it is about and the reason.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::Either;
use tokio::net::TcpStream;

use super::close::CloseReason;
use super::roster::Seat;
use super::surroundings::Surroundings;
use crate::tls::{Acceptor, Connector, HandshakeFault, Identity};
use crate::wire::Wire;

/// Which side of a handshake a listener is.
pub(crate) enum Side {
    /// Of none: it is not encrypted.
    Neither,
    /// Others connect to it.
    Server(Arc<Acceptor>),
    /// It dials.
    Client(Arc<Connector>),
}

impl Side {
    /// Whether a fault has to be told: a peer that is dialled for ever is told of once, and again when its fault is another.
    fn is_news(&self, fault: &HandshakeFault) -> bool {
        match self {
            Self::Neither | Self::Server(_) => true,
            Self::Client(connector) => connector.is_news(Some(fault)),
        }
    }

    /// Whose certificate is refused.
    fn other(&self) -> &'static str {
        match self {
            Self::Neither | Self::Server(_) => "client",
            Self::Client(_) => "server",
        }
    }
}

/// Makes a wire of a connection.
pub(super) async fn shake_hands(
    stream: TcpStream,
    peer: SocketAddr,
    seat: &Seat,
    around: &Surroundings,
) -> Result<Wire, CloseReason> {
    let shaking = match &around.side {
        Side::Neither => return Ok(Wire::plain(stream)),
        Side::Server(acceptor) => Either::Left(acceptor.accept(stream)),
        Side::Client(connector) => Either::Right(connector.connect(stream)),
    };
    let mut drain = around.drain.clone();
    let shaken = tokio::select! {
        biased;
        () = drain.begun() => return Err(CloseReason::Draining),
        shaken = shaking => shaken,
        () = seat.asked_to_leave() => return Err(CloseReason::Replaced),
    };
    match shaken {
        Ok(wire) => {
            around.counters.tls_handshakes.one();
            if let Side::Client(connector) = &around.side {
                connector.is_news(None);
            }
            Ok(wire)
        }
        // Load balancers look whether somebody listens, all day.
        Err(HandshakeFault::ClosedBefore) => Err(CloseReason::ByPeer),
        Err(fault) => {
            if around.side.is_news(&fault) {
                tell(&fault, peer, around);
            }
            match fault {
                HandshakeFault::Certificate { .. } => around.counters.tls_refused.one(),
                _ => around.counters.tls_failed.one(),
            }
            Err(CloseReason::Tls)
        }
    }
}

/// Says which certificate was refused and why, or what else went wrong.
fn tell(fault: &HandshakeFault, peer: SocketAddr, around: &Surroundings) {
    let listener = &around.intake.listener().id;
    let reason = fault.code();
    let other = around.side.other();
    match fault {
        HandshakeFault::Certificate { identity: Some(identity), .. } => {
            let Identity { subject, issuer, names, serial, fingerprint, not_before, not_after } =
                &**identity;
            let names = names.join(", ");
            tracing::warn!(
                %listener, %peer, reason, subject, issuer, names, serial, %fingerprint, %not_before, %not_after,
                "{other} certificate refused: {fault}"
            );
        }
        HandshakeFault::Certificate { identity: None, .. } => {
            tracing::warn!(%listener, %peer, reason, "{other} certificate refused: {fault}");
        }
        _ => {
            let error = fault as &dyn Error;
            tracing::warn!(%listener, %peer, reason, error, "TLS handshake failed");
        }
    }
}
