//! The actors: listeners, connections, handlers, outbound pools and their supervision. All concurrency and all sockets
//! of Wardline are here; every decision is in `wardline-flow`, every byte on the disk in `wardline-store`.
//!
//! In the order of a message's way:
//!
//! - [`inbound`]: from a peer's bytes to an answer (ACK-1, ACK-2).
//! - [`handler`]: the actors that users write, and their supervision.
//! - [`outbound`]: from the outbox of a destination to its outcome (ORDER-1, END-1, MATCH-1).
//! - [`replies`]: what peers say of our messages elsewhere than on the connection that waits.
//! - [`engine`]: building, running, draining.
//! - [`events`]: what an embedding program is told while it happens.
//! - [`explain`]: what each stable code says.
//! - [`rehearsal`]: what a listener would decide, with nothing stored or sent.
//! - [`trial`]: the same with its reasons, for whoever tries a message.
//! - [`tls`]: certificates and handshakes; [`Wire`] hides whether a connection is encrypted.
//! - [`control`]: the only door for the command line. [`observe`]: what everyone counts.

mod charsets;
mod drain;
mod ends;
mod engine;
mod handler;
mod history_keys;
mod inbound;
mod outbound;
mod planning;
mod rename;
mod replay;
mod replies;
mod tcp;
mod ways;
mod wire;

pub mod control;
pub mod events;
pub mod explain;
pub mod observe;
mod ordering;
pub mod rehearsal;
pub mod tls;
pub mod trial;

pub use engine::{
    Beside, BuildError, EXIT_STORE_FAILED, Ended, Engine, Reread, store_folder, store_options,
};
pub use handler::{Decision, Handlers, Received, Verdict};
pub use wire::Wire;
