//! The timeline of a message, out of the journal's own records.

use super::Unanswered;
use super::answer::{Happened, HistoryEvent, Stopped};
use super::entry::{Event, RowOrigin};
use super::reading::{locate, told};
use super::shelf::Shelf;
use super::source::Cursor;
use super::standing::first;
use crate::api::ReadError;
use crate::core::Core;
use crate::format::accept::AcceptMeta;
use crate::format::carried::CarriedMeta;
use crate::format::change::{ChangeMeta, OutcomeMeta};
use crate::format::fields::BodySpan;
use crate::format::record::Kind;
use crate::journal::position::Place;
use crate::journal::stored::{Loaded, Wanted};
use crate::limits::MAX_EVENTS;

pub(super) fn timeline(
    core: &Core,
    shelf: &Shelf,
    message: u64,
) -> Result<Option<Vec<HistoryEvent>>, Unanswered> {
    let sources = shelf.sources();
    let Some((nth, place, row)) = locate(core, &sources, message)? else { return Ok(None) };
    let Some(told) = told(core, place, message, &row, Wanted::Row)? else { return Ok(None) };
    let of_message = |at, what| HistoryEvent { at, destination: None, what };
    let received = Happened::Received {
        listener: row.listener.clone(),
        peer: told.peer,
        bytes: row.bytes,
        marks: row.marks,
    };
    let mut events = vec![of_message(row.received_at, received)];
    events.extend(told.answer.map(|answer| of_message(answer.at, Happened::Answered(answer))));
    let refused = told.refusal.map(Happened::Refused);
    events.extend(refused.map(|refused| of_message(row.received_at, refused)));
    // The newest are read, however many there are.
    let mut newest: Vec<(u64, Event)> = Vec::new();
    for source in sources.iter().skip(first(nth, &row)).rev() {
        let left = MAX_EVENTS.saturating_sub(newest.len());
        let of_source = Cursor::new(source).events(message, left)?;
        newest.extend(of_source.into_iter().map(|event| (source.segment(), event)));
    }
    for (segment, event) in newest.into_iter().rev() {
        // What a copy says is news only where what happened before it is gone.
        if event.what.carried && row.origin == RowOrigin::Came {
            continue;
        }
        let place = Place { segment, offset: event.offset };
        events.extend(happened(core, place, message, event)?);
    }
    Ok(Some(events))
}

/// An event with what its record says; `None` = its segment has gone.
fn happened(
    core: &Core,
    place: Place,
    message: u64,
    event: Event,
) -> Result<Option<HistoryEvent>, ReadError> {
    let Some(segment) = core.segments.get(place.segment) else { return Ok(None) };
    let record = Loaded::load(&segment, place)?;
    let what = match record.header.kind {
        Kind::Accept => {
            let accept = AcceptMeta::read(record.meta()).ok_or_else(|| record.no_sense())?;
            accept.concludes.and_then(|concluded| outcome(&record, message, &concluded))
        }
        Kind::Change => {
            let change = ChangeMeta::read(&mut record.meta().fields());
            change.and_then(|change| outcome(&record, message, &change))
        }
        Kind::Carried => carried(&record, &event),
        Kind::Refused => None,
    };
    let what = what.ok_or_else(|| record.no_sense())?;
    Ok(Some(HistoryEvent { at: event.at, destination: Some(event.destination), what }))
}

fn outcome(record: &Loaded<'_>, of: u64, change: &ChangeMeta<'_>) -> Option<Happened> {
    let ChangeMeta::Delivery { message, outcome, .. } = change else { return None };
    if *message != of {
        return None;
    }
    let stopped = |attempts: u32, cause: &str, reply: Option<BodySpan>| Stopped {
        attempts,
        cause: cause.into(),
        // A damaged one is told by `verify`.
        reply: reply.and_then(|reply| record.body(reply).ok()),
    };
    Some(match *outcome {
        OutcomeMeta::Delivered { attempts, reply_code, application_due } => {
            Happened::Delivered { attempts, reply_code, application_due }
        }
        OutcomeMeta::Returned => Happened::Returned,
        OutcomeMeta::Discarded { by, reason } => {
            Happened::Discarded { by: by.into(), reason: reason.into() }
        }
        OutcomeMeta::Deferred { attempts, due, cause, .. } => {
            Happened::Deferred { attempts, due, cause: cause.into() }
        }
        OutcomeMeta::Dead { attempts, cause, reply } => {
            Happened::Dead(stopped(attempts, cause, reply))
        }
        OutcomeMeta::Held { attempts, cause, reply } => {
            Happened::Held(stopped(attempts, cause, reply))
        }
        OutcomeMeta::Revived { by } => Happened::Revived { by: by.into() },
    })
}

fn carried(record: &Loaded<'_>, event: &Event) -> Option<Happened> {
    let carried = CarriedMeta::read(record.meta())?;
    let mut deliveries = carried.deliveries.into_iter();
    let delivery = deliveries.find(|one| *one.destination == *event.destination)?;
    let (state, attempts) = (delivery.state.stands, delivery.state.attempts);
    Some(Happened::Carried { state, attempts, cause: delivery.state.cause })
}
