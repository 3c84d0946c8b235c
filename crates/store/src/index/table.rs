//! The table at the end of a sealed segment: what all of its records together mean for the queue. A rebuild reads it
//! instead of the records.
//!
//! ```text
//!   at the first multiple of 4 KiB behind the records:
//!    0  8  "WARDTABL"
//!    8  4  CRC-32 of: the segment's salt, its id, bytes 12..
//!   12  4  length of what follows
//!   16  …  u32 names, each: text
//!          u32 holds, each: u32 name · maybe hold
//!          u32 effects, each: u32 name · u64 number · u8 kind
//!                 0 new, 2 replaced   u64 lane · entry
//!                 1 changed           state · maybe place of the reply
//!                 3 gone
//!   the file ends here
//! ```
//!
//! A missing or damaged table costs time only: the records are there.

use std::io::{self, IoSlice};

use super::IndexError;
use super::effects::{Effect, Effects, Interner};
use super::entry::{Entry, Hold, read_place, write_place};
use crate::api::{Corruption, CorruptionKind, Lane, ReadError};
use crate::disk::read_full;
use crate::format::block_aligned;
use crate::format::fields::{FieldReader, Fields};
use crate::format::state::State;
use crate::journal::reader::{Next, RecordReader};
use crate::journal::segments::Segment;

const MAGIC: &[u8; 8] = b"WARDTABL";
const TABLE_HEADER: usize = 16;

/// Writes the table of a segment that is no longer written, and cuts the file behind it.
pub(crate) fn seal(segment: &Segment) -> Result<(), IndexError> {
    let Some(end) = segment.end() else { return Ok(()) };
    let mut interner = Interner::default();
    let mut effects = Effects::default();
    let mut reader = RecordReader::new(segment, segment.beginning(), end);
    loop {
        match reader.next().map_err(|source| io_error(segment, source))? {
            Next::Record(record) => effects.fold(&mut interner, &record)?,
            Next::End => break,
            Next::NoRecord => {
                let (file, offset) = (segment.path.clone(), reader.position().offset);
                let kind = CorruptionKind::Record;
                return Err(ReadError::from(Corruption { file, offset, kind }).into());
            }
        }
    }
    let bytes = encode(segment, &interner, &effects);
    let at = block_aligned(end);
    let file = &segment.file;
    let length = at + bytes.len() as u64;
    file.write_all_at(&mut [IoSlice::new(&bytes)], at)
        .and_then(|()| file.set_length(length))
        .and_then(|()| file.sync())
        .map_err(|source| io_error(segment, source))?;
    segment.set_length(length);
    Ok(())
}

fn io_error(segment: &Segment, source: io::Error) -> IndexError {
    ReadError::Io { file: segment.path.clone(), source }.into()
}

/// Whether a table seems to be there.
pub(crate) fn is_sealed(segment: &Segment) -> io::Result<bool> {
    let Some(end) = segment.end() else { return Ok(false) };
    let mut magic = [0; MAGIC.len()];
    let read = read_full(&*segment.file, &mut magic, block_aligned(end))?;
    Ok(read == magic.len() && magic == *MAGIC)
}

/// The table of a segment, by the names of `interner`; `None` = it has none that can be read.
pub(super) fn read(segment: &Segment, interner: &mut Interner) -> io::Result<Option<Effects>> {
    let Some(end) = segment.end() else { return Ok(None) };
    let at = block_aligned(end);
    let mut header = [0; TABLE_HEADER];
    if read_full(&*segment.file, &mut header, at)? < header.len() || !header.starts_with(MAGIC) {
        return Ok(None);
    }
    let mut fields = FieldReader::new(header.get(MAGIC.len()..).unwrap_or_default());
    let (Some(crc), Some(length)) = (fields.u32(), fields.u32()) else { return Ok(None) };
    if at + TABLE_HEADER as u64 + u64::from(length) > segment.length() {
        return Ok(None);
    }
    let mut checked = length.to_le_bytes().to_vec();
    checked.resize(4 + length as usize, 0);
    let Some(content) = checked.get_mut(4..) else { return Ok(None) };
    let read = read_full(&*segment.file, content, at + TABLE_HEADER as u64)?;
    if read < content.len() || segment.seal.checksum(&checked) != crc {
        return Ok(None);
    }
    Ok(decode(checked.get(4..).unwrap_or_default(), interner))
}

fn encode(segment: &Segment, interner: &Interner, effects: &Effects) -> Vec<u8> {
    let mut content = Vec::new();
    let mut fields = Fields(&mut content);
    let count = |length| u32::try_from(length).unwrap_or(u32::MAX);
    fields.u32(count(interner.names().len()));
    for name in interner.names() {
        fields.text(name);
    }
    fields.u32(count(effects.holds.len()));
    for (&name, hold) in &effects.holds {
        fields.u32(name);
        fields.maybe(hold.as_ref(), |fields, hold| hold.write(fields));
    }
    fields.u32(count(effects.deliveries.len()));
    for (&(name, number), effect) in &effects.deliveries {
        fields.u32(name);
        fields.u64(number);
        write_effect(&mut fields, effect);
    }
    let mut checked = count(content.len()).to_le_bytes().to_vec();
    checked.append(&mut content);
    let mut table = MAGIC.to_vec();
    table.extend_from_slice(&segment.seal.checksum(&checked).to_le_bytes());
    table.append(&mut checked);
    table
}

fn write_effect(fields: &mut Fields<'_>, effect: &Effect) {
    match effect {
        Effect::New(lane, entry) => {
            fields.u8(0);
            fields.u64(lane.0);
            entry.write(fields);
        }
        Effect::Changed(state, reply) => {
            fields.u8(1);
            state.write(fields);
            fields.maybe(*reply, write_place);
        }
        Effect::Replaced(lane, entry) => {
            fields.u8(2);
            fields.u64(lane.0);
            entry.write(fields);
        }
        Effect::Gone => fields.u8(3),
    }
}

fn decode(content: &[u8], interner: &mut Interner) -> Option<Effects> {
    let mut reader = FieldReader::new(content);
    let count = reader.u32()?;
    let names: Vec<u32> =
        (0..count).map(|_| Some(interner.id(reader.text()?))).collect::<Option<_>>()?;
    let id = |name: u32| names.get(name as usize).copied();
    let mut effects = Effects::default();
    for _ in 0..reader.u32()? {
        let name = id(reader.u32()?)?;
        effects.holds.insert(name, reader.maybe(Hold::read)?);
    }
    for _ in 0..reader.u32()? {
        let name = id(reader.u32()?)?;
        let number = reader.u64()?;
        effects.deliveries.insert((name, number), read_effect(&mut reader)?);
    }
    reader.is_empty().then_some(effects)
}

fn read_effect(reader: &mut FieldReader<'_>) -> Option<Effect> {
    Some(match reader.u8()? {
        0 => Effect::New(Lane(reader.u64()?), Entry::read(reader)?),
        1 => Effect::Changed(State::read(reader)?, reader.maybe(read_place)?),
        2 => Effect::Replaced(Lane(reader.u64()?), Entry::read(reader)?),
        3 => Effect::Gone,
        _ => return None,
    })
}
