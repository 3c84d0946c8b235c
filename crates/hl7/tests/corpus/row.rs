//! `expected.jsonl`: a row per file, with the values that several parsers agree on.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// What is expected of one file.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) file: String,
    /// The charset that its bytes are in.
    pub(crate) decode: String,
    /// How many messages; absent where the parsers disagree.
    pub(crate) messages: Option<usize>,
    /// Raw values of the first message, decoded: `MSH-3` and `MSH-10` are whole fields, `PID-3.1` the first component of
    /// the first repetition; `OBX-first-…` and `OBX-last-…` name the first and the last OBX, `segments` a count.
    pub(crate) expected: BTreeMap<String, Expected>,
    /// The same with escapes resolved.
    #[serde(default)]
    pub(crate) unescaped: BTreeMap<String, String>,
    /// Whether an LF stands inside a segment as data, and the values hold it.
    #[serde(default)]
    pub(crate) lf_is_data: bool,
}

/// A value or a count.
pub(crate) enum Expected {
    Text(String),
    Count(usize),
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self::Text(text)),
            serde_json::Value::Number(count) => count
                .as_u64()
                .and_then(|count| usize::try_from(count).ok())
                .map(Self::Count)
                .ok_or_else(|| D::Error::custom("a count is expected")),
            _ => Err(D::Error::custom("a text or a count is expected")),
        }
    }
}

/// Reads the rows of a folder.
pub(crate) fn read(folder: &Path) -> std::io::Result<Vec<Row>> {
    let rows = std::fs::read_to_string(folder.join("expected.jsonl"))?;
    let rows: Result<Vec<Row>, _> = rows.lines().map(serde_json::from_str).collect();
    Ok(rows?)
}
