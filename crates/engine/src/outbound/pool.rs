//! `OutboundPool`: everything about one destination that is not a socket.
//!
//! ```text
//!              wake            take                next              Report
//!   Outbox ──────────▶ pool ─────────▶ lanes ───────────▶ carrier ───────────▶ settle ──▶ store.record
//!     ▲   on a reader thread: refill     ▲  timer: due, back-off                  │
//!     └──────────────────────────────────┴────────────────────────────────────────┘
//!
//!   up ⇄ retrying ⇄ down         held: by an operator, or by dead letters in a row, until Retry
//! ```
//!
//! Who sends to it: the outbox (a wake, from the store's threads), its connections ([`Report`]), operators
//! ([`operator`]), its own timer. It and its connections share an arbiter, so no message crosses threads on its way
//! out.
//!
//! Its death costs a pause: leases are in memory, the deliveries themselves in the store, and its keeper starts
//! another, which sends again what was in flight.

mod carriers;
mod dispatch;
mod fate;
mod feed;
mod lanes;
mod moving;
mod operator;
mod recording;
mod slots;
mod state;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use jiff::Timestamp;
use tokio::sync::oneshot;
use wardline_config::{Destination, DestinationKind};
use wardline_store::Store;

use super::Delivering;
use super::limits::{MAX_STORE_BACKLOG, OPERATOR_MAILBOX, REPORTS_PER_CONNECTION, STORE_RECHECK};
use super::report::{CloseReason, Report};
use crate::drain::Drain;
use crate::ends::Ends;
use crate::inbound::completions::Completions;
use crate::observe::{DestinationCounters, Moment};
use crate::replies::Applications;
use carriers::Carriers;
use dispatch::{Dispatch, Now};
use feed::Feed;

pub(super) use moving::{AskStill, Move, Still};
#[cfg(test)]
pub(super) use operator::Die;
pub(super) use operator::PeerArrived;
pub(super) use operator::{
    Alter, Alteration, Describe, Hold, InFlight, LastReply, Release, Touched,
};
pub(super) use slots::CarrierId;
pub(crate) use state::PoolState;

/// The pool of one destination.
pub(crate) struct OutboundPool {
    destination: Destination,
    store: Arc<dyn Store>,
    counters: Arc<DestinationCounters>,
    last_delivered: Arc<Moment>,
    ends: Option<Arc<Ends>>,
    drain: Drain,
    applications: Arc<Applications>,
    dispatch: Dispatch,
    carriers: Carriers,
    feed: Feed,
    completions: Completions,
    /// By whom and why the destination is held.
    hold: Option<state::HoldReason>,
    /// When it began, and how many words of operators it has heard that let it send or changed its queue.
    born: Instant,
    words: u64,
    last_close: Option<CloseReason>,
    /// Said to be away, and not yet that it is back.
    troubled: bool,
    timer: Option<(Instant, SpawnHandle)>,
    /// Dropped with the pool, which tells its keeper.
    _alive: oneshot::Sender<()>,
}

impl OutboundPool {
    /// A pool to start on this arbiter. `alive` is dropped when it ends.
    pub(super) fn new(delivering: &Delivering, alive: oneshot::Sender<()>) -> Self {
        let Delivering { destination, store, counters, last_delivered, ends, drain, .. } =
            delivering;
        let completions = delivering.completions.clone();
        let carriers = Carriers::of(delivering, &completions);
        let mut dispatch = Dispatch::new(destination, carriers.count(), carriers.group());
        dispatch.keeps_replies = ends.is_some();
        Self {
            dispatch,
            feed: Feed::open(&**store, &destination.id.arc()),
            destination: destination.clone(),
            store: Arc::clone(store),
            counters: Arc::clone(counters),
            last_delivered: Arc::clone(last_delivered),
            ends: ends.clone(),
            drain: drain.clone(),
            applications: Arc::clone(&delivering.apart.applications),
            carriers,
            completions,
            hold: None,
            born: Instant::now(),
            words: 0,
            last_close: None,
            troubled: false,
            timer: None,
            _alive: alive,
        }
    }

    /// Sends whatever may be sent now, and sees to it that the pool is woken when more may.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        if self.drain.is_draining() {
            if !self.dispatch.slots.any_standing() {
                ctx.stop();
            }
            return;
        }
        if !self.feed_is_open() {
            return;
        }
        loop {
            self.feed_lanes(ctx);
            if self.store.backlog() > MAX_STORE_BACKLOG {
                return self.wake_at(now + STORE_RECHECK, ctx);
            }
            if !self.carriers.have_room(self.dispatch.lanes.in_flight_len()) {
                break;
            }
            let Some((taken, group)) = self.dispatch.next(now) else { break };
            self.send(taken, group, ctx);
        }
        if let Some(moment) = self.dispatch.next_moment(now) {
            self.wake_at(moment, ctx);
        }
    }

    /// One timer for everything that waits, set to the earliest.
    fn wake_at(&mut self, moment: Instant, ctx: &mut Context<Self>) {
        if let Some((set, _)) = self.timer
            && set <= moment
        {
            return;
        }
        if let Some((_, later)) = self.timer.take() {
            ctx.cancel_future(later);
        }
        let wait = moment.saturating_duration_since(Instant::now()) + TIMER_GRAIN;
        let timer = ctx.run_later(wait, |pool, ctx| {
            pool.timer = None;
            pool.pump(ctx);
        });
        self.timer = Some((moment, timer));
    }

    /// A carrier has something to say, through its mailbox or because the pool ran it itself.
    fn on_report(&mut self, report: Report, ctx: &mut Context<Self>) {
        if let Some(reason) = report.closed
            && self.dispatch.slots.is_current(report.carrier)
        {
            self.carriers.closed(report.carrier);
            self.note_close(reason);
        }
        let settled = self.dispatch.on_report(report, &now());
        for settled in settled {
            self.record(settled);
        }
        self.pump(ctx);
    }

    fn note_close(&mut self, reason: CloseReason) {
        if reason != CloseReason::Done {
            self.last_close = Some(reason);
            tracing::debug!(destination = %self.destination.id, reason = reason.code(), "connection closed");
        }
    }
}

/// A timer that fires a hair early would find nothing due.
const TIMER_GRAIN: Duration = Duration::from_millis(1);

/// This moment, with a fresh share of chance.
fn now() -> Now {
    Now { instant: Instant::now(), time: Timestamp::now(), random: fastrand::u64(..) }
}

impl Actor for OutboundPool {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(OPERATOR_MAILBOX + REPORTS_PER_CONNECTION * self.carriers.count());
        self.open_feed(ctx);
        let mut drain = self.drain.clone();
        let begun = async move { drain.begun().await };
        ctx.spawn(begun.into_actor(self).map(|(), pool, ctx| {
            pool.carriers.drain();
            pool.pump(ctx);
        }));
        let owing = matches!(self.destination.kind, DestinationKind::Mllp(_))
            || self.applications.owed() > 0;
        if owing {
            ctx.run_interval(self.applications.look_every(), |pool, _| {
                pool.applications.look(Instant::now());
            });
        }
    }
}

impl Handler<Report> for OutboundPool {
    type Result = ();

    fn handle(&mut self, report: Report, ctx: &mut Self::Context) {
        self.on_report(report, ctx);
    }
}
