//! Jobs as they are printed.

use jiff::Timestamp;
use wardline_engine::control::protocol::{ReplayMode, ReplayRow, Response};

use crate::cli::amounts;
use crate::cli::failure::TerminalError;
use crate::cli::table::{Align, Table};
use crate::cli::terminal::Terminal;

/// A row for each.
pub(super) fn table(replays: &[ReplayRow], terminal: Terminal) -> Result<(), TerminalError> {
    let now = Timestamp::now();
    let mut table = Table::new(&[
        ("REPLAY", Align::Right),
        ("STATE", Align::Left),
        ("HOW", Align::Left),
        ("MESSAGES", Align::Right),
        ("SENT", Align::Right),
        ("LEFT OUT", Align::Right),
        ("RATE", Align::Right),
        ("STARTED", Align::Right),
        ("BY", Align::Left),
        ("REASON", Align::Left),
    ]);
    for row in replays {
        table.row([
            row.job.to_string().into(),
            row.state.word().into(),
            how(row).into(),
            amounts::count(row.count).into(),
            amounts::count(row.sent).into(),
            amounts::count(row.left_out.values().sum()).into(),
            format!("{}/s", row.rate).into(),
            amounts::ago(Some(&row.started), now).into(),
            row.by.as_str().into(),
            row.reason.as_str().into(),
        ]);
    }
    terminal.table(&table)
}

/// All that is known of one.
pub(super) fn one(row: &ReplayRow, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(&Response::Replay(Box::new(row.clone())));
    }
    let or_none = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let facts = [
        ("replay", row.job.to_string()),
        ("state", row.state.word().to_owned()),
        ("how", how(row)),
        ("rate", format!("{} messages a second at most", row.rate)),
        ("messages", amounts::count(row.count)),
        ("sent", amounts::count(row.sent)),
        ("started", row.started.clone()),
        ("by", row.by.clone()),
        ("reason", row.reason.clone()),
        ("ended", or_none(row.ended.as_deref())),
        ("stopped by", or_none(row.stopped_by.as_deref())),
        ("because", or_none(row.stopped_because.as_deref())),
    ];
    for (name, value) in facts {
        terminal.line(format!("{name:<12} {value}"))?;
    }
    for (cause, count) in &row.left_out {
        terminal.line(format!("left out     {} {cause}", amounts::count(*count)))?;
    }
    for (message, cause) in &row.first_left_out {
        terminal.line(format!("  {message:>10} {cause}"))?;
    }
    Ok(())
}

fn how(row: &ReplayRow) -> String {
    let mode = match row.mode {
        ReplayMode::Resend => "resend",
        ReplayMode::Reprocess => "reprocess",
    };
    let edited = if row.edited { ", edited" } else { "" };
    match row.destinations.as_slice() {
        [] => format!("{mode}{edited}"),
        to => format!("{mode}{edited} to {}", to.join(", ")),
    }
}
