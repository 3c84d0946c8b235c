//! `kind = "file"` of `[[listeners]]`: a folder whose files are messages, and what becomes of each.

use std::path::PathBuf;
use std::time::Duration;

use super::file_pattern::FilePattern;

const MIB: usize = 1024 * 1024;

/// The folder of one listener. All its paths are absolute, and lie on one file system: files go from one to another by
/// being renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedFolder {
    /// The folder; what lies in folders below it is none of its business.
    pub path: PathBuf,
    /// Which files of it are messages. Hidden ones never are.
    pub pattern: FilePattern,
    /// In which order files that lie there together are taken.
    pub sort: FileSort,
    /// How long size and time of a file must stay as they are: it may still be written.
    pub stable_for: Duration,
    /// How often the folder is looked at.
    pub poll_every: Duration,
    /// The largest file, in bytes: it is taken whole, so it is in memory whole.
    pub max_file_size: usize,
    /// What becomes of a file whose messages are stored.
    pub when_done: WhenDone,
    /// Where such files go.
    pub done: PathBuf,
    /// Where files go that are not taken, each with the reason beside it.
    pub failed: PathBuf,
}

impl WatchedFolder {
    /// The defaults, for the key that has none.
    pub fn new(path: PathBuf) -> Self {
        Self {
            pattern: FilePattern::new("*.hl7"),
            sort: FileSort::Name,
            stable_for: Duration::from_secs(2),
            poll_every: Duration::from_secs(1),
            max_file_size: 64 * MIB,
            when_done: WhenDone::Move,
            done: path.join("done"),
            failed: path.join("failed"),
            path,
        }
    }
}

/// In which order files are taken (`sort`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSort {
    /// By their names, byte by byte.
    Name,
    /// By the time of their last change, the oldest first; by their names where that is the same.
    Time,
}

/// What becomes of a file whose messages are stored (`when_done`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenDone {
    /// It goes to `done`.
    Move,
    /// It is deleted: the store has what was in it.
    Delete,
}
