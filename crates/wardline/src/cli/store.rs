//! `wardline store`: the state of what is kept on disk.

mod preview;
mod verify;

use std::time::Duration;

use clap::Subcommand;
use wardline_engine::control::protocol::{Request, Response, StoreFigures};

use self::preview::Preview;
use self::verify::Verify;
use super::Invocation;
use super::amounts;
use super::exit::Exit;
use super::failure::{Outcome, TerminalError};
use super::reach::{Reach, ReachError};
use super::terminal::Terminal;

/// See and verify what is kept on disk.
#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Sizes, counts, and why the oldest segment is still there.
    Stats,
    Preview(Preview),
    Verify(Verify),
    /// Build the index of queues anew from the journal. The engine must be stopped; exits with 8 while it runs.
    Rebuild,
}

impl Store {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        match self {
            Self::Stats => {
                print_stats(Reach::open(invocation)?.ask(&Request::StoreStats)?, terminal)
            }
            Self::Preview(preview) => preview.execute(invocation),
            Self::Verify(verify) => verify.execute(invocation),
            Self::Rebuild => {
                let stopped = Reach::stopped(invocation)?;
                stopped.rebuild_index()?;
                print_stats(stopped.ask(&Request::StoreStats), terminal)
            }
        }
    }
}

fn print_stats(answer: Response, terminal: Terminal) -> Outcome {
    match answer {
        Response::StoreStats(figures) => {
            stats(&figures, terminal)?;
            Ok(Exit::Ok)
        }
        _ => Err(ReachError::Unexpected.into()),
    }
}

fn stats(figures: &StoreFigures, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(figures);
    }
    let outlook = &figures.outlook;
    let unknown = || "too early to tell".to_owned();
    let time = |seconds| amounts::duration(Duration::from_secs(seconds));
    let facts = [
        ("folder", figures.folder.clone()),
        (
            "journal",
            format!("{} in {} segments", amounts::size(figures.journal_bytes), figures.segments),
        ),
        ("index", amounts::size(figures.index_bytes)),
        ("index lag", amounts::size(figures.index_lag)),
        ("index blobs", figures.index_blobs.to_string()),
        ("index rebuilds", format!("{} since the start", amounts::count(figures.index_rebuilds))),
        ("live", format!("{} deliveries", amounts::count(figures.live_deliveries))),
        ("free space", amounts::size(figures.free_bytes)),
        ("oldest record", figures.oldest.clone().unwrap_or_else(|| "-".to_owned())),
        ("kept because", figures.oldest_kept_because.clone().unwrap_or_else(|| "-".to_owned())),
        (
            "records",
            format!(
                "{} since the start, {}",
                amounts::count(figures.records),
                amounts::size(figures.written_bytes)
            ),
        ),
        (
            "refused",
            format!(
                "{} kept since the start, {} only counted",
                amounts::count(figures.refused_kept),
                amounts::count(figures.refused_passed_over)
            ),
        ),
        ("syncs", format!("{} since the start", amounts::count(figures.syncs))),
        ("history", history(figures)),
        ("a day", outlook.bytes_a_day.map_or_else(unknown, amounts::size)),
        ("limit in", outlook.limit_in_seconds.map_or_else(unknown, time)),
        ("disk full in", outlook.no_space_in_seconds.map_or_else(unknown, time)),
        ("reaches back", outlook.reaches_back_seconds.map_or_else(unknown, time)),
    ];
    for (name, value) in facts {
        terminal.line(format!("{name:<14} {value}"))?;
    }
    Ok(())
}

/// How far the history has come.
fn history(figures: &StoreFigures) -> String {
    let Some(history) = &figures.history else { return "off".to_owned() };
    if !history.ready {
        return "is being opened".to_owned();
    }
    let messages = amounts::count(history.messages);
    let mut told = vec![format!("{messages} messages in {}", amounts::size(history.bytes))];
    if history.lag > 0 {
        told.push(format!("{} of the journal behind", amounts::size(history.lag)));
    }
    if history.outdated > 0 {
        let (outdated, runs) = (history.outdated, history.runs);
        told.push(format!("{outdated} of {runs} files still to be made anew with today's keys"));
    }
    told.join(", ")
}
