//! The lanes of one destination: which keys stand still, and at which message.
//!
//! What waits is read from the store, the held first, and each lane known by its first delivery. So it can be asked of a
//! stopped engine too, and knows nothing of what is in flight.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wardline_config::Order;
use wardline_flow::KeyOrder;
use wardline_flow::lane;
use wardline_hl7::Message;
use wardline_store::{
    DeliveryDetail, DeliveryRef, DeliveryRow, DeliveryState, Lane, MessageId, Query, ReadError,
    Store, limits,
};

use super::super::protocol::{LaneKind, LaneRow, LaneState, MAX_PAGE, Response};
use super::deliveries::{HEAD, row};
use super::{Desk, DeskError};
use crate::ordering::Stand;

/// How long a queue is looked through.
const TIME: Duration = Duration::from_secs(5);

/// Lanes that are counted at once, some 60 bytes each: 16 MB.
const MOST_LINES: usize = 262_144;

impl Desk {
    /// The lanes of one destination in which something waits.
    pub(super) async fn lanes(
        &self,
        destination: String,
        limit: usize,
        content: bool,
    ) -> Result<Response, DeskError> {
        let mut configured = self.configured().into_iter();
        let found = configured.find(|one| one.id.as_str() == destination);
        let order = found.map(|one| one.order);
        let (store, destination) = (Arc::clone(&self.store), Arc::from(destination));
        let read = tokio::task::spawn_blocking(move || {
            let states = store.destinations()?;
            let is_known = states.iter().any(|state| state.destination == destination);
            if order.is_none() && !is_known {
                return Err(DeskError::NotFound);
            }
            // Of a destination that nobody configures nothing will go: one line tells as much as any.
            let order = order.unwrap_or(Order::Fifo);
            let survey = Survey::read(&*store, destination, &order)?;
            Ok(survey.answer(limit.clamp(1, MAX_PAGE), content)?)
        });
        read.await?
    }
}

/// A queue, as far as it was looked through.
struct Survey<'a> {
    store: &'a dyn Store,
    destination: Arc<str>,
    order: &'a Order,
    lines: HashMap<Line, Tally>,
    whole: bool,
}

/// Where deliveries stand one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Line {
    Key(Lane),
    Every,
    Free,
}

/// What is known of a line.
#[derive(Debug, Clone, Copy)]
struct Tally {
    deliveries: u64,
    head: MessageId,
    halt: Halt,
}

/// What keeps a line's first delivery by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Halt {
    Nothing,
    Retrying,
    Held,
}

impl<'a> Survey<'a> {
    /// Blocks.
    fn read(
        store: &'a dyn Store,
        destination: Arc<str>,
        order: &'a Order,
    ) -> Result<Self, ReadError> {
        let mut survey = Self { store, destination, order, lines: HashMap::new(), whole: true };
        let deadline = Instant::now() + TIME;
        for state in [DeliveryState::Held, DeliveryState::Pending] {
            let mut after = None;
            loop {
                let page = store.query(&Query {
                    destination: Arc::clone(&survey.destination),
                    state: Some(state),
                    after,
                    limit: limits::MAX_PAGE,
                })?;
                page.deliveries.iter().for_each(|row| survey.count(row));
                after = page.next;
                if after.is_none() {
                    break;
                }
                if Instant::now() >= deadline || survey.lines.len() >= MOST_LINES {
                    survey.whole = false;
                    break;
                }
            }
        }
        Ok(survey)
    }

    fn count(&mut self, row: &DeliveryRow) {
        let halt = match row.state {
            DeliveryState::Held => Halt::Held,
            DeliveryState::Pending | DeliveryState::Dead if row.cause.is_some() => Halt::Retrying,
            DeliveryState::Pending | DeliveryState::Dead => Halt::Nothing,
        };
        let (head, order) = (row.message, self.order);
        for line in lines(order, row) {
            let tally = self.lines.entry(line).or_insert(Tally { deliveries: 0, head, halt });
            tally.deliveries += 1;
            if head < tally.head {
                (tally.head, tally.halt) = (head, halt);
            }
        }
    }

    fn answer(&self, limit: usize, content: bool) -> Result<Response, ReadError> {
        let halted = |by| self.lines.values().filter(|tally| tally.halt == by).count() as u64;
        let mut lines: Vec<(Line, Tally)> =
            self.lines.iter().map(|(&line, &tally)| (line, tally)).collect();
        lines.sort_unstable_by_key(|&(line, tally)| (Reverse(tally.halt), tally.head, line));
        let mut rows = Vec::new();
        for (line, tally) in lines.into_iter().take(limit) {
            rows.extend(self.row(line, tally, content)?);
        }
        Ok(Response::Lanes {
            lanes: rows,
            count: self.lines.len() as u64,
            held: halted(Halt::Held),
            retrying: halted(Halt::Retrying),
            whole: self.whole,
        })
    }

    /// None where its first delivery has ended meanwhile.
    fn row(&self, line: Line, tally: Tally, content: bool) -> Result<Option<LaneRow>, ReadError> {
        let delivery =
            DeliveryRef { message: tally.head, destination: Arc::clone(&self.destination) };
        let detail = if content {
            self.store.delivery(&delivery)?
        } else {
            self.store.delivery_head(&delivery, HEAD)?
        };
        let Some(detail) = detail else { return Ok(None) };
        let behind = self.behind(&detail.row);
        let state = match tally.halt {
            Halt::Held => LaneState::Held,
            Halt::Retrying => LaneState::Retrying,
            Halt::Nothing if behind.is_some() => LaneState::Waiting,
            Halt::Nothing => LaneState::Ready,
        };
        let (kind, number) = match line {
            Line::Key(Lane(number)) => {
                (LaneKind::Key, Some(format!("{:010x}", lane::key_number(number))))
            }
            Line::Every => (LaneKind::Every, None),
            Line::Free => (LaneKind::Free, None),
        };
        let key = match (self.order, line) {
            (Order::ByKey(by), Line::Key(keyed)) if content => own_key(by, keyed, &detail),
            _ => None,
        };
        Ok(Some(LaneRow {
            kind,
            lane: number,
            state,
            behind,
            deliveries: tally.deliveries,
            head: row(&detail.row, detail.body.as_ref()),
            key,
        }))
    }

    /// The first delivery before this one that it has to wait for.
    fn behind(&self, row: &DeliveryRow) -> Option<MessageId> {
        let stands = lines(self.order, row);
        let waits_for_all = stands.contains(&Line::Every);
        let is_before = |(line, tally): (&Line, &Tally)| {
            let concerns = waits_for_all || *line == Line::Every || stands.contains(line);
            (concerns && tally.head < row.message).then_some(tally.head)
        };
        self.lines.iter().filter_map(is_before).min()
    }
}

/// Where a delivery stands.
fn lines(order: &Order, row: &DeliveryRow) -> Vec<Line> {
    match Stand::of(order, row.lane, row.also.clone()) {
        Stand::Free => vec![Line::Free],
        Stand::In(lanes) => lanes.into_iter().map(Line::Key).collect(),
        Stand::Everywhere => vec![Line::Every],
    }
}

/// The key of a message, where it is that of this lane: of a merge only one of its lanes is.
fn own_key(by: &KeyOrder, lane: Lane, detail: &DeliveryDetail) -> Option<Vec<u8>> {
    if detail.row.lane != lane {
        return None;
    }
    let message = Message::parse(detail.body.clone()?).ok()?;
    by.key(&message).map(<[u8]>::to_vec)
}
