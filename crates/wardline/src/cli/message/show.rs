//! `wardline message show`: what is known of one message, what happened to it, and its bytes where they are asked for.

use clap::Args;
use jiff::Timestamp;
use wardline_engine::control::protocol::{
    EventRow, MessageContent, MessageEvent, MessageHistory, Request, Response,
};
use wardline_store::MessageId;

use super::super::exit::Exit;
use super::super::failure::{Failed, Outcome};
use super::super::reach::{Reach, ReachError, operator};
use super::super::terminal::Terminal;
use super::super::{Invocation, amounts, printable};
use super::outcome;

/// One message and all that happened to it.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its number, as lists print it.
    #[arg(value_name = "MESSAGE")]
    message: MessageId,
    /// Also its bytes as received, as sent and as answered: they are about a patient, and that you read them is logged.
    #[arg(long)]
    content: bool,
}

impl Show {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let (terminal, message) = (invocation.terminal, self.message);
        let reach = &mut Reach::open(invocation)?;
        let Response::History(history) = reach.ask(&Request::History { message })? else {
            return Err(ReachError::Unexpected.into());
        };
        if terminal.json {
            terminal.value(&history)?;
        } else {
            facts(&history, terminal)?;
            timeline(&history, terminal)?;
        }
        if history.behind > 0 {
            let behind = amounts::size(history.behind);
            terminal.talk(format!("{behind} that were stored last are not noted down yet: what happened then is missing"));
        }
        if self.content {
            content(&super::content(reach, message, operator())?, terminal)?;
        }
        Ok(Exit::Ok)
    }
}

fn facts(MessageHistory { row, .. }: &MessageHistory, terminal: Terminal) -> Result<(), Failed> {
    let nothing = || "-".to_owned();
    let shown = |id: &str| if id.is_empty() { nothing() } else { printable::id(id.as_bytes()) };
    let refused = row.refusal.as_ref().map(|refusal| refusal.code.as_str());
    let answered = row.answer.as_ref().map(|answer| answer.code.as_str()).or(refused);
    let facts = [
        ("message", row.message.to_string()),
        ("control id", shown(&row.control_id)),
        ("type", shown(&row.message_type)),
        ("sender", shown(&row.sender)),
        ("receiver", shown(&row.receiver)),
        ("received", amounts::clock(row.received)),
        ("listener", row.listener.clone()),
        ("from", shown(&row.peer)),
        ("size", amounts::size(row.size)),
        ("answer", answered.map_or_else(nothing, str::to_owned)),
        ("marks", shown(&row.marks.join(", "))),
        ("replay of", row.origin.map_or_else(nothing, |origin| origin.message.to_string())),
    ];
    for (name, value) in facts {
        terminal.line(format!("{name:<12} {value}"))?;
    }
    for fate in &row.destinations {
        terminal.line(format!("{:<12} {}", "destination", outcome(fate)))?;
    }
    Ok(())
}

/// What happened, by the time since it came: first to the message, then for each destination.
fn timeline(history: &MessageHistory, terminal: Terminal) -> Result<(), Failed> {
    let received = history.row.received;
    terminal.line("")?;
    for event in events_of(history, None) {
        terminal.line(line(event, received))?;
    }
    let mut destinations: Vec<&str> = Vec::new();
    for destination in history.events.iter().filter_map(|event| event.destination.as_deref()) {
        if !destinations.contains(&destination) {
            destinations.push(destination);
        }
    }
    for destination in destinations {
        terminal.line(destination)?;
        for event in events_of(history, Some(destination)) {
            terminal.line(line(event, received))?;
        }
    }
    Ok(())
}

/// What happened to the delivery there; without a destination, to the message.
fn events_of<'h>(
    history: &'h MessageHistory,
    destination: Option<&'h str>,
) -> impl Iterator<Item = &'h EventRow> {
    history.events.iter().filter(move |event| event.destination.as_deref() == destination)
}

fn line(event: &EventRow, received: Timestamp) -> String {
    let since = std::time::Duration::try_from(event.at.duration_since(received));
    let since = since
        .map_or_else(|_| "before".to_owned(), |since| format!("+{}", amounts::duration(since)));
    format!("{since:>14}  {}", words(&event.what))
}

/// One event in words.
pub(super) fn words(event: &MessageEvent) -> String {
    match event {
        MessageEvent::Received { listener, peer, size, .. } if peer.is_empty() => {
            format!("came from {listener}, {}", amounts::size(*size))
        }
        MessageEvent::Received { listener, peer, size, .. } => {
            format!("received by {listener} from {peer}, {}", amounts::size(*size))
        }
        MessageEvent::Answered(answer) => format!("stored, and answered {}", answer.code),
        MessageEvent::Refused(refusal) => format!("rejected {}: {}", refusal.code, refusal.cause),
        MessageEvent::Delivered { attempts, reply_code, .. } => {
            let code = reply_code.as_deref().map(|code| format!(" with {code}"));
            format!("attempt {attempts}: delivered{}", code.unwrap_or_default())
        }
        MessageEvent::Deferred { attempts, due, cause } => {
            format!("attempt {attempts}: {cause}, again at {}", amounts::clock(*due))
        }
        MessageEvent::Dead { attempts, cause, reply_size } => {
            format!("attempt {attempts}: {cause}, a dead letter{}", answered(*reply_size))
        }
        MessageEvent::Held { attempts, cause, reply_size } => {
            format!("attempt {attempts}: {cause}, held{}", answered(*reply_size))
        }
        MessageEvent::Returned => "withdrawn, and the sender told so".to_owned(),
        MessageEvent::Discarded { by, reason } => format!("discarded by {by}: {reason}"),
        MessageEvent::Revived { by } => format!("put back in line by {by}"),
        MessageEvent::Carried { state, attempts, .. } => {
            format!("carried forward by retention: {}, {attempts} tried", state.as_str())
        }
    }
}

fn answered(size: u64) -> String {
    match size {
        0 => String::new(),
        size => format!("; the peer's answer of {} is kept", amounts::size(size)),
    }
}

fn content(content: &MessageContent, terminal: Terminal) -> Result<(), Failed> {
    if terminal.json {
        return Ok(terminal.value(content)?);
    }
    let section = |title: String, bytes: &[u8]| -> Result<(), Failed> {
        terminal.line(format!("\n{title}:"))?;
        for segment in printable::lines(bytes) {
            terminal.line(format!("  {segment}"))?;
        }
        Ok(())
    };
    section("received".to_owned(), &content.body)?;
    for sent in &content.sent {
        section(format!("sent to {}", sent.destination), &sent.body)?;
    }
    for reply in &content.replies {
        section(format!("answered by {}", reply.destination), &reply.body)?;
    }
    Ok(())
}
