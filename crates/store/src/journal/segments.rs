//! Which segments there are. Shared by all threads; only the writer adds, only retention removes the oldest.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;

use super::position::{Place, Position};
use crate::disk::DiskFile;
use crate::format::BLOCK;
use crate::format::fields::from_nanoseconds;
use crate::format::record::Seal;
use crate::format::segment_header::SegmentHeader;

/// One file of the journal.
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) seal: Seal,
    length: AtomicU64,
    end: OnceLock<u64>,
}

impl Segment {
    /// A segment whose header is durable. `end` is known of those that are no longer written.
    pub(crate) fn new(
        header: SegmentHeader,
        path: PathBuf,
        file: Arc<dyn DiskFile>,
        length: u64,
        end: Option<u64>,
    ) -> Self {
        let seal = Seal::new(header.salt, header.id);
        let end = end.map_or_else(OnceLock::new, OnceLock::from);
        Self { header, path, file, seal, length: AtomicU64::new(length), end }
    }

    pub(crate) fn id(&self) -> u64 {
        self.header.id
    }

    /// Where its records end, once it is no longer written.
    pub(crate) fn end(&self) -> Option<u64> {
        self.end.get().copied()
    }

    /// The writer, or a recovery, has left it.
    pub(crate) fn finish(&self, end: u64) {
        let _first_word_stands = self.end.set(end);
    }

    /// The file's length.
    pub(crate) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    /// The file was cut or extended.
    pub(crate) fn set_length(&self, length: u64) {
        self.length.store(length, Ordering::Relaxed);
    }

    pub(crate) fn created(&self) -> Option<Timestamp> {
        from_nanoseconds(self.header.created_nanoseconds)
    }

    /// The point before its first record.
    pub(crate) fn beginning(&self) -> Position {
        Position {
            segment: self.id(),
            offset: BLOCK,
            number: self.header.first_number,
            group: self.header.first_group,
        }
    }
}

/// All segments, by id.
#[derive(Default)]
pub(crate) struct Segments(RwLock<BTreeMap<u64, Arc<Segment>>>);

impl Segments {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<u64, Arc<Segment>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Segment>> {
        self.read().get(&id).cloned()
    }

    pub(crate) fn add(&self, segment: Arc<Segment>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(segment.id(), segment);
    }

    pub(crate) fn remove(&self, id: u64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// All of them, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.read().values().cloned().collect()
    }

    /// The oldest, and the one behind it.
    pub(crate) fn oldest_two(&self) -> Option<(Arc<Segment>, Arc<Segment>)> {
        let segments = self.read();
        let mut values = segments.values();
        Some((values.next()?.clone(), values.next()?.clone()))
    }

    pub(crate) fn oldest(&self) -> Option<Arc<Segment>> {
        self.read().values().next().cloned()
    }

    pub(crate) fn count(&self) -> u64 {
        self.read().len() as u64
    }

    /// Bytes of all their files.
    pub(crate) fn bytes(&self) -> u64 {
        self.read().values().map(|segment| segment.length()).sum()
    }

    /// Bytes of the journal from one place to a later one.
    pub(crate) fn bytes_between(&self, from: Place, to: Place) -> u64 {
        self.read()
            .range(from.segment..=to.segment)
            .map(|(&id, segment)| {
                let start = if id == from.segment { from.offset } else { BLOCK };
                let end = if id == to.segment { to.offset } else { segment.end().unwrap_or(BLOCK) };
                end.saturating_sub(start)
            })
            .sum()
    }
}
