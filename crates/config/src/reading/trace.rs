//! What reading asked of every table, and what it found: the code that reads a section is its schema, and this is the
//! schema written down.

use std::fmt;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Place;
use crate::setting::Shape;

/// Every table that was read, each behind the one around it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Trace {
    pub(crate) tables: Vec<TracedTable>,
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TracedTable {
    /// The table around it.
    pub(crate) within: Option<usize>,
    /// The key under which it stands there.
    pub(crate) key: String,
    pub(crate) form: Form,
    /// The keys it was asked for, in that order.
    pub(crate) keys: Vec<TracedKey>,
    /// What its other keys hold, where they are the operator's own.
    pub(crate) others: Option<Asked>,
    /// Those of them that are there.
    pub(crate) own: Vec<(String, Found)>,
}

/// How a table stands in the one around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// A file.
    File,
    /// `[key]`.
    Table,
    /// One of `[[key]]`.
    Element,
    /// `[key.NAME]`.
    Named(String),
}

/// What is asked of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) shape: Shape,
    pub(crate) is_list: bool,
}

/// One key of a table.
#[derive(Clone, PartialEq)]
pub(crate) struct TracedKey {
    pub(crate) name: &'static str,
    /// Absent where it is a table.
    pub(crate) asked: Option<Asked>,
    /// The same in words.
    pub(crate) expected: Option<&'static str>,
    pub(crate) is_required: bool,
    /// What stands there.
    pub(crate) found: Option<Found>,
    /// The variable that overrides it, with what it holds.
    pub(crate) variable: Option<(String, String)>,
}

/// A value as it is written.
#[derive(Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

impl Trace {
    /// A table begins to be read; where it stands among all.
    pub(crate) fn open(&mut self, within: Option<usize>, key: &str, form: Form) -> usize {
        self.tables.push(TracedTable {
            within,
            key: key.to_owned(),
            form,
            keys: Vec::new(),
            others: None,
            own: Vec::new(),
        });
        self.tables.len() - 1
    }

    /// A key of a table that was opened.
    pub(crate) fn key(&mut self, table: usize, name: &'static str) -> Option<&mut TracedKey> {
        let keys = &mut self.tables.get_mut(table)?.keys;
        let at = keys.iter().position(|key| key.name == name).unwrap_or(keys.len());
        if at == keys.len() {
            keys.push(TracedKey {
                name,
                asked: None,
                expected: None,
                is_required: false,
                found: None,
                variable: None,
            });
        }
        keys.get_mut(at)
    }
}

impl TracedTable {
    /// A key that was asked for.
    pub(crate) fn get(&self, name: &str) -> Option<&TracedKey> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl fmt::Debug for TracedKey {
    /// Without what stands there, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TracedKey").field(&self.name).finish()
    }
}

impl fmt::Debug for Found {
    /// Without the value, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Found").field(&self.place).finish()
    }
}

/// A value of the file, as it is written.
pub(crate) fn value(written: &DeValue<'_>) -> Value {
    match written {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(array) => array.iter().map(|one| value(one.get_ref())).collect(),
        DeValue::Table(table) => of_table(table),
    }
}

fn of_table(table: &DeTable<'_>) -> Value {
    let entries = table.iter();
    entries.map(|(key, one)| (key.get_ref().to_string(), value(one.get_ref()))).collect()
}
