//! `wardline hl7`: looks at messages in files, without an engine.

mod fmt;
mod get;
mod paint;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Subcommand;
use wardline_hl7::{Message, ParseError};

use super::Invocation;
use super::exit::Exit;
use super::failure::{Failed, Failure, Outcome, TerminalError};
use super::split::split;
use super::terminal::Terminal;

/// Look at messages in files.
#[derive(Debug, Subcommand)]
pub(crate) enum Hl7 {
    Fmt(fmt::Fmt),
    Get(get::Get),
}

/// Why a message could not be looked at.
#[derive(Debug, thiserror::Error)]
enum Hl7Error {
    /// The file could not be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is in it is not HL7.
    #[error("message {number} in {} is not HL7 v2", path.display())]
    NotHl7 {
        /// Where it stands in the file, from 1.
        number: usize,
        /// As it was named.
        path: PathBuf,
        /// What is wrong with it.
        source: ParseError,
    },
}

impl Failure for Hl7Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Exit::NotFound
            }
            Self::Unreadable { .. } | Self::NotHl7 { .. } => Exit::Failed,
        }
    }
}

impl Hl7 {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        match self {
            Self::Fmt(fmt) => fmt.execute(invocation.terminal),
            Self::Get(get) => get.execute(invocation.terminal),
        }
    }
}

/// Does something with each message of each file. A file that cannot be read, or holds something other than
/// messages, is told and passed over: then the command ends with 7, or with the error where no other file was named.
fn each_message(
    files: &[PathBuf],
    terminal: Terminal,
    mut act: impl FnMut(&Message) -> Result<(), TerminalError>,
) -> Outcome {
    let mut exit = Exit::Ok;
    for file in files {
        match messages(file) {
            Ok(messages) => messages.iter().try_for_each(&mut act)?,
            Err(error) if files.len() == 1 => return Err(error.into()),
            Err(error) => {
                exit = Exit::Partly;
                if let Some(text) = Failed::from(error).told() {
                    terminal.error(&text);
                }
            }
        }
    }
    Ok(exit)
}

/// The messages in a file; `-` reads standard input.
fn messages(path: &Path) -> Result<Vec<Message>, Hl7Error> {
    split(&read(path)?)
        .into_iter()
        .enumerate()
        .map(|(place, payload)| {
            Message::parse(payload).map_err(|source| Hl7Error::NotHl7 {
                number: place + 1,
                path: path.to_owned(),
                source,
            })
        })
        .collect()
}

fn read(path: &Path) -> Result<Bytes, Hl7Error> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map(Bytes::from).map_err(|source| Hl7Error::Unreadable { path: path.to_owned(), source })
}
