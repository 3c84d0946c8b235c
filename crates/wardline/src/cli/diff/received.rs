//! The messages that configurations are held against: those of the journal, or of files.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::Config;
use wardline_engine::store_folder;
use wardline_flow::ListenerId;
use wardline_hl7::ack::begins_like_hl7;
use wardline_mllp::START_BLOCK;
use wardline_store::history::{HistoryError, Past, past};
use wardline_store::{Marks, MessageId, OpenError, ReadError};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::hl7::{Hl7Error, payloads};
use super::super::store_errors;

/// What stands for the messages of the journal.
const HISTORY: &str = "history";

/// Folders within folders that are looked through: a link that leads back ends here.
const MAX_DEPTH: usize = 16;

/// Where messages come from.
pub(super) enum Source {
    /// The newest of a journal.
    History { folder: PathBuf, last: usize },
    /// Files, at one listener.
    Files { files: Vec<PathBuf>, listener: ListenerId, passed_over: u64 },
}

/// A message.
pub(super) struct Came<'a> {
    pub(super) listener: ListenerId,
    pub(super) name: Name<'a>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) body: &'a Bytes,
}

/// By what a message is found again.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    Stored(MessageId),
    InFile { path: &'a Path, number: usize },
}

/// What was not looked at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct PassedOver {
    /// Copies of messages, which were answered as the first was.
    pub(super) copies: u64,
    /// What handlers emitted behind the queue: routes decide about it, no listener does.
    pub(super) emitted: u64,
    /// Through listeners that the old configuration does not have.
    pub(super) unknown: u64,
    /// Files of folders that hold no HL7.
    pub(super) files: u64,
}

/// Why messages could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    /// The engine has not run with the old configuration.
    #[error("there is no store at {}: the engine has not run yet", folder.display())]
    NoStore {
        /// Where it would be.
        folder: PathBuf,
    },
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    History(#[from] HistoryError),
    /// A folder cannot be.
    #[error("{} cannot be read", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be.
    #[error(transparent)]
    File(#[from] Hl7Error),
}

impl Failure for SourceError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoStore { .. } => Exit::NotFound,
            Self::History(HistoryError::Open(error)) => match error {
                OpenError::Io { source, .. } => denied_or(source, Exit::StoreFailed),
                other => store_errors::exit(other),
            },
            Self::History(HistoryError::Read(ReadError::Corrupt(_))) => Exit::StoreCorrupt,
            Self::History(HistoryError::Read(_)) => Exit::StoreFailed,
            Self::Folder { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Exit::NotFound
            }
            Self::Folder { source, .. } => denied_or(source, Exit::Failed),
            Self::File(error) => error.exit(),
        }
    }
}

fn denied_or(error: &io::Error, other: Exit) -> Exit {
    if error.kind() == io::ErrorKind::PermissionDenied { Exit::Denied } else { other }
}

/// Whether the messages of the journal are meant.
pub(super) fn is_history(against: &[PathBuf]) -> bool {
    matches!(against, [one] if one.as_os_str() == OsStr::new(HISTORY))
}

impl Source {
    /// The newest messages of the engine that runs with this.
    pub(super) fn history(config: &Config, last: usize) -> Self {
        Self::History { folder: store_folder(config), last }
    }

    /// These files, and those in these folders that hold HL7.
    pub(super) fn files(paths: &[PathBuf], listener: ListenerId) -> Result<Self, SourceError> {
        let (mut files, mut passed_over) = (Vec::new(), 0);
        for path in paths {
            if path.is_dir() {
                collect(path, 0, &mut files, &mut passed_over)?;
            } else {
                files.push(path.clone());
            }
        }
        Ok(Self::Files { files, listener, passed_over })
    }

    /// Shows each message, in the order in which they came.
    pub(super) fn each(&self, visit: &mut dyn FnMut(&Came<'_>)) -> Result<PassedOver, SourceError> {
        match self {
            Self::History { folder, last } => history(folder, *last, visit),
            Self::Files { files, listener, passed_over } => {
                for path in files {
                    for (body, number) in payloads(path)?.iter().zip(1..) {
                        let name = Name::InFile { path, number };
                        let listener = listener.clone();
                        visit(&Came { listener, name, received_at: None, body });
                    }
                }
                Ok(PassedOver { files: *passed_over, ..PassedOver::default() })
            }
        }
    }
}

fn history(
    folder: &Path,
    last: usize,
    visit: &mut dyn FnMut(&Came<'_>),
) -> Result<PassedOver, SourceError> {
    if !folder.is_dir() {
        return Err(SourceError::NoStore { folder: folder.to_owned() });
    }
    let mut passed_over = PassedOver::default();
    past(folder, last, &mut |one: Past| {
        if one.marks.has(Marks::SUPPRESSED) {
            passed_over.copies += 1;
        } else if one.hops > 0 {
            passed_over.emitted += 1;
        } else {
            visit(&Came {
                listener: ListenerId::from(one.listener),
                name: Name::Stored(one.message),
                received_at: Some(one.received_at),
                body: &one.body,
            });
        }
    })?;
    Ok(passed_over)
}

/// The files of a folder that hold HL7, by their names.
fn collect(
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    passed_over: &mut u64,
) -> Result<(), SourceError> {
    let unreadable = |source| SourceError::Folder { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|one| Ok(one?.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth < MAX_DEPTH {
                collect(&path, depth + 1, files, passed_over)?;
            }
        } else if holds_hl7(&path).map_err(unreadable)? {
            files.push(path);
        } else {
            *passed_over += 1;
        }
    }
    Ok(())
}

/// Whether a file begins as a message, a batch, or a frame does.
fn holds_hl7(path: &Path) -> io::Result<bool> {
    let bytes = fs::read(path)?;
    let text = bytes.trim_ascii_start();
    let is_framed = text.first() == Some(&START_BLOCK);
    let is_batch = [b"FHS", b"BHS"].iter().any(|envelope| text.starts_with(*envelope));
    Ok(is_framed || is_batch || begins_like_hl7(text))
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored(message) => message.fmt(f),
            Self::InFile { path, number: 1 } => write!(f, "{}", path.display()),
            Self::InFile { path, number } => write!(f, "{}, message {number}", path.display()),
        }
    }
}
