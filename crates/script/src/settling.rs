//! What a call of a script's function comes to: a value, or a fault.

use mlua::Value;

use crate::fault::{Fault, said};
use crate::limits::Limits;
use crate::run::Ended;

/// How a call of a script's function went.
pub(crate) enum Entered {
    /// It gave this back.
    Gave(Value),
    /// It raised this.
    Raised(Value),
    /// The run ended within it.
    Left,
}

/// What a call gave back.
pub(crate) fn gave(limits: Limits, entered: mlua::Result<Entered>) -> Result<Value, Fault> {
    match entered {
        Ok(Entered::Gave(value)) => Ok(value),
        Ok(Entered::Left) => Err(Fault::Time { limit: limits.time }),
        Ok(Entered::Raised(Value::String(text))) => Err(said_by(limits, text.to_string_lossy())),
        Ok(Entered::Raised(Value::Error(error))) => Err(raised(limits, &error)),
        Ok(Entered::Raised(other)) => {
            Err(Fault::Raised { text: format!("the script raised a {}", other.type_name()) })
        }
        Err(error) => Err(raised(limits, &error)),
    }
}

/// The limit that a run has passed, if it has. What the script said itself is a fault where nobody decides.
pub(crate) fn ended(limits: Limits, how: Option<Ended>) -> Result<(), Fault> {
    match how {
        None => Ok(()),
        Some(Ended::Time) => Err(Fault::Time { limit: limits.time }),
        Some(Ended::Instructions) => Err(Fault::Instructions { limit: limits.instructions }),
        Some(Ended::Rejected { text, .. } | Ended::Failed { text }) => Err(Fault::Raised { text }),
    }
}

pub(crate) fn raised(limits: Limits, error: &mlua::Error) -> Fault {
    match error {
        mlua::Error::MemoryError(_) => Fault::Memory { limit: limits.memory },
        mlua::Error::CallbackError { cause, .. } => raised(limits, cause),
        other => said_by(limits, said(other)),
    }
}

/// A text that was raised. That of Lua's own, when memory is used up, is told from others by its words alone.
fn said_by(limits: Limits, text: String) -> Fault {
    if text.ends_with("not enough memory") {
        return Fault::Memory { limit: limits.memory };
    }
    Fault::Raised { text }
}
