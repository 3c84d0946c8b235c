//! The index as a witness. It takes in nothing that a returned sync does not cover; so what it has seen was durable, and
//! where the journal ends before that, durable records are gone.
//!
//! ```text
//!   journal   group group group grou·          the last segment cannot tell a torn group from a damaged one
//!   index     ───── has read ────▶│  end: torn, never acknowledged
//!             ──────────── has read ────▶      durable records are gone
//! ```
//!
//! It is asked before a start writes anything, since the next segment would make the loss final.

use std::path::Path;
use std::sync::Arc;

use super::commit::StoredPosition;
use super::{entry, guarded, open};
use crate::api::{Corruption, CorruptionKind};
use crate::journal::names;
use crate::journal::position::Position;
use crate::journal::segments::Segment;

/// Compares what the index in `dir` has seen with what a start found: `segments`, and where they end. Gives the opened
/// database, if it could be opened: one that cannot be read proves nothing.
pub(crate) fn hear(
    dir: &Path,
    segments: &[Arc<Segment>],
    end: &Position,
) -> Result<Option<sled::Db>, Corruption> {
    let folder = dir.join(names::INDEX);
    if !folder.is_dir() {
        return Ok(None);
    }
    let Ok((db, stored)) = guarded(|| {
        let db = open::database(&folder)?;
        let stored = db.get(entry::POSITION)?;
        Ok((db, stored))
    }) else {
        return Ok(None);
    };
    if let Some(stored) = stored.and_then(|stored| StoredPosition::decode(&stored))
        && let Err(lost) = compare(dir, segments, end, &stored)
    {
        let _only_read = guarded(|| {
            drop(db);
            Ok(())
        });
        return Err(lost);
    }
    Ok(Some(db))
}

fn compare(
    dir: &Path,
    segments: &[Arc<Segment>],
    end: &Position,
    stored: &StoredPosition,
) -> Result<(), Corruption> {
    let StoredPosition { position: seen, salt, .. } = stored;
    if seen.segment > end.segment {
        let file = names::segment(dir, end.segment + 1);
        return Err(Corruption { file, offset: 0, kind: CorruptionKind::Lost });
    }
    let mut from_it = segments.iter().skip_while(|segment| segment.id() != seen.segment);
    let Some(segment) = from_it.next().filter(|segment| segment.header.salt == *salt) else {
        return Ok(());
    };
    let next_number = from_it.next().map_or(end.number, |next| next.header.first_number);
    if seen.number > next_number {
        let offset = segment.end().unwrap_or_default();
        let (file, kind) = (segment.path.clone(), CorruptionKind::Lost);
        return Err(Corruption { file, offset, kind });
    }
    Ok(())
}
