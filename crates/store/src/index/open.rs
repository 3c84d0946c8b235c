//! Opening sled and deciding whether what it holds fits the journal.

use std::collections::BTreeMap;
use std::path::Path;

use super::IndexError;
use super::commit::StoredPosition;
use super::effects::Interner;
use super::entry::{self, Counts, Hold};
use super::overlay::Overlay;
use super::view::View;
use crate::format::fields::FieldReader;
use crate::journal::position::Position;
use crate::journal::segments::Segments;

/// sled's own memory.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// sled's flusher is the only one that runs its garbage collection.
const FLUSH_EVERY_MS: u64 = 500;

/// Opens the database in `folder`, made if it is not there.
pub(super) fn database(folder: &Path) -> Result<sled::Db, IndexError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .print_profile_on_drop(false);
    Ok(config.open()?)
}

/// The index in `folder`, if it fits the journal, which is durable up to `durable`.
pub(super) fn open(
    folder: &Path,
    segments: &Segments,
    durable: Position,
) -> Result<View, IndexError> {
    read(database(folder)?, folder, segments, durable)
}

/// The index that is opened already, if it fits.
pub(super) fn read(
    db: sled::Db,
    folder: &Path,
    segments: &Segments,
    durable: Position,
) -> Result<View, IndexError> {
    let stored = db.get(entry::POSITION)?.ok_or(IndexError::Unfit)?;
    let stored = StoredPosition::decode(&stored).ok_or(IndexError::Unfit)?;
    let (interner, counts, holds) = read_destinations(&db)?;
    if counts.iter().map(Counts::all).sum::<u64>() != stored.live {
        return Err(IndexError::Damaged);
    }
    let read = fitting(&stored, segments, durable)?;
    Ok(View {
        folder: folder.to_owned(),
        names_stored: interner.names().len(),
        interner,
        counts,
        holds,
        overlay: Overlay::default(),
        read,
        salt: stored.salt,
        applied: read,
        may_write: true,
        db,
    })
}

/// An index that knows nothing yet, before the oldest segment.
pub(super) fn empty(folder: &Path, segments: &Segments) -> Result<View, IndexError> {
    let oldest = segments.oldest().ok_or(IndexError::Unfit)?;
    Ok(View {
        db: database(folder)?,
        folder: folder.to_owned(),
        interner: Interner::default(),
        names_stored: 0,
        counts: Vec::new(),
        holds: BTreeMap::new(),
        overlay: Overlay::default(),
        read: oldest.beginning(),
        salt: oldest.header.salt,
        applied: oldest.beginning(),
        may_write: true,
    })
}

/// A position is believed only if it is one of this journal, and not beyond what is durable.
fn fitting(
    stored: &StoredPosition,
    segments: &Segments,
    durable: Position,
) -> Result<Position, IndexError> {
    let position = stored.position;
    let segment = segments.get(position.segment).ok_or(IndexError::Unfit)?;
    let beyond = segment
        .end()
        .is_some_and(|end| position.offset > end.next_multiple_of(crate::format::BLOCK));
    if segment.header.salt != stored.salt
        || beyond
        || position.number > durable.number
        || position.place() > durable.place()
    {
        return Err(IndexError::Unfit);
    }
    Ok(position)
}

type Destinations = (Interner, Vec<Counts>, BTreeMap<u32, Hold>);

fn read_destinations(db: &sled::Db) -> Result<Destinations, IndexError> {
    let mut interner = Interner::default();
    for (expected, found) in (0_u32..).zip(db.scan_prefix([b'd'])) {
        let (key, name) = found?;
        let name = std::str::from_utf8(&name).map_err(|_| IndexError::Damaged)?;
        if id_of(&key) != Some(expected) || interner.id(name) != expected {
            return Err(IndexError::Damaged);
        }
    }
    let mut counts = vec![Counts::default(); interner.names().len()];
    for found in db.scan_prefix([b'c']) {
        let (key, value) = found?;
        let slot = id_of(&key).and_then(|id| counts.get_mut(id as usize));
        let (Some(slot), Some(value)) = (slot, Counts::decode(&value)) else {
            return Err(IndexError::Damaged);
        };
        *slot = value;
    }
    let mut holds = BTreeMap::new();
    for found in db.scan_prefix([b'h']) {
        let (key, value) = found?;
        let hold = Hold::read(&mut FieldReader::new(&value));
        let (Some(id), Some(hold)) = (id_of(&key), hold) else {
            return Err(IndexError::Damaged);
        };
        holds.insert(id, hold);
    }
    Ok((interner, counts, holds))
}

fn id_of(key: &[u8]) -> Option<u32> {
    key.get(1..)?.first_chunk::<4>().map(|id| u32::from_be_bytes(*id))
}
