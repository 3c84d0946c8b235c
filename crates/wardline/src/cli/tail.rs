//! `wardline tail`: messages as they come and their outcomes as they happen, until it is stopped.
//!
//! The engine is asked again and again; between two answers a message can pass through several states, and the last of
//! them is told.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use wardline_engine::control::protocol::{
    DeliveryFate, FateRow, MAX_PAGE, MessageRow, MessageSearch, Request, StateWanted,
};
use wardline_store::MessageId;

use super::failure::{Failed, Outcome, TerminalError};
use super::message::{Filter, find, goes_on, outcome, page};
use super::reach::{Reach, ReachError};
use super::terminal::Terminal;
use super::{Invocation, amounts, printable};

/// How often the engine is asked: as fast as somebody reads.
const EVERY: Duration = Duration::from_millis(500);

/// Messages whose outcome is still waited for, the newest of them: one page is asked for.
const MOST_AWAITED: usize = MAX_PAGE;

/// Show new messages and what becomes of them, as it happens. The engine must run.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    filter: Filter,
    /// Begin with so many that have come before.
    #[arg(long, short = 'n', value_name = "N", default_value = "10")]
    lines: usize,
}

/// What was told so far.
#[derive(Default)]
struct Told {
    /// Only outcomes of this kind are told.
    wanted: Option<StateWanted>,
    /// The newest message.
    newest: Option<MessageId>,
    /// Those that have not ended everywhere, as they were told.
    awaited: BTreeMap<MessageId, Vec<FateRow>>,
}

impl Tail {
    /// Runs the command.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        let mut reach = Reach::running(invocation)?;
        let mut search = self.filter.search(Timestamp::now());
        // A message comes into a state after it came: its outcomes are held against it.
        let mut told = Told { wanted: search.state.take(), ..Told::default() };
        let begin = find(&mut reach, &search, self.lines.max(1))?.messages;
        told.newest = begin.first().map(|row| row.message);
        for row in begin.iter().take(self.lines).rev() {
            told.came(row, terminal)?;
        }
        loop {
            thread::sleep(EVERY);
            told.go_on(&mut reach, &search, terminal)?;
        }
    }
}

impl Told {
    /// Tells what has come and what has changed.
    fn go_on(
        &mut self,
        reach: &mut Reach,
        search: &MessageSearch,
        terminal: Terminal,
    ) -> Result<(), Failed> {
        let messages: Vec<MessageId> = self.awaited.keys().copied().collect();
        if !messages.is_empty() {
            let (rows, ..) = page(reach, &Request::Messages { messages })?;
            for row in rows.iter().rev() {
                self.changed(row, terminal)?;
            }
        }
        for row in self.newer(reach, search)?.iter().rev() {
            self.came(row, terminal)?;
        }
        Ok(())
    }

    /// What has come since, newest first.
    fn newer(
        &mut self,
        reach: &mut Reach,
        search: &MessageSearch,
    ) -> Result<Vec<MessageRow>, ReachError> {
        let mut rows: Vec<MessageRow> = Vec::new();
        let mut before = None;
        loop {
            // Who looks was told with the first page: a line twice a second tells nobody more.
            let by = String::new();
            let search = MessageSearch { before, limit: MAX_PAGE, by, ..search.clone() };
            let (found, next, _) = page(reach, &Request::Search(search))?;
            rows.extend(found.into_iter().filter(|row| Some(row.message) > self.newest));
            goes_on(before, next)?;
            before = next;
            // All that is older was told.
            if self.newest.is_none() || next <= self.newest {
                break;
            }
        }
        self.newest = rows.first().map(|row| row.message).max(self.newest);
        Ok(rows)
    }

    fn came(&mut self, row: &MessageRow, terminal: Terminal) -> Result<(), TerminalError> {
        let is_wanted = match self.wanted {
            None => true,
            Some(StateWanted::Unrouted) => row.destinations.is_empty() && row.refusal.is_none(),
            Some(StateWanted::Rejected) => row.refusal.is_some(),
            Some(_) => false,
        };
        if is_wanted {
            received(row, terminal)?;
        }
        self.awaited.insert(row.message, Vec::new());
        self.changed(row, terminal)?;
        while self.awaited.len() > MOST_AWAITED {
            self.awaited.pop_first();
        }
        Ok(())
    }

    /// Tells each delivery that stands otherwise than when it was told last.
    fn changed(&mut self, row: &MessageRow, terminal: Terminal) -> Result<(), TerminalError> {
        let wanted = self.wanted;
        let before = self.awaited.remove(&row.message).unwrap_or_default();
        let is_news = |fate: &&FateRow| {
            let waits_untried = fate.attempts == 0 && fate.cause.is_none();
            let is_wanted = wanted.is_none_or(|wanted| is(fate.state, wanted));
            is_wanted && !before.contains(fate) && (fate.state.is_end() || !waits_untried)
        };
        for fate in row.destinations.iter().filter(is_news) {
            if terminal.json {
                terminal.value(&json!({
                    "event": "outcome",
                    "message": row.message,
                    "control_id": row.control_id,
                    "delivery": fate,
                }))?;
            } else {
                let (at, words) = (amounts::clock(fate.at), outcome(fate));
                terminal.line(format!("{at}  {}  -> {words}", row.message))?;
            }
        }
        if row.destinations.iter().any(|fate| !fate.state.is_end()) {
            self.awaited.insert(row.message, row.destinations.clone());
        }
        Ok(())
    }
}

fn received(row: &MessageRow, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(&json!({ "event": "received", "message": row }));
    }
    terminal.line(format!(
        "{}  {}  {}  {}  {}  {}{}",
        amounts::clock(row.received),
        row.message,
        row.listener,
        printable::id(row.message_type.as_bytes()),
        printable::id(row.control_id.as_bytes()),
        amounts::size(row.size),
        row.refusal
            .as_ref()
            .map(|why| format!("  rejected {}, {}", why.code, why.cause))
            .unwrap_or_default(),
    ))
}

fn is(state: DeliveryFate, wanted: StateWanted) -> bool {
    match wanted {
        StateWanted::Pending => state == DeliveryFate::Pending,
        StateWanted::Held => state == DeliveryFate::Held,
        StateWanted::Dead => state == DeliveryFate::Dead,
        StateWanted::Delivered => state == DeliveryFate::Delivered,
        StateWanted::Returned => state == DeliveryFate::Returned,
        StateWanted::Discarded => state == DeliveryFate::Discarded,
        StateWanted::Unrouted | StateWanted::Rejected => false,
    }
}
