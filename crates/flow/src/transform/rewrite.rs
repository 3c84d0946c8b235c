//! A step that is a program: who can run one is an argument.

use std::fmt;
use std::sync::Arc;

use wardline_hl7::Message;

use crate::lookup::Lookups;

/// A program that makes a message of a message.
pub trait Rewrite: Send + Sync {
    /// What it is called.
    fn name(&self) -> &str;

    /// What it is: two programs of one text are the same.
    fn text(&self) -> &str;

    /// The message that it makes. It may take its time, so a thread that serves connections does not call it.
    ///
    /// # Errors
    ///
    /// [`RewriteFault`].
    fn rewrite(&self, message: &Message, lookups: &Arc<Lookups>) -> Result<Message, RewriteFault>;

    /// The same program for a trial: it takes nobody's turn, and what it says is not logged.
    fn apart(&self) -> Arc<dyn Rewrite>;
}

/// Why a program made no message.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RewriteFault {
    /// What happened and where, without a word of the message (PHI-1).
    pub what: String,
    /// What the program said, which may quote the message: for whoever tries it out.
    pub said: Option<String>,
}

/// A program, as a step holds it.
#[derive(Clone)]
pub struct Program(pub Arc<dyn Rewrite>);

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name() && self.0.text() == other.0.text()
    }
}

impl Eq for Program {}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Program").field(&self.0.name()).finish()
    }
}

impl fmt::Debug for RewriteFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RewriteFault").field(&self.what).finish()
    }
}
