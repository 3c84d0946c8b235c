//! A script as the configuration has it: its text, what it is for, what it may cost.

use std::fmt;

use crate::fault::ScriptFault;
use crate::interpreter::{Around, Interpreter};
use crate::limits::Limits;

/// What a script is for, and so which of its functions is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `handle(message, from)`, or `main(Data)` as Iguana has it.
    Handler,
    /// `transform(message)`.
    Transform,
}

/// A script that can be run.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) role: Role,
    pub(crate) limits: Limits,
    pub(crate) keeps_state: bool,
}

impl Script {
    /// A script of this text. `name` is what errors call it: the name of its file. With `keeps_state` its globals live
    /// from message to message; those of a script with `main(Data)` always do.
    ///
    /// # Errors
    ///
    /// [`ScriptFault`]: it is no Lua, fails outside its functions, or has no function to be called. It is run once for
    /// that, without a socket and without a word in any log.
    pub fn check(
        name: &str,
        text: String,
        role: Role,
        limits: Limits,
        keeps_state: bool,
    ) -> Result<Self, ScriptFault> {
        let script = Self { name: name.to_owned(), text, role, limits, keeps_state };
        Interpreter::new(&script, Around::nothing())?;
        Ok(script)
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may cost.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}

impl Role {
    /// The functions that it could have, as a fault names them.
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Self::Handler => "`handle(message)`",
            Self::Transform => "`transform(message)`",
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Script")
            .field("name", &self.name)
            .field("bytes", &self.text.len())
            .field("role", &self.role)
            .field("limits", &self.limits)
            .field("keeps_state", &self.keeps_state)
            .finish()
    }
}
