//! What a setting looks like from outside, for editors: which types it takes, which words, which form.

use serde_json::{Value, json};

/// The form of a text that comes from the environment, wholly or in part: nothing can be said of it.
const FROM_ENVIRONMENT: &str = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}";

/// What a setting looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A value or a table; which one, and of what, reading tells.
    Open,
    /// A text of any form; what is wrong with it, reading tells.
    Text,
    /// A text of this form, as a regular expression that is found in it whole.
    Form(&'static str),
    /// A size: a number of bytes, or a text.
    Size,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Whole {
        /// The least.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// One of these.
    Words(&'static [&'static str]),
}

/// The form of a size that is a text.
const SIZE: &str = "[0-9]+ *(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?";

impl Shape {
    /// The schema of one value. Every one may be a text with a variable in it.
    pub(crate) fn schema(self) -> Value {
        let text = |form: &str| json!({ "type": "string", "pattern": format!("^({form})$|{FROM_ENVIRONMENT}") });
        match self {
            Self::Open => json!({}),
            Self::Text => json!({ "type": "string" }),
            Self::Form(form) => text(form),
            Self::Size => json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, text(SIZE)] }),
            Self::Boolean => json!({ "anyOf": [{ "type": "boolean" }, text("true|false")] }),
            Self::Whole { least, most } => {
                let number = json!({ "type": "integer", "minimum": least, "maximum": most });
                json!({ "anyOf": [number, text("[0-9]+")] })
            }
            Self::Words(words) => json!({ "anyOf": [
                { "enum": words },
                { "type": "string", "pattern": FROM_ENVIRONMENT },
            ] }),
        }
    }

    /// Whether what a variable fills in may be shown. A free text may hold anything, a secret in the wrong place too.
    pub(crate) fn is_harmless(self) -> bool {
        match self {
            Self::Open | Self::Text => false,
            Self::Form(_) | Self::Size | Self::Boolean | Self::Whole { .. } | Self::Words(_) => {
                true
            }
        }
    }
}
