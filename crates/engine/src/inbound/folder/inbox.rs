//! The folder on the disk: what lies there, and how a file gets from one place to the next.
//!
//! ```text
//!   path/NAME ──rename──▶ path/.wardline-taken/NAME ──rename──▶ done/NAME, or deleted
//!                                   │
//!                                   └──rename──▶ failed/NAME, with failed/NAME.reason
//! ```
//!
//! A rename is all or nothing, so that a file is in one of these places whenever the power goes, and its writer can no
//! longer reach it by its name once it is taken. Who has it open still writes to it. So it is held against the size and
//! the time it lay still with: before it is taken, when it is read, after that, and before it is put away. No file ever
//! takes the place of another, and none of these steps minds being asked for twice: a file that is gone was moved, or
//! taken away by somebody who may. What is in `.wardline-taken` at a start was in hand when the engine ended: it is taken
//! again, so nothing is lost, and the same messages may come twice.
//!
//! Everything here blocks. Names of files may be names of patients: no error, log line or `Debug` shows them (PHI-1).

use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use jiff::Timestamp;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use wardline_config::{FileSort, WatchedFolder, WhenDone};
use wardline_flow::ListenerId;

use super::goals::Goals;
use super::names::{LONGEST_NAME, OTHER_NAMES, if_there, rename_into, stamped, with_tail};
use super::reason::Reason;
use super::watch::{Found, Shape};
use crate::rename::rename_new;

/// Where files lie that are in hand, below the folder that is watched.
const TAKEN: &str = ".wardline-taken";

/// How many files one look shows: the first of them by the listener's order. A folder with a million files is worked
/// off in pieces, and its names are never in memory together.
const MOST_SHOWN: usize = 10_000;

/// What the name of a file has behind it where its reason is.
const REASON: &str = ".reason";

/// A folder that is watched by this process alone.
pub(crate) struct Inbox {
    settings: WatchedFolder,
    taken: PathBuf,
    goals: Goals,
    /// The folder, locked as long as this lives: another process would take what is in hand here for left behind.
    _lock: File,
}

/// A file that was taken out of the folder. Its name is known to the disk alone: PHI-1.
pub(super) struct InHand {
    path: PathBuf,
    /// As it lay still.
    shape: Shape,
}

/// What became of a file whose messages are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Away {
    /// It is where the listener wants it.
    Done,
    /// It is still in hand: somebody has written to it since it was read.
    WrittenOn,
}

/// Why the bytes of a file are not to be had.
pub(super) enum Unread {
    /// It is not a plain file.
    NoFile,
    /// It is larger than `max_file_size`.
    TooLarge,
    /// Somebody writes to it, or did since it lay still.
    Changed,
    /// The system says no.
    Failed(io::Error),
}

impl Inbox {
    /// Takes possession of a folder that is there; makes those where its files go.
    pub(crate) fn open(settings: WatchedFolder) -> io::Result<Self> {
        if !fs::metadata(&settings.path)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let taken = settings.path.join(TAKEN);
        let goals = Goals::make(&settings, &taken)?;
        let lock = File::open(&settings.path)?;
        // On a file system without locks it is for the operator to see to that there is one engine.
        if let Err(Errno::WOULDBLOCK) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            return Err(ErrorKind::ResourceBusy.into());
        }
        Ok(Self { settings, taken, goals, _lock: lock })
    }

    /// That no file of this folder goes to where this other listener takes it again.
    pub(crate) fn is_apart_from(&self, other: &Self, listener: &ListenerId) -> io::Result<()> {
        self.goals.are_apart_from(&other.goals, listener)
    }

    pub(crate) fn settings(&self) -> &WatchedFolder {
        &self.settings
    }

    /// What was in hand when the engine ended last.
    pub(super) fn left_behind(&self) -> io::Result<Vec<InHand>> {
        let in_hand = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok(InHand { path: entry.path(), shape: shape_of(&entry.metadata()?)? })
        };
        let mut left = fs::read_dir(&self.taken)?.map(in_hand).collect::<io::Result<Vec<_>>>()?;
        left.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(left)
    }

    /// The files that fit, the first ones in their order. Empty ones are not shown: nothing is in them yet.
    pub(super) fn list(&self) -> io::Result<Vec<Found>> {
        let mut first = BinaryHeap::new();
        for entry in fs::read_dir(&self.settings.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if !self.is_looked_for(&name) {
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
        let shape = shape_of(file)?;
        let rank = match self.settings.sort {
            FileSort::Name => SystemTime::UNIX_EPOCH,
            FileSort::Time => shape.changed,
        };
        Ok(Found { rank, name, shape })
    }

    /// Takes a file out of the folder; `None` where somebody else has, or has written to it since it was looked at.
    pub(super) fn take(&self, found: &Found) -> io::Result<Option<InHand>> {
        let path = self.settings.path.join(&found.name);
        if !lies_as(&path, found.shape)? {
            return Ok(None);
        }
        let taken = if_there(&path, rename_into(&path, &self.taken, &found.name))?;
        Ok(taken.map(|path| InHand { path, shape: found.shape }))
    }

    /// Puts a file that is still written to back into the folder; false where its name is another's by now, or none
    /// that is looked for there.
    pub(super) fn give_back(&self, file: &InHand) -> io::Result<bool> {
        let name = file.name();
        if !self.is_looked_for(name) {
            return Ok(false);
        }
        let renamed = rename_new(&file.path, &self.settings.path.join(name));
        match if_there(&file.path, renamed) {
            Ok(Some(()) | None) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn is_looked_for(&self, name: &OsStr) -> bool {
        let name = name.as_bytes();
        !name.starts_with(b".") && self.settings.pattern.fits(name)
    }

    /// The bytes of a file, unless there are more than a file may have, or somebody writes to it.
    pub(super) fn read(&self, file: &InHand) -> Result<Bytes, Unread> {
        // Neither through a link nor waiting for the other end of a pipe, whatever was put there under that name.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let flags = i32::try_from(flags).unwrap_or_default();
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(&file.path);
        let opened = opened.map_err(Unread::Failed)?;
        let metadata = opened.metadata().map_err(Unread::Failed)?;
        if !metadata.is_file() {
            return Err(Unread::NoFile);
        }
        let is_changed =
            |now: &fs::Metadata| shape_of(now).map(|now| now != file.shape).map_err(Unread::Failed);
        if is_changed(&metadata)? {
            return Err(Unread::Changed);
        }
        let most = self.settings.max_file_size;
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if size > most {
            return Err(Unread::TooLarge);
        }
        let mut bytes = Vec::with_capacity(size);
        let read =
            (&opened).take(most as u64 + 1).read_to_end(&mut bytes).map_err(Unread::Failed)?;
        let after = opened.metadata().map_err(Unread::Failed)?;
        if read != size || is_changed(&after)? { Err(Unread::Changed) } else { Ok(bytes.into()) }
    }

    /// Its messages are stored: it goes where the listener says, unless there is more in it by now.
    pub(super) fn put_away(&self, file: &InHand) -> io::Result<Away> {
        let Some(now) = if_there(&file.path, fs::symlink_metadata(&file.path))? else {
            return Ok(Away::Done);
        };
        if shape_of(&now)? != file.shape {
            return Ok(Away::WrittenOn);
        }
        match self.settings.when_done {
            WhenDone::Delete => if_there(&file.path, fs::remove_file(&file.path))?,
            WhenDone::Move => {
                let moved = rename_into(&file.path, &self.settings.done, file.name());
                if_there(&file.path, moved)?.map(|_| ())
            }
        };
        Ok(Away::Done)
    }

    /// It is not taken: it goes aside, and beside it the reason, which is there first.
    ///
    /// A reason that cannot be written holds nothing up, for it is in the log too: this says why it is not there.
    pub(super) fn set_aside(
        &self,
        file: &InHand,
        reason: &Reason,
    ) -> io::Result<Option<ErrorKind>> {
        self.set_aside_with(file, |beside| write_new(beside, reason))
    }

    fn set_aside_with(
        &self,
        file: &InHand,
        write: impl Fn(&Path) -> io::Result<()>,
    ) -> io::Result<Option<ErrorKind>> {
        if if_there(&file.path, fs::symlink_metadata(&file.path))?.is_none() {
            return Ok(None);
        }
        fs::create_dir_all(&self.settings.failed)?;
        let mut aside = self.set_aside_as(file.name(), file, &write);
        for _ in 0..OTHER_NAMES {
            match aside {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let room = LONGEST_NAME - REASON.len();
                    let name = stamped(file.name(), Timestamp::now(), room);
                    aside = self.set_aside_as(&name, file, &write);
                }
                Ok(_) | Err(_) => break,
            }
        }
        aside
    }

    /// Sets it aside under this name. [`ErrorKind::AlreadyExists`] where another has it, or the name of its reason.
    fn set_aside_as(
        &self,
        name: &OsStr,
        file: &InHand,
        write: impl Fn(&Path) -> io::Result<()>,
    ) -> io::Result<Option<ErrorKind>> {
        let beside = self.settings.failed.join(with_tail(name, REASON.as_ref(), LONGEST_NAME));
        let unwritten = match write(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            written => written.err().map(|error| error.kind()),
        };
        let moved = rename_new(&file.path, &self.settings.failed.join(name));
        let moved = if_there(&file.path, moved);
        if unwritten.is_none() && !matches!(moved, Ok(Some(()))) {
            // What cannot be removed tells of a file that is not there, and that harms nobody.
            let _stays = fs::remove_file(&beside);
        }
        moved.map(|_| unwritten)
    }
}

impl InHand {
    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

fn shape_of(file: &fs::Metadata) -> io::Result<Shape> {
    Ok(Shape { size: file.len(), changed: file.modified()? })
}

/// Whether a plain file lies there, of this shape.
fn lies_as(path: &Path, shape: Shape) -> io::Result<bool> {
    match if_there(path, fs::symlink_metadata(path))? {
        Some(now) => Ok(now.is_file() && shape_of(&now)? == shape),
        None => Ok(false),
    }
}

/// Writes the reason where nothing lies yet, whole or not at all.
fn write_new(path: &Path, reason: &Reason) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(reason.to_string().as_bytes());
    if written.is_err() {
        // Half a reason stays where it cannot be removed either: the log has the whole.
        let _stays = fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests;
