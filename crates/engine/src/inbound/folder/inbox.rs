//! The folder on the disk: what lies there, and how a file gets from one place to the next.
//!
//! ```text
//!   path/NAME ──rename──▶ path/.wardline-taken/NAME ──rename──▶ done/NAME, or deleted
//!                                   │
//!                                   └──rename──▶ failed/NAME, with failed/NAME.reason
//! ```
//!
//! A rename is all or nothing, so that a file is in one of these places whenever the power goes, and its writer can no
//! longer reach it by its name once it is taken. No file ever takes the place of another. What is in
//! `.wardline-taken` at a start was in hand when the engine ended: it is taken again, so nothing is lost, and the same
//! messages may come twice.
//!
//! Everything here blocks. Names of files may be names of patients: no error, log line or `Debug` shows them (PHI-1).

use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use jiff::Timestamp;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use wardline_config::{FileSort, WatchedFolder, WhenDone};

use super::reason::Reason;
use super::watch::Found;
use crate::rename::rename_new;

/// Where files lie that are in hand, below the folder that is watched.
const TAKEN: &str = ".wardline-taken";

/// How many files one look shows: the first of them by the listener's order. A folder with a million files is worked
/// off in pieces, and its names are never in memory together.
const MOST_SHOWN: usize = 10_000;

/// Names that are tried for a file whose own is taken; each has the time in it, to the microsecond.
const OTHER_NAMES: usize = 3;

/// A folder that is watched by this process alone.
pub(crate) struct Inbox {
    settings: WatchedFolder,
    taken: PathBuf,
    /// Locked as long as this lives: another process would take what is in hand here for left behind.
    _lock: File,
}

/// A file that was taken out of the folder. Its name is known to the disk alone: PHI-1.
pub(super) struct InHand(PathBuf);

/// Why the bytes of a file are not to be had.
pub(super) enum Unread {
    /// It is not a plain file.
    NoFile,
    /// It is larger than `max_file_size`.
    TooLarge,
    /// The system says no.
    Failed(io::Error),
}

impl Inbox {
    /// Takes possession of a folder that is there; makes those where its files go.
    pub(crate) fn open(settings: WatchedFolder) -> io::Result<Self> {
        let watched = fs::metadata(&settings.path)?;
        if !watched.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let taken = settings.path.join(TAKEN);
        let goals: &[&Path] = match settings.when_done {
            WhenDone::Move => &[&taken, &settings.failed, &settings.done],
            WhenDone::Delete => &[&taken, &settings.failed],
        };
        for goal in goals {
            fs::create_dir_all(goal)?;
            if fs::metadata(goal)?.dev() != watched.dev() {
                return Err(ErrorKind::CrossesDevices.into());
            }
        }
        let lock = File::open(&taken)?;
        // On a file system without locks it is for the operator to see to that there is one engine.
        if let Err(Errno::WOULDBLOCK) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            return Err(ErrorKind::ResourceBusy.into());
        }
        Ok(Self { settings, taken, _lock: lock })
    }

    pub(crate) fn settings(&self) -> &WatchedFolder {
        &self.settings
    }

    /// What was in hand when the engine ended last.
    pub(super) fn left_behind(&self) -> io::Result<Vec<InHand>> {
        let entries = fs::read_dir(&self.taken)?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths.into_iter().map(InHand).collect())
    }

    /// The files that fit, the first ones in their order. Empty ones are not shown: nothing is in them yet.
    pub(super) fn list(&self) -> io::Result<Vec<Found>> {
        let mut first = BinaryHeap::new();
        for entry in fs::read_dir(&self.settings.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.as_bytes().starts_with(b".") || !self.settings.pattern.fits(name.as_bytes()) {
                continue;
            }
            let found = match entry.metadata() {
                Ok(file) if file.is_file() && file.len() > 0 => self.found(name, &file)?,
                Ok(_) => continue,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            first.push(found);
            if first.len() > MOST_SHOWN {
                first.pop();
            }
        }
        Ok(first.into_sorted_vec())
    }

    fn found(&self, name: OsString, file: &fs::Metadata) -> io::Result<Found> {
        let changed = file.modified()?;
        let rank = match self.settings.sort {
            FileSort::Name => SystemTime::UNIX_EPOCH,
            FileSort::Time => changed,
        };
        Ok(Found { rank, name, size: file.len(), changed })
    }

    /// Takes a file out of the folder; `None` where somebody else has.
    pub(super) fn take(&self, name: &OsStr) -> io::Result<Option<InHand>> {
        match rename_beside(&self.settings.path.join(name), &self.taken.join(name)) {
            Ok(path) => Ok(Some(InHand(path))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The bytes of a file, unless there are more than a file may have.
    pub(super) fn read(&self, file: &InHand) -> Result<Bytes, Unread> {
        // Neither through a link nor waiting for the other end of a pipe, whatever was put there under that name.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let flags = i32::try_from(flags).unwrap_or_default();
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(&file.0);
        let opened = opened.map_err(Unread::Failed)?;
        let metadata = opened.metadata().map_err(Unread::Failed)?;
        if !metadata.is_file() {
            return Err(Unread::NoFile);
        }
        let most = self.settings.max_file_size;
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if size > most {
            return Err(Unread::TooLarge);
        }
        let mut bytes = Vec::with_capacity(size);
        let read = opened.take(most as u64 + 1).read_to_end(&mut bytes).map_err(Unread::Failed)?;
        if read > most { Err(Unread::TooLarge) } else { Ok(bytes.into()) }
    }

    /// Its messages are stored: it goes where the listener says.
    pub(super) fn put_away(&self, file: &InHand) -> io::Result<()> {
        match self.settings.when_done {
            WhenDone::Delete => fs::remove_file(&file.0),
            WhenDone::Move => file.move_to(&self.settings.done).map(|_| ()),
        }
    }

    /// It is not taken: it goes aside, and beside it the reason.
    pub(super) fn set_aside(&self, file: &InHand, reason: &Reason) -> io::Result<()> {
        let mut path = file.move_to(&self.settings.failed)?.into_os_string();
        path.push(".reason");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        file.write_all(reason.to_string().as_bytes())
    }
}

impl InHand {
    fn move_to(&self, folder: &Path) -> io::Result<PathBuf> {
        rename_beside(&self.0, &folder.join(self.0.file_name().unwrap_or_default()))
    }
}

/// Renames a file; where its name is taken, the time goes between the name and its end.
fn rename_beside(from: &Path, to: &Path) -> io::Result<PathBuf> {
    let mut renamed = rename_new(from, to).map(|()| to.to_owned());
    for _ in 0..OTHER_NAMES {
        match renamed {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let other = stamped(to, Timestamp::now());
                renamed = rename_new(from, &other).map(|()| other);
            }
            Ok(_) | Err(_) => break,
        }
    }
    renamed
}

/// `adt.hl7` as `adt-20260403T120000.000123.hl7`.
fn stamped(path: &Path, at: Timestamp) -> PathBuf {
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push(at.strftime("-%Y%m%dT%H%M%S.%6f").to_string());
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests;
