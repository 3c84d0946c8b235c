//! `wardline queue`: what waits for each destination, and what an operator does about it.

mod keys;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use owo_colors::Style;
use wardline_engine::control::protocol::{DeliveryState, DiscardFrom, QueueRow, Request, Response};
use wardline_store::MessageId;

use super::Invocation;
use super::amounts;
use super::deliveries::{self, Care, Ending, Export, Page, Selection};
use super::exit::Exit;
use super::failure::{Outcome, TerminalError};
use super::reach::{Reach, ReachError, operator};
use super::table::{Align, Cell, Table};
use super::terminal::Terminal;
use keys::Keys;

/// See and steer what waits for delivery.
#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// One line for each destination that is configured or has a queue.
    List,
    Show(Show),
    Keys(Keys),
    /// Try now: ends a hold and a back-off, and puts what is held as unclear back in line.
    Retry {
        /// The destination's id.
        destination: String,
    },
    /// Deliver nothing to a destination until retry.
    Hold {
        /// The destination's id.
        destination: String,
        /// Why, for whoever finds it held.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Move the head of a queue to the dead letters so that the rest goes on.
    Skip {
        /// The destination's id.
        destination: String,
        #[command(flatten)]
        care: Care,
    },
    /// End queued deliveries for good, undelivered.
    Discard {
        /// The destination's id.
        destination: String,
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        care: Care,
    },
    Move(Move),
    Export(Export),
}

/// Have what waits for one destination delivered by another of the same kind, in its order and behind what waits there.
/// The bytes stay those that were made for the first. It is held meanwhile, and what is in flight waited for; what comes
/// for it later stays its own. Of a destination that is gone from the configuration, `reload --move-queue` does it.
#[derive(Debug, Args)]
pub(crate) struct Move {
    /// Whose queue it is.
    from: String,
    /// Who gets it.
    to: String,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    care: Care,
}

/// What waits for one destination, or one message of it.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The destination's id.
    destination: String,
    /// One message, with all that is known of its delivery.
    message: Option<MessageId>,
    /// With a message: print its bytes and the last answer too.
    #[arg(long, requires = "message")]
    content: bool,
    /// Those that wait for their turn, or those stopped as unclear.
    #[arg(long, value_enum, default_value_t = Waiting::Pending, conflicts_with = "message")]
    state: Waiting,
    #[command(flatten)]
    page: Page,
}

/// The states of a delivery in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Waiting {
    /// Waits for its turn or its retry.
    Pending,
    /// Stopped until an operator decides.
    Held,
}

impl Queue {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        let reach = &mut Reach::open(invocation)?;
        match self {
            Self::List => list(reach, terminal),
            Self::Show(show) => show.execute(reach, terminal),
            Self::Keys(keys) => keys.execute(reach, terminal),
            Self::Retry { destination } => {
                let request = Request::Retry { destination, by: operator() };
                let changed = deliveries::change(reach, terminal, &request)?;
                deliveries::tell(terminal, "retry", false, changed)?;
                Ok(Exit::Ok)
            }
            Self::Hold { destination, reason } => {
                hold(reach, terminal, &Request::Hold { destination, by: operator(), reason })
            }
            Self::Skip { destination, care } => skip(reach, terminal, &destination, &care),
            Self::Discard { destination, selection, care } => {
                discard(reach, terminal, &destination, DiscardFrom::Queue, &selection, &care)
            }
            Self::Move(moving) => moving.execute(reach, terminal),
            Self::Export(export) => export.execute(reach, terminal, DiscardFrom::Queue),
        }
    }
}

impl Show {
    fn execute(self, reach: &mut Reach, terminal: Terminal) -> Outcome {
        if let Some(message) = self.message {
            return deliveries::show(reach, terminal, self.destination, message, self.content);
        }
        let state = match self.state {
            Waiting::Pending => DeliveryState::Pending,
            Waiting::Held => DeliveryState::Held,
        };
        deliveries::list(reach, terminal, Some(&self.destination), state, &self.page)?;
        Ok(Exit::Ok)
    }
}

impl Move {
    fn execute(self, reach: &mut Reach, terminal: Terminal) -> Outcome {
        let request = |dry_run, _| Request::Move {
            from: self.from.clone(),
            to: self.to.clone(),
            which: self.selection.which(),
            by: operator(),
            reason: self.care.reason.clone(),
            dry_run,
        };
        let ending = Ending { verb: "move", destination: &self.from, request: &request };
        let affected = ending.carry_out(reach, terminal, &self.care)?;
        Ok(affected.map_or(Exit::Failed, |affected| self.selection.exit(affected)))
    }
}

fn list(reach: &mut Reach, terminal: Terminal) -> Outcome {
    let Response::Queues { queues } = reach.ask(&Request::Queues)? else {
        return Err(ReachError::Unexpected.into());
    };
    if terminal.json {
        terminal.value(&Response::Queues { queues })?;
    } else {
        table(&queues, terminal)?;
    }
    Ok(Exit::Ok)
}

/// Holds a destination and shows its queue; no delivery is touched by it.
fn hold(reach: &mut Reach, terminal: Terminal, request: &Request) -> Outcome {
    let changed = deliveries::change(reach, terminal, request)?;
    match changed.queue {
        Some(queue) if !terminal.json => table(&[queue], terminal)?,
        _ => deliveries::tell(terminal, "hold", false, changed)?,
    }
    Ok(Exit::Ok)
}

fn skip(reach: &mut Reach, terminal: Terminal, destination: &str, care: &Care) -> Outcome {
    let request = |dry_run, message| Request::Skip {
        destination: destination.to_owned(),
        message,
        by: operator(),
        reason: care.reason.clone(),
        dry_run,
    };
    let ending = Ending { verb: "skip", destination, request: &request };
    Ok(match ending.carry_out(reach, terminal, care)? {
        None => Exit::Failed,
        Some(0) => Exit::NotFound,
        Some(_) => Exit::Ok,
    })
}

/// Ends deliveries of a queue, or dead letters, for good.
pub(crate) fn discard(
    reach: &mut Reach,
    terminal: Terminal,
    destination: &str,
    from: DiscardFrom,
    selection: &Selection,
    care: &Care,
) -> Outcome {
    let request = |dry_run, _| Request::Discard {
        destination: destination.to_owned(),
        from,
        which: selection.which(),
        by: operator(),
        reason: care.reason.clone(),
        dry_run,
    };
    let ending = Ending { verb: "discard", destination, request: &request };
    let affected = ending.carry_out(reach, terminal, care)?;
    Ok(affected.map_or(Exit::Failed, |affected| selection.exit(affected)))
}

/// The kind; of a peer that dials us, that too.
fn kind(queue: &QueueRow) -> String {
    match queue.role.as_deref() {
        Some("server") => format!("{} server", queue.kind),
        Some(_) | None => queue.kind.clone(),
    }
}

/// Queues as a table, and below it what their destinations are to be warned of.
pub(crate) fn table(queues: &[QueueRow], terminal: Terminal) -> Result<(), TerminalError> {
    let now = Timestamp::now();
    let mut table = Table::new(&[
        ("DESTINATION", Align::Left),
        ("KIND", Align::Left),
        ("STATE", Align::Left),
        ("QUEUED", Align::Right),
        ("HELD", Align::Right),
        ("DEAD", Align::Right),
        ("OLDEST", Align::Right),
        ("TRIED", Align::Right),
        ("NEXT", Align::Right),
        ("REASON", Align::Left),
    ]);
    for queue in queues {
        table.row([
            queue.destination.as_str().into(),
            kind(queue).into(),
            state(&queue.state),
            amounts::count(queue.pending).into(),
            alarming(queue.held),
            alarming(queue.dead),
            amounts::ago(queue.oldest.as_deref(), now).into(),
            queue.head_attempts.to_string().into(),
            amounts::until(queue.next_retry.as_deref(), now).into(),
            queue.reason.as_deref().unwrap_or("-").into(),
        ]);
    }
    terminal.table(&table)?;
    for queue in queues {
        if let Some(applications) = applications(queue) {
            terminal.line(applications)?;
        }
        for warning in &queue.warnings {
            terminal.line(format!("warning: {}: {warning}", queue.destination))?;
        }
        if queue.withheld > 0 {
            let tests = amounts::count(queue.withheld);
            terminal.line(format!("withheld: {}: {tests} tests", queue.destination))?;
        }
    }
    Ok(())
}

/// What the application behind a destination said of messages that its system had accepted, or still owes.
fn applications(queue: &QueueRow) -> Option<String> {
    let counts = queue.counts.unwrap_or_default();
    let figures = [
        (queue.application_awaited, "awaited"),
        (counts.application_overdue, "overdue"),
        (counts.application_positive, "positive"),
        (counts.application_negative, "negative"),
    ];
    let said = figures.iter().any(|(count, _)| *count > 0);
    said.then(|| {
        let told = figures.map(|(count, what)| format!("{} {what}", amounts::count(count)));
        format!("application answers: {}: {}", queue.destination, told.join(", "))
    })
}

/// A state in the colour of its urgency; the word says the same without colour.
pub(crate) fn state(state: &str) -> Cell {
    let style = match state {
        "up" | "idle" | "running" | "open" => Style::new().green(),
        "starting" | "retrying" | "degraded" | "draining" | "stopped" => Style::new().yellow(),
        _ => Style::new().red(),
    };
    Cell::styled(state, style)
}

/// A count that should be 0.
fn alarming(count: u64) -> Cell {
    let style = if count == 0 { Style::new() } else { Style::new().red() };
    Cell::styled(amounts::count(count), style)
}
