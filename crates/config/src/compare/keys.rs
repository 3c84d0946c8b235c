//! The keys of a section as they are written, and where two of them differ.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Section;
use crate::diagnostic::SourceFile;

/// A key that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Its name, with those of the tables around it: `retry.for`, `rules[2].expression`.
    pub key: String,
    /// What it said.
    pub old: Option<String>,
    /// What it says.
    pub new: Option<String>,
}

/// All files of a configuration, as tables.
pub(super) struct Written(Vec<Table>);

/// Keys with their values, those of tables in them included.
pub(super) type Keys = BTreeMap<String, String>;

impl Written {
    pub(super) fn of(files: &[SourceFile]) -> Self {
        // They have been read before: each of them is TOML.
        Self(files.iter().filter_map(|file| file.text.parse().ok()).collect())
    }

    /// The keys of a section, wherever it stands.
    pub(super) fn keys(&self, section: Section, id: Option<&str>) -> Keys {
        let mut keys = Keys::new();
        let tables = self.0.iter().filter_map(|file| table(file, section, id));
        for (key, value) in tables.flatten() {
            flatten(key, value, &mut keys);
        }
        keys
    }
}

fn table<'t>(file: &'t Table, section: Section, id: Option<&str>) -> Option<&'t Table> {
    let named = |name: &str| file.get(name)?.as_table()?.get(id?)?.as_table();
    let listed = |name: &str| {
        let mut tables = file.get(name)?.as_array()?.iter().filter_map(Value::as_table);
        tables.find(|table| table.get("id").and_then(Value::as_str) == id)
    };
    match section {
        Section::Engine | Section::Store | Section::Log => file.get(section.as_str())?.as_table(),
        Section::Lookup => named("lookups"),
        Section::Handler => named("handlers"),
        Section::Listener => listed("listeners"),
        Section::Route => listed("routes"),
        Section::Destination => listed("destinations"),
    }
}

fn flatten(key: &str, value: &Value, keys: &mut Keys) {
    match value {
        Value::Table(table) => {
            for (inner, value) in table {
                flatten(&format!("{key}.{inner}"), value, keys);
            }
        }
        Value::Array(values) if values.iter().any(Value::is_table) => {
            for (value, number) in values.iter().zip(1..) {
                flatten(&format!("{key}[{number}]"), value, keys);
            }
        }
        plain => {
            keys.insert(key.to_owned(), plain.to_string());
        }
    }
}

/// Where they differ, in the order of the keys.
pub(super) fn changes(mut old: Keys, mut new: Keys) -> Vec<KeyChange> {
    let mut names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    names.sort_unstable();
    names.dedup();
    let change = |key: String| {
        let (old, new) = (old.remove(&key), new.remove(&key));
        (old != new).then_some(KeyChange { key, old, new })
    };
    names.into_iter().filter_map(change).collect()
}
