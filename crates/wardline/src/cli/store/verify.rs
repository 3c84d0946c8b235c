//! `wardline store verify`: every checksum, and the index against the journal.

use clap::Args;
use wardline_engine::control::protocol::{
    Request, Response, Verification, VerificationResult, VerifyFigures,
};

use super::super::exit::Exit;
use super::super::failure::{Outcome, TerminalError};
use super::super::reach::{Reach, ReachError, operator};
use super::super::terminal::Terminal;
use super::super::{Invocation, amounts};

/// Read everything and compare. Exits with 10 when something is wrong.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Let the running engine do it behind everything else, and do not wait.
    #[arg(long, conflicts_with = "last")]
    background: bool,
    /// Show what the running engine found last.
    #[arg(long)]
    last: bool,
}

impl Verify {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        let asked = match (self.background, self.last) {
            (true, _) => Request::VerifyStart { by: operator() },
            (false, true) => Request::Verification,
            (false, false) => Request::StoreVerify,
        };
        let reach = if self.background || self.last {
            Reach::running(invocation)
        } else {
            Reach::open(invocation)
        };
        match reach?.ask(&asked)? {
            Response::StoreVerified(figures) => {
                verified(&figures, terminal)?;
                Ok(exit(&figures))
            }
            Response::Verification(state) => {
                verification(&state, terminal)?;
                let figures = state.last.as_ref().and_then(|last| last.figures.as_ref());
                Ok(figures.filter(|_| self.last).map_or(Exit::Ok, exit))
            }
            _ => Err(ReachError::Unexpected.into()),
        }
    }
}

fn exit(figures: &VerifyFigures) -> Exit {
    if figures.faults.is_empty() { Exit::Ok } else { Exit::StoreCorrupt }
}

fn verification(state: &Verification, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(state);
    }
    if let Some(running) = &state.running {
        terminal.line(format!("reading since {}, asked for by {}", running.since, running.by))?;
    }
    match &state.last {
        Some(last) => result(last, terminal),
        None if state.running.is_none() => terminal.line("not verified since the start"),
        None => Ok(()),
    }
}

fn result(last: &VerificationResult, terminal: Terminal) -> Result<(), TerminalError> {
    terminal.line(format!("verified until {}, asked for by {}", last.until, last.by))?;
    if let Some(failed) = &last.failed {
        terminal.line(format!("it could not be read: {failed}"))?;
    }
    if !last.whole && last.failed.is_none() {
        terminal.line("it was ended before all was read")?;
    }
    last.figures.as_ref().map_or(Ok(()), |figures| verified(figures, terminal))
}

fn verified(figures: &VerifyFigures, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(figures);
    }
    terminal.line(format!(
        "{} records, {} messages, {} deliveries not ended",
        amounts::count(figures.records),
        amounts::count(figures.messages),
        amounts::count(figures.live)
    ))?;
    for fault in &figures.faults {
        terminal.line(format!("fault: {fault}"))?;
    }
    terminal.line(if figures.faults.is_empty() { "sound" } else { "NOT sound" })
}
