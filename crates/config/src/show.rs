//! A configuration as it holds, key by key, each with where it comes from: a line of a file, a variable, or the default.
//!
//! What is shown is a configuration again, but for secrets, which are never in it. A free text that a variable fills in
//! stays as it is written: what a variable holds may be a secret in the wrong place.

mod text;

use std::slice::from_ref;

use serde_json::Value;

use crate::diagnostic::SourceFile;
use crate::load::Loaded;
use crate::reading::{Asked, Form, Found, TracedKey, TracedTable, expand, names_in};
use crate::schema::{Reference, TELLING};
use crate::withheld::Withheld;

use text::written;

/// What joins main file and included ones; what is shown is one.
const INCLUDE: &str = "include";

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownTable {
    /// As it is written: `[engine]`, `[[listeners]]`; empty for the file itself.
    pub header: String,
    /// The same as a path, with the id of each in a list: `listeners.adt-in.tls`.
    pub path: String,
    /// Its keys.
    pub settings: Vec<Shown>,
}

/// One key.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its name.
    pub key: String,
    /// What holds.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nothing says otherwise.
    Default,
    /// A file.
    File {
        /// Which.
        path: std::path::PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Variables that are filled in.
        variables: Vec<String>,
    },
    /// A variable that overrides what the file says.
    Environment {
        /// Its name.
        variable: String,
    },
}

impl Loaded {
    /// Every key that is set, by a file or a variable; with `effective`, every other one too, with its default.
    pub fn settings(
        &self,
        environment: &dyn Fn(&str) -> Option<String>,
        effective: bool,
    ) -> Vec<ShownTable> {
        let reference = effective.then(Reference::read);
        let mut showing = Showing { loaded: self, reference, environment, shown: Vec::new() };
        let files = showing.inside(None, |table| table.form == Form::File);
        let counterparts = showing.counterparts_of_file();
        // Keys of the files first: behind a table they would be the table's.
        for &file in &files {
            showing.keys(file, &counterparts, &Path::default());
        }
        for &file in &files {
            showing.tables(file, &counterparts, &Path::default());
        }
        showing.absent_tables(&files, &counterparts, &Path::default());
        showing.shown.retain(|table| !table.settings.is_empty() || table.header.starts_with("[["));
        showing.shown
    }
}

/// Where a table stands.
#[derive(Debug, Clone, Default)]
struct Path {
    /// As in a header: `listeners.tls`.
    keys: Vec<String>,
    /// With ids.
    shown: Vec<String>,
}

impl Path {
    fn inner(&self, key: &str, shown: &[String]) -> Self {
        let mut path = self.clone();
        path.keys.push(key.to_owned());
        path.shown.extend_from_slice(shown);
        path
    }
}

/// A configuration on its way to be shown.
struct Showing<'s> {
    loaded: &'s Loaded,
    reference: Option<Reference>,
    environment: &'s dyn Fn(&str) -> Option<String>,
    shown: Vec<ShownTable>,
}

impl<'s> Showing<'s> {
    fn table(&self, place: usize) -> Option<&'s TracedTable> {
        self.loaded.trace.tables.get(place)
    }

    /// The tables inside another that are such.
    fn inside(&self, within: Option<usize>, is: impl Fn(&TracedTable) -> bool) -> Vec<usize> {
        let tables = self.loaded.trace.tables.iter().enumerate();
        let of_ours = |table: &TracedTable| table.within == within && !is_beside(table);
        tables.filter(|(_, table)| of_ours(table) && is(table)).map(|(place, _)| place).collect()
    }

    /// A table with its header, its keys and the tables inside it.
    fn whole(&mut self, table: usize, counterparts: &[usize], path: &Path) {
        self.keys(table, counterparts, path);
        self.tables(table, counterparts, path);
        self.absent_tables(&[table], counterparts, path);
    }

    fn keys(&mut self, table: usize, counterparts: &[usize], path: &Path) {
        let Some(traced) = self.table(table) else { return };
        let header = match traced.form {
            Form::File => String::new(),
            Form::Table | Form::Named(_) => format!("[{}]", written(&path.keys)),
            Form::Element => format!("[[{}]]", written(&path.keys)),
        };
        let keys = traced.keys.iter().filter(|key| key.name != INCLUDE);
        let mut settings: Vec<Shown> =
            keys.filter_map(|key| self.key(traced, key, counterparts)).collect();
        for (name, found) in &traced.own {
            let withheld = Withheld::of(&traced.key, name);
            let (value, origin) = self.found(found, traced.others, withheld);
            settings.push(Shown { key: name.clone(), value, origin });
        }
        self.shown.push(ShownTable { header, path: path.shown.join("."), settings });
    }

    fn key(&self, table: &TracedTable, key: &TracedKey, counterparts: &[usize]) -> Option<Shown> {
        // A table, or a list of such, stands by itself.
        key.asked?;
        let withheld = Withheld::of(&table.key, key.name);
        let (value, origin) = match (&key.variable, &key.found) {
            (Some((variable, text)), _) => {
                let origin = Origin::Environment { variable: variable.clone() };
                (masked(Value::String(text.clone()), withheld), origin)
            }
            (None, Some(found)) => self.found(found, key.asked, withheld),
            (None, None) => (self.default(counterparts, key.name)?, Origin::Default),
        };
        Some(Shown { key: key.name.to_owned(), value, origin })
    }

    /// A value of a file, filled in where that may be shown.
    fn found(&self, found: &Found, asked: Option<Asked>, withheld: Withheld) -> (Value, Origin) {
        let mut variables = Vec::new();
        let value = filled(&found.value, asked, self.environment, &mut variables);
        let file = self.loaded.files.get(found.place.file);
        let line = file.map_or(0, |file| file.position(found.place.span.start).0);
        let path = file.map(|file: &SourceFile| file.path.clone()).unwrap_or_default();
        (masked(value, withheld), Origin::File { path, line, variables })
    }

    fn tables(&mut self, table: usize, counterparts: &[usize], path: &Path) {
        for (number, inner) in self.inside(Some(table), |_| true).into_iter().enumerate() {
            let Some(traced) = self.table(inner) else { continue };
            let key = traced.key.clone();
            let id = ["id", "name"]
                .iter()
                .find_map(|id| Some(traced.get(id)?.found.as_ref()?.value.as_str()?.to_owned()));
            let below = match &traced.form {
                Form::File | Form::Table => path.inner(&key, from_ref(&key)),
                Form::Named(name) => path.inner(&key, from_ref(&key)).inner(name, from_ref(name)),
                Form::Element => {
                    let id = id.unwrap_or_else(|| (number + 1).to_string());
                    path.inner(&key, &[key.clone(), id])
                }
            };
            let counterparts = self.counterparts(inner, &key, counterparts);
            self.whole(inner, &counterparts, &below);
        }
    }

    /// Tables that are not there and have defaults all the same. One with a key that must be there is not meant to be.
    fn absent_tables(&mut self, tables: &[usize], counterparts: &[usize], path: &Path) {
        let Some(reference) = &self.reference else { return };
        let there: Vec<String> = tables
            .iter()
            .flat_map(|&table| self.inside(Some(table), |_| true))
            .filter_map(|table| Some(self.table(table)?.key.clone()))
            .collect();
        let absent = reference.trace.tables.iter().enumerate().filter(|(_, table)| {
            table.form == Form::Table
                && table.within.is_some_and(|within| counterparts.contains(&within))
                && !there.contains(&table.key)
                && !reference.asks_for_a_key(table)
        });
        let mut shown: Vec<ShownTable> = Vec::new();
        for (place, table) in absent {
            let below = path.inner(&table.key, from_ref(&table.key));
            let header = format!("[{}]", written(&below.keys));
            if shown.iter().any(|earlier| earlier.header == header) {
                continue;
            }
            let settings = table.keys.iter().filter_map(|key| {
                let value = self.default(&[place], key.name)?;
                Some(Shown { key: key.name.to_owned(), value, origin: Origin::Default })
            });
            let settings = settings.collect();
            shown.push(ShownTable { header, path: below.shown.join("."), settings });
        }
        self.shown.extend(shown);
    }

    /// The default of a key in tables of the reference.
    fn default(&self, counterparts: &[usize], key: &str) -> Option<Value> {
        let reference = self.reference.as_ref()?;
        counterparts.iter().find_map(|&table| {
            let found = reference.trace.tables.get(table)?.get(key)?.found.as_ref()?;
            let told = reference.comments.of_value(found.place.span.end);
            told.is_default.then(|| found.value.clone())
        })
    }

    fn counterparts_of_file(&self) -> Vec<usize> {
        let reference = self.reference.iter();
        let tables = reference.flat_map(|reference| reference.trace.tables.iter().enumerate());
        tables.filter(|(_, table)| table.form == Form::File).map(|(place, _)| place).collect()
    }

    /// The tables of the reference that are of one kind with this one.
    fn counterparts(&self, table: usize, key: &str, within: &[usize]) -> Vec<usize> {
        let (Some(reference), Some(table)) = (&self.reference, self.table(table)) else {
            return Vec::new();
        };
        let is_of_kind = |place: usize, other: &TracedTable| {
            TELLING.iter().all(|&telling| {
                let theirs = other.get(telling).and_then(|key| key.found.as_ref());
                let ours = table.get(telling).and_then(|key| key.found.as_ref());
                match (ours, theirs) {
                    (Some(ours), Some(theirs)) => ours.value == theirs.value,
                    (None, Some(_)) => self.default(&[place], telling).is_some(),
                    (_, None) => true,
                }
            })
        };
        let tables = reference.trace.tables.iter().enumerate();
        tables
            .filter(|(_, other)| {
                other.key == key && other.within.is_some_and(|one| within.contains(&one))
            })
            .filter(|(place, other)| is_of_kind(*place, other))
            .map(|(place, _)| place)
            .collect()
    }
}

/// Profiles and the like are files of their own, and no part of a configuration.
fn is_beside(table: &TracedTable) -> bool {
    table.form == Form::File && table.get("version").is_none()
}

fn masked(value: Value, withheld: Withheld) -> Value {
    withheld.instead_of(value.as_str()).map_or(value, Value::String)
}

/// The value with its variables filled in, where what they hold may be shown; their names go to `variables`.
fn filled(
    value: &Value,
    asked: Option<Asked>,
    environment: &dyn Fn(&str) -> Option<String>,
    variables: &mut Vec<String>,
) -> Value {
    match value {
        Value::String(text) => {
            variables.extend(names_in(text).map(str::to_owned));
            let is_harmless = asked.is_some_and(|asked| asked.shape.is_harmless());
            match expand(text, environment) {
                Ok(filled) if is_harmless => Value::String(filled.into_owned()),
                Ok(_) | Err(_) => value.clone(),
            }
        }
        Value::Array(values) => {
            values.iter().map(|one| filled(one, asked, environment, variables)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.clone(),
    }
}
