//! One run of a script: its clock, its instructions, and what it has done so far.
//!
//! A run that has ended stays ended: whoever asks is told so again, on every level of the script's calls, until nothing
//! of it is left to go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wardline_flow::Lookups;
use wardline_hl7::ErrorCode;

use crate::limits::{Limits, MAX_LOG_LINES};

/// Why a run goes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its time is over.
    Time,
    /// Its instructions are used up.
    Instructions,
    /// The script said so: `reject`.
    Rejected {
        /// ERR-3.
        code: ErrorCode,
        /// For the sender.
        text: String,
    },
    /// The script said so: `fail`.
    Failed {
        /// For the sender.
        text: String,
    },
}

/// The error that carries the end of a run through the script; what ended it stands in [`Run::ended`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the run of this script has ended")]
pub(crate) struct Stop;

/// One run, kept beside the interpreter for all that the script calls.
pub(crate) struct Run {
    deadline: Instant,
    instructions: u64,
    pub(crate) ended: Option<Ended>,
    /// The script was left where it was.
    pub(crate) is_left: bool,
    /// The tables, while a message is in hand.
    pub(crate) lookups: Option<Arc<Lookups>>,
    pub(crate) emitted: Vec<Bytes>,
    pub(crate) log_lines: u32,
}

impl Run {
    /// A run that begins now.
    pub(crate) fn new(limits: Limits, lookups: Option<Arc<Lookups>>) -> Self {
        Self {
            deadline: Instant::now() + limits.time,
            instructions: limits.instructions,
            ended: None,
            is_left: false,
            lookups,
            emitted: Vec::new(),
            log_lines: MAX_LOG_LINES,
        }
    }

    /// How much time is left.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Takes so many instructions, and says whether the run may go on.
    pub(crate) fn charge(&mut self, instructions: u64) -> Result<(), Stop> {
        self.instructions = self.instructions.saturating_sub(instructions);
        if self.instructions == 0 {
            self.ended.get_or_insert(Ended::Instructions);
        } else if Instant::now() >= self.deadline {
            self.ended.get_or_insert(Ended::Time);
        }
        self.go_on()
    }

    /// Whether the run may go on.
    pub(crate) fn go_on(&self) -> Result<(), Stop> {
        if self.ended.is_some() { Err(Stop) } else { Ok(()) }
    }

    /// Ends the run.
    pub(crate) fn end(&mut self, ended: Ended) -> Stop {
        self.ended.get_or_insert(ended);
        Stop
    }
}
