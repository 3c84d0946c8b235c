//! One list of the deliveries of several queues, the oldest first: each queue is read in pieces, and the piece with the
//! oldest row gives the next.
//!
//! ```text
//!   archive  900 901 …            ┐
//!   lis      1 2 900 …            ┴▶ 1/lis 2/lis 900/archive 900/lis 901/archive …
//! ```
//!
//! A page ends at its limit or when its time is over, and tells where the next one begins: no row is hidden, none comes
//! twice.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wardline_store::{DeliveryRow, DeliveryState, MessageId, Query, ReadError, Store};

use super::super::protocol::After;

/// Rows read at once of each of several queues: most of them are for nothing where another queue is older.
const PIECE: usize = 64;

/// How long a page is looked for. What has not been reached by then is on the next.
const TIME: Duration = Duration::from_secs(5);

/// A page being made.
pub(super) struct Listing<'a> {
    store: &'a dyn Store,
    state: DeliveryState,
    queues: Vec<Reading>,
    limit: usize,
    piece: usize,
    deadline: Instant,
}

/// One queue, as far as it was read.
struct Reading {
    destination: Arc<str>,
    rows: VecDeque<DeliveryRow>,
    /// Everything up to here was looked at.
    until: Option<MessageId>,
    ended: bool,
    /// It was looked at for this page: each queue is at least once, so that every page goes on.
    looked_at: bool,
}

impl<'a> Listing<'a> {
    /// A page of at most `limit` rows, 1 or more.
    pub(super) fn new(
        store: &'a dyn Store,
        destinations: Vec<Arc<str>>,
        state: DeliveryState,
        after: Option<&After>,
        limit: usize,
    ) -> Self {
        let piece = if destinations.len() == 1 { limit } else { limit.min(PIECE) };
        let begin = |destination| Reading::behind(destination, after);
        let queues = destinations.into_iter().map(begin).collect();
        Self { store, state, queues, limit, piece, deadline: Instant::now() + TIME }
    }

    /// The rows, and where to go on if something may follow. Blocks.
    pub(super) fn read(mut self) -> Result<(Vec<DeliveryRow>, Option<After>), ReadError> {
        let mut rows: Vec<DeliveryRow> = Vec::new();
        loop {
            let open = self.queues.iter_mut().filter(|queue| queue.place().is_some());
            let Some(first) = open.min_by(|one, other| one.place().cmp(&other.place())) else {
                return Ok((rows, None));
            };
            if rows.len() >= self.limit {
                let next = rows.last().map(behind);
                return Ok((rows, next));
            }
            if let Some(row) = first.rows.pop_front() {
                rows.push(row);
                continue;
            }
            if first.looked_at
                && Instant::now() >= self.deadline
                && let Some(next) = first.not_before(rows.last())
            {
                return Ok((rows, Some(next)));
            }
            first.read_on(self.store, self.state, self.piece)?;
        }
    }
}

impl Reading {
    fn behind(destination: Arc<str>, after: Option<&After>) -> Self {
        let until = after.and_then(|After { message, destination: last }| {
            // Of the message where the last page ended, the destinations behind are still to come.
            let comes = last.as_deref().is_some_and(|last| *destination > *last);
            MessageId::from_number(message.get() - u64::from(comes))
        });
        Self { destination, rows: VecDeque::new(), until, ended: false, looked_at: false }
    }

    /// Before this place there is nothing more of it in the list; `None` = nothing at all.
    fn place(&self) -> Option<(u64, &str)> {
        let number = match self.rows.front() {
            Some(row) => row.message.get(),
            None if self.ended => return None,
            None => self.until.map_or(0, MessageId::get) + 1,
        };
        Some((number, &self.destination))
    }

    fn read_on(
        &mut self,
        store: &dyn Store,
        state: DeliveryState,
        limit: usize,
    ) -> Result<(), ReadError> {
        let destination = Arc::clone(&self.destination);
        let query = Query { destination, state: Some(state), after: self.until, limit };
        let page = store.query(&query)?;
        self.rows.extend(page.deliveries);
        self.ended = page.next.is_none();
        self.until = page.next;
        self.looked_at = true;
        Ok(())
    }

    /// Where a page goes on that ends with `last` because its time is over, and that has still to look at this queue.
    fn not_before(&self, last: Option<&DeliveryRow>) -> Option<After> {
        let (number, _) = self.place()?;
        match last {
            Some(last) if last.message.get() >= number => Some(behind(last)),
            _ => Some(After { message: MessageId::from_number(number - 1)?, destination: None }),
        }
    }
}

fn behind(row: &DeliveryRow) -> After {
    After { message: row.message, destination: Some(row.destination.to_string()) }
}

#[cfg(test)]
mod tests;
