//! `wardline hl7`: looks at messages in files, without an engine.

mod deid;
pub(super) mod diff;
mod fmt;
mod get;
mod keys;
mod lint;
mod paint;
mod split;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use wardline_config::Faults;
use wardline_hl7::batch::{Batch, BatchError};
use wardline_hl7::{
    Charset, CharsetRule, EditError, Message, ParseError, ParseOptions, SegmentEnds,
};

use super::Invocation;
use super::exit::Exit;
use super::failure::{Failed, Failure, Outcome, TerminalError};
use super::split::split as unframed;
use super::terminal::Terminal;

/// Look at messages in files.
#[derive(Debug, Subcommand)]
pub(crate) enum Hl7 {
    Deid(deid::Deid),
    Diff(diff::Diff),
    Fmt(fmt::Fmt),
    Get(get::Get),
    Keys(keys::Keys),
    Lint(lint::Lint),
    Split(split::Split),
}

/// Why a message could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum Hl7Error {
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
    /// A batch that is none, or lost something.
    #[error("the batch in {} cannot be split", path.display())]
    Batch {
        /// As it was named.
        path: PathBuf,
        /// What is wrong with it.
        source: BatchError,
    },
    /// The profile has faults.
    #[error("the profile cannot be used\n{0}")]
    Profile(Faults),
    /// A pseudonym does not fit.
    #[error("message {number} in {} cannot be made anonymous", path.display())]
    Deid {
        /// Where it stands in the file, from 1.
        number: usize,
        /// As it was named.
        path: PathBuf,
        /// What is wrong.
        source: EditError,
    },
    /// A file could not be written.
    #[error("{} cannot be written", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// How the messages are to be read.
#[derive(Debug, Clone, Copy, Args)]
struct Reading {
    /// Read text in this charset, whatever the messages declare: sjis, 8859/1, …
    #[arg(long)]
    charset: Option<Charset>,
}

impl Reading {
    fn options(self) -> ParseOptions {
        let charset = CharsetRule { fixed: self.charset, ..CharsetRule::default() };
        ParseOptions { charset, ..ParseOptions::default() }
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy)]
struct Place<'f> {
    /// The file, as it was named.
    file: &'f Path,
    /// From 1.
    number: usize,
}

impl Failure for Hl7Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Exit::NotFound
            }
            Self::Profile(_) => Exit::ConfigInvalid,
            Self::Unreadable { .. }
            | Self::NotHl7 { .. }
            | Self::Batch { .. }
            | Self::Deid { .. }
            | Self::Unwritable { .. } => Exit::Failed,
        }
    }
}

impl Hl7 {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        match self {
            Self::Deid(deid) => deid.execute(invocation.terminal),
            Self::Diff(diff) => diff.execute(invocation.terminal),
            Self::Fmt(fmt) => fmt.execute(invocation.terminal),
            Self::Get(get) => get.execute(invocation.terminal),
            Self::Keys(keys) => keys.execute(invocation.terminal),
            Self::Lint(lint) => lint.execute(invocation.terminal),
            Self::Split(split) => split.execute(invocation.terminal),
        }
    }
}

/// Does something with each message of each file. A file that cannot be read, or holds something other than
/// messages, is told and passed over: then the command ends with 7, or with the error where no other file was named.
fn each_message(
    files: &[PathBuf],
    reading: Reading,
    terminal: Terminal,
    mut act: impl FnMut(Place<'_>, &Message) -> Result<(), TerminalError>,
) -> Outcome {
    let mut exit = Exit::Ok;
    for file in files {
        match messages(file, reading) {
            Ok(messages) => {
                for (message, number) in messages.iter().zip(1..) {
                    act(Place { file, number }, message)?;
                }
            }
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

/// The payloads in a file, batches split into their messages; `-` reads standard input.
pub(super) fn payloads(path: &Path) -> Result<Vec<Bytes>, Hl7Error> {
    let mut payloads = Vec::new();
    for payload in unframed(&read(path)?) {
        if let Err(ParseError::Envelope) = Message::parse(payload.clone()) {
            let batch = Batch::split(&payload, SegmentEnds::Auto)
                .map_err(|source| Hl7Error::Batch { path: path.to_owned(), source })?;
            payloads.extend(batch.messages().cloned());
        } else {
            payloads.push(payload);
        }
    }
    Ok(payloads)
}

/// The messages in a file.
fn messages(path: &Path, reading: Reading) -> Result<Vec<Message>, Hl7Error> {
    payloads(path)?
        .into_iter()
        .enumerate()
        .map(|(place, payload)| {
            Message::parse_with(payload, reading.options()).map_err(|source| Hl7Error::NotHl7 {
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
