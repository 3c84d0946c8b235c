//! Why a script gave no outcome.

use std::fmt;
use std::time::Duration;

/// Why a script gave no outcome for a message.
///
/// What the script itself raised is its author's text and may quote the message: it goes to the sender of that message
/// and is kept with its delivery, and is neither in `Debug` nor in a log (PHI-1).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It took too long.
    #[error("the script took longer than {} ms", .limit.as_millis())]
    Time {
        /// How long it may take.
        limit: Duration,
    },
    /// It took too many instructions.
    #[error("the script took more than {limit} instructions")]
    Instructions {
        /// How many it may take.
        limit: u64,
    },
    /// It needs more memory.
    #[error("the script needs more than {limit} bytes of memory")]
    Memory {
        /// How much it may have.
        limit: usize,
    },
    /// It raised an error.
    #[error("{text}")]
    Raised {
        /// With its place in the file.
        text: String,
    },
    /// Its function gave back something that means nothing.
    #[error("the script gave back a {what}")]
    Meaningless {
        /// Lua's name for what it is.
        what: &'static str,
    },
}

/// Why a script cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct ScriptFault {
    /// The line of the file, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub fault: LoadFault,
}

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadFault {
    /// It is no Lua.
    #[error("no Lua: {text}")]
    Syntax {
        /// As Lua says it.
        text: String,
    },
    /// What stands outside its functions failed.
    #[error("the script fails when it is loaded: {text}")]
    Failed {
        /// As it was raised.
        text: String,
    },
    /// It has no function to be called.
    #[error("the script has no function {wanted}")]
    NoEntry {
        /// Those it could have.
        wanted: &'static str,
    },
    /// No interpreter could be made.
    #[error("no interpreter of Lua could be made: {text}")]
    Interpreter {
        /// Why.
        text: String,
    },
}

impl Fault {
    /// Whether the interpreter may be left in any state, and is better made anew.
    pub fn breaks_state(&self) -> bool {
        match self {
            Self::Time { .. } | Self::Instructions { .. } | Self::Memory { .. } => true,
            Self::Raised { .. } | Self::Meaningless { .. } => false,
        }
    }

    /// The line of the file at which the script failed, where it is known.
    pub fn line(&self, file: &str) -> Option<usize> {
        match self {
            Self::Raised { text } => placed(text, file).0,
            Self::Time { .. }
            | Self::Instructions { .. }
            | Self::Memory { .. }
            | Self::Meaningless { .. } => None,
        }
    }

    /// A word for logs and counters.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Time { .. } => "time",
            Self::Instructions { .. } => "instructions",
            Self::Memory { .. } => "memory",
            Self::Raised { .. } => "raised",
            Self::Meaningless { .. } => "meaningless",
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Fault").field(&self.kind()).finish()
    }
}

/// What Lua says, without the trace of calls below it.
pub(crate) fn said(error: &mlua::Error) -> String {
    let text = match error {
        mlua::Error::RuntimeError(text) | mlua::Error::MemoryError(text) => text.clone(),
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        mlua::Error::CallbackError { cause, .. } => said(cause),
        other => other.to_string(),
    };
    match text.split_once("\nstack traceback:") {
        Some((said, _)) => said.to_owned(),
        None => text,
    }
}

/// The line of `file` that a text of Lua's begins with, `file:12: …`, and the rest of it.
pub(crate) fn placed<'t>(text: &'t str, file: &str) -> (Option<usize>, &'t str) {
    let place = text.strip_prefix(file).and_then(|rest| rest.strip_prefix(':'));
    let split = place.and_then(|rest| rest.split_once(": "));
    match split.and_then(|(line, said)| Some((line.parse().ok()?, said))) {
        Some((line, said)) => (Some(line), said),
        None => (None, text),
    }
}
