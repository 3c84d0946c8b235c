//! The names of the store's files.
//!
//! ```text
//!   lock                     held by the process that has the store
//!   000000000017.journal     segment 17
//!   prepared-3               filled with zeros and synced: the next segment
//!   filling-4                being filled; of no use after a crash
//!   index/                   sled's
//!   index.new/               an index being rebuilt
//!   history/                 runs: what messages are found by
//! ```

use std::path::{Path, PathBuf};

pub(crate) const LOCK: &str = "lock";
pub(crate) const INDEX: &str = "index";
pub(crate) const INDEX_REBUILT: &str = "index.new";
pub(crate) const HISTORY: &str = "history";

const SEGMENT_END: &str = ".journal";
const PREPARED: &str = "prepared-";
const FILLING: &str = "filling-";

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileRole {
    Segment(u64),
    Prepared(u64),
    Filling,
    Other,
}

impl FileRole {
    pub(crate) fn of(name: &str) -> Self {
        if let Some(id) = name.strip_suffix(SEGMENT_END).and_then(|id| id.parse().ok()) {
            Self::Segment(id)
        } else if let Some(number) = name.strip_prefix(PREPARED).and_then(|n| n.parse().ok()) {
            Self::Prepared(number)
        } else if name.starts_with(FILLING) {
            Self::Filling
        } else {
            Self::Other
        }
    }
}

pub(crate) fn segment(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id:012}{SEGMENT_END}"))
}

pub(crate) fn prepared(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{PREPARED}{number}"))
}

pub(crate) fn filling(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{FILLING}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_tells_its_role() {
        let dir = Path::new("store");
        let role =
            |path: PathBuf| FileRole::of(&path.file_name().expect("a name").to_string_lossy());
        assert_eq!(role(segment(dir, 17)), FileRole::Segment(17));
        assert_eq!(role(segment(dir, u64::MAX)), FileRole::Segment(u64::MAX));
        assert_eq!(role(prepared(dir, 3)), FileRole::Prepared(3));
        assert_eq!(role(filling(dir, 4)), FileRole::Filling);
        assert_eq!(FileRole::of(LOCK), FileRole::Other);
    }
}
