//! Answers: what the runs say, and the rest from the journal.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::answer::{HistoryContent, HistoryDelivery, HistoryFigures, HistoryRow};
use super::entry::{Row, RowOrigin};
use super::find::find;
use super::footer::unsorted;
use super::keys::taken;
use super::opening::{covered, of_segment};
use super::question::{Search, SearchPage};
use super::run::RunError;
use super::shelf::{Phase, Shelf};
use super::source::{Cursor, Source};
use super::standing::Standing;
use super::{Unanswered, live};
use crate::api::{KeptMessage, KeptRefusal, MessageId, Name, Origin, ReadError, StoredAnswer};
use crate::core::Core;
use crate::format::fields::from_nanoseconds;
use crate::format::refused::RefusedMeta;
use crate::journal::position::Place;
use crate::journal::stored::{Loaded, StoredMessage, Unread, Wanted, read_message};
use crate::journal::whole::read_whole;
use crate::limits::{MAX_PAGE, ROW_KEYS_FROM};

pub(super) fn search(
    core: &Core,
    shelf: &Shelf,
    search: &Search,
) -> Result<SearchPage, Unanswered> {
    // Before the sources: what the follower adds between the two must not pass for searched.
    let behind = lag(core, shelf);
    let sources = shelf.sources();
    let live = live::messages(core, search);
    let found = find(&sources, search, live.as_deref(), search.limit.clamp(1, MAX_PAGE))?;
    let mut rows = Vec::with_capacity(found.matches.len());
    for one in found.matches {
        let Some(source) = sources.get(one.source) else { continue };
        let place = Place { segment: source.segment(), offset: one.row.offset };
        match shown(core, shelf, place, one.message, &one.row, one.deliveries)? {
            Some(row) => rows.push(row),
            // Retention took the segment under the search; what was carried forward stands elsewhere.
            None => rows.extend(row(core, shelf, one.message)?),
        }
    }
    let next = found.down_to.and_then(MessageId::from_number);
    Ok(SearchPage { rows, next, whole: found.whole, behind })
}

pub(super) fn row(
    core: &Core,
    shelf: &Shelf,
    message: u64,
) -> Result<Option<HistoryRow>, Unanswered> {
    let sources = shelf.sources();
    let Some((nth, place, row)) = locate(core, &sources, message)? else { return Ok(None) };
    let deliveries = Standing::new(&sources).deliveries(nth, message, &row)?;
    Ok(shown(core, shelf, place, message, &row, deliveries)?)
}

/// Where a message stands: the source, the place of its record, and what is kept of it.
pub(super) fn locate(
    core: &Core,
    sources: &[Source],
    message: u64,
) -> Result<Option<(usize, Place, Row)>, RunError> {
    for (nth, source) in sources.iter().enumerate() {
        if core.segments.get(source.segment()).is_none() {
            continue;
        }
        if let Some(row) = Cursor::new(source).row(message)? {
            let place = Place { segment: source.segment(), offset: row.offset };
            return Ok(Some((nth, place, row)));
        }
    }
    Ok(None)
}

/// A row with what only the journal has; `None` = its segment has gone.
fn shown(
    core: &Core,
    shelf: &Shelf,
    place: Place,
    message: u64,
    row: &Row,
    destinations: Vec<HistoryDelivery>,
) -> Result<Option<HistoryRow>, ReadError> {
    let Some(told) = told(core, place, message, row, Wanted::Head(ROW_KEYS_FROM))? else {
        return Ok(None);
    };
    let Some(message) = MessageId::from_number(message) else { return Ok(None) };
    let keys = told.body.and_then(|body| taken(&*shelf.keys, &row.listener, &body));
    Ok(Some(HistoryRow {
        message,
        received_at: row.received_at,
        listener: row.listener.clone(),
        peer: told.peer,
        bytes: row.bytes,
        marks: row.marks,
        hops: told.hops,
        answer: told.answer,
        origin: told.origin,
        refusal: told.refusal,
        keys: keys.unwrap_or_default(),
        destinations,
    }))
}

/// What the record of a message tells beside its row.
pub(super) struct Told {
    pub(super) peer: Name,
    pub(super) answer: Option<StoredAnswer>,
    hops: u8,
    origin: Option<Origin>,
    pub(super) refusal: Option<KeptRefusal>,
    /// As much as is wanted; `None` = it is damaged, or none is wanted.
    body: Option<Bytes>,
}

/// `None` = its segment has gone.
pub(super) fn told(
    core: &Core,
    place: Place,
    message: u64,
    row: &Row,
    wanted: Wanted,
) -> Result<Option<Told>, ReadError> {
    if row.origin == RowOrigin::Refused {
        return refused(core, place);
    }
    let read = |wanted| read_message(&core.segments, place, message, "", wanted);
    let stored = match read(wanted) {
        // What is known of it is shown all the same.
        Err(unread) if unread.is_damaged_body() => read(Wanted::Row),
        stored => stored,
    };
    match stored {
        Ok(StoredMessage { peer, answer, hops, origin, body, .. }) => {
            Ok(Some(Told { peer, answer, hops, origin, refusal: None, body }))
        }
        Err(Unread::Moved) => Ok(None),
        Err(Unread::Failed(error)) => Err(error),
    }
}

fn refused(core: &Core, place: Place) -> Result<Option<Told>, ReadError> {
    let Some(segment) = core.segments.get(place.segment) else { return Ok(None) };
    let record = Loaded::load(&segment, place)?;
    let refused = RefusedMeta::read(record.meta()).ok_or_else(|| record.no_sense())?;
    let RefusedMeta { peer, code, cause, size, body, .. } = refused;
    Ok(Some(Told {
        peer: peer.into(),
        answer: None,
        hops: 0,
        origin: None,
        refusal: Some(KeptRefusal { code, cause: cause.into(), size }),
        // Damage is told by `verify`.
        body: record.body(body).ok(),
    }))
}

pub(super) fn content(
    core: &Core,
    shelf: &Shelf,
    message: u64,
) -> Result<Option<HistoryContent>, Unanswered> {
    let sources = shelf.sources();
    let Some((_, place, _)) = locate(core, &sources, message)? else { return Ok(None) };
    match read_whole(&core.segments, place, message) {
        Ok(KeptMessage { body, sent, .. }) => {
            let differing = sent.into_iter().filter_map(|one| Some((one.destination, one.body?)));
            Ok(Some(HistoryContent { body, sent: differing.collect() }))
        }
        Err(Unread::Moved) => Ok(None),
        Err(Unread::Failed(error)) => Err(error.into()),
    }
}

pub(super) fn figures(core: &Core, shelf: &Shelf) -> HistoryFigures {
    let runs = shelf.runs();
    let mut figures = HistoryFigures {
        ready: shelf.phase() == Phase::Open,
        lag: lag(core, shelf),
        runs: runs.len() as u64,
        faults: shelf.faults.load(Ordering::Relaxed),
        ..HistoryFigures::default()
    };
    let mut oldest: Option<u64> = None;
    let extents = runs.iter().map(|run| run.extent().clone());
    for extent in extents.chain(shelf.tail().map(|tail| tail.extent())) {
        figures.messages += extent.rows;
        if let Some(received) = extent.received {
            oldest = Some(oldest.map_or(received.least, |oldest| oldest.min(received.least)));
        }
    }
    figures.oldest = oldest.and_then(|oldest| from_nanoseconds(unsorted(oldest)));
    for run in runs {
        figures.bytes += run.bytes;
        figures.outdated += u64::from(run.fingerprint() != shelf.fingerprint);
    }
    figures
}

/// Bytes that are durable in the journal and cannot be searched.
fn lag(core: &Core, shelf: &Shelf) -> u64 {
    let durable = core.progress.durable();
    let tail = shelf.tail().map(|tail| tail.extent());
    let runs = shelf.runs();
    let mut lag = 0;
    for segment in core.segments.all() {
        let whole = of_segment(&runs, segment.id());
        let damaged = whole.iter().position(|run| run.is_damaged());
        let whole = whole.get(..damaged.unwrap_or(whole.len())).unwrap_or_default();
        let mut covered = covered(&segment, whole).offset;
        if let Some(tail) = tail.as_ref().filter(|tail| tail.from.segment == segment.id()) {
            covered = covered.max(tail.to.offset);
        }
        let is_written = segment.id() == durable.segment;
        let end = segment.end().unwrap_or(if is_written { durable.offset } else { covered });
        lag += end.saturating_sub(covered);
    }
    lag
}
