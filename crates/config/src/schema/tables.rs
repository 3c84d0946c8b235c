//! Tables as objects of the schema. Those of one key are one object with the keys of all, so that an editor knows every
//! key; where `kind`, `role` or the verb of a step decide which of them belong together, a condition says so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::comments::{Comments, Told};
use crate::reading::{Form, Trace, TracedKey, TracedTable};

/// Keys whose value decides which others there are.
pub(crate) const TELLING: [&str; 2] = ["kind", "role"];
/// Tables that are steps of a transform, wherever they stand; the first key that is asked for is the verb.
const STEPS: [&str; 2] = ["transform", "steps"];
/// What a step is called among the definitions.
pub(super) const STEP: &str = "step";

/// The tables of the reference.
pub(super) struct Tables<'t> {
    trace: &'t Trace,
    comments: &'t Comments,
}

impl<'t> Tables<'t> {
    pub(super) fn of(trace: &'t Trace, comments: &'t Comments) -> Self {
        Self { trace, comments }
    }

    /// A whole file.
    pub(super) fn file(&self) -> Value {
        self.object(&self.all(|table| table.form == Form::File))
    }

    /// A step of a transform.
    pub(super) fn step(&self) -> Value {
        let steps = self.all(|table| STEPS.contains(&table.key.as_str()));
        let mut step = self.object(&steps);
        let verbs: BTreeSet<&str> =
            steps.iter().filter_map(|&step| Some(self.table(step)?.keys.first()?.name)).collect();
        let one: Vec<Value> = verbs.into_iter().map(|verb| json!({ "required": [verb] })).collect();
        if let Some(step) = step.as_object_mut() {
            step.insert("oneOf".to_owned(), one.into());
        }
        step
    }

    fn all(&self, which: impl Fn(&TracedTable) -> bool) -> Vec<usize> {
        let tables = self.trace.tables.iter().enumerate();
        tables.filter(|(_, table)| which(table)).map(|(place, _)| place).collect()
    }

    fn table(&self, place: usize) -> Option<&'t TracedTable> {
        self.trace.tables.get(place)
    }

    /// The tables that stand under a key of one of these.
    fn inside(&self, tables: &[usize], key: &str) -> Vec<usize> {
        self.all(|table| {
            table.key == key && table.within.is_some_and(|within| tables.contains(&within))
        })
    }

    /// Every key of these tables with its table, in the order of reading.
    fn keys(&self, tables: &[usize]) -> Vec<&'t TracedKey> {
        let tables = tables.iter().filter_map(|&table| self.table(table));
        tables.flat_map(|table| &table.keys).collect()
    }

    fn object(&self, tables: &[usize]) -> Value {
        let mut properties = Map::new();
        for key in self.keys(tables) {
            if !properties.contains_key(key.name) {
                properties.insert(key.name.to_owned(), self.property(tables, key.name));
            }
        }
        let others = tables.iter().find_map(|&table| self.table(table)?.others);
        let others =
            others.map_or(json!(false), |asked| value(asked.shape.schema(), asked.is_list));
        let mut object = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": others,
        });
        let (required, variants) = (self.required(tables), self.variants(tables));
        if let Some(object) = object.as_object_mut() {
            if !required.is_empty() {
                object.insert("required".to_owned(), json!(required));
            }
            if !variants.is_empty() {
                object.insert("allOf".to_owned(), variants.into());
            }
            let description = tables.iter().find_map(|&table| self.description(table));
            object.extend(description.map(|text| ("description".to_owned(), Value::String(text))));
        }
        object
    }

    fn description(&self, table: usize) -> Option<String> {
        let table = self.table(table).filter(|table| table.form != Form::File)?;
        let found = table.keys.iter().find_map(|key| key.found.as_ref())?;
        self.comments.of_table(found.place.span.start)
    }

    fn property(&self, tables: &[usize], key: &str) -> Value {
        let inside = self.inside(tables, key);
        match inside.first().and_then(|&table| self.table(table)).map(|table| &table.form) {
            None => self.value(tables, key),
            Some(Form::File | Form::Table) => self.object(&inside),
            Some(Form::Named(_)) => {
                json!({ "type": "object", "additionalProperties": self.object(&inside) })
            }
            Some(Form::Element) if STEPS.contains(&key) => {
                json!({ "type": "array", "items": { "$ref": format!("#/definitions/{STEP}") } })
            }
            Some(Form::Element) => json!({ "type": "array", "items": self.object(&inside) }),
        }
    }

    /// A key that is no table.
    fn value(&self, tables: &[usize], key: &str) -> Value {
        let keys = self.keys(tables).into_iter().filter(|one| one.name == key);
        let keys: Vec<&TracedKey> = keys.collect();
        let asked = keys.iter().find_map(|one| one.asked);
        let mut schema = match asked {
            Some(asked) => value(asked.shape.schema(), asked.is_list),
            None => json!({}),
        };
        let told: Vec<(&TracedKey, Told)> =
            keys.iter().filter_map(|one| Some((*one, self.told(one)?))).collect();
        let description = told.iter().find_map(|(_, told)| told.description.clone());
        let default = told.iter().find(|(_, told)| told.is_default);
        let default = default.and_then(|(one, _)| Some(one.found.as_ref()?.value.clone()));
        if let Some(schema) = schema.as_object_mut() {
            let description = description.or_else(|| keys.first()?.expected.map(str::to_owned));
            schema.extend(description.map(|text| ("description".to_owned(), Value::String(text))));
            schema.extend(default.map(|value| ("default".to_owned(), value)));
        }
        schema
    }

    fn told(&self, key: &TracedKey) -> Option<Told> {
        Some(self.comments.of_value(key.found.as_ref()?.place.span.end))
    }

    /// The keys that each of these tables must have. `version` stands in the main file only.
    fn required(&self, tables: &[usize]) -> Vec<&'static str> {
        let is_required = |table: &TracedTable, name: &str| {
            table.get(name).is_some_and(|key| {
                key.is_required || self.told(key).is_some_and(|told| told.is_required)
            })
        };
        let is_file = |table: &TracedTable| table.form == Form::File;
        let tables: Vec<&TracedTable> =
            tables.iter().filter_map(|&table| self.table(table)).collect();
        let Some((first, rest)) = tables.split_first().filter(|(first, _)| !is_file(first)) else {
            return Vec::new();
        };
        let names = first.keys.iter().map(|key| key.name);
        names
            .filter(|name| is_required(first, name))
            .filter(|name| rest.iter().all(|table| is_required(table, name)))
            .collect()
    }

    /// A condition for each kind of these tables, where there are several.
    fn variants(&self, tables: &[usize]) -> Vec<Value> {
        let mut kinds: BTreeMap<Vec<(&str, String)>, Vec<usize>> = BTreeMap::new();
        for &table in tables {
            kinds.entry(self.kind(table)).or_default().push(table);
        }
        if kinds.len() < 2 {
            return Vec::new();
        }
        let of = |(kind, tables): (Vec<(&str, String)>, Vec<usize>)| {
            let required = self.required(&tables);
            let is_step = tables.first().is_some_and(|&table| self.is_step(table));
            let named = |key: &&str| is_step || required.contains(key);
            let named: Vec<&str> = kind.iter().map(|(key, _)| *key).filter(named).collect();
            let constants: Map<String, Value> = kind
                .iter()
                .filter(|_| !is_step)
                .map(|(key, value)| ((*key).to_owned(), json!({ "const": value })))
                .collect();
            json!({
                "if": { "properties": constants, "required": named },
                "then": self.narrowed(&tables),
            })
        };
        kinds.into_iter().map(of).collect()
    }

    /// What tells a table from others under its key: the values that decide, or the verb.
    fn kind(&self, table: usize) -> Vec<(&'static str, String)> {
        let Some(traced) = self.table(table) else { return Vec::new() };
        if self.is_step(table) {
            return traced.keys.first().map(|key| (key.name, String::new())).into_iter().collect();
        }
        let telling = traced.keys.iter().filter(|key| TELLING.contains(&key.name));
        let found = telling
            .filter_map(|key| Some((key.name, key.found.as_ref()?.value.as_str()?.to_owned())));
        found.collect()
    }

    fn is_step(&self, table: usize) -> bool {
        self.table(table).is_some_and(|table| STEPS.contains(&table.key.as_str()))
    }

    /// Which keys these tables have, and which they must have; what the keys are is said already.
    fn narrowed(&self, tables: &[usize]) -> Value {
        let names: BTreeSet<&str> = self.keys(tables).into_iter().map(|key| key.name).collect();
        let mut properties = Map::new();
        for name in names.iter().filter(|name| !STEPS.contains(name)) {
            let inside = self.inside(tables, name);
            let form = inside.first().and_then(|&table| self.table(table)).map(|table| &table.form);
            let narrowed = match form {
                Some(Form::Table) => self.narrowed(&inside),
                Some(Form::Element) => json!({ "items": self.narrowed(&inside) }),
                Some(Form::Named(_) | Form::File) | None => continue,
            };
            properties.insert((*name).to_owned(), narrowed);
        }
        let is_open =
            tables.iter().any(|&table| self.table(table).is_some_and(|one| one.others.is_some()));
        let mut narrowed = json!({ "properties": properties, "required": self.required(tables) });
        if let (Some(narrowed), false) = (narrowed.as_object_mut(), is_open) {
            narrowed.insert("propertyNames".to_owned(), json!({ "enum": names }));
        }
        narrowed
    }
}

/// The schema of a value, or of a list of such.
fn value(schema: Value, is_list: bool) -> Value {
    if is_list { json!({ "type": "array", "minItems": 1, "items": schema }) } else { schema }
}
