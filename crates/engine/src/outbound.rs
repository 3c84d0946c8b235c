//! The way out: from the outbox of a destination to an outcome that is recorded.
//!
//! ```text
//! store ──Outbox──▶ OutboundPool (one per destination)
//!                      │ lanes: what may go next (ORDER-1)     no socket, no actix
//!                      │ slots: who carries it
//!                      ▼
//!       OutboundConnection × n     folder, in groups     handler actor
//!          │ session: whose answer (MATCH-1)
//!          ▼
//!       Report ──▶ flow::classify ──▶ store.record        delivered, deferred, dead, held (END-1)
//! ```
//!
//! In the order of the data: [`pool`] with its lanes and slots, [`connection`] with its [`session`] and [`socket`],
//! [`file`], [`handler`], [`report`]. At its [`reception`] arrive peers that dial us. [`door`] is the one for operators, [`keeper`] replaces a pool that died.
//!
//! Recording is never awaited: losing an outcome in a crash costs a duplicate with the same MSH-10, never a message.

mod connection;
mod delivery;
mod door;
mod file;
mod handler;
mod keeper;
mod limits;
mod pool;
mod reception;
mod report;
mod session;
mod socket;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use actix::ArbiterHandle;
use wardline_config::Destination;
use wardline_flow::Routing;
use wardline_store::Store;

use crate::charsets::Charsets;
use crate::drain::Drain;
use crate::ends::Ends;
use crate::handler::HandlerCaller;
use crate::inbound::listener::Endpoint;
use crate::observe::{DestinationCounters, Moment, Withheld};
use crate::replies::Apart;
use crate::tls::Connector;

pub(crate) use door::{Chosen, Done, OperatorFault, PoolDoor, Rest};
pub(crate) use file::Turn;
pub(crate) use reception::Reception;

/// What the pool of one destination is made of.
#[derive(Clone)]
pub(crate) struct Delivering {
    /// The destination.
    pub(crate) destination: Destination,
    /// Where its deliveries lie and their outcomes go.
    pub(crate) store: Arc<dyn Store>,
    /// Its counters.
    pub(crate) counters: Arc<DestinationCounters>,
    /// When something was last delivered.
    pub(crate) last_delivered: Arc<Moment>,
    /// When to start nothing new.
    pub(crate) drain: Drain,
    /// The handler, for a destination of that kind; without one it is down.
    pub(crate) handler: Option<HandlerCaller>,
    /// Where what the handler emits goes.
    pub(crate) routing: Arc<Routing>,
    /// Whose turn it is to write files, for a destination of that kind.
    pub(crate) turn: Turn,
    /// In which charset messages are read, and what the handler emits is written.
    pub(crate) charsets: Arc<Charsets>,
    /// Where senders wait for how its deliveries end.
    pub(crate) ends: Option<Arc<Ends>>,
    /// Where what is kept from production is counted.
    pub(crate) withheld: Arc<Withheld>,
    /// What it shakes hands with, where we dial and it is encrypted.
    pub(crate) connector: Option<Arc<Connector>>,
    /// What it awaits elsewhere than on a connection; it outlives a pool.
    pub(crate) apart: Apart,
    /// Where its peers arrive, where they dial us.
    pub(crate) reception: Option<Arc<Reception>>,
}

/// Starts the pool of one destination on `arbiter`, with all its connections, and its reception, if it has one.
pub(crate) fn start(
    delivering: Delivering,
    endpoint: Option<Endpoint>,
    arbiter: &ArbiterHandle,
) -> PoolDoor {
    keeper::start(delivering, endpoint, arbiter)
}

#[cfg(test)]
mod tests;
