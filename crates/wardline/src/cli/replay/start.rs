//! `wardline replay start` and `wardline replay matching`: what is meant is shown and counted first, and the count has to be
//! typed. What is started is exactly what was counted, whatever has come since.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use wardline_engine::control::protocol::{
    DEFAULT_RATE, EditedBody, MessageRange, ReplayMode, ReplayOrder, ReplayPreview, Request,
    Response,
};
use wardline_store::{MessageId, NotAMessageId};

use super::show;
use crate::cli::amounts;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome, TerminalError};
use crate::cli::message::Filter;
use crate::cli::printable;
use crate::cli::reach::{Reach, ReachError, operator};
use crate::cli::table::{Align, Table};
use crate::cli::terminal::Terminal;

/// Start a job: messages that were taken are sent again, or decided about anew; those that were refused too.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Send the bytes again that were sent then, or let today's rules, routes and transforms decide about the message.
    how: How,
    /// The messages: numbers, or ranges as 4700-4799: all messages that there are in it.
    #[arg(value_name = "MESSAGE", required = true)]
    messages: Vec<Range>,
    /// Of one message: the bytes of this file in its place.
    #[arg(long, value_name = "FILE")]
    edited: Option<PathBuf>,
    #[command(flatten)]
    terms: Terms,
}

/// Start a job of all messages that a search finds, as `message search` does.
#[derive(Debug, Args)]
pub(crate) struct Matching {
    /// Send the bytes again that were sent then, or let today's rules, routes and transforms decide about the message.
    how: How,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    terms: Terms,
}

/// Where to, how fast, why, and how much of it is asked.
#[derive(Debug, Args)]
struct Terms {
    /// Of a resend: to this destination instead of where each message went; several may be named.
    #[arg(long, value_name = "DESTINATION")]
    to: Vec<String>,
    /// Messages a second, at most.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RATE)]
    rate: NonZeroU32,
    /// Why, for whoever asks later: kept with your name.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Tell how many would be replayed and show some of them, and replay none.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask: go on where this many are meant, and no other number.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// How messages are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum How {
    /// As they were sent.
    Resend,
    /// As if they came now.
    Reprocess,
}

/// Numbers of messages, as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range(MessageRange);

/// The text is no range.
#[derive(Debug, thiserror::Error)]
enum NotARange {
    #[error("a message is a number from 1 on, or a range of them as 4700-4799")]
    NoNumber(#[from] NotAMessageId),
    #[error("a range goes upwards")]
    Backwards,
}

/// Why no replay was asked for.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{} cannot be read", file.display())]
    Edited { file: PathBuf, source: std::io::Error },
}

impl Failure for StartError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl FromStr for Range {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last): (MessageId, MessageId) = (first.parse()?, last.parse()?);
        if last < first {
            return Err(NotARange::Backwards);
        }
        Ok(Self(MessageRange { first, last }))
    }
}

impl From<How> for ReplayMode {
    fn from(how: How) -> Self {
        match how {
            How::Resend => Self::Resend,
            How::Reprocess => Self::Reprocess,
        }
    }
}

impl Start {
    pub(super) fn execute(self, reach: &mut Reach, terminal: Terminal) -> Outcome {
        let edited = self.edited.as_ref().map(|file| {
            let body = std::fs::read(file);
            body.map_err(|source| StartError::Edited { file: file.clone(), source })
        });
        let (single, ranges): (Vec<MessageRange>, Vec<MessageRange>) =
            self.messages.iter().map(|range| range.0).partition(|range| range.first == range.last);
        let order = ReplayOrder {
            messages: single.into_iter().map(|one| one.first).collect(),
            ranges,
            edited: edited.transpose()?.map(|body| EditedBody(body.into())),
            ..self.terms.order(self.how)
        };
        self.terms.run(order, reach, terminal)
    }
}

impl Matching {
    pub(super) fn execute(self, reach: &mut Reach, terminal: Terminal) -> Outcome {
        let search = Some(Box::new(self.filter.search(Timestamp::now())));
        let order = ReplayOrder { search, ..self.terms.order(self.how) };
        self.terms.run(order, reach, terminal)
    }
}

impl Terms {
    /// An order about no message yet.
    fn order(&self, how: How) -> ReplayOrder {
        ReplayOrder {
            messages: Vec::new(),
            ranges: Vec::new(),
            search: None,
            list: None,
            mode: how.into(),
            destinations: self.to.clone(),
            edited: None,
            rate: self.rate,
        }
    }

    /// Shows it, asks, and starts what was shown.
    fn run(self, order: ReplayOrder, reach: &mut Reach, terminal: Terminal) -> Outcome {
        let asked = Request::ReplayPreview { order: order.clone(), by: operator() };
        let Response::ReplayPreviewed(preview) = reach.ask(&asked)? else {
            return Err(ReachError::Unexpected.into());
        };
        let (count, list) = (preview.count, preview.list);
        if self.dry_run {
            tell(*preview, terminal)?;
            return Ok(Exit::Ok);
        }
        if self.count.is_none() {
            talk(&preview, self.rate, terminal);
            let question = format!("type {count} to replay these messages:");
            if !terminal.typed(&question, count)? {
                terminal.talk("nothing was replayed");
                return Ok(Exit::Failed);
            }
        }
        let count = self.count.unwrap_or(count);
        let (messages, ranges, search) = (Vec::new(), Vec::new(), None);
        let order = ReplayOrder { messages, ranges, search, list: Some(list), ..order };
        let start = Request::ReplayStart { order, count, by: operator(), reason: self.reason };
        let Response::Replay(row) = reach.ask(&start)? else {
            return Err(ReachError::Unexpected.into());
        };
        if terminal.json {
            terminal.value(&Response::Replay(row))?;
        } else {
            show::table(&[*row], terminal)?;
        }
        Ok(Exit::Ok)
    }
}

/// The preview as data.
fn tell(preview: ReplayPreview, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(&Response::ReplayPreviewed(Box::new(preview)));
    }
    let now = Timestamp::now();
    let mut table = Table::new(&[
        ("MESSAGE", Align::Right),
        ("AGE", Align::Right),
        ("LISTENER", Align::Left),
        ("TYPE", Align::Left),
        ("CONTROL ID", Align::Left),
        ("SIZE", Align::Right),
        ("WENT TO", Align::Left),
    ]);
    for row in &preview.sample {
        let went = match &row.refused {
            Some(cause) => format!("refused: {cause}"),
            None => row.destinations.join(", "),
        };
        table.row([
            row.message.to_string().into(),
            amounts::ago(Some(&row.received), now).into(),
            row.listener.as_str().into(),
            printable::id(row.message_type.as_bytes()).into(),
            printable::id(row.control_id.as_bytes()).into(),
            amounts::size(row.size).into(),
            went.into(),
        ]);
    }
    terminal.table(&table)?;
    terminal.line(summary(&preview))
}

/// The same for who is asked.
fn talk(preview: &ReplayPreview, rate: NonZeroU32, terminal: Terminal) {
    let seconds = preview.count.div_ceil(u64::from(rate.get()));
    let time = amounts::duration(std::time::Duration::from_secs(seconds));
    terminal.talk(format!("{}; at {rate} a second that takes {time}", summary(preview)));
}

fn summary(preview: &ReplayPreview) -> String {
    let messages = format!("{} messages", amounts::count(preview.count));
    let left_out = preview.left_out.iter();
    let left_out =
        left_out.map(|(cause, count)| format!("{} left out: {cause}", amounts::count(*count)));
    let parts: Vec<String> = std::iter::once(messages).chain(left_out).collect();
    let mut text = parts.join(", ");
    if preview.looked_at < preview.count {
        let looked = amounts::count(preview.looked_at);
        text = format!("{text} (the first {looked} were looked at)");
    }
    if preview.replays > 0 {
        let replays = amounts::count(preview.replays);
        text = format!("{text}; {replays} were sent in by a replay already, and go out once more");
    }
    if preview.behind > 0 {
        let behind = amounts::size(preview.behind);
        text = format!("{text}; {behind} that came last are not noted down yet, and not meant");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_named_by_numbers_and_ranges() {
        let read = |text: &str| {
            let range = text.parse::<Range>().ok()?.0;
            Some((range.first.get(), range.last.get()))
        };
        assert_eq!(read("4711"), Some((4711, 4711)));
        assert_eq!(read("4700-4799"), Some((4700, 4799)));
        for wrong in ["", "0", "9-8", "lis", "1-"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
