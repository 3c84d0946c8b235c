//! What can go wrong, told by what was attempted, on which file, and where.

use std::io;
use std::path::PathBuf;

use super::names::MessageId;

/// Damage in the journal that no crash explains.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is damaged at offset {offset}: {kind}", file.display())]
pub struct Corruption {
    /// The segment's file.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// In what way.
    pub kind: CorruptionKind,
}

/// In what way a journal is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorruptionKind {
    /// A record cannot be read, and records that were written after it are there.
    #[error("a record cannot be read although later ones are there")]
    Record,
    /// A body does not match its checksum.
    #[error("the body of a record does not match its checksum")]
    Body,
    /// The header of a segment cannot be read.
    #[error("the header of the segment cannot be read")]
    Header,
    /// The segment ends before the place where the next one says it ended.
    #[error("the segment ends before its last record")]
    CutShort,
    /// The segment is missing between others.
    #[error("the segment is missing")]
    Missing,
    /// Records that were durable, and may have been acknowledged, are gone: the index has seen them.
    #[error("records that were durable are gone from there on, as the index shows")]
    Lost,
    /// A record's checksum holds and its content makes no sense.
    #[error("a record holds what no version of the store writes")]
    Content,
}

/// Why a store stopped: it can no longer keep its promises.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Writing to the journal failed. What was handed over is not acknowledged.
    #[error("cannot write to the journal {} at offset {offset}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Syncing the journal failed. It is not tried again: what the disk holds is unknown.
    #[error("cannot sync the journal {}", file.display())]
    Sync {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A segment could not be made or opened, for another reason than space.
    #[error("cannot open the journal segment {}", file.display())]
    Segment {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal is damaged.
    #[error("the journal is damaged")]
    Corrupt(#[from] Corruption),
    /// A thread of the store panicked: a fault of ours.
    #[error("the thread {thread} panicked")]
    Panicked {
        /// Its name.
        thread: &'static str,
    },
}

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the store {} is in use by another process", dir.display())]
    Locked {
        /// The store's folder.
        dir: PathBuf,
    },
    /// The folder, the lock or a file in it could not be used.
    #[error("cannot {attempt} {}", path.display())]
    Io {
        /// What was attempted: `make`, `lock`, `list`, `read`, `extend`, `write`, `sync`.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal is damaged where no crash explains it. Nothing was changed.
    #[error("the journal is damaged")]
    Corrupt(#[from] Corruption),
    /// The store was written by another version of Wardline.
    #[error("{} has format {found}; this version knows {known}", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
        /// The format it has.
        found: u32,
        /// The format known.
        known: u32,
    },
    /// There is no space for a first segment.
    #[error("no space for a journal segment in {}", dir.display())]
    NoSpace {
        /// The store's folder.
        dir: PathBuf,
    },
    /// A thread could not be started.
    #[error("cannot start the thread {name}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Why something stored could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The index is being opened or rebuilt; ask again.
    #[error("the index is not ready")]
    NotReady,
    /// What was handed over before is not written yet: the disk is slow, or has no room for outcomes; ask again.
    #[error("what was recorded before could not be written yet")]
    Unsettled,
    /// What was asked for was copied forward each time while it was read; ask again.
    #[error("it was moved while it was read")]
    Moved,
    /// The index failed; it will be rebuilt.
    #[error("the index failed and will be rebuilt")]
    IndexLost,
    /// A file of the journal could not be read.
    #[error("cannot read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal is damaged at the place asked for.
    #[error("the journal is damaged")]
    Corrupt(#[from] Corruption),
    /// One message of those asked for could not be read.
    #[error("cannot read message {message}")]
    Message {
        /// Which.
        message: MessageId,
        /// Why.
        source: Box<ReadError>,
    },
    /// The store is closed or has failed.
    #[error("the store is closed")]
    Closed,
}
