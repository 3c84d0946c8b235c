//! Whether an engine can do its work.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether an engine takes messages. What is wrong with single destinations is not in it: messages for them are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether it does: there is nothing in `reasons`.
    pub ready: bool,
    /// Why not.
    pub reasons: Vec<NotReady>,
}

/// Why an engine takes no messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotReady {
    /// It will end in `shutdown_delay`; until then messages are taken.
    Leaving,
    /// It is ending.
    Draining,
    /// There is less free space than the store asks for.
    NoSpace,
    /// The index is too far behind the journal.
    IndexLagging,
    /// The store is closed.
    StoreClosed,
}

impl NotReady {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Leaving => "leaving",
            Self::Draining => "draining",
            Self::NoSpace => "no-space",
            Self::IndexLagging => "index-lagging",
            Self::StoreClosed => "store-closed",
        }
    }
}

impl From<Vec<NotReady>> for Readiness {
    fn from(reasons: Vec<NotReady>) -> Self {
        Self { ready: reasons.is_empty(), reasons }
    }
}

impl fmt::Display for Readiness {
    /// `ready`, or a line for each reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ready {
            return f.write_str("ready");
        }
        f.write_str("not ready")?;
        self.reasons.iter().try_for_each(|reason| write!(f, "\n{}", reason.code()))
    }
}
