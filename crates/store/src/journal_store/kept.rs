//! One message by its number, whatever became of its deliveries: no index has it, but numbers only grow, so its segment
//! is known and no other is read.

use crate::api::{KeptMessage, MessageId, ReadError};
use crate::core::Core;
use crate::format::record::Kind;
use crate::journal::position::{Place, Position};
use crate::journal::reader::{Next, RecordReader};
use crate::journal::segments::Segment;
use crate::journal::stored::{Unread, Wanted, read_message};

/// The message as it came; `None` = it never came, or its segment has gone.
pub(super) fn message(core: &Core, id: MessageId) -> Result<Option<KeptMessage>, ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let (durable, number) = (core.progress.durable(), id.get());
    let may_have_it = |segment: &Segment| {
        segment.id() <= durable.segment && segment.header.first_number <= number
    };
    let segments = core.segments.all();
    let Some(segment) = segments.iter().rev().find(|segment| may_have_it(segment)) else {
        return Ok(None);
    };
    let Some(place) = find(segment, durable, number)? else { return Ok(None) };
    match read_message(&core.segments, place, number, "", Wanted::Everything) {
        Ok(found) => Ok(Some(KeptMessage {
            received_at: found.received_at,
            listener: found.listener,
            peer: found.peer,
            marks: found.marks,
            body: found.body.unwrap_or_default(),
        })),
        Err(Unread::Moved) => Ok(None),
        Err(Unread::Failed(error)) => Err(error),
    }
}

/// Where the record stands that brought this message.
fn find(segment: &Segment, durable: Position, number: u64) -> Result<Option<Place>, ReadError> {
    let end = segment.end().unwrap_or(durable.offset);
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    let io = |source| ReadError::Io { file: segment.path.clone(), source };
    while let Next::Record(record) = reader.next().map_err(io)? {
        if record.header.number > number {
            return Ok(None);
        }
        let nth = number - record.header.number;
        if record.header.kind == Kind::Accept && nth < u64::from(record.header.numbers) {
            return Ok(Some(record.place));
        }
    }
    Ok(None)
}
