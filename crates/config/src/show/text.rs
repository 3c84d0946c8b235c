//! Keys, values and origins as text: what is shown can be read again.

use std::fmt;
use std::slice::from_ref;

use serde_json::Value;

use super::{Origin, Shown};

/// The keys of a header, in quotes where they need them.
pub(super) fn written(keys: &[String]) -> String {
    let is_bare = |key: &str| {
        !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let keys = keys.iter().map(|key| if is_bare(key) { key.clone() } else { format!("{key:?}") });
    keys.collect::<Vec<_>>().join(".")
}

impl Shown {
    /// The key as it is written, in quotes where it needs them.
    pub fn written_key(&self) -> String {
        written(from_ref(&self.key))
    }

    /// The value as it is written.
    pub fn written_value(&self) -> String {
        toml(&self.value)
    }
}

fn toml(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Array(values) => {
            format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{} = {}", written(from_ref(key)), toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, variables } => {
                write!(f, "{}:{line}", path.display())?;
                variables.iter().try_for_each(|name| write!(f, ", with {name} of the environment"))
            }
            Self::Environment { variable } => write!(f, "{variable} of the environment"),
        }
    }
}
