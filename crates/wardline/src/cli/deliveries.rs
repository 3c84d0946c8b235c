//! What `queue` and `dead` share: which deliveries are meant, how they are listed, and how one is shown.

mod export;

use std::num::NonZeroUsize;

use clap::Args;
use jiff::Timestamp;
use wardline_engine::control::protocol::{
    After, DeliveryDetail, DeliveryRow, DeliveryState, MAX_PAGE, QueueRow, Request, Response, Which,
};
use wardline_store::MessageId;

pub(crate) use self::export::Export;
use super::amounts;
use super::exit::Exit;
use super::failure::{Failed, Outcome, TerminalError};
use super::printable;
use super::reach::{Reach, ReachError};
use super::table::{Align, Table};
use super::terminal::Terminal;

/// Which deliveries: all of a destination, or some.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Selection {
    /// The messages, by the ids that list and show print.
    #[arg(value_name = "MESSAGE")]
    messages: Vec<MessageId>,
    /// All of the destination.
    #[arg(long)]
    all: bool,
}

/// How much of a list.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// At most this many.
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroUsize,
    /// Begin behind this one: MESSAGE, or MESSAGE/DESTINATION in a list of several.
    #[arg(long, value_name = "MESSAGE")]
    after: Option<After>,
}

/// Safety before something that ends deliveries.
#[derive(Debug, Args)]
pub(crate) struct Care {
    /// Why, for whoever asks later: kept with your name (of a skip: in the log).
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Tell how many would be touched, and touch none.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl Selection {
    /// As the engine is asked.
    pub(crate) fn which(&self) -> Which {
        if self.all { Which::All } else { Which::Messages(self.messages.clone()) }
    }

    /// Whether fewer were touched than named.
    fn is_missed_by(&self, affected: u64) -> bool {
        !self.all && affected < u64::try_from(self.messages.len()).unwrap_or(u64::MAX)
    }

    /// How the command ends when so many were touched.
    pub(crate) fn exit(&self, affected: u64) -> Exit {
        match affected {
            0 if !self.all => Exit::NotFound,
            _ if self.is_missed_by(affected) => Exit::Partly,
            _ => Exit::Ok,
        }
    }
}

/// Asks for deliveries page by page and prints them.
pub(crate) fn list(
    reach: &mut Reach,
    terminal: Terminal,
    destination: Option<&str>,
    state: DeliveryState,
    page: &Page,
) -> Result<(), Failed> {
    let mut rows: Vec<DeliveryRow> = Vec::new();
    let mut after = page.after.clone();
    let next = loop {
        let limit = (page.limit.get() - rows.len()).min(MAX_PAGE);
        let destination = destination.map(str::to_owned);
        let answer = reach.ask(&Request::Deliveries { destination, state, after, limit })?;
        let Response::Deliveries { deliveries, next } = answer else {
            return Err(ReachError::Unexpected.into());
        };
        rows.extend(deliveries);
        if next.is_none() || rows.len() >= page.limit.get() {
            break next;
        }
        after = next;
    };
    print(&rows, next, terminal)?;
    Ok(())
}

fn print(
    rows: &[DeliveryRow],
    next: Option<After>,
    terminal: Terminal,
) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(&Response::Deliveries { deliveries: rows.to_vec(), next });
    }
    let now = Timestamp::now();
    let mut table = Table::new(&[
        ("MESSAGE", Align::Right),
        ("DESTINATION", Align::Left),
        ("TYPE", Align::Left),
        ("CONTROL ID", Align::Left),
        ("AGE", Align::Right),
        ("SIZE", Align::Right),
        ("TRIED", Align::Right),
        ("CAUSE", Align::Left),
        ("NEXT", Align::Right),
    ]);
    for row in rows {
        table.row([
            row.message.to_string().into(),
            row.destination.as_str().into(),
            printable::id(row.message_type.as_bytes()).into(),
            printable::id(row.control_id.as_bytes()).into(),
            amounts::ago(Some(&row.received), now).into(),
            amounts::size(row.size).into(),
            row.attempts.to_string().into(),
            row.cause.as_deref().unwrap_or("-").into(),
            amounts::until(row.due.as_deref(), now).into(),
        ]);
    }
    terminal.table(&table)?;
    if let Some(next) = next {
        terminal.talk(format!("there are more: --after {next}"));
    }
    Ok(())
}

/// Shows one delivery, its bytes too where `content` asks for them.
pub(crate) fn show(
    reach: &mut Reach,
    terminal: Terminal,
    destination: String,
    message: MessageId,
    content: bool,
) -> Outcome {
    let answer = reach.ask(&Request::Delivery { destination, message, content })?;
    let Response::Message(detail) = answer else { return Err(ReachError::Unexpected.into()) };
    if terminal.json {
        terminal.value(&detail)?;
        return Ok(Exit::Ok);
    }
    let DeliveryDetail { row, body, reply } = *detail;
    let state = match row.state {
        DeliveryState::Pending => "queued",
        DeliveryState::Held => "held",
        DeliveryState::Dead => "dead letter",
    };
    let facts = [
        ("message", row.message.to_string()),
        ("destination", row.destination),
        ("state", state.to_owned()),
        ("cause", row.cause.unwrap_or_else(|| "-".to_owned())),
        ("attempts", row.attempts.to_string()),
        ("next", row.due.unwrap_or_else(|| "-".to_owned())),
        ("type", printable::id(row.message_type.as_bytes())),
        ("control id", printable::id(row.control_id.as_bytes())),
        ("received", row.received),
        ("listener", row.listener),
        ("size", amounts::size(row.size)),
    ];
    for (name, value) in facts {
        terminal.line(format!("{name:<12} {value}"))?;
    }
    if content && body.is_none() {
        terminal.line("content:     damaged on the disk")?;
    }
    for (name, bytes) in [("content", body), ("reply", reply)] {
        let Some(bytes) = bytes else { continue };
        terminal.line(format!("{name}:"))?;
        for segment in printable::lines(&bytes) {
            terminal.line(format!("  {segment}"))?;
        }
    }
    Ok(Exit::Ok)
}

/// What a change touched.
pub(crate) struct Changed {
    /// How many deliveries.
    pub(crate) affected: u64,
    /// Of a skip: which.
    pub(crate) message: Option<MessageId>,
    /// The queue afterwards.
    pub(crate) queue: Option<QueueRow>,
}

/// Asks for something that changes deliveries, again and again where the engine does a part of it at a time.
pub(crate) fn change(
    reach: &mut Reach,
    terminal: Terminal,
    request: &Request,
) -> Result<Changed, Failed> {
    let mut so_far = 0;
    let mut next = request.clone();
    loop {
        let Response::Done { affected, queue, message, rest, .. } = reach.ask(&next)? else {
            return Err(ReachError::Unexpected.into());
        };
        so_far += affected;
        let Some(rest) = rest else {
            return Ok(Changed { affected: so_far, message, queue });
        };
        terminal.talk(format!("{} so far", deliveries(so_far)));
        next = request.going_on(rest);
    }
}

/// Something that ends deliveries: what it is called, and the request with and without `dry_run`.
pub(crate) struct Ending<'a> {
    /// As in "discard 3 deliveries".
    pub(crate) verb: &'a str,
    /// The destination's id.
    pub(crate) destination: &'a str,
    /// The request. Its arguments: `dry_run`, and of a skip the message that a dry run saw.
    pub(crate) request: &'a dyn Fn(bool, Option<MessageId>) -> Request,
}

impl Ending<'_> {
    /// Looks how many are meant, asks the operator, does it, and tells the state after it. The number touched;
    /// nothing where the operator would not.
    pub(crate) fn carry_out(
        &self,
        reach: &mut Reach,
        terminal: Terminal,
        care: &Care,
    ) -> Result<Option<u64>, Failed> {
        let seen = change(reach, terminal, &(self.request)(true, None))?;
        let expected = seen.affected;
        if care.dry_run || expected == 0 {
            tell(terminal, &format!("would {}", self.verb), true, seen)?;
            return Ok(Some(expected));
        }
        let which = match seen.message {
            Some(message) => format!("message {message}"),
            None => deliveries(expected),
        };
        let question = format!("{} {which} of {}?", self.verb, self.destination);
        if !terminal.confirm(&question, care.yes)? {
            terminal.talk("nothing was changed");
            return Ok(None);
        }
        let changed = change(reach, terminal, &(self.request)(false, seen.message))?;
        let affected = changed.affected;
        tell(terminal, self.verb, false, changed)?;
        Ok(Some(affected))
    }
}

/// Tells what was, or would be, done, and the state of the queue after it.
pub(crate) fn tell(
    terminal: Terminal,
    verb: &str,
    dry_run: bool,
    Changed { affected, message, queue }: Changed,
) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(&Response::Done { affected, dry_run, queue, message, rest: None });
    }
    match message {
        Some(message) => terminal.line(format!("{verb}: message {message}"))?,
        None => terminal.line(format!("{verb}: {}", deliveries(affected)))?,
    }
    match queue {
        Some(queue) => super::queue::table(&[queue], terminal),
        None => Ok(()),
    }
}

fn deliveries(count: u64) -> String {
    match count {
        1 => "1 delivery".to_owned(),
        count => format!("{} deliveries", amounts::count(count)),
    }
}

#[cfg(test)]
mod tests;
