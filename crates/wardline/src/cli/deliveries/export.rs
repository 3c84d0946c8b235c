//! `queue export` and `dead export`: the bytes that would be sent, one MLLP frame a message, in one file.
//!
//! The file is written under another name and renamed when it is on the disk: one that broke off is never taken for the
//! whole queue.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use wardline_engine::control::exporting::{framed, states, stretch};
use wardline_engine::control::protocol::{
    After, DeliveryRow, DeliveryState, DiscardFrom, MAX_PAGE, MessageId, QueueRow, RefusedReason,
    Request, Response,
};

use super::super::exit::Exit;
use super::super::failure::{Failed, Failure, Outcome, TerminalError};
use super::super::reach::{Reach, ReachError};
use super::super::terminal::Terminal;

/// Write all of it to a file as the bytes that would be sent, one MLLP frame a message: `wardline send` sends it as it is.
/// The messages stay where they are.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The destination's id.
    destination: String,
    /// The file; `-` is stdout. What is in it is about patients.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Tell how many there are, and write none.
    #[arg(long)]
    dry_run: bool,
}

/// Why nothing was exported, or not all of it.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    /// The file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What would not be missed in the file must not be left out of it.
    #[error("message {0} is damaged on the disk: nothing was written")]
    Damaged(MessageId),
}

impl Failure for ExportError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl Export {
    /// Exports what a discard of all would end.
    pub(crate) fn execute(
        self,
        reach: &mut Reach,
        terminal: Terminal,
        from: DiscardFrom,
    ) -> Outcome {
        let row = find(reach, &self.destination)?;
        let expected = match from {
            DiscardFrom::Queue => row.pending + row.held,
            DiscardFrom::Dead => row.dead,
        };
        if self.dry_run {
            self.tell(terminal, expected)?;
        } else if self.to == Path::new("-") {
            self.each(reach, from, &mut |frame| Ok(terminal.bytes(frame)?))?;
        } else {
            let written = self.to_file(reach, from)?;
            self.tell(terminal, written)?;
        }
        Ok(Exit::Ok)
    }

    fn to_file(&self, reach: &mut Reach, from: DiscardFrom) -> Result<u64, Failed> {
        let mut partial = self.to.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let unwritten = |source| ExportError::Write { path: self.to.clone(), source };
        let written = (|| {
            let mut file = BufWriter::new(private_file(&partial).map_err(unwritten)?);
            let count = self.each(reach, from, &mut |frame| {
                file.write_all(frame).map_err(|source| unwritten(source).into())
            })?;
            let file = file.into_inner().map_err(|error| unwritten(error.into_error()))?;
            file.sync_all().and_then(|()| fs::rename(&partial, &self.to)).map_err(unwritten)?;
            Ok(count)
        })();
        if written.is_err() {
            let _what_is_left_is_no_export = fs::remove_file(&partial);
        }
        written
    }

    /// Gives each frame, oldest first; how many there were. What is delivered meanwhile is missing, and nothing else.
    fn each(
        &self,
        reach: &mut Reach,
        from: DiscardFrom,
        write: &mut dyn FnMut(&[u8]) -> Result<(), Failed>,
    ) -> Result<u64, Failed> {
        let (mut after, mut count) = (None, 0);
        loop {
            let pages = states(from).iter().map(|&state| self.page(reach, state, after.clone()));
            let (messages, next) = stretch(pages.collect::<Result<_, _>>()?);
            for message in messages {
                let destination = self.destination.clone();
                let body =
                    match reach.ask(&Request::Delivery { destination, message, content: true }) {
                        Ok(Response::Message(detail)) => detail.body,
                        Ok(_) => return Err(ReachError::Unexpected.into()),
                        Err(ReachError::Refused { reason: RefusedReason::NotFound, .. }) => {
                            continue;
                        }
                        Err(error) => return Err(error.into()),
                    };
                write(&framed(&body.ok_or(ExportError::Damaged(message))?))?;
                count += 1;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(count),
            }
        }
    }

    fn page(
        &self,
        reach: &mut Reach,
        state: DeliveryState,
        after: Option<After>,
    ) -> Result<(Vec<DeliveryRow>, Option<After>), Failed> {
        let destination = Some(self.destination.clone());
        let request = Request::Deliveries { destination, state, after, limit: MAX_PAGE };
        match reach.ask(&request)? {
            Response::Deliveries { deliveries, next } => Ok((deliveries, next)),
            _ => Err(ReachError::Unexpected.into()),
        }
    }

    fn tell(&self, terminal: Terminal, count: u64) -> Result<(), TerminalError> {
        let (file, dry_run) = (self.to.display().to_string(), self.dry_run);
        if terminal.json {
            return terminal.value(&json!({ "exported": count, "file": file, "dry_run": dry_run }));
        }
        let would = if dry_run { "would export" } else { "exported" };
        let messages = if count == 1 { "message" } else { "messages" };
        terminal.line(format!("{would} {count} {messages} to {file}"))
    }
}

fn find(reach: &mut Reach, destination: &str) -> Result<QueueRow, Failed> {
    match reach.ask(&Request::Queues)? {
        Response::Queues { queues } => {
            let found = queues.into_iter().find(|row| row.destination == destination);
            Ok(found.ok_or_else(|| ReachError::Refused {
                reason: RefusedReason::NotFound,
                text: "there is no destination or queue of that name".to_owned(),
            })?)
        }
        _ => Err(ReachError::Unexpected.into()),
    }
}

/// A file that only its owner reads.
fn private_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}
