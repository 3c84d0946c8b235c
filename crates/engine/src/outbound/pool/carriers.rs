//! What carries deliveries out of the pool, by kind of destination.

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;

use actix::fut::wrap_future;
use actix::prelude::*;
use wardline_config::{DestinationKind, MllpDestination, Order};
use wardline_flow::{FileFault, Received};
use wardline_store::MessageId;

use super::OutboundPool;
use super::slots::{CarrierId, Taken};
use crate::inbound::completions::Completions;
use crate::outbound::Delivering;
use crate::outbound::connection::{Deliver, Drain, OutboundConnection};
use crate::outbound::delivery::Delivery;
use crate::outbound::file::{self, FileWriter, Filed};
use crate::outbound::handler::HandlerCalls;
use crate::outbound::http::HttpSender;
use crate::outbound::limits::HANDLER_CALLS;
use crate::outbound::postgres::RowWriter;
use crate::outbound::report::{CloseReason, Ended, Report};
use crate::outbound::socket::Way;
use crate::replies::Apart;

/// All carriers of one destination.
pub(super) enum Carriers {
    /// One connection a slot.
    Mllp(Connections),
    /// One group at a time, on a thread for blocking work.
    File(Arc<FileWriter>),
    /// One call a slot.
    Handler(Arc<HandlerCalls>, Order),
    /// One request a slot, of so many.
    Http(Rc<HttpSender>, usize),
    /// One transaction at a time, of so many rows at most.
    Postgres(Rc<RowWriter>, usize),
}

/// The connections of an MLLP destination, by slot.
pub(super) struct Connections {
    destination: Arc<MllpDestination>,
    way: Way,
    apart: Apart,
    by_slot: Vec<Option<Addr<OutboundConnection>>>,
}

impl Carriers {
    pub(super) fn of(delivering: &Delivering, completions: &Completions) -> Self {
        let destination = &delivering.destination;
        match &destination.kind {
            DestinationKind::Mllp(mllp) => {
                let connections = at_once(&destination.order, mllp.connections);
                Self::Mllp(Connections {
                    destination: Arc::from(mllp.clone()),
                    way: Way::of(mllp, delivering),
                    apart: delivering.apart.clone(),
                    by_slot: vec![None; connections],
                })
            }
            DestinationKind::File(folder) => Self::File(Arc::new(FileWriter::new(
                destination.id.arc(),
                folder.path.clone(),
                destination.order.clone(),
                delivering.turn.clone(),
            ))),
            DestinationKind::Handler(handler) => {
                let calls = HandlerCalls::new(delivering, handler, completions.clone());
                Self::Handler(Arc::new(calls), destination.order.clone())
            }
            DestinationKind::Http(http) => {
                let sender = HttpSender::new(delivering, http);
                Self::Http(sender, at_once(&destination.order, http.connections))
            }
            DestinationKind::Postgres(postgres) => {
                Self::Postgres(RowWriter::new(delivering, postgres), postgres.batch.get())
            }
        }
    }

    /// How many slots there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Mllp(connections) => connections.by_slot.len(),
            Self::File(_) | Self::Handler(_, Order::Fifo) | Self::Postgres(..) => 1,
            Self::Handler(_, Order::ByKey(_) | Order::None) => HANDLER_CALLS,
            Self::Http(_, requests) => *requests,
        }
    }

    /// How many deliveries a slot takes at once.
    pub(super) fn group(&self) -> usize {
        match self {
            Self::Mllp(_) | Self::Handler(..) | Self::Http(..) => 1,
            Self::File(_) => file::GROUP,
            Self::Postgres(_, batch) => *batch,
        }
    }

    /// Whether one more may go out beside so many: a handler has as many calls at once as it has instances.
    pub(super) fn have_room(&self, in_flight: usize) -> bool {
        match self {
            Self::Mllp(_) | Self::File(_) | Self::Http(..) | Self::Postgres(..) => true,
            Self::Handler(calls, _) => in_flight < calls.at_once(),
        }
    }

    /// A carrier is gone.
    pub(super) fn closed(&mut self, carrier: CarrierId) {
        if let Self::Mllp(connections) = self
            && let Some(connection) = connections.by_slot.get_mut(carrier.slot.index())
        {
            *connection = None;
        }
    }

    /// Connections end when nothing is in flight on them.
    pub(super) fn drain(&mut self) {
        if let Self::Mllp(connections) = self {
            for connection in connections.by_slot.iter().flatten() {
                // One that is gone already has reported that.
                let _gone = connection.try_send(Drain);
            }
        }
    }
}

impl Drop for Carriers {
    /// A pool that dies takes its connections with it, once they have their answer.
    fn drop(&mut self) {
        self.drain();
    }
}

impl OutboundPool {
    /// Sends a group through the slot that was taken for it.
    pub(super) fn send(&mut self, taken: Taken, group: Vec<Delivery>, ctx: &mut Context<Self>) {
        match &mut self.carriers {
            Carriers::Mllp(_) => {
                for delivery in group {
                    self.send_to_connection(taken, delivery, ctx);
                }
            }
            Carriers::File(writer) => {
                let writer = Arc::clone(writer);
                self.counters.attempts.add(group.len() as u64);
                write_group(taken.carrier, writer, group, ctx);
            }
            Carriers::Handler(calls, _) => {
                let calls = Arc::clone(calls);
                self.counters.attempts.add(group.len() as u64);
                for delivery in group {
                    let (id, calls) = (delivery.id, Arc::clone(&calls));
                    carry(taken.carrier, id, async move { calls.call(delivery).await }, ctx);
                }
            }
            Carriers::Http(sender, _) => {
                let sender = Rc::clone(sender);
                self.counters.attempts.add(group.len() as u64);
                for delivery in group {
                    let (id, sender) = (delivery.id, Rc::clone(&sender));
                    carry(taken.carrier, id, async move { sender.send(delivery).await }, ctx);
                }
            }
            Carriers::Postgres(writer, _) => {
                let writer = Rc::clone(writer);
                self.counters.attempts.add(group.len() as u64);
                write_rows(taken.carrier, writer, group, ctx);
            }
        }
    }

    fn send_to_connection(&mut self, taken: Taken, delivery: Delivery, ctx: &mut Context<Self>) {
        let Carriers::Mllp(connections) = &mut self.carriers else { return };
        let id = delivery.id;
        let Some(by_slot) = connections.by_slot.get_mut(taken.carrier.slot.index()) else { return };
        let standing = by_slot.as_ref().filter(|_| !taken.vacant);
        if let Some(connection) = standing {
            if connection.try_send(Deliver(delivery)).is_err() {
                // It has just ended; its own report is behind us in the mailbox and will be an old carrier's.
                let ended = vec![(id, Ended::NotSent(None))];
                let closed = Some(CloseReason::ByPeer);
                self.on_report(Report { carrier: taken.carrier, ended, closed }, ctx);
            }
            return;
        }
        let connection = OutboundConnection::new(
            taken.carrier,
            Arc::clone(&connections.destination),
            connections.way.clone(),
            connections.apart.clone(),
            Arc::clone(&self.counters),
            ctx.address().recipient(),
            delivery,
        );
        *by_slot = Some(connection.start());
    }
}

/// Writes a group on a thread for blocking work. There is one slot, so one group at a time.
fn write_group(
    carrier: CarrierId,
    writer: Arc<FileWriter>,
    group: Vec<Delivery>,
    ctx: &mut Context<OutboundPool>,
) {
    let ids: Vec<_> = group.iter().map(|delivery| delivery.id).collect();
    let written = tokio::task::spawn_blocking(move || writer.write(&group));
    ctx.spawn(wrap_future(written).map(move |filed, pool: &mut OutboundPool, ctx| {
        let filed =
            filed.unwrap_or_else(|_panicked| vec![Filed::Failed(FileFault::Failed); ids.len()]);
        let ended = ids.into_iter().zip(filed.into_iter().map(ended)).collect();
        pool.on_report(Report { carrier, ended, closed: Some(CloseReason::Done) }, ctx);
    }));
}

/// Writes a group of rows. There is one slot, so one group at a time.
fn write_rows(
    carrier: CarrierId,
    writer: Rc<RowWriter>,
    group: Vec<Delivery>,
    ctx: &mut Context<OutboundPool>,
) {
    let written = async move {
        let ended = writer.write(&group).await;
        group.iter().map(|delivery| delivery.id).zip(ended).collect::<Vec<_>>()
    };
    ctx.spawn(wrap_future(written).map(move |ended, pool: &mut OutboundPool, ctx| {
        let fault = ended.iter().find_map(|(_, ended)| ended.fault());
        let closed = Some(fault.map_or(CloseReason::Done, CloseReason::Fault));
        pool.on_report(Report { carrier, ended, closed }, ctx);
    }));
}

fn ended(filed: Filed) -> Ended {
    match filed {
        Filed::Delivered => Ended::attempted(Received::FileWritten),
        Filed::Failed(fault) => Ended::attempted(Received::File(fault)),
        Filed::NotTried => Ended::NotSent(None),
    }
}

/// Waits for what becomes of one delivery, whoever has it. Its carrier was made for it.
fn carry(
    carrier: CarrierId,
    id: MessageId,
    delivering: impl Future<Output = Ended> + 'static,
    ctx: &mut Context<OutboundPool>,
) {
    ctx.spawn(wrap_future(delivering).map(move |ended, pool: &mut OutboundPool, ctx| {
        let closed = Some(ended.fault().map_or(CloseReason::Done, CloseReason::Fault));
        pool.on_report(Report { carrier, ended: vec![(id, ended)], closed }, ctx);
    }));
}

/// How many connections are used: one lane uses one, however many are configured.
fn at_once(order: &Order, connections: NonZeroUsize) -> usize {
    match order {
        Order::Fifo => 1,
        Order::ByKey(_) | Order::None => connections.get(),
    }
}
