//! What the pool gets from the store: wakes, deliveries, and at the start what was held.

use std::sync::Arc;
use std::time::Instant;

use actix::fut::wrap_future;
use actix::prelude::*;
use tokio::sync::Notify;
use wardline_config::Order;
use wardline_store::limits::MAX_PAGE;
use wardline_store::{DeliveryState, MessageId, More, Name, Outbox, Query, ReadError, Store};

use super::OutboundPool;
use super::lanes::GivenUp;
use super::state::HoldReason;
use crate::ordering::Stand;
use crate::outbound::delivery::Lease;
use crate::outbound::limits::{
    MAX_STOPPED, PARKED_AT_ONCE, STORE_RECHECK, TAKE_AT_ONCE, TAKE_BELOW,
};

/// The pool's end of its outbox.
pub(super) struct Feed {
    pub(super) outbox: Arc<Outbox>,
    woken: Arc<Notify>,
    /// Whether some of it is on disk alone.
    more: More,
    state: FeedState,
    /// The last read failed, and that has been told.
    failing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FeedState {
    /// What was held before the start is not known yet.
    Closed,
    /// Deliveries may be taken.
    Open,
    /// They may, and a thread reads more into the outbox.
    Refilling,
}

/// What the store knows of a destination before anything is sent.
struct Standing {
    hold: Option<HoldReason>,
    /// Deliveries that stop their lanes: at most [`MAX_STOPPED`] and a page, with which the destination is held.
    stopped: Vec<(MessageId, Stand)>,
}

impl Standing {
    /// Blocks.
    fn read(store: &dyn Store, destination: &Name, order: &Order) -> Result<Self, ReadError> {
        let states = store.destinations()?;
        let state = states.into_iter().find(|state| state.destination == *destination);
        let hold = state.and_then(|state| state.hold);
        let mut stopped = Vec::new();
        let mut query = Query {
            destination: Name::clone(destination),
            state: Some(DeliveryState::Held),
            after: None,
            limit: MAX_PAGE,
        };
        loop {
            let page = store.query(&query)?;
            let stands = page.deliveries.into_iter();
            let stands = stands.map(|row| (row.message, Stand::of(order, row.lane, row.also)));
            stopped.extend(stands.filter(|(_, stand)| *stand != Stand::Free));
            if page.next.is_none() || stopped.len() >= MAX_STOPPED {
                let hold = hold.map(|hold| HoldReason { by: hold.by, reason: hold.reason });
                return Ok(Self { hold, stopped });
            }
            query.after = page.next;
        }
    }
}

impl Feed {
    /// Opens the outbox of one destination. Its wakes are remembered, not queued: a thousand are one.
    pub(super) fn open(store: &dyn Store, destination: &str) -> Self {
        let woken = Arc::new(Notify::new());
        let waker = Arc::clone(&woken);
        let outbox = store.outbox(destination, Box::new(move || waker.notify_one()));
        Self { outbox, woken, more: More::Nothing, state: FeedState::Closed, failing: false }
    }
}

impl OutboundPool {
    /// Learns what was held, then lets the outbox wake the pool.
    pub(super) fn open_feed(&mut self, ctx: &mut Context<Self>) {
        let (store, destination) = (Arc::clone(&self.store), self.destination.id.arc());
        let order = self.destination.order.clone();
        let read =
            tokio::task::spawn_blocking(move || Standing::read(&*store, &destination, &order));
        ctx.spawn(wrap_future(read).map(|read, pool: &mut Self, ctx| match read {
            Ok(Ok(standing)) => pool.on_standing(standing, ctx),
            Ok(Err(ReadError::NotReady | ReadError::Moved | ReadError::IndexLost)) => {
                open_feed_later(ctx);
            }
            Ok(Err(error)) => {
                pool.tell_failing(&error);
                open_feed_later(ctx);
            }
            Err(panicked) => {
                pool.tell_failing(&panicked);
                open_feed_later(ctx);
            }
        }));
    }

    fn on_standing(&mut self, standing: Standing, ctx: &mut Context<Self>) {
        self.dispatch.paused = standing.hold.is_some();
        self.hold = standing.hold;
        for (stopped, stand) in standing.stopped {
            self.dispatch.lanes.stop_before(stopped, stand);
        }
        self.hold_with_too_many_stopped();
        self.feed.state = FeedState::Open;
        self.feed.failing = false;
        self.await_wake(ctx);
        self.pump(ctx);
    }

    /// Whether the pool knows enough to send.
    pub(super) fn feed_is_open(&self) -> bool {
        self.feed.state != FeedState::Closed
    }

    /// Takes all that the outbox has in memory. False while a thread is reading more into it.
    pub(super) fn take_all(&mut self) -> bool {
        if self.feed.state != FeedState::Open {
            return false;
        }
        while self.take() > 0 {}
        true
    }

    fn await_wake(&mut self, ctx: &mut Context<Self>) {
        let woken = Arc::clone(&self.feed.woken);
        let wake = async move { woken.notified().await };
        ctx.spawn(wrap_future(wake).map(|(), pool: &mut Self, ctx| {
            pool.pump(ctx);
            pool.await_wake(ctx);
        }));
    }

    /// Takes from the outbox while the lanes have little that could go. Asking costs less than remembering whether there
    /// may be more.
    pub(super) fn feed_lanes(&mut self, ctx: &mut Context<Self>) {
        while self.dispatch.lanes.ready_len() < TAKE_BELOW && self.take() == TAKE_AT_ONCE {}
        self.make_room();
        // What is damaged stops its lane as it is read.
        if self.feed.more == More::OnDisk && !self.dispatch.lanes.are_too_many_stopped() {
            self.refill(ctx);
        }
    }

    /// Calls back what was given back and has its turn now, and gives back what stands behind others while they fill the
    /// window: one lane that waits must not keep the others from coming in, and least of all what it waits for, which an
    /// operator has put back in line.
    fn make_room(&mut self) {
        let called = self.dispatch.lanes.call();
        if !called.is_empty() {
            self.feed.more = self.feed.outbox.recall(&called);
        }
        let is_idle = self.dispatch.has_idle_slot(Instant::now());
        while let More::NoRoom { returning } = self.feed.more
            && is_idle
            && self.dispatch.lanes.are_stuck(returning)
        {
            let outbox = &self.feed.outbox;
            self.feed.more = match self.dispatch.lanes.give_up_youngest(PARKED_AT_ONCE) {
                GivenUp::Nothing => break,
                GivenUp::From(youngest) => outbox.put_back(youngest),
                GivenUp::Parked(parked) => {
                    for id in parked {
                        outbox.done(id);
                    }
                    outbox.recall(&[])
                }
            };
        }
    }

    /// Takes some; how many it were.
    fn take(&mut self) -> usize {
        let taken = self.feed.outbox.take(TAKE_AT_ONCE);
        let count = taken.deliveries.len();
        for mut pending in taken.deliveries {
            let id = pending.id;
            let also = std::mem::take(&mut pending.also);
            let stand = Stand::of(&self.destination.order, pending.lane, also);
            if !self.dispatch.lanes.add(Lease::from(pending), stand) {
                self.feed.outbox.done(id);
            }
        }
        self.feed.more = taken.more;
        count
    }

    /// Lets a thread read what memory has no copy of; the outbox wakes the pool when it has. It stops at what is damaged,
    /// so that nothing behind that is in hand before the lane knows.
    fn refill(&mut self, ctx: &mut Context<Self>) {
        if self.feed.state != FeedState::Open {
            return;
        }
        self.feed.state = FeedState::Refilling;
        let outbox = Arc::clone(&self.feed.outbox);
        let read = tokio::task::spawn_blocking(move || outbox.refill());
        ctx.spawn(wrap_future(read).map(|read, pool: &mut Self, ctx| {
            pool.feed.state = FeedState::Open;
            pool.feed.more = More::Nothing;
            match read {
                Ok(Ok(damaged)) => {
                    pool.feed.failing = false;
                    if let Some(damaged) = damaged {
                        pool.hold_damaged(damaged);
                    }
                    pool.pump(ctx);
                }
                Ok(Err(error)) => pool.refill_failed(&error, ctx),
                Err(panicked) => pool.refill_failed(&panicked, ctx),
            }
        }));
    }

    fn refill_failed(
        &mut self,
        error: &(dyn std::error::Error + 'static),
        ctx: &mut Context<Self>,
    ) {
        self.tell_failing(error);
        ctx.run_later(STORE_RECHECK, Self::pump);
    }

    /// Once for all that fail in a row: a store that cannot be read is asked again every few milliseconds.
    fn tell_failing(&mut self, error: &(dyn std::error::Error + 'static)) {
        if !std::mem::replace(&mut self.feed.failing, true) {
            tracing::error!(destination = %self.destination.id, error, "the queue could not be read");
        }
    }
}

fn open_feed_later(ctx: &mut Context<OutboundPool>) {
    ctx.run_later(STORE_RECHECK, OutboundPool::open_feed);
}
