//! `wardline metrics`: what a scrape would get, without a web server in between.

use std::fmt;

use clap::Args;
use wardline_engine::control::protocol::{Request, Response};
use wardline_metrics::{Figures, exposition};

use super::Invocation;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::reach::{Reach, ReachError};

/// Print the metrics of the running engine as Prometheus reads them. Exits with 4 when none runs.
///
/// For a collector of text files, where the page of the engine is off: write it to a file beside, then rename that.
#[derive(Debug, Args)]
pub(crate) struct Metrics {}

/// The text could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the metrics could not be written")]
struct NotWritten(#[source] fmt::Error);

impl Failure for NotWritten {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl Metrics {
    /// Asks and prints.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let Self {} = self;
        let text = exposition(asked(&mut Reach::running(invocation)?)?).map_err(NotWritten)?;
        invocation.terminal.bytes(text.as_bytes())?;
        Ok(Exit::Ok)
    }
}

fn asked(engine: &mut Reach) -> Result<Figures, ReachError> {
    let Response::Status(status) = engine.ask(&Request::Status)? else {
        return Err(ReachError::Unexpected);
    };
    let Response::Readiness(readiness) = engine.ask(&Request::Readiness)? else {
        return Err(ReachError::Unexpected);
    };
    let Response::StoreStats(store) = engine.ask(&Request::StoreStats)? else {
        return Err(ReachError::Unexpected);
    };
    Ok(Figures { status: *status, readiness, store: *store })
}
