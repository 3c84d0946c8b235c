//! What a job has sent in, read out of the journal: so that it goes on exactly where it was, whatever it knew itself.

use crate::api::{Corruption, CorruptionKind, MessageId, Origin, ReadError};
use crate::core::Core;
use crate::format::accept::AcceptMeta;
use crate::format::carried::CarriedMeta;
use crate::format::record::Kind;
use crate::journal::position::Position;
use crate::journal::reader::{FoundRecord, Next, RecordReader};
use crate::journal::segments::Segment;

/// Shows the originals of what `job` sent in behind `after`. `false` = what came behind `after` is no longer all there.
pub(super) fn tell(
    core: &Core,
    job: u64,
    after: u64,
    visit: &mut dyn FnMut(MessageId),
) -> Result<bool, ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let durable = core.progress.durable();
    let segments = core.segments.all();
    let reaches_back =
        segments.first().is_none_or(|oldest| oldest.header.first_number <= after + 1);
    let from = segments.partition_point(|segment| segment.header.first_number <= after);
    for segment in segments.iter().skip(from.saturating_sub(1)) {
        if segment.id() > durable.segment {
            break;
        }
        read(segment, durable, &mut |origin, number| {
            if origin.job == job && number > after {
                visit(origin.message);
            }
        })?;
    }
    Ok(reaches_back)
}

fn read(
    segment: &Segment,
    durable: Position,
    each: &mut dyn FnMut(Origin, u64),
) -> Result<(), ReadError> {
    let end = segment.end().unwrap_or(durable.offset);
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    let io = |source| ReadError::Io { file: segment.path.clone(), source };
    loop {
        let offset = reader.position().offset;
        match reader.next().map_err(io)? {
            Next::Record(record) => origins(&record, each),
            Next::End => return Ok(()),
            Next::NoRecord => {
                let (file, kind) = (segment.path.clone(), CorruptionKind::Record);
                return Err(Corruption { file, offset, kind }.into());
            }
        }
    }
}

/// A record without sense is told by `verify`.
fn origins(record: &FoundRecord<'_>, each: &mut dyn FnMut(Origin, u64)) {
    match record.header.kind {
        Kind::Accept => {
            let Some(accept) = AcceptMeta::read(record.meta) else { return };
            for (message, number) in accept.messages.iter().zip(record.header.number..) {
                if let Some(origin) = message.origin {
                    each(origin, number);
                }
            }
        }
        Kind::Carried => {
            let Some(carried) = CarriedMeta::read(record.meta) else { return };
            if let Some(origin) = carried.origin {
                each(origin, carried.message);
            }
        }
        Kind::Change | Kind::Refused => {}
    }
}
