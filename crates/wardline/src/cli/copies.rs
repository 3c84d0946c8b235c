//! `wardline copies`: what came again, was answered again and not delivered, and delivering it after all.

use std::num::NonZeroUsize;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use wardline_engine::control::protocol::{CopyRow, MAX_PAGE, Request, Response};
use wardline_store::MessageId;

use super::Invocation;
use super::amounts;
use super::exit::Exit;
use super::failure::{Outcome, TerminalError};
use super::printable;
use super::reach::{Reach, ReachError, operator};
use super::table::{Align, Table};
use super::terminal::Terminal;

/// See and release copies that `dedup = "replay"` answered again and did not deliver.
#[derive(Debug, Subcommand)]
pub(crate) enum Copies {
    List(List),
    Release(Release),
}

/// Copies of the last day, the newest first.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// At most this many.
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroUsize,
}

/// Deliver copies after all, as if they came now. The engine must run.
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The copies, by the numbers that list prints.
    #[arg(value_name = "MESSAGE", required = true)]
    messages: Vec<MessageId>,
}

impl Copies {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        match self {
            Self::List(list) => list.execute(invocation),
            Self::Release(release) => release.execute(invocation),
        }
    }
}

impl List {
    fn execute(self, invocation: &Invocation) -> Outcome {
        let limit = self.limit.get().min(MAX_PAGE);
        let answer = Reach::open(invocation)?.ask(&Request::Copies { limit })?;
        let Response::Copies { copies } = answer else {
            return Err(ReachError::Unexpected.into());
        };
        if invocation.terminal.json {
            invocation.terminal.value(&Response::Copies { copies })?;
        } else {
            print(&copies, invocation.terminal)?;
        }
        Ok(Exit::Ok)
    }
}

impl Release {
    fn execute(self, invocation: &Invocation) -> Outcome {
        let mut reach = Reach::running(invocation)?;
        for message in self.messages {
            let answer = reach.ask(&Request::Release { message, by: operator() })?;
            let Response::Released { copy, message } = answer else {
                return Err(ReachError::Unexpected.into());
            };
            if invocation.terminal.json {
                invocation.terminal.value(&Response::Released { copy, message })?;
            } else {
                invocation
                    .terminal
                    .line(format!("copy {copy} is delivered as message {message}"))?;
            }
        }
        Ok(Exit::Ok)
    }
}

fn print(copies: &[CopyRow], terminal: Terminal) -> Result<(), TerminalError> {
    let now = Timestamp::now();
    let mut table = Table::new(&[
        ("MESSAGE", Align::Right),
        ("LISTENER", Align::Left),
        ("FROM", Align::Left),
        ("TYPE", Align::Left),
        ("CONTROL ID", Align::Left),
        ("AGE", Align::Right),
        ("SIZE", Align::Right),
    ]);
    for copy in copies {
        table.row([
            copy.message.to_string().into(),
            copy.listener.as_str().into(),
            copy.peer.as_str().into(),
            printable::id(copy.message_type.as_bytes()).into(),
            printable::id(copy.control_id.as_bytes()).into(),
            amounts::ago(Some(&copy.received), now).into(),
            amounts::size(copy.size).into(),
        ]);
    }
    terminal.table(&table)
}
