//! The segment that is being written.

use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::api::Fault;
use crate::core::Core;
use crate::disk::Disk;
use crate::filler::Prepared;
use crate::format::fields::nanoseconds;
use crate::format::segment_header::SegmentHeader;
use crate::format::version::Version;
use crate::format::{BLOCK, block_aligned};
use crate::journal::names;
use crate::journal::position::Position;
use crate::journal::segments::Segment;

/// The segment that is being written, and where in it.
pub(crate) struct Active {
    pub(super) segment: Arc<Segment>,
    /// Where the next group begins, and which number and group it has.
    pub(super) next: Position,
    /// It was kept back for outcomes.
    pub(super) is_reserve: bool,
}

impl Active {
    /// A fresh segment.
    pub(crate) fn new(segment: Arc<Segment>) -> Self {
        let next = segment.beginning();
        Self { segment, next, is_reserve: false }
    }

    /// The segment.
    pub(crate) fn segment(&self) -> Arc<Segment> {
        Arc::clone(&self.segment)
    }

    /// Where the journal ends.
    pub(crate) fn end(&self) -> Position {
        self.next
    }

    /// Bytes left, whole blocks.
    pub(super) fn room(&self) -> u64 {
        self.segment.length().saturating_sub(self.next.offset)
    }

    /// The size of a segment that holds a record of so many bytes.
    pub(super) fn size_for(record: u64) -> u64 {
        BLOCK + block_aligned(record)
    }
}

/// Begins a segment behind `end` and finishes the one before. Its header and its name are durable when this returns.
pub(crate) fn activate(core: &Core, end: &Position, prepared: Prepared) -> Result<Active, Fault> {
    if let Some(before) = core.segments.get(end.segment) {
        before.finish(end.offset);
    }
    let segment = begin(&*core.disk, &core.dir, end, prepared)?;
    core.segments.add(Arc::clone(&segment));
    Ok(Active::new(segment))
}

/// Writes the header of the segment behind `end` into a prepared file and gives it its name.
pub(crate) fn begin(
    disk: &dyn Disk,
    dir: &Path,
    end: &Position,
    prepared: Prepared,
) -> Result<Arc<Segment>, Fault> {
    let Prepared { file, path, length } = prepared;
    let header = SegmentHeader {
        version: Version::WRITTEN,
        id: end.segment + 1,
        salt: random(),
        first_number: end.number,
        first_group: end.group,
        previous_end: end.offset,
        created_nanoseconds: nanoseconds(Timestamp::now()),
    };
    let block = header.encode();
    file.write_all_at(&mut [std::io::IoSlice::new(&block)], 0).map_err(|source| Fault::Write {
        file: path.clone(),
        offset: 0,
        source,
    })?;
    file.sync().map_err(|source| Fault::Sync { file: path.clone(), source })?;
    let name = names::segment(dir, header.id);
    disk.rename(&path, &name)
        .and_then(|()| disk.sync_folder(dir))
        .map_err(|source| Fault::Segment { file: name.clone(), source })?;
    Ok(Arc::new(Segment::new(header, name, file, length, None)))
}

/// Not to be guessed by who sends messages: the standard library's keys come from the system.
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
