//! What operators ask: queues, deliveries, one delivery whole.
//!
//! First everything handed over before the question is waited for, and the index brought up to it.

use std::time::{Duration, Instant};

use crate::api::{
    DeliveryDetail, DeliveryRef, DeliveryRow, DeliveryState, DestinationHold, DestinationState,
    MessageId, Name, Page, Query, ReadError,
};
use crate::core::Core;
use crate::index::{Found, IndexError, View};
use crate::journal::stored::{StoredMessage, Unread, Wanted, read_message, read_reply};
use crate::limits::{MAX_PAGE, WINDOW_BYTES};

/// How often a read begins anew because a segment went away under it.
const TRIES: usize = 3;

/// Asks the index, up to date with everything handed over before.
fn ask<T>(
    core: &Core,
    question: impl FnOnce(&mut View) -> Result<T, IndexError>,
) -> Result<T, ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    core.index.with(|view| {
        view.catch_up(&core.segments, core.progress.durable())?;
        question(view)
    })
}

pub(super) fn destinations(core: &Core) -> Result<Vec<DestinationState>, ReadError> {
    let found: Vec<(DestinationState, Option<Found>)> = ask(core, |view| {
        view.destinations().into_iter().map(|name| destination(view, name)).collect()
    })?;
    let mut states: Vec<DestinationState> = Vec::with_capacity(found.len());
    for (mut state, oldest) in found {
        if let Some(oldest) = oldest {
            let place = oldest.entry.place;
            let name = &state.destination;
            state.oldest =
                match read_message(&core.segments, place, oldest.number, name, Wanted::Row) {
                    Ok(message) => Some(message.received_at),
                    Err(Unread::Moved) => None,
                    Err(Unread::Failed(error)) => return Err(error),
                };
        }
        states.push(state);
    }
    states.sort_unstable_by(|a, b| a.destination.cmp(&b.destination));
    Ok(states)
}

fn destination(
    view: &View,
    destination: Name,
) -> Result<(DestinationState, Option<Found>), IndexError> {
    let counts = view.counts(&destination)?;
    let mut oldest = None;
    if counts.pending > 0 {
        view.each(&destination, 0, |found| {
            if found.entry.state.stands == DeliveryState::Pending {
                oldest = Some(found);
            }
            oldest.is_none()
        })?;
    }
    let hold = view.hold(&destination).map(|hold| DestinationHold {
        at: hold.at,
        by: hold.by.clone(),
        reason: hold.reason.clone(),
    });
    let state = DestinationState {
        destination,
        pending: counts.pending,
        held: counts.held,
        dead: counts.dead,
        oldest: None,
        hold,
    };
    Ok((state, oldest))
}

/// Deliveries looked at before the index is let go for others.
const SCAN_AT_ONCE: usize = 5000;

/// How long a query looks; what it has not reached by then is on the next page.
const QUERY_TIME: Duration = Duration::from_secs(5);

pub(super) fn page(core: &Core, query: &Query) -> Result<Page, ReadError> {
    let deadline = Instant::now() + QUERY_TIME;
    let limit = query.limit.clamp(1, MAX_PAGE);
    let mut from = query.after.map_or(0, |after| after.get() + 1);
    let mut deliveries = Vec::new();
    loop {
        let (found, looked_until) = scan(core, query, from, limit - deliveries.len())?;
        for found in &found {
            match row(core, &query.destination, found) {
                Ok(row) => deliveries.push(row),
                Err(Unread::Moved) => deliveries.extend(moved_row(core, query, found.number)?),
                Err(Unread::Failed(error)) => return Err(error),
            }
        }
        let Some(last) = looked_until else { return Ok(Page { deliveries, next: None }) };
        if deliveries.len() >= limit || Instant::now() >= deadline {
            return Ok(Page { deliveries, next: MessageId::from_number(last) });
        }
        from = last + 1;
    }
}

/// The first deliveries that match, with their bytes: the index is asked once, not for each.
pub(super) fn whole(core: &Core, query: &Query) -> Result<Vec<DeliveryDetail>, ReadError> {
    let limit = query.limit.clamp(1, MAX_PAGE);
    let mut from = query.after.map_or(0, |after| after.get() + 1);
    let (mut details, mut bytes) = (Vec::new(), 0);
    loop {
        let (found, looked_until) = scan(core, query, from, limit - details.len())?;
        for found in &found {
            if bytes >= WINDOW_BYTES {
                return Ok(details);
            }
            bytes += usize::try_from(found.entry.body_bytes).unwrap_or(usize::MAX);
            match read_detail(core, &query.destination, found, Wanted::Sent) {
                Ok(detail) => details.push(detail),
                Err(Unread::Moved) => {
                    let Some(message) = MessageId::from_number(found.number) else { continue };
                    let delivery = DeliveryRef { message, destination: query.destination.clone() };
                    details.extend(detail(core, &delivery, Wanted::Sent)?);
                }
                Err(Unread::Failed(error)) => return Err(error),
            }
        }
        match looked_until {
            Some(last) if details.len() < limit => from = last + 1,
            Some(_) | None => return Ok(details),
        }
    }
}

/// Some of what matches, and the last number looked at; `None` = there is nothing behind it.
fn scan(
    core: &Core,
    query: &Query,
    from: u64,
    room: usize,
) -> Result<(Vec<Found>, Option<u64>), ReadError> {
    let mut found = Vec::new();
    let mut looked = 0;
    let mut last = None;
    let mut more = false;
    ask(core, |view| {
        view.each(&query.destination, from, |delivery| {
            if found.len() >= room || looked >= SCAN_AT_ONCE {
                more = true;
                return false;
            }
            looked += 1;
            last = Some(delivery.number);
            if query.state.is_none_or(|state| state == delivery.entry.state.stands) {
                found.push(delivery);
            }
            true
        })
    })?;
    Ok((found, last.filter(|_| more)))
}

/// A delivery whose message was carried, or that ended, since it was found.
fn moved_row(core: &Core, query: &Query, number: u64) -> Result<Option<DeliveryRow>, ReadError> {
    let Some(message) = MessageId::from_number(number) else { return Ok(None) };
    let delivery = DeliveryRef { message, destination: query.destination.clone() };
    Ok(detail(core, &delivery, Wanted::Row)?.map(|detail| detail.row))
}

fn row(core: &Core, destination: &Name, found: &Found) -> Result<DeliveryRow, Unread> {
    let place = found.entry.place;
    let message = read_message(&core.segments, place, found.number, destination, Wanted::Row)?;
    make_row(destination, found, &message)
}

fn make_row(
    destination: &Name,
    found: &Found,
    message: &StoredMessage,
) -> Result<DeliveryRow, Unread> {
    let state = &found.entry.state;
    Ok(DeliveryRow {
        message: MessageId::from_number(found.number).ok_or(Unread::Moved)?,
        destination: destination.clone(),
        lane: found.lane,
        also: message.also.clone(),
        state: state.stands,
        received_at: message.received_at,
        listener: message.listener.clone(),
        peer: message.peer.clone(),
        hops: message.hops,
        marks: message.marks,
        body_bytes: u64::from(found.entry.body_bytes),
        attempts: state.attempts,
        first_attempt: state.first_attempt,
        due: state.due,
        cause: state.cause.clone(),
        since: state.since,
    })
}

/// One delivery with as much of its bytes as is `wanted`.
pub(super) fn detail(
    core: &Core,
    delivery: &DeliveryRef,
    wanted: Wanted,
) -> Result<Option<DeliveryDetail>, ReadError> {
    let DeliveryRef { message, destination } = delivery;
    for _ in 0..TRIES {
        let found = ask(core, |view| view.delivery(destination, message.get()))?;
        let Some(found) = found else { return Ok(None) };
        match read_detail(core, destination, &found, wanted) {
            Ok(detail) => return Ok(Some(detail)),
            Err(Unread::Moved) => {}
            Err(Unread::Failed(error)) => return Err(error),
        }
    }
    Err(ReadError::Moved)
}

fn read_detail(
    core: &Core,
    destination: &Name,
    found: &Found,
    wanted: Wanted,
) -> Result<DeliveryDetail, Unread> {
    let place = found.entry.place;
    let read = |wanted| read_message(&core.segments, place, found.number, destination, wanted);
    let (message, damaged) = match read(wanted) {
        // What is known of it must be shown, or nobody could decide about it.
        Err(unread) if unread.is_damaged_body() => (read(Wanted::Row)?, true),
        message => (message?, false),
    };
    let reply = match found.entry.reply.map(|place| read_reply(&core.segments, place, destination))
    {
        None => None,
        Some(Err(unread)) if unread.is_damaged_body() => None,
        Some(reply) => reply?,
    };
    let row = make_row(destination, found, &message)?;
    let StoredMessage { body, own_body, answer, .. } = message;
    let body = (!damaged).then(|| own_body.or(body).unwrap_or_default());
    Ok(DeliveryDetail { row, body, reply, answer })
}
