//! Messages by their numbers, whatever became of them: no index has them, but numbers only grow, so the segment of each
//! is known and no other is read.

use crate::api::{KeptMessage, MessageId, ReadError};
use crate::core::Core;
use crate::format::record::Kind;
use crate::journal::position::{Place, Position};
use crate::journal::reader::{FoundRecord, Next, RecordReader};
use crate::journal::segments::Segment;
use crate::journal::stored::Unread;
use crate::journal::whole::read_whole;

/// The message as it came; `None` = it never came, or its segment has gone.
pub(super) fn message(core: &Core, id: MessageId) -> Result<Option<KeptMessage>, ReadError> {
    let mut found = None;
    messages(core, &[id], &mut |_, message| {
        found = message;
        true
    })?;
    Ok(found)
}

/// Shows each of these messages, whose numbers must grow, until `visit` has enough. A segment is read once for all that
/// are in it.
pub(super) fn messages(
    core: &Core,
    ids: &[MessageId],
    visit: &mut dyn FnMut(MessageId, Option<KeptMessage>) -> bool,
) -> Result<(), ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let durable = core.progress.durable();
    let segments = core.segments.all();
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
        let places = match place.and_then(|place| segments.get(place)) {
            Some(segment) => find(segment, durable, of_segment)?,
            None => vec![None; of_segment.len()],
        };
        for (id, place) in of_segment.iter().zip(places) {
            let found = match place.map(|place| read_whole(&core.segments, place, id.get())) {
                Some(Ok(found)) => Some(found),
                None | Some(Err(Unread::Moved)) => None,
                Some(Err(Unread::Failed(error))) => return Err(error),
            };
            if !visit(*id, found) {
                return Ok(());
            }
        }
    }
    Ok(())
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
        let end = segment.end().unwrap_or(durable.offset);
        let mut reader = RecordReader::new(segment, segment.beginning(), end);
        let io = |source| ReadError::Io { file: segment.path.clone(), source };
        while let Next::Record(record) = reader.next().map_err(io)? {
            if record.header.number > last.get() {
                break;
            }
            let range = record.header.number.max(first.get())
                ..behind(&record).min(last.get().saturating_add(1));
            let is_one = brings(&record, record.header.number);
            for id in range.filter_map(MessageId::from_number).filter(|_| is_one) {
                if !visit(id) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Where the records stand that brought these messages.
fn find(
    segment: &Segment,
    durable: Position,
    ids: &[MessageId],
) -> Result<Vec<Option<Place>>, ReadError> {
    let end = segment.end().unwrap_or(durable.offset);
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    let io = |source| ReadError::Io { file: segment.path.clone(), source };
    let mut places = Vec::with_capacity(ids.len());
    while let Some(id) = ids.get(places.len()) {
        let Next::Record(record) = reader.next().map_err(io)? else { break };
        let mut id = Some(id);
        while let Some(wanted) = id.filter(|id| id.get() < behind(&record)) {
            places.push(brings(&record, wanted.get()).then_some(record.place));
            id = ids.get(places.len());
        }
    }
    places.resize(ids.len(), None);
    Ok(places)
}

fn behind(record: &FoundRecord<'_>) -> u64 {
    record.header.number + u64::from(record.header.numbers)
}

fn brings(record: &FoundRecord<'_>, number: u64) -> bool {
    match record.header.kind {
        Kind::Accept | Kind::Refused => number >= record.header.number,
        Kind::Change | Kind::Carried => false,
    }
}
