//! From one value of the file, or of the environment, to one typed setting.
//!
//! Every type a key can have is a [`Setting`]. Text is accepted for all of them, so that `"${NAME}"` serves a number as
//! well as a name.

mod address;
mod charset;
mod choice;
mod database;
mod duration;
mod expression;
mod fingerprint;
mod name;
mod network;
mod number;
mod rate;
mod shape;
mod size;
mod url;

pub(crate) use address::{Host, PeerAddress};
pub(crate) use choice::{Acknowledging, HandlerKind, Kind, ListenerKind, Role, WholeBody};
pub(crate) use database::{DatabaseName, Sql, TableName};
pub(crate) use expression::{Cel, tables_of};
pub(crate) use name::{Filter, Id, MessageCode, Sentence, Word};
pub(crate) use number::Instructions;
pub(crate) use shape::Shape;
pub(crate) use size::Size;
pub(crate) use url::{HeaderName, HeaderText};

use std::path::PathBuf;

use wardline_flow::MessagePattern;

use crate::model::{FilePattern, PLACEHOLDERS, PathTemplate, TemplateFault};
use crate::suggest::{did_you_mean, listed};

/// A type that a key can have.
pub(crate) trait Setting: Sized {
    /// What belongs there, as in "expected …".
    const EXPECTED: &'static str;
    /// What it looks like to an editor.
    const SHAPE: Shape = Shape::Text;

    /// Reads text, `${…}` already replaced.
    fn from_text(text: &str) -> Result<Self, Wrong>;

    /// Reads an integer.
    fn from_integer(_: i64) -> Result<Self, Wrong> {
        Err(Wrong::type_of::<Self>())
    }

    /// Reads `true` or `false`.
    fn from_boolean(_: bool) -> Result<Self, Wrong> {
        Err(Wrong::type_of::<Self>())
    }
}

/// Why a value is not what its key needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The value has another type.
    pub(crate) fn type_of<T: Setting>() -> Self {
        Self::new(format!("expected {}", T::EXPECTED))
    }

    /// The value makes no sense once its variables are filled in. It is shown as it was written.
    pub(crate) fn unexpanded<T: Setting>(text: &str) -> Self {
        Self::new(format!("`{text}`, with its variables filled in, is not {}", T::EXPECTED))
    }

    /// The value has the right type and makes no sense.
    fn text<T: Setting>(text: &str) -> Self {
        Self::new(format!("`{text}` is not {}", T::EXPECTED))
    }
}

impl Setting for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const SHAPE: Shape = Shape::Boolean;

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| Wrong::text::<Self>(text))
    }

    fn from_boolean(value: bool) -> Result<Self, Wrong> {
        Ok(value)
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path";
    const SHAPE: Shape = Shape::Form(".+");

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() || text.contains('\0') {
            Err(Wrong::text::<Self>(text))
        } else {
            Ok(Self::from(text))
        }
    }
}

impl Setting for FilePattern {
    const EXPECTED: &'static str = "the name of a file such as \"*.hl7\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() || text.contains(['/', '\0']) {
            Err(Wrong::text::<Self>(text)
                .hint("`*` stands for any text; folders have no place in it"))
        } else {
            Ok(Self::new(text))
        }
    }
}

impl Setting for wardline_hl7::Path {
    const EXPECTED: &'static str = "a path such as \"PID-3\", \"PID-3[*].4\" or \"OBX[*]-5\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|error| Wrong::new(format!("`{text}` is no path: {error}")))
    }
}

impl Setting for MessagePattern {
    const EXPECTED: &'static str = "a message type such as \"ADT^A01\" or \"ORU^*\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|error| {
            Wrong::new(format!("`{text}` is no message type: {error}"))
                .hint("write \"ADT^A01\", \"ORU^*\" or \"ADT\"")
        })
    }
}

impl Setting for PathTemplate {
    const EXPECTED: &'static str =
        "a path with placeholders such as \"var/archive/{control_id}.hl7\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|fault: TemplateFault| {
            let hint = match &fault {
                TemplateFault::UnknownPlaceholder { name } => did_you_mean(&format!("{{{name}}}"), PLACEHOLDERS.iter().copied())
                    .unwrap_or_else(|| format!("there are {}", listed(PLACEHOLDERS.iter().copied()))),
                TemplateFault::UnpairedBrace => format!("there are {}", listed(PLACEHOLDERS.iter().copied())),
                TemplateFault::BadTimeFormat { .. } => {
                    "write %Y-%m-%d for days, %H for hours; a `/` goes between two placeholders".to_owned()
                }
                TemplateFault::NoFileName | TemplateFault::SameNameForAll => {
                    "end it with a name of its own for each message, as `/{control_id}.hl7` or `/{id}.hl7`".to_owned()
                }
                TemplateFault::TooLong | TemplateFault::Nul => "shorten it, or put a `/` between".to_owned(),
            };
            Wrong::new(fault.to_string()).hint(hint)
        })
    }
}
