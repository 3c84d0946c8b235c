//! Patterns of Lua, matched under a meter.
//!
//! Lua's own matcher runs in C, where no count of instructions sees it, and a pattern such as `a*a*a*a*b` takes it
//! years. This one does what the manual (section 6.4.1) says of patterns, and pays for each step: a pattern that takes
//! too many ends with its run.

mod matcher;
mod single;

use crate::run::Stop;

pub(crate) use matcher::{Capture, Match, find, is_plain};

/// Why a pattern gives no result. The texts are those of Lua.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternFault {
    /// `%` at its end.
    #[error("malformed pattern (ends with '%')")]
    EndsWithEscape,
    /// `[` without `]`.
    #[error("malformed pattern (missing ']')")]
    OpenSet,
    /// `%b` without two characters.
    #[error("malformed pattern (missing arguments to '%b')")]
    NoBalance,
    /// `%f` without a set.
    #[error("missing '[' after '%f' in pattern")]
    NoFrontier,
    /// `(` without `)`.
    #[error("unfinished capture")]
    OpenCapture,
    /// `)` without `(`.
    #[error("invalid pattern capture")]
    ClosedCapture,
    /// `%3` where there is no third.
    #[error("invalid capture index %{0}")]
    NoCapture(usize),
    /// More captures than a pattern may have.
    #[error("too many captures")]
    TooManyCaptures,
    /// Deeper than a pattern may go.
    #[error("pattern too complex")]
    TooComplex,
    /// The run has ended.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

/// What pays for the steps.
pub(crate) trait Meter {
    /// Takes so many steps.
    fn pay(&mut self, steps: u64) -> Result<(), Stop>;
}

#[cfg(test)]
mod tests;
