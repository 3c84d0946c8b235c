//! A written file gets its name, and never the place of another.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use wardline_flow::FileFault;

use super::draft::Draft;
use super::fault;
use crate::rename::rename_new;

/// The highest number put behind a name that is taken: a template that leads to more files of one name has a fault, and
/// each further file costs a look at all before it.
const MOST_NUMBERED: u32 = 9_999;

/// How much of an existing file is compared at once, bytes.
const COMPARED_AT_ONCE: usize = 64 * 1024;

/// Gives the draft its name, or the first numbered one that is free. Gives the path that holds the bytes now.
pub(super) fn place(draft: Draft, body: &[u8]) -> Result<PathBuf, FileFault> {
    for number in 1..=MOST_NUMBERED {
        let path = numbered(draft.target(), number);
        match rename_new(draft.temporary(), &path) {
            Ok(()) => {
                draft.placed();
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if holds(&path, body).map_err(|error| fault(&error))? {
                    return Ok(path);
                }
            }
            Err(error) => return Err(fault(&error)),
        }
    }
    Err(FileFault::NamesTaken)
}

/// Whether the file has exactly these bytes, as one written before a crash has. If so it is made durable: whoever wrote
/// it may not have.
fn holds(path: &Path, body: &[u8]) -> io::Result<bool> {
    let found = fs::metadata(path)?;
    if !found.is_file() || found.len() != body.len() as u64 {
        return Ok(false);
    }
    let mut file = File::open(path)?;
    let mut rest = body;
    let mut piece = vec![0; COMPARED_AT_ONCE.min(body.len())];
    while !rest.is_empty() {
        let read = file.read(&mut piece)?;
        match (piece.get(..read), rest.split_at_checked(read)) {
            (Some(piece), Some((same, behind))) if read > 0 && piece == same => rest = behind,
            _ => return Ok(false),
        }
    }
    file.sync_all()?;
    Ok(true)
}

/// `name.hl7`, `name-2.hl7`, `name-3.hl7`…
fn numbered(target: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return target.to_owned();
    }
    let mut name = OsString::from(target.file_stem().unwrap_or_default());
    name.push(format!("-{number}"));
    if let Some(extension) = target.extension() {
        name.push(".");
        name.push(extension);
    }
    target.with_file_name(name)
}
