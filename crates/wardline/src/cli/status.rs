//! `wardline status`: the running engine at a glance.

use clap::Args;
use jiff::Timestamp;
use wardline_engine::control::protocol::{HandlerRow, ListenerRow, Request, Response, Status};

use super::Invocation;
use super::amounts;
use super::certificates;
use super::exit::Exit;
use super::failure::{Outcome, TerminalError};
use super::lookup;
use super::queue;
use super::reach::{Reach, ReachError};
use super::table::{Align, Table};
use super::terminal::Terminal;

/// Show the running engine: listeners, destinations, handlers. Exits with 4 when none runs.
#[derive(Debug, Args)]
pub(crate) struct ShowStatus {
    /// Only tell whether messages are taken, and why not. Exits with 1 where they are not.
    #[arg(long)]
    ready: bool,
}

impl ShowStatus {
    /// Asks and prints.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let mut engine = Reach::running(invocation)?;
        if self.ready {
            return readiness(&mut engine, invocation.terminal);
        }
        let Response::Status(status) = engine.ask(&Request::Status)? else {
            return Err(ReachError::Unexpected.into());
        };
        if invocation.terminal.json {
            invocation.terminal.value(&status)?;
        } else {
            print(&status, invocation.terminal)?;
        }
        Ok(Exit::Ok)
    }
}

fn readiness(engine: &mut Reach, terminal: Terminal) -> Outcome {
    let Response::Readiness(readiness) = engine.ask(&Request::Readiness)? else {
        return Err(ReachError::Unexpected.into());
    };
    if terminal.json {
        terminal.value(&readiness)?;
    } else {
        terminal.line(readiness.to_string())?;
    }
    Ok(if readiness.ready { Exit::Ok } else { Exit::Failed })
}

fn print(status: &Status, terminal: Terminal) -> Result<(), TerminalError> {
    let now = Timestamp::now();
    terminal.line(format!(
        "{} is {} for {}, wardline {}, process {}, {} resident, intake {}, {} unrouted",
        status.name,
        status.phase,
        amounts::ago(Some(&status.started), now),
        status.version,
        status.pid,
        amounts::size(status.resident_bytes),
        status.intake,
        amounts::count(status.unrouted)
    ))?;
    terminal.line("")?;
    listeners(&status.listeners, now, terminal)?;
    if !status.destinations.is_empty() {
        terminal.line("")?;
        queue::table(&status.destinations, terminal)?;
    }
    if !status.handlers.is_empty() {
        terminal.line("")?;
        handlers(&status.handlers, terminal)?;
    }
    if !status.lookups.is_empty() {
        terminal.line("")?;
        lookup::table(&status.lookups, terminal)?;
    }
    if !status.certificates.is_empty() {
        terminal.line("")?;
        certificates::table(&status.certificates, terminal)?;
    }
    Ok(())
}

fn listeners(
    rows: &[ListenerRow],
    now: Timestamp,
    terminal: Terminal,
) -> Result<(), TerminalError> {
    let mut table = Table::new(&[
        ("LISTENER", Align::Left),
        ("ADDRESS", Align::Left),
        ("PEERS", Align::Right),
        ("LAST", Align::Right),
        ("RECEIVED", Align::Right),
        ("STORED", Align::Right),
        ("AA", Align::Right),
        ("AE", Align::Right),
        ("AR", Align::Right),
        ("REFUSED", Align::Right),
    ]);
    for row in rows {
        table.row([
            row.id.as_str().into(),
            address(row).into(),
            format!("{}/{}", row.connections, row.max_connections).into(),
            amounts::ago(row.last_received.as_deref(), now).into(),
            amounts::count(row.counts.frames + row.counts.files).into(),
            amounts::count(row.counts.stored).into(),
            amounts::count(row.counts.answered_aa).into(),
            amounts::count(row.counts.answered_ae).into(),
            amounts::count(row.counts.answered_ar).into(),
            amounts::count(refused(row)).into(),
        ]);
    }
    terminal.table(&table)?;
    rows.iter().try_for_each(|row| paused(row, terminal))?;
    rows.iter().try_for_each(|row| copies(row, terminal))?;
    rows.iter().try_for_each(|row| set_aside(row, terminal))
}

/// Who lets nothing in, and why.
fn paused(row: &ListenerRow, terminal: Terminal) -> Result<(), TerminalError> {
    match &row.paused {
        Some(pause) => terminal.line(format!("paused: {}: {}: {}", row.id, pause.by, pause.reason)),
        None => Ok(()),
    }
}

/// How many files of a folder are in `failed`, where there are any: nobody was answered that they are.
fn set_aside(row: &ListenerRow, terminal: Terminal) -> Result<(), TerminalError> {
    match row.counts.files_failed {
        0 => Ok(()),
        1 => terminal.line(format!("set aside: {}: 1 file", row.id)),
        files => terminal.line(format!("set aside: {}: {} files", row.id, amounts::count(files))),
    }
}

/// What came again through a listener, if anything did.
fn copies(row: &ListenerRow, terminal: Terminal) -> Result<(), TerminalError> {
    let found = [
        (row.counts.duplicates, "delivered again"),
        (row.counts.duplicates_suppressed, "answered again"),
        (row.counts.duplicates_released, "released"),
        (row.counts.duplicates_other_bytes, "with other bytes"),
        (row.counts.storms, "storms"),
    ];
    let found = found.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> =
        found.map(|(count, what)| format!("{} {what}", amounts::count(count))).collect();
    if told.is_empty() {
        return Ok(());
    }
    terminal.line(format!("came again: {}: {}", row.id, told.join(", ")))
}

/// Where messages come in; of a peer that we dial, that too.
fn address(row: &ListenerRow) -> String {
    match row.role.as_deref() {
        Some("client") => format!("dials {}", row.address),
        Some(_) | None => row.address.clone(),
    }
}

/// Connections that were turned away, whatever the reason.
fn refused(row: &ListenerRow) -> u64 {
    let counts = &row.counts;
    counts.refused_full + counts.refused_not_allowed + counts.tls_refused
}

fn handlers(rows: &[HandlerRow], terminal: Terminal) -> Result<(), TerminalError> {
    let mut table = Table::new(&[
        ("HANDLER", Align::Left),
        ("STATE", Align::Left),
        ("INSTANCES", Align::Right),
        ("STUCK", Align::Right),
        ("CALLS", Align::Right),
        ("REJECTED", Align::Right),
        ("FAILED", Align::Right),
        ("PANICKED", Align::Right),
        ("TIMED OUT", Align::Right),
    ]);
    for row in rows {
        table.row([
            row.name.as_str().into(),
            queue::state(&row.state),
            row.instances.to_string().into(),
            row.stuck.to_string().into(),
            amounts::count(row.counts.calls).into(),
            amounts::count(row.counts.rejected).into(),
            amounts::count(row.counts.failed).into(),
            amounts::count(row.counts.panicked).into(),
            amounts::count(row.counts.timed_out).into(),
        ]);
    }
    terminal.table(&table)
}
