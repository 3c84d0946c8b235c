//! `wardline queue keys`: which lanes of a destination stand still, and at which message.

use std::num::NonZeroUsize;

use clap::Args;
use jiff::Timestamp;
use owo_colors::Style;
use wardline_engine::control::protocol::{LaneKind, LaneRow, LaneState, Request, Response};

use super::super::amounts;
use super::super::exit::Exit;
use super::super::failure::{Outcome, TerminalError};
use super::super::printable;
use super::super::reach::{Reach, ReachError};
use super::super::table::{Align, Cell, Table};
use super::super::terminal::Terminal;

/// The keys of `order_by` for which something waits: those that are held first, then those that wait for a retry.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// The destination's id.
    destination: String,
    /// Print the keys, most of them ids of patients, instead of the numbers that stand for them.
    #[arg(long)]
    content: bool,
    /// At most this many.
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroUsize,
}

impl Keys {
    pub(super) fn execute(self, reach: &mut Reach, terminal: Terminal) -> Outcome {
        let Self { destination, content, limit } = self;
        let answer = reach.ask(&Request::Lanes { destination, limit: limit.get(), content })?;
        if terminal.json {
            let Response::Lanes { .. } = answer else { return Err(ReachError::Unexpected.into()) };
            terminal.value(&answer)?;
            return Ok(Exit::Ok);
        }
        let Response::Lanes { lanes, count, held, retrying, whole } = answer else {
            return Err(ReachError::Unexpected.into());
        };
        table(&lanes, terminal)?;
        let figures = [(count, "lanes"), (held, "held"), (retrying, "retrying")];
        let told = figures.map(|(count, what)| format!("{} {what}", amounts::count(count)));
        terminal.line(told.join(", "))?;
        if count > lanes.len() as u64 {
            terminal.talk("there are more: --limit");
        }
        if !whole {
            terminal.talk("the queue is too long to be looked through: there may be more of each");
        }
        Ok(Exit::Ok)
    }
}

fn table(lanes: &[LaneRow], terminal: Terminal) -> Result<(), TerminalError> {
    let now = Timestamp::now();
    let mut table = Table::new(&[
        ("LANE", Align::Left),
        ("STATE", Align::Left),
        ("QUEUED", Align::Right),
        ("HEAD", Align::Right),
        ("TYPE", Align::Left),
        ("CONTROL ID", Align::Left),
        ("AGE", Align::Right),
        ("TRIED", Align::Right),
        ("CAUSE", Align::Left),
        ("NEXT", Align::Right),
    ]);
    for lane in lanes {
        let head = &lane.head;
        table.row([
            name(lane).into(),
            state(lane),
            amounts::count(lane.deliveries).into(),
            head.message.to_string().into(),
            printable::id(head.message_type.as_bytes()).into(),
            printable::id(head.control_id.as_bytes()).into(),
            amounts::ago(Some(&head.received), now).into(),
            head.attempts.to_string().into(),
            head.cause.as_deref().unwrap_or("-").into(),
            amounts::until(head.due.as_deref(), now).into(),
        ]);
    }
    terminal.table(&table)
}

/// The key, where it was asked for; else the number that stands for it.
fn name(lane: &LaneRow) -> String {
    match lane.kind {
        LaneKind::Every => "every".to_owned(),
        LaneKind::Free => "none".to_owned(),
        LaneKind::Key => match &lane.key {
            Some(key) => printable::id(key),
            None => lane.lane.clone().unwrap_or_default(),
        },
    }
}

fn state(lane: &LaneRow) -> Cell {
    match (lane.state, lane.behind) {
        (LaneState::Held, _) => Cell::styled("held", Style::new().red()),
        (LaneState::Retrying, _) => Cell::styled("retrying", Style::new().yellow()),
        (LaneState::Waiting, Some(message)) => format!("behind {message}").into(),
        (LaneState::Waiting, None) => "waiting".into(),
        (LaneState::Ready, _) => Cell::styled("ready", Style::new().green()),
    }
}
