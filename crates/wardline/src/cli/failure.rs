//! Why a command did not do what it was asked: each command has an error enum of its own, and all of them know
//! the [`Exit`] they end the process with.

use std::error::Error;
use std::fmt;
use std::io;

use super::exit::Exit;

/// An error of a command.
pub(crate) trait Failure: Error + 'static {
    /// How the process ends because of it.
    fn exit(&self) -> Exit;

    /// Whether the error has been told already, on stderr, in a form of its own.
    fn is_told(&self) -> bool {
        false
    }
}

/// Any command's error, on its way to the end of the process.
pub(crate) struct Failed(Box<dyn Failure>);

impl Failed {
    /// How the process ends.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit()
    }

    /// What stderr is told: the error and its causes on one line, unless it has been told already.
    pub(crate) fn told(&self) -> Option<String> {
        if self.0.is_told() {
            return None;
        }
        Some(in_words(&*self.0))
    }
}

impl<F: Failure> From<F> for Failed {
    fn from(failure: F) -> Self {
        Self(Box::new(failure))
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// An error and its causes, on one line.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What a command returns: how it ended, or why it could not.
pub(crate) type Outcome = Result<Exit, Failed>;

/// Standard output or input did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TerminalError {
    /// What was to be shown could not be written.
    #[error("writing to standard output failed")]
    Write(#[source] io::Error),
    /// The values have no JSON form.
    #[error("the result could not be written as JSON")]
    Json(#[source] serde_json::Error),
    /// A question was due and nobody is there to answer it.
    #[error("this needs a confirmation and no terminal is there to ask on: add --yes")]
    NobodyToAsk,
    /// A number has to be typed, and nobody sits there.
    #[error("this needs a confirmation and no terminal is there to ask on: add --count {0}")]
    NobodyToType(u64),
    /// The operator's answer could not be read.
    #[error("reading the answer failed")]
    Read(#[source] io::Error),
}

impl Failure for TerminalError {
    fn exit(&self) -> Exit {
        match self {
            // Whoever read us has seen enough: `wardline dead list | head` is no failure.
            Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::NobodyToAsk | Self::NobodyToType(_) => Exit::Usage,
            Self::Write(_) | Self::Json(_) | Self::Read(_) => Exit::Failed,
        }
    }

    fn is_told(&self) -> bool {
        self.exit() == Exit::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_on_one_line() {
        let failed = Failed::from(TerminalError::Write(io::Error::other("disk full")));
        assert_eq!(failed.told().as_deref(), Some("writing to standard output failed: disk full"));
        assert_eq!(failed.exit(), Exit::Failed);
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let failed = Failed::from(TerminalError::Write(io::ErrorKind::BrokenPipe.into()));
        assert_eq!((failed.exit(), failed.told()), (Exit::Ok, None));
    }
}
