//! The actors: listeners, connections, handlers, outbound pools and their supervision.
pub mod control;
mod drain;
mod handler;
mod inbound;
pub mod observe;
mod outbound;
