//! `wardline store preview`: what retention would let go, before it does.

use std::time::Duration;

use clap::Args;
use wardline_engine::control::protocol::{NotEnded, Request, Response, StorePreview};

use super::super::Invocation;
use super::super::amounts::{self, parse_duration, parse_size};
use super::super::exit::Exit;
use super::super::failure::{Outcome, TerminalError};
use super::super::reach::{Reach, ReachError};
use super::super::table::{Align, Table};
use super::super::terminal::Terminal;

/// What retention would let go if it ran now, or under other limits. Nothing goes.
#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// With this `retain_for` in place of the configured one.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    retain_for: Option<Duration>,
    /// With this `retain_bytes` in place of the configured one.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    retain_bytes: Option<u64>,
}

impl Preview {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let retain_for_seconds = self.retain_for.map(|time| time.as_secs());
        let request = Request::StorePreview { retain_for_seconds, retain_bytes: self.retain_bytes };
        match Reach::open(invocation)?.ask(&request)? {
            Response::StorePreviewed(preview) => {
                print(&preview, invocation.terminal)?;
                Ok(Exit::Ok)
            }
            _ => Err(ReachError::Unexpected.into()),
        }
    }
}

fn print(preview: &StorePreview, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(preview);
    }
    let retain_for = amounts::duration(Duration::from_secs(preview.retain_for_seconds));
    let retain_bytes = amounts::size(preview.retain_bytes);
    terminal.line(format!("limits         {retain_for}, {retain_bytes}"))?;
    let Some(until) = &preview.until else {
        terminal.line("nothing would go")?;
        return stays(preview, terminal);
    };
    let bytes = amounts::size(preview.bytes);
    let segments = preview.segments;
    terminal
        .line(format!("would go       {bytes} in {segments} segments, all from before {until}"))?;
    if let Some(messages) = preview.messages {
        terminal.line(format!("messages       {}", amounts::count(messages)))?;
    }
    terminal.line(format!("would stay     {}", not_ended(&preview.carried)))?;
    stays(preview, terminal)?;
    terminal.line("")?;
    terminal.table(&segments_of(preview))?;
    if !preview.listeners.is_empty() {
        terminal.line("")?;
        terminal.table(&listeners_of(preview))?;
    }
    if !preview.whole {
        terminal.talk("there was no time to count all messages by their listener");
    }
    Ok(())
}

fn stays(preview: &StorePreview, terminal: Terminal) -> Result<(), TerminalError> {
    match &preview.stays_because {
        Some(why) => terminal.line(format!("the next stays {why}")),
        None => Ok(()),
    }
}

fn segments_of(preview: &StorePreview) -> Table {
    let mut table = Table::new(&[
        ("SEGMENT", Align::Right),
        ("BEGUN", Align::Left),
        ("UNTIL", Align::Left),
        ("SIZE", Align::Right),
        ("MESSAGES", Align::Right),
        ("STAY, CARRIED FORWARD", Align::Left),
    ]);
    let nothing = || "-".to_owned();
    for one in &preview.each {
        table.row([
            one.segment.to_string().into(),
            one.from.clone().unwrap_or_else(nothing).into(),
            one.until.clone().unwrap_or_else(nothing).into(),
            amounts::size(one.bytes).into(),
            one.messages.map_or_else(nothing, amounts::count).into(),
            not_ended(&one.carried).into(),
        ]);
    }
    table
}

fn listeners_of(preview: &StorePreview) -> Table {
    let mut table = Table::new(&[
        ("LISTENER", Align::Left),
        ("MESSAGES", Align::Right),
        ("SIZE", Align::Right),
    ]);
    for one in &preview.listeners {
        table.row([
            one.listener.as_str().into(),
            amounts::count(one.messages).into(),
            amounts::size(one.bytes).into(),
        ]);
    }
    table
}

/// Deliveries that have not ended, in few words.
fn not_ended(carried: &NotEnded) -> String {
    let NotEnded { pending, held, dead } = carried;
    let of_state = [(pending, "pending"), (held, "held"), (dead, "dead")];
    let told: Vec<_> = of_state
        .iter()
        .filter(|(count, _)| **count > 0)
        .map(|(count, state)| format!("{} {state}", amounts::count(**count)))
        .collect();
    if told.is_empty() { "-".to_owned() } else { told.join(", ") }
}
