//! The way out: from the outbox of a destination to an outcome that is recorded.
//!
//! ```text
//! store ──Outbox──▶ OutboundPool (one per destination)
//!                      │ lanes: what may go next (ORDER-1)     no socket, no actix
//!                      │ slots: who carries it
//!                      ▼
//!       OutboundConnection × n     folder, in groups     handler actor
//!          │ session: whose answer (MATCH-1)    web server · database
//!          ▼
//!       Report ──▶ flow::classify ──▶ store.record        delivered, deferred, dead, held (END-1)
//! ```
//!
//! In the order of the data: [`pool`] with its lanes and slots, [`connection`] with its [`session`] and [`socket`],
//! [`file`], [`handler`], [`http`], [`postgres`], [`report`]. At its [`reception`] arrive peers that dial us. [`door`] is the one for operators, [`keeper`] replaces a pool that died.
//!
//! Recording is never awaited: losing an outcome in a crash costs a duplicate with the same MSH-10, never a message.

mod connection;
mod delivery;
mod door;
mod file;
mod handler;
mod http;
mod keeper;
mod limits;
mod pool;
mod postgres;
mod reception;
pub(crate) mod relocation;
mod report;
mod session;
mod socket;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use wardline_config::Destination;
use wardline_store::Store;

use crate::drain::Drain;
use crate::ends::Ends;
use crate::inbound::completions::Completions;
use crate::observe::{DestinationCounters, Moment};
use crate::replies::Apart;
use crate::tls::Connector;
use crate::ways::CurrentWays;

pub(crate) use door::{Chosen, Done, OperatorFault, PoolDoor, Rest};
pub(crate) use file::Turn;
pub(crate) use keeper::start;
pub(crate) use reception::Reception;

/// What the pool of one destination is made of.
#[derive(Clone)]
pub(crate) struct Delivering {
    /// The destination.
    pub(crate) destination: Destination,
    /// Where its deliveries lie and their outcomes go.
    pub(crate) store: Arc<dyn Store>,
    /// How it learns what is durable, on its arbiter.
    pub(crate) completions: Completions,
    /// Its counters.
    pub(crate) counters: Arc<DestinationCounters>,
    /// When something was last delivered.
    pub(crate) last_delivered: Arc<Moment>,
    /// When to start nothing new.
    pub(crate) drain: Drain,
    /// Which handlers there are, for a destination of that kind, and where what they emit goes.
    pub(crate) ways: CurrentWays,
    /// Whose turn it is to write files, for a destination of that kind.
    pub(crate) turn: Turn,
    /// Where senders wait for how its deliveries end.
    pub(crate) ends: Option<Arc<Ends>>,
    /// What it shakes hands with, where we dial and it is encrypted.
    pub(crate) connector: Option<Arc<Connector>>,
    /// What it awaits elsewhere than on a connection; it outlives a pool.
    pub(crate) apart: Apart,
    /// Where its peers arrive, where they dial us.
    pub(crate) reception: Option<Arc<Reception>>,
}

#[cfg(test)]
mod tests;
