//! Before the first byte of a message: TLS, where the listener asks for it.
//!
//! It runs on the connection's own arbiter, with its seat taken: a crowd of slow strangers is bounded like any other. A
//! refusal is told once, with the certificate it is about and the reason.

use std::error::Error;
use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::close::CloseReason;
use super::connection::Surroundings;
use super::roster::Seat;
use crate::tls::{HandshakeFault, Identity};
use crate::wire::Wire;

/// Makes a wire of an accepted connection.
pub(super) async fn shake_hands(
    stream: TcpStream,
    peer: SocketAddr,
    seat: &Seat,
    around: &Surroundings,
) -> Result<Wire, CloseReason> {
    let Some(acceptor) = &around.acceptor else {
        return Ok(Wire::plain(stream));
    };
    let mut drain = around.drain.clone();
    let shaken = tokio::select! {
        biased;
        () = drain.begun() => return Err(CloseReason::Draining),
        shaken = acceptor.accept(stream) => shaken,
        () = seat.asked_to_leave() => return Err(CloseReason::Replaced),
    };
    match shaken {
        Ok(wire) => {
            around.counters.tls_handshakes.one();
            Ok(wire)
        }
        // Load balancers look whether somebody listens, all day.
        Err(HandshakeFault::ClosedBefore) => Err(CloseReason::ByPeer),
        Err(fault) => {
            tell(&fault, peer, around);
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
    match fault {
        HandshakeFault::Certificate { identity: Some(identity), .. } => {
            let Identity { subject, issuer, names, serial, fingerprint, not_before, not_after } =
                &**identity;
            let names = names.join(", ");
            tracing::warn!(
                %listener, %peer, reason, subject, issuer, names, serial, %fingerprint, %not_before, %not_after,
                "client certificate refused: {fault}"
            );
        }
        HandshakeFault::Certificate { identity: None, .. } => {
            tracing::warn!(%listener, %peer, reason, "client certificate refused: {fault}");
        }
        _ => {
            let error = fault as &dyn Error;
            tracing::warn!(%listener, %peer, reason, error, "TLS handshake failed");
        }
    }
}
