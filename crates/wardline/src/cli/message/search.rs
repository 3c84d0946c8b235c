//! `wardline message search`: messages of any listener, newest first, with what became of each.

use std::num::NonZeroUsize;

use clap::Args;
use jiff::Timestamp;
use wardline_engine::control::protocol::Response;
use wardline_store::MessageId;

use super::super::exit::Exit;
use super::super::failure::{Outcome, TerminalError};
use super::super::reach::Reach;
use super::super::table::{Align, Table};
use super::super::terminal::Terminal;
use super::super::{Invocation, amounts, printable};
use super::{Filter, Found, find, outcomes};

/// Messages that were received, newest first. Of a stopped engine too.
#[derive(Debug, Args)]
pub(crate) struct Search {
    #[command(flatten)]
    filter: Filter,
    /// At most this many.
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroUsize,
    /// Only those before this one: where the page before ended.
    #[arg(long, value_name = "MESSAGE")]
    before: Option<MessageId>,
}

impl Search {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let mut search = self.filter.search(Timestamp::now());
        search.before = self.before;
        let found = find(&mut Reach::open(invocation)?, &search, self.limit.get())?;
        let is_empty = found.messages.is_empty();
        print(found, invocation.terminal)?;
        Ok(if is_empty { Exit::NotFound } else { Exit::Ok })
    }
}

fn print(found: Found, terminal: Terminal) -> Result<(), TerminalError> {
    let Found { messages, next, behind } = found;
    if terminal.json {
        return terminal.value(&Response::Messages { messages, next, whole: true, behind });
    }
    let mut table = Table::new(&[
        ("MESSAGE", Align::Right),
        ("RECEIVED", Align::Left),
        ("LISTENER", Align::Left),
        ("TYPE", Align::Left),
        ("CONTROL ID", Align::Left),
        ("SENDER", Align::Left),
        ("SIZE", Align::Right),
        ("DESTINATIONS", Align::Left),
    ]);
    for row in &messages {
        table.row([
            row.message.to_string().into(),
            amounts::clock(row.received).into(),
            row.listener.as_str().into(),
            printable::id(row.message_type.as_bytes()).into(),
            printable::id(row.control_id.as_bytes()).into(),
            printable::id(row.sender.as_bytes()).into(),
            amounts::size(row.size).into(),
            outcomes(row).into(),
        ]);
    }
    terminal.table(&table)?;
    if let Some(next) = next {
        terminal.talk(format!("there are more: --before {next}"));
    }
    if behind > 0 {
        let behind = amounts::size(behind);
        terminal.talk(format!("{behind} that came last are not noted down yet, and not searched"));
    }
    Ok(())
}
