//! Answers: what the runs say, and the rest from the journal.

use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;

use super::answer::{HistoryContent, HistoryDelivery, HistoryFigures, HistoryRow};
use super::entry::{Row, RowOrigin};
use super::find::{find, is_hidden};
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

/// The cause that is shown of a refusal whose record cannot be read.
const UNREADABLE: &str = "unreadable";

pub(super) fn search(
    core: &Core,
    shelf: &Shelf,
    search: &Search,
) -> Result<SearchPage, Unanswered> {
    // Before the sources: what the follower adds between the two must not pass for searched.
    let behind = lag(core, shelf);
    let sources = shelf.sources();
    let live = live::messages(core, search);
    let found = find(
        &sources,
        search,
        &core.terms.now(),
        live.as_deref(),
        search.limit.clamp(1, MAX_PAGE),
    )?;
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

/// These messages, in this order, as far as the time goes.
pub(super) fn rows(
    core: &Core,
    shelf: &Shelf,
    messages: &[MessageId],
    deadline: Instant,
) -> Result<SearchPage, Unanswered> {
    let behind = lag(core, shelf);
    let sources = shelf.sources();
    let mut standing = Standing::new(&sources);
    let mut page = SearchPage { rows: Vec::new(), next: None, whole: true, behind };
    for message in messages {
        if Instant::now() >= deadline {
            page.whole = false;
            break;
        }
        let message = message.get();
        let Some((nth, place, row)) = locate(core, &sources, message)? else { continue };
        let deliveries = standing.deliveries(nth, message, &row)?;
        page.rows.extend(shown(core, shelf, place, message, &row, deliveries)?);
    }
    Ok(page)
}

/// Where messages stand, as far as the history knows it.
pub(crate) struct Places(Vec<Source>);

impl Places {
    pub(crate) fn of(shelf: &Shelf) -> Self {
        Self(shelf.sources())
    }

    /// `None` = it is not known: there is none, or the history has not come so far, or is damaged there.
    pub(crate) fn get(&self, core: &Core, message: u64) -> Option<Place> {
        let located = locate(core, &self.0, message).unwrap_or_default();
        located.map(|(_, place, _)| place)
    }
}

/// Shows listener and size of each message in a segment, as far as they are read, until `visit` has enough. `false` = not
/// all of them: it had, or a run is damaged.
pub(crate) fn each_row(
    shelf: &Shelf,
    segment: u64,
    visit: &mut dyn FnMut(&Name, u64) -> bool,
) -> bool {
    let sources = shelf.sources();
    let mut of_segment = sources.iter().filter(|source| source.segment() == segment);
    of_segment.all(|source| {
        Cursor::new(source).each_row(|row| visit(&row.listener, row.bytes)).unwrap_or(false)
    })
}

/// Where a message stands that may be found: the source, the place of its record, and what is kept of it.
pub(super) fn locate(
    core: &Core,
    sources: &[Source],
    message: u64,
) -> Result<Option<(usize, Place, Row)>, RunError> {
    let terms = core.terms.now();
    for (nth, source) in sources.iter().enumerate() {
        if core.segments.get(source.segment()).is_none() {
            continue;
        }
        if let Some(row) = Cursor::new(source).row(message)? {
            if terms.are_over(&row.listener, row.received_at) {
                let deliveries = Standing::new(sources).deliveries(nth, message, &row)?;
                if is_hidden(&terms, &row, &deliveries) {
                    return Ok(None);
                }
            }
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
    let told = match told(core, place, message, row, Wanted::Head(ROW_KEYS_FROM)) {
        // One that cannot be read does not stand in the way of the others: it is shown with what is known of it here.
        Err(ReadError::Corrupt(_) | ReadError::Io { .. }) => Told::unreadable(row),
        told => match told? {
            Some(told) => told,
            None => return Ok(None),
        },
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
        unreadable: told.unreadable,
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
    /// Its record could not be read.
    unreadable: bool,
}

impl Told {
    /// Of a record that cannot be read.
    fn unreadable(row: &Row) -> Self {
        let refusal = KeptRefusal { code: *b"  ", cause: UNREADABLE.into(), size: row.bytes };
        Self {
            peer: "".into(),
            answer: None,
            hops: 0,
            origin: None,
            refusal: (row.origin == RowOrigin::Refused).then_some(refusal),
            body: None,
            unreadable: true,
        }
    }
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
            let unreadable = false;
            Ok(Some(Told { peer, answer, hops, origin, refusal: None, body, unreadable }))
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
        unreadable: false,
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
pub(super) fn lag(core: &Core, shelf: &Shelf) -> u64 {
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
