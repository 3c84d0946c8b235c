//! `wardline message export`: messages as files, byte for byte as they were received (RAW-1).
//!
//! A file is written under another name and renamed when it is on the disk, so that whoever watches the folder never
//! sees half of one. One that stands there with the same bytes is passed over: an export that broke off goes on.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use wardline_store::MessageId;

use super::super::Invocation;
use super::super::exit::Exit;
use super::super::failure::{Failure, Outcome};
use super::super::reach::{Reach, operator};
use super::super::terminal::Terminal;
use super::{Filter, content, find};

/// Write messages to a folder, each as the file MESSAGE.hl7, its bytes as they were received.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    filter: Filter,
    /// These messages, instead of a search.
    #[arg(long = "message", value_name = "MESSAGE")]
    messages: Vec<MessageId>,
    /// The folder; it is made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// At most this many, the newest.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Tell how many there would be, and write none.
    #[arg(long)]
    dry_run: bool,
}

/// Why messages were not exported.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    /// The folder or a file in it could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else stands there.
    #[error("{} is another file: export to an empty folder", path.display())]
    Another {
        /// Which.
        path: PathBuf,
    },
}

impl Failure for ExportError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl Export {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        let reach = &mut Reach::open(invocation)?;
        let numbers = self.numbers(reach)?;
        if self.dry_run || numbers.is_empty() {
            tell(terminal, &self.to, numbers.len(), self.dry_run)?;
            return Ok(if numbers.is_empty() { Exit::NotFound } else { Exit::Ok });
        }
        private(&self.to).map_err(|source| self.unwritten(source))?;
        let by = operator();
        for (done, &number) in numbers.iter().enumerate() {
            let written = content(reach, number, by.clone())
                .map_err(super::super::failure::Failed::from)
                .and_then(|content| Ok(write(&self.to, number, &content.body)?));
            if let Err(failed) = written {
                terminal.talk(format!("{done} of {} messages were written", numbers.len()));
                return Err(failed);
            }
        }
        File::open(&self.to).and_then(|folder| folder.sync_all()).map_err(|e| self.unwritten(e))?;
        tell(terminal, &self.to, numbers.len(), false)?;
        Ok(Exit::Ok)
    }

    fn numbers(&self, reach: &mut Reach) -> Result<Vec<MessageId>, super::super::failure::Failed> {
        if !self.messages.is_empty() {
            return Ok(self.messages.clone());
        }
        let search = self.filter.search(Timestamp::now());
        let found = find(reach, &search, self.limit.unwrap_or(usize::MAX))?;
        Ok(found.messages.iter().map(|row| row.message).collect())
    }

    fn unwritten(&self, source: io::Error) -> ExportError {
        ExportError::Write { path: self.to.clone(), source }
    }
}

/// Makes the folder for its owner alone: what comes into it is about patients.
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes one message, whole or not at all.
fn write(folder: &Path, number: MessageId, body: &[u8]) -> Result<(), ExportError> {
    let path = folder.join(format!("{number}.hl7"));
    let unwritten = |source| ExportError::Write { path: path.clone(), source };
    match fs::read(&path) {
        Ok(there) if there == body => return Ok(()),
        Ok(_) => return Err(ExportError::Another { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unwritten(error)),
    }
    let partial = folder.join(format!(".{number}.hl7.partial"));
    let written = private_file(&partial).and_then(|mut file| {
        file.write_all(body)?;
        file.sync_all()?;
        fs::rename(&partial, &path)
    });
    written.map_err(|source| {
        let _what_is_left_is_hidden = fs::remove_file(&partial);
        unwritten(source)
    })
}

/// A file that only its owner reads.
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn tell(
    terminal: Terminal,
    folder: &Path,
    count: usize,
    dry_run: bool,
) -> Result<(), super::super::failure::TerminalError> {
    if terminal.json {
        let folder = folder.display().to_string();
        return terminal.value(&json!({ "exported": count, "folder": folder, "dry_run": dry_run }));
    }
    let messages = if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
    let would = if dry_run { "would export" } else { "exported" };
    terminal.line(format!("{would} {messages} to {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> MessageId {
        "7".parse().unwrap()
    }

    #[test]
    fn an_export_that_broke_off_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".7.hl7.partial"), "MS").unwrap();
        for _again in 0..2 {
            write(folder.path(), number(), b"MSH|7\r").unwrap();
            assert_eq!(fs::read(folder.path().join("7.hl7")).unwrap(), b"MSH|7\r");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_file_of_that_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("7.hl7"), "mine").unwrap();
        let error = write(folder.path(), number(), b"MSH|7\r").unwrap_err();
        assert!(matches!(error, ExportError::Another { .. }));
        assert_eq!(fs::read(folder.path().join("7.hl7")).unwrap(), b"mine");
    }
}
