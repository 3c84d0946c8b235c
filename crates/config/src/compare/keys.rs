//! The keys of a section as they are written, and where two of them differ.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Section;
use crate::diagnostic::SourceFile;
use crate::withheld::Withheld;

/// A key that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Its name, with those of the tables around it: `retry.for`, `rules[2].expression`.
    pub key: String,
    /// What it said, secrets left out: both sides may look the same.
    pub old: Option<String>,
    /// What it says, likewise.
    pub new: Option<String>,
}

/// All files of a configuration, as tables.
pub(super) struct Written(Vec<Table>);

/// Keys with their values, those of tables in them included.
pub(super) type Keys = BTreeMap<String, Said>;

/// A value.
#[derive(PartialEq, Eq)]
pub(super) struct Said {
    /// As it is written; never told.
    written: String,
    /// The same as it may be shown.
    shown: String,
}

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
            // The names of tables with keys of the operator's own are below a section.
            flatten(key, value, Withheld::of("", key), &mut keys);
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
        Section::Engine | Section::Store | Section::History | Section::Log | Section::Admin => {
            file.get(section.as_str())?.as_table()
        }
        Section::Lookup => named("lookups"),
        Section::Handler => named("handlers"),
        Section::Listener => listed("listeners"),
        Section::Route => listed("routes"),
        Section::Destination => listed("destinations"),
    }
}

fn flatten(key: &str, value: &Value, withheld: Withheld, keys: &mut Keys) {
    match value {
        Value::Table(table) => {
            let name = key.rsplit('.').next().unwrap_or(key);
            for (inner, value) in table {
                let withheld = match withheld {
                    Withheld::All => Withheld::All,
                    Withheld::Nothing | Withheld::Query => Withheld::of(name, inner),
                };
                flatten(&format!("{key}.{inner}"), value, withheld, keys);
            }
        }
        Value::Array(values) if values.iter().any(Value::is_table) => {
            for (value, number) in values.iter().zip(1..) {
                flatten(&format!("{key}[{number}]"), value, withheld, keys);
            }
        }
        plain => {
            let masked = withheld.instead_of(plain.as_str()).map(Value::String);
            let shown = masked.as_ref().unwrap_or(plain).to_string();
            keys.insert(key.to_owned(), Said { written: plain.to_string(), shown });
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
        let shown = |said: Said| said.shown;
        (old != new).then(|| KeyChange { key, old: old.map(shown), new: new.map(shown) })
    };
    names.into_iter().filter_map(change).collect()
}
