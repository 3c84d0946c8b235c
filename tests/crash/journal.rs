//! The journal seen from outside: which segments there are and which records stand in them, read by hand as
//! `crates/store/DESIGN.md` draws them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Records begin behind a header of this size, and groups at multiples of it.
const BLOCK: u64 = 4096;
/// How a segment begins.
const MAGIC: &[u8; 8] = b"WARDJRNL";
/// Fields of a segment's header: the number of the first record.
const FIRST_NUMBER: usize = 32;
/// A record's header, and the fields in it.
const RECORD_HEADER: usize = 40;
const META: usize = 4;
const BODIES: usize = 8;
const KIND: usize = 12;
const FLAGS: usize = 13;
const TAKES: usize = 14;
const NUMBER: usize = 24;
/// The flag of the last record of a group.
const LAST_OF_GROUP: u8 = 1;
/// The kind of a record that was copied forward.
const CARRIED: u8 = 3;

/// The segment that a file is, by its name.
pub(crate) fn segment_of(name: &str) -> Option<u64> {
    name.strip_suffix(".journal")?.parse().ok()
}

/// Whether this is the name of a file that waits to become a segment.
pub(crate) fn is_prepared(name: &str) -> bool {
    name.starts_with("prepared-")
}

/// The oldest and the newest segment of a store.
pub(crate) fn oldest_and_newest(store: &Path) -> (u64, u64) {
    let files = std::fs::read_dir(store).expect("a store").flatten();
    let segments = files.filter_map(|file| segment_of(&file.file_name().to_string_lossy()));
    let found =
        segments.fold((u64::MAX, 0), |(oldest, newest), id| (oldest.min(id), newest.max(id)));
    assert!(found.0 <= found.1, "a store has a segment");
    found
}

/// Whether this segment is there.
pub(crate) fn is_there(store: &Path, segment: u64) -> bool {
    path(store, segment).exists()
}

/// How many groups stand in a segment.
pub(crate) fn groups(store: &Path, segment: u64) -> usize {
    let mut walk = Walk::from(store, segment);
    std::iter::from_fn(|| walk.next_in_segment()).filter(|record| record.ends_group).count()
}

/// A place in the journal that goes on from record to record as they are written.
pub(crate) struct Walk {
    store: PathBuf,
    segment: u64,
    /// Open once it is there.
    file: Option<File>,
    offset: u64,
    number: u64,
}

struct Record {
    kind: u8,
    ends_group: bool,
}

impl Walk {
    /// Before the first record of a segment, which need not be there yet.
    pub(crate) fn from(store: &Path, segment: u64) -> Self {
        Self { store: store.to_owned(), segment, file: None, offset: BLOCK, number: 0 }
    }

    /// Goes on to the end of the journal; tells whether it met a record that was copied forward.
    pub(crate) fn meets_carried(&mut self) -> bool {
        while let Some(record) = self.next_record() {
            if record.kind == CARRIED {
                return true;
            }
        }
        false
    }

    fn next_record(&mut self) -> Option<Record> {
        loop {
            // Asked first: once there is a next segment, nothing more is written into this one.
            let goes_on = is_there(&self.store, self.segment + 1);
            match self.next_in_segment() {
                None if goes_on => *self = Self::from(&self.store, self.segment + 1),
                record => return record,
            }
        }
    }

    /// The next record of this segment, if it is written.
    fn next_in_segment(&mut self) -> Option<Record> {
        if self.file.is_none() {
            let file = File::open(path(&self.store, self.segment)).ok()?;
            let header = read::<{ FIRST_NUMBER + 8 }>(&file, 0)?;
            assert!(header.starts_with(MAGIC), "a segment begins with {MAGIC:?}");
            self.number = u64::from_le_bytes(field(&header, FIRST_NUMBER));
            self.file = Some(file);
        }
        let header = read::<RECORD_HEADER>(self.file.as_ref()?, self.offset)?;
        // Otherwise it is zeros, the table of a sealed segment, or a header of which only the beginning is written.
        if header[KIND] == 0 || u64::from_le_bytes(field(&header, NUMBER)) != self.number {
            return None;
        }
        let lengths = [META, BODIES].map(|at| u64::from(u32::from_le_bytes(field(&header, at))));
        let ends_group = header[FLAGS] & LAST_OF_GROUP != 0;
        self.offset += RECORD_HEADER as u64 + lengths.iter().sum::<u64>();
        if ends_group {
            self.offset = self.offset.next_multiple_of(BLOCK);
        }
        self.number += u64::from(u16::from_le_bytes(field(&header, TAKES)));
        Some(Record { kind: header[KIND], ends_group })
    }
}

fn path(store: &Path, segment: u64) -> PathBuf {
    store.join(format!("{segment:012}.journal"))
}

fn read<const LENGTH: usize>(file: &File, offset: u64) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    file.read_exact_at(&mut bytes, offset).ok().map(|()| bytes)
}

fn field<const LENGTH: usize>(bytes: &[u8], at: usize) -> [u8; LENGTH] {
    bytes[at..at + LENGTH].try_into().expect("a field inside its header")
}
