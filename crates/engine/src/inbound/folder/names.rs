//! The name a file gets where it goes: its own where that is free, with the time in it where not, and never one that is
//! too long for the disk.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::rename::rename_new;

/// Names that are tried for a file whose own is taken; each has the time in it, to the microsecond.
pub(super) const OTHER_NAMES: usize = 3;

/// The longest name that file systems take, in bytes: Linux' `NAME_MAX`.
pub(super) const LONGEST_NAME: usize = 255;

/// What was done with a file; `None` where it is not there any more.
pub(super) fn if_there<T>(path: &Path, done: io::Result<T>) -> io::Result<Option<T>> {
    let is_gone = || {
        let there = fs::symlink_metadata(path);
        there.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == ErrorKind::NotFound && is_gone() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Renames a file into a folder, which is made where somebody has tidied it away; where its name is taken, the time
/// goes between the name and its end.
pub(super) fn rename_into(from: &Path, folder: &Path, name: &OsStr) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let mut to = folder.join(name);
    let mut renamed = rename_new(from, &to);
    for _ in 0..OTHER_NAMES {
        match renamed {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                to = folder.join(stamped(name, Timestamp::now(), LONGEST_NAME));
                renamed = rename_new(from, &to);
            }
            Ok(()) | Err(_) => break,
        }
    }
    renamed.map(|()| to)
}

/// `adt.hl7` as `adt-20260403T120000.000123.hl7`, at most so long.
pub(super) fn stamped(name: &OsStr, at: Timestamp, longest: usize) -> OsString {
    let time = OsString::from(at.strftime("-%Y%m%dT%H%M%S.%6f").to_string());
    let path = Path::new(name);
    let mut tail = time.clone();
    if let Some(extension) = path.extension() {
        tail.push(".");
        tail.push(extension);
    }
    // An end that leaves no room for the time is no extension.
    if tail.len() < longest {
        with_tail(path.file_stem().unwrap_or_default(), &tail, longest)
    } else {
        with_tail(name, &time, longest)
    }
}

/// A name with something behind it, and so much of the name before it as fits.
pub(super) fn with_tail(name: &OsStr, tail: &OsStr, longest: usize) -> OsString {
    let name = name.as_bytes();
    let room = longest.saturating_sub(tail.len());
    let is_cut_within = |end: &usize| name.get(*end).is_some_and(|byte| byte & 0xC0 == 0x80);
    let mut end = name.len().min(room);
    while end > 0 && is_cut_within(&end) {
        end -= 1;
    }
    let mut whole = OsStr::from_bytes(name.get(..end).unwrap_or(name)).to_owned();
    whole.push(tail);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_characters() {
        let name = "ä".repeat(127);
        let cut = with_tail(OsStr::new(&name), OsStr::new(".reason"), LONGEST_NAME);
        assert_eq!(cut.to_str(), Some(&*format!("{}.reason", "ä".repeat(124))));
    }

    #[test]
    fn an_end_that_leaves_no_room_for_the_time_is_none() {
        let name = format!("a.{}", "x".repeat(253));
        let stamped = stamped(OsStr::new(&name), Timestamp::UNIX_EPOCH, LONGEST_NAME);
        assert_eq!(stamped.len(), LONGEST_NAME);
        assert!(stamped.as_bytes().ends_with(b"x-19700101T000000.000000"));
    }
}
