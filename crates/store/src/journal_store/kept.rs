//! Messages by their numbers, whatever became of them. The history knows where each stands; without it the segment of each
//! is known, since numbers only grow, and no other is read.

use std::ops::Range;

use crate::api::{Corruption, CorruptionKind, KeptMessage, MessageId, ReadError};
use crate::core::Core;
use crate::format::record::Kind;
use crate::history::Places;
use crate::journal::position::{Place, Position};
use crate::journal::reader::{FoundRecord, Next, RecordReader};
use crate::journal::segments::{Segment, Segments};
use crate::journal::stored::Unread;
use crate::journal::whole::read_whole;
use crate::recovery::scan::later_group;

/// The message as it came; `None` = it never came, or its segment has gone.
pub(super) fn message(core: &Core, id: MessageId) -> Result<Option<KeptMessage>, ReadError> {
    let mut found = None;
    messages(core, &[id], &mut |_, message| {
        found = message;
        true
    })?;
    Ok(found)
}

/// Shows each of these messages, whose numbers must grow, until `visit` has enough. The history knows where they stand, if
/// there is one and it has come so far; otherwise a segment is read once for all that are in it.
pub(super) fn messages(
    core: &Core,
    ids: &[MessageId],
    visit: &mut dyn FnMut(MessageId, Option<KeptMessage>) -> bool,
) -> Result<(), ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let durable = core.progress.durable();
    let segments = core.segments.all();
    let places = core.history.as_ref().map(Places::of);
    let mut rest = ids;
    while let [first, ..] = rest {
        let may_have_it = |segment: &&std::sync::Arc<Segment>| {
            segment.id() <= durable.segment && segment.header.first_number <= first.get()
        };
        let place = segments.iter().rposition(|segment| may_have_it(&segment));
        let next = place.map_or_else(|| segments.first(), |place| segments.get(place + 1));
        let next = next.map_or(u64::MAX, |next| next.header.first_number.max(first.get() + 1));
        let here = rest.partition_point(|id| id.get() < next);
        let (of_segment, behind) = rest.split_at(here);
        rest = behind;
        let segment = place.and_then(|place| segments.get(place));
        let mut read: Option<Vec<Whether>> = None;
        for (nth, id) in of_segment.iter().enumerate() {
            let known = places.as_ref().and_then(|places| places.get(core, id.get()));
            let known = match (known, segment) {
                (Some(place), _) => Whether::At(place),
                (None, None) => Whether::Gone,
                (None, Some(segment)) => {
                    if read.is_none() {
                        read = Some(find(segment, durable, of_segment)?);
                    }
                    read.as_ref().and_then(|read| read.get(nth)).map_or(Whether::Gone, |one| *one)
                }
            };
            let found = match known {
                Whether::At(place) => match read_whole(&core.segments, place, id.get()) {
                    Ok(found) if is_hidden(core, id.get(), &found)? => None,
                    Ok(found) => Some(found),
                    Err(Unread::Moved) => None,
                    Err(Unread::Failed(error)) => return Err(error),
                },
                Whether::Gone => None,
                Whether::Damaged(at) => return Err(damaged(&core.segments, at)),
            };
            if !visit(*id, found) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether a message is not to be read any more: its listener's term is over, and it has ended everywhere.
fn is_hidden(core: &Core, number: u64, kept: &KeptMessage) -> Result<bool, ReadError> {
    if !core.terms.now().are_over(&kept.listener, kept.received_at) {
        return Ok(false);
    }
    core.index.with(|view| {
        view.catch_up(&core.segments, core.progress.durable())?;
        for sent in &kept.sent {
            if view.delivery(&sent.destination, number)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// What is known of a message's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whether {
    At(Place),
    /// There is none, or no longer.
    Gone,
    /// It stood in what cannot be read from there on.
    Damaged(Place),
}

fn damaged(segments: &Segments, at: Place) -> ReadError {
    let Some(segment) = segments.get(at.segment) else { return ReadError::Moved };
    let (file, kind) = (segment.path.clone(), CorruptionKind::Record);
    Corruption { file, offset: at.offset, kind }.into()
}

/// Shows the numbers of the messages from the first to the last, taken and refused ones, until `visit` has enough.
pub(super) fn numbers(
    core: &Core,
    first: MessageId,
    last: MessageId,
    visit: &mut dyn FnMut(MessageId) -> bool,
) -> Result<(), ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let durable = core.progress.durable();
    let segments = core.segments.all();
    let from = segments.partition_point(|segment| segment.header.first_number <= first.get());
    for segment in segments.iter().skip(from.saturating_sub(1)) {
        if segment.id() > durable.segment || segment.header.first_number > last.get() {
            break;
        }
        let mut fault = None;
        let mut is_enough = false;
        walk(segment, durable, |walked| {
            let record = match walked {
                Walked::Record(record) => record,
                Walked::Damaged { at, numbers } => {
                    let is_meant = numbers.start <= last.get() && numbers.end > first.get();
                    fault = is_meant.then(|| damaged(&core.segments, at));
                    return !is_meant;
                }
            };
            let range = record.header.number.max(first.get())
                ..behind(&record).min(last.get().saturating_add(1));
            let is_one = brings(&record, record.header.number);
            let mut ids = range.filter_map(MessageId::from_number).filter(|_| is_one);
            is_enough = !ids.all(&mut *visit);
            !is_enough && record.header.number <= last.get()
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        if is_enough {
            break;
        }
    }
    Ok(())
}

/// Where the records stand that brought these messages.
fn find(
    segment: &Segment,
    durable: Position,
    ids: &[MessageId],
) -> Result<Vec<Whether>, ReadError> {
    let mut places: Vec<Whether> = Vec::with_capacity(ids.len());
    walk(segment, durable, |walked| {
        let behind = match &walked {
            Walked::Record(record) => behind(record),
            Walked::Damaged { numbers, .. } => numbers.end,
        };
        while let Some(wanted) = ids.get(places.len()).filter(|id| id.get() < behind) {
            places.push(match &walked {
                Walked::Record(record) if brings(record, wanted.get()) => Whether::At(record.place),
                Walked::Record(_) => Whether::Gone,
                Walked::Damaged { at, .. } => Whether::Damaged(*at),
            });
        }
        places.len() < ids.len()
    })?;
    places.resize(ids.len(), Whether::Gone);
    Ok(places)
}

/// What stands in a segment.
enum Walked<'r> {
    Record(FoundRecord<'r>),
    /// What was there of these numbers cannot be told.
    Damaged {
        at: Place,
        numbers: Range<u64>,
    },
}

/// Shows the durable records of a segment, and over what is damaged those behind, until `visit` has enough.
fn walk(
    segment: &Segment,
    durable: Position,
    mut visit: impl FnMut(Walked<'_>) -> bool,
) -> Result<(), ReadError> {
    let io = |source| ReadError::Io { file: segment.path.clone(), source };
    let end = segment.end().unwrap_or(durable.offset);
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    loop {
        let at = reader.position();
        let goes_on = match reader.next().map_err(io)? {
            Next::Record(record) => visit(Walked::Record(record)),
            Next::End => false,
            Next::NoRecord => {
                let next = later_group(segment, at, end).map_err(io)?;
                let numbers = at.number..next.map_or(u64::MAX, |next| next.number);
                let goes_on = visit(Walked::Damaged { at: at.place(), numbers });
                let Some(next) = next else { return Ok(()) };
                reader = RecordReader::new(segment, next, end);
                goes_on
            }
        };
        if !goes_on {
            return Ok(());
        }
    }
}

fn behind(record: &FoundRecord<'_>) -> u64 {
    record.header.number + u64::from(record.header.numbers)
}

fn brings(record: &FoundRecord<'_>, number: u64) -> bool {
    match record.header.kind {
        Kind::Accept | Kind::Refused => number >= record.header.number,
        // It came in a record of its own, and is a message of its number as long as that is there.
        Kind::Change | Kind::Carried => false,
    }
}
