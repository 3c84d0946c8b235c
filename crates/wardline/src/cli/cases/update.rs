//! Writing what happens now into a case: one line for each segment, so that a version control shows what changes.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;
use serde::Serialize;

use super::super::effect::Effect;
use super::case::{ACK, Case, CaseError, Settings};
use super::compare::{Mismatch, Of};

/// A file that was written or taken away.
#[derive(Debug, Serialize)]
pub(super) struct Updated {
    pub(super) of: Of,
    pub(super) how: How,
}

/// What was done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    Added,
    Changed,
    Removed,
}

/// Writes whatever did not match, and nothing else.
pub(super) fn write(
    case: &Case,
    settings: &Settings,
    found: &[Mismatch],
    effect: &Effect,
) -> Result<Vec<Updated>, CaseError> {
    if effect.sent.contains_key(ACK) {
        return Err(CaseError::CalledAck);
    }
    let mut updated: Vec<Updated> = Vec::new();
    for Mismatch { of, .. } in found {
        if updated.iter().any(|one| one.of == *of) {
            continue;
        }
        let (name, bodies) = match of {
            Of::Answer => (ACK, Some(&effect.answers)),
            Of::Destination(id) => (id.as_str(), effect.sent.get(id)),
        };
        let file = case.file(name);
        if *of == Of::Answer && !file.exists() && settings.answer.is_some() {
            continue; // The case says in its own words what the answer is.
        }
        let how = match bodies {
            None => remove(&file).map(|()| How::Removed),
            Some(bodies) => put(&file, bodies),
        };
        let how = how.map_err(|source| CaseError::Unwritable { path: file, source })?;
        updated.push(Updated { of: of.clone(), how });
    }
    Ok(updated)
}

fn put(file: &Path, bodies: &[Bytes]) -> io::Result<How> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let how = if file.exists() { How::Changed } else { How::Added };
    let texts: Vec<Vec<u8>> = bodies.iter().map(|body| in_lines(body)).collect();
    fs::write(file, texts.join(&b'\n'))?;
    Ok(how)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A message with a line for each segment.
fn in_lines(message: &[u8]) -> Vec<u8> {
    message.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect()
}

impl fmt::Display for Updated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.how {
            How::Added => write!(f, "{} (new)", self.of),
            How::Changed => write!(f, "{}", self.of),
            How::Removed => write!(f, "{} (removed)", self.of),
        }
    }
}
