//! Building the index anew from the journal, beside the old one, and putting it in its place.
//!
//! Sealed segments are read by their tables, the others by their records. Intake goes on meanwhile; readers wait.

use std::path::Path;
use std::{fs, io};

use super::IndexError;
use super::effects::Effects;
use super::open;
use super::view::View;
use crate::api::ReadError;
use crate::core::Core;
use crate::format::BLOCK;
use crate::index::table;
use crate::journal::names;
use crate::journal::position::Position;
use crate::journal::segments::Segment;

/// The first index of a journal.
pub(super) fn begin(core: &Core) -> Result<View, IndexError> {
    open::empty(&core.dir.join(names::INDEX), &core.segments)
}

/// Builds an index up to the durable position, and opens it under its name.
pub(super) fn rebuild(core: &Core) -> Result<View, IndexError> {
    let rebuilt = core.dir.join(names::INDEX_REBUILT);
    let folder = core.dir.join(names::INDEX);
    // The old one is of no use any more, and on a full disk its room is the only room.
    remove_folder(&folder)?;
    remove_folder(&rebuilt)?;
    let mut view = open::empty(&rebuilt, &core.segments)?;
    let durable = core.progress.durable();
    replay(core, &mut view, durable)?;
    view.commit()?;
    view.flush().run()?;
    drop(view);
    let io = |source| IndexError::from(ReadError::Io { file: folder.clone(), source });
    fs::rename(&rebuilt, &folder).map_err(io)?;
    open::open(&folder, &core.segments, durable)
}

/// Removes what a rebuild that was interrupted has left.
pub(super) fn remove_unfinished(core: &Core) -> Result<(), IndexError> {
    remove_folder(&core.dir.join(names::INDEX_REBUILT))
}

fn replay(core: &Core, view: &mut View, durable: Position) -> Result<(), IndexError> {
    while view.read.segment < durable.segment {
        if core.progress.has_ended() {
            return Err(ReadError::Closed.into());
        }
        let segment = core.segments.get(view.read.segment).ok_or(IndexError::Unfit)?;
        let next = core.segments.get(view.read.segment + 1).ok_or(IndexError::Unfit)?;
        match sealed(view, &segment)? {
            Some(effects) => view.absorb(effects, &next)?,
            None => view.catch_up(&core.segments, next.beginning())?,
        }
    }
    view.catch_up(&core.segments, durable)
}

/// The table of a segment of which nothing was read yet.
fn sealed(view: &mut View, segment: &Segment) -> Result<Option<Effects>, IndexError> {
    if view.read.offset != BLOCK {
        return Ok(None);
    }
    let io = |source| ReadError::Io { file: segment.path.clone(), source };
    Ok(table::read(segment, &mut view.interner).map_err(io)?)
}

fn remove_folder(folder: &Path) -> Result<(), IndexError> {
    let removed = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(folder),
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ReadError::Io { file: folder.to_owned(), source: error }.into())
        }
        _ => Ok(()),
    }
}
