//! `wardline listener`: letting nothing in through one of them for a while, and letting messages in again.

use clap::{Args, Subcommand};
use wardline_engine::control::protocol::{IntakeChanged, Request, Response};

use super::Invocation;
use super::exit::Exit;
use super::failure::Outcome;
use super::reach::{Reach, ReachError, operator};

/// Pause the intake of a listener of the running engine, and let it go on.
#[derive(Debug, Subcommand)]
pub(crate) enum Listener {
    Pause(Pause),
    /// Let messages in again.
    Go {
        /// The listener's id.
        listener: String,
    },
}

/// Let nothing in: who sends gets no answer and sends again, or AE where `on_unavailable` says so. It ends with `go`,
/// and with the engine: a start takes messages.
#[derive(Debug, Args)]
pub(crate) struct Pause {
    /// The listener's id.
    listener: String,
    /// Why, for whoever finds it paused.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Listener {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let by = operator();
        let request = match self {
            Self::Pause(Pause { listener, reason }) => Request::Pause { listener, by, reason },
            Self::Go { listener } => Request::Go { listener, by },
        };
        let answer = Reach::running(invocation)?.ask(&request)?;
        let Response::Intake(intake) = answer else {
            return Err(ReachError::Unexpected.into());
        };
        if invocation.terminal.json {
            invocation.terminal.value(&Response::Intake(intake))?;
        } else {
            invocation.terminal.line(told(&intake))?;
        }
        Ok(Exit::Ok)
    }
}

fn told(IntakeChanged { changed, listener }: &IntakeChanged) -> String {
    let id = &listener.id;
    match (&listener.paused, changed) {
        (Some(pause), _) => format!("{id} is paused: {}: {}", pause.by, pause.reason),
        (None, true) => format!("{id} takes messages again"),
        (None, false) => format!("{id} takes messages, as before"),
    }
}
