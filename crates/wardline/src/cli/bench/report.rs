//! The table that `bench` prints, and the same as JSON.

use std::thread;

use owo_colors::Style;
use serde::Serialize;

use super::super::amounts;
use super::super::failure::TerminalError;
use super::super::table::{Align, Cell, Table};
use super::super::terminal::Terminal;
use super::idle::Idle;
use super::row::{Row, Target};
use super::seat::Seat;
use super::work::Queued;

/// Milliseconds in which an idle engine should listen.
const LISTENING_TARGET: f64 = 200.0;
/// Milliseconds in which an engine should listen that has a million messages queued.
const QUEUED_TARGET: f64 = 5000.0;
/// Bytes that an idle engine should stay below.
const RESIDENT_TARGET: u64 = 30 * 1024 * 1024;
/// Bytes that an idle connection should stay below.
const CONNECTION_TARGET: u64 = 20 * 1024;

/// Everything measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    machine: Machine,
    #[serde(skip_serializing_if = "Option::is_none")]
    syncs_per_second: Option<f64>,
    rows: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle: Option<Idle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queued: Option<Queued>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat: Option<Seat>,
}

/// Where it was measured.
#[derive(Debug, Serialize)]
struct Machine {
    cores: usize,
    version: &'static str,
}

impl Report {
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let machine = Machine { cores, version: env!("CARGO_PKG_VERSION") };
        let rows = Vec::new();
        Self { machine, syncs_per_second: None, rows, idle: None, queued: None, seat: None }
    }

    /// Adds the syncs of the disk.
    pub(super) fn syncs(&mut self, per_second: f64) {
        self.syncs_per_second = Some(per_second);
    }

    /// Adds a pair.
    pub(super) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds the engine at rest.
    pub(super) fn idle(&mut self, idle: Idle) {
        self.idle = Some(idle);
    }

    /// Adds the start with many messages waiting.
    pub(super) fn queued(&mut self, queued: Queued) {
        self.queued = Some(queued);
    }

    /// Adds the page over many interfaces.
    pub(super) fn seat(&mut self, seat: Seat) {
        self.seat = Some(seat);
    }

    /// Prints all of it.
    pub(super) fn print(&self, terminal: Terminal) -> Result<(), TerminalError> {
        if terminal.json {
            return terminal.value(self);
        }
        terminal.line(format!(
            "wardline {} on {} cores, the load on the same",
            self.machine.version, self.machine.cores
        ))?;
        if let Some(syncs) = self.syncs_per_second {
            terminal.line(format!("disk: {syncs:.0} syncs/s"))?;
        }
        if let Some(idle) = &self.idle {
            print_idle(idle, terminal)?;
        }
        if let Some(queued) = &self.queued {
            terminal.line(format!(
                "{} messages queued: listening after {:.0} ms (target {QUEUED_TARGET:.0})",
                amounts::count(queued.messages),
                queued.listening_after_milliseconds
            ))?;
        }
        for line in self.seat.iter().flat_map(Seat::lines) {
            terminal.line(line)?;
        }
        if !self.rows.is_empty() {
            terminal.line("")?;
            terminal.table(&self.table())?;
        }
        Ok(())
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&[
            ("WORK", Align::Left),
            ("BESIDE", Align::Left),
            ("REFERENCE", Align::Right),
            ("ENGINE", Align::Right),
            ("RATIO", Align::Right),
            ("TARGET", Align::Right),
            ("P99", Align::Right),
            ("CPU/MSG", Align::Right),
            ("JOURNAL/MSG", Align::Right),
            ("DISK/MSG", Align::Right),
        ]);
        for row in &self.rows {
            let pair = row.figures;
            table.row([
                row.work.as_str().into(),
                row.beside.into(),
                format!("{:.0}", pair.reference).into(),
                format!("{:.0}", pair.engine).into(),
                reached(format!("{:.2}", pair.ratio), row.target.is_reached_by(pair.ratio)),
                target(row.target).into(),
                row.p99_microseconds
                    .map_or_else(|| "-".to_owned(), |p99| format!("{p99:.0}µs"))
                    .into(),
                format!("{:.1}µs", row.microseconds_per_message).into(),
                format!("{:.0} B", row.journal_bytes_per_message).into(),
                format!("{:.0} B", row.disk_bytes_per_message).into(),
            ]);
        }
        table
    }
}

fn target(target: Target) -> String {
    match target {
        Target::AtLeast(least) => format!("≥ {least:.2}"),
        Target::AtMost(most) => format!("≤ {most:.2}"),
    }
}

fn print_idle(idle: &Idle, terminal: Terminal) -> Result<(), TerminalError> {
    terminal.line(format!(
        "idle: listening after {:.0} ms (target {LISTENING_TARGET:.0}), {} resident (target {})",
        idle.listening_after_milliseconds,
        amounts::size(idle.resident_bytes),
        amounts::size(RESIDENT_TARGET)
    ))?;
    terminal.line(format!(
        "{} idle connections: {} resident each (target {})",
        amounts::count(idle.connections),
        amounts::size(idle.resident_bytes_per_connection),
        amounts::size(CONNECTION_TARGET)
    ))?;
    terminal.line(format!(
        "{} idle connections over TLS: {} resident each",
        amounts::count(idle.encrypted_connections),
        amounts::size(idle.resident_bytes_per_encrypted_connection)
    ))
}

/// Green where the target is reached; the figures beside it say the same without colour.
fn reached(text: String, reached: bool) -> Cell {
    Cell::styled(text, if reached { Style::new().green() } else { Style::new().yellow() })
}
