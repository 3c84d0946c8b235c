//! How the deliveries of a message stand, as its events tell.
//!
//! ```text
//!   run of the message    next run      …      in memory
//!   row: lis, archive
//!   lis delivered         –                    –            stops here once all have ended (END-1)
//!   archive deferred      archive dead         archive revived
//! ```

use super::answer::{HistoryDelivery, HistoryState};
use super::entry::{Event, Row, RowOrigin};
use super::run::RunError;
use super::source::{Cursor, Source};

/// Events of a message in one source that are read, the newest, before it is asked whether they tell enough: one a
/// delivery would do but for what was repeated.
const EVENTS: usize = 64;

/// So many at least for each delivery.
const EVENTS_EACH: usize = 4;

/// Events of a message in one source that are read at most, where one delivery is retried and another has ended before
/// that: days of retries, read in some ten milliseconds.
const MOST_EVENTS: usize = 50_000;

/// The first source with events of a message whose row is in the source `nth`: of one that was carried forward some may
/// be left from before.
pub(super) fn first(nth: usize, row: &Row) -> usize {
    match row.origin {
        RowOrigin::Came | RowOrigin::Refused => nth,
        RowOrigin::Carried => 0,
    }
}

/// Reads events; messages that are asked for one behind the other, newest first, share its blocks.
pub(super) struct Standing<'s> {
    /// In the order of the journal, each with its cursor once it was needed.
    sources: Vec<(&'s Source, Option<Cursor<'s>>)>,
}

impl<'s> Standing<'s> {
    pub(super) fn new(sources: &'s [Source]) -> Self {
        Self { sources: sources.iter().map(|source| (source, None)).collect() }
    }

    /// How the deliveries of the message stand whose row is in the source `nth`.
    pub(super) fn deliveries(
        &mut self,
        nth: usize,
        message: u64,
        row: &Row,
    ) -> Result<Vec<HistoryDelivery>, RunError> {
        let fresh = |destination: &crate::api::Name| HistoryDelivery {
            destination: destination.clone(),
            state: HistoryState::Pending,
            attempts: 0,
            at: row.received_at,
            cause: None,
            reply_code: None,
        };
        let mut deliveries: Vec<_> = row.destinations.iter().map(fresh).collect();
        let was_carried = row.origin == RowOrigin::Carried;
        let enough = EVENTS.max(EVENTS_EACH * row.destinations.len());
        for (source, cursor) in self.sources.iter_mut().skip(first(nth, row)) {
            if !was_carried && deliveries.iter().all(|delivery| delivery.state.is_end()) {
                break;
            }
            if !source.extent.may_have_events(message) {
                continue;
            }
            let cursor = cursor.get_or_insert_with(|| Cursor::new(source));
            let (mut told, mut read) = (Vec::new(), 0);
            cursor.each_event(message, |event| {
                tell(&mut told, event);
                read += 1;
                let is_enough = !was_carried && read >= enough && is_told(&deliveries, &told);
                !is_enough && read < MOST_EVENTS
            })?;
            for told in told.into_iter().rev() {
                put(&mut deliveries, told);
            }
        }
        Ok(deliveries)
    }
}

/// What events of one source tell of a delivery.
struct Told {
    delivery: HistoryDelivery,
    /// It ended without being sent: how often it had been sent, the event before tells.
    is_uncounted: bool,
}

impl Told {
    fn of(event: Event) -> Self {
        let Event { at, destination, what, attempts, cause, reply_code, .. } = event;
        let state = what.state;
        let is_uncounted = matches!(state, HistoryState::Discarded | HistoryState::Returned);
        let delivery = HistoryDelivery { destination, state, attempts, at, cause, reply_code };
        Self { delivery, is_uncounted }
    }
}

/// Adds an older event to what newer ones of the same source tell. What has ended stays ended, whatever came later.
fn tell(told: &mut Vec<Told>, event: Event) {
    let older = Told::of(event);
    let is_it = |told: &&mut Told| told.delivery.destination == older.delivery.destination;
    match told.iter_mut().find(is_it) {
        Some(known) if older.delivery.state.is_end() => *known = older,
        Some(known) if known.is_uncounted => {
            known.delivery.attempts = older.delivery.attempts;
            known.is_uncounted = false;
        }
        Some(_) => {}
        None => told.push(older),
    }
}

/// Whether older events of a source would be no news to the deliveries that have not ended before it.
fn is_told(deliveries: &[HistoryDelivery], told: &[Told]) -> bool {
    let is_told = |delivery: &HistoryDelivery| {
        told.iter().any(|told| told.delivery.destination == delivery.destination)
    };
    deliveries.iter().all(|delivery| delivery.state.is_end() || is_told(delivery))
}

/// Adds what a later source tells. A delivery that the row does not name ended before its message was carried.
fn put(deliveries: &mut Vec<HistoryDelivery>, Told { delivery: told, is_uncounted }: Told) {
    match deliveries.iter_mut().find(|delivery| delivery.destination == told.destination) {
        Some(delivery) if delivery.state.is_end() => {}
        Some(delivery) => {
            let attempts = if is_uncounted { delivery.attempts } else { told.attempts };
            *delivery = HistoryDelivery { attempts, ..told };
        }
        None => deliveries.push(told),
    }
}
