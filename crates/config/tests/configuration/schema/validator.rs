//! A validator of what JSON Schema (draft 7) our schema uses. A keyword that it does not know ends it: nothing is passed
//! over.

use regex::Regex;
use serde_json::{Map, Value};

/// What says something and asks for nothing.
const ANNOTATIONS: [&str; 5] = ["$schema", "title", "description", "default", "definitions"];

/// Every place where the value breaks the schema.
pub(super) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Validator { root: schema }.judge(schema, value, "", &mut found);
    found
}

struct Validator<'s> {
    root: &'s Value,
}

impl Validator<'_> {
    fn is_sound(&self, schema: &Value, value: &Value) -> bool {
        let mut found = Vec::new();
        self.judge(schema, value, "", &mut found);
        found.is_empty()
    }

    fn judge(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let keywords = match schema {
            Value::Bool(true) => return,
            Value::Bool(false) => return found.push(format!("{at}: nothing may stand here")),
            Value::Object(keywords) => keywords,
            other => unreachable!("no schema: {other}"),
        };
        for (keyword, wanted) in keywords {
            self.judge_by(keyword, wanted, keywords, value, at, found);
        }
    }

    fn judge_by(
        &self,
        keyword: &str,
        wanted: &Value,
        around: &Map<String, Value>,
        value: &Value,
        at: &str,
        found: &mut Vec<String>,
    ) {
        let list = || wanted.as_array().expect("a list");
        let sound = |schemas: &[Value]| {
            schemas.iter().filter(|schema| self.is_sound(schema, value)).count()
        };
        let holds = match keyword {
            _ if ANNOTATIONS.contains(&keyword) => true,
            "$ref" => {
                let pointer = wanted.as_str().expect("a text").trim_start_matches('#');
                let schema = self.root.pointer(pointer).expect("a definition");
                return self.judge(schema, value, at, found);
            }
            "type" => is_of_type(value, wanted.as_str().expect("a type")),
            "enum" => list().contains(value),
            "const" => wanted == value,
            "pattern" => {
                let pattern = Regex::new(wanted.as_str().expect("a text")).expect("a pattern");
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "minimum" => value.as_i64().is_none_or(|number| Some(number) >= wanted.as_i64()),
            "maximum" => value.as_i64().is_none_or(|number| Some(number) <= wanted.as_i64()),
            "minItems" => {
                value.as_array().is_none_or(|all| Some(all.len() as u64) >= wanted.as_u64())
            }
            "anyOf" => sound(list()) > 0,
            "oneOf" => sound(list()) == 1,
            "allOf" => return list().iter().for_each(|one| self.judge(one, value, at, found)),
            "if" => {
                if self.is_sound(wanted, value) {
                    self.judge(&around["then"], value, at, found);
                }
                return;
            }
            "then" => true,
            "items" => {
                for (place, one) in value.as_array().into_iter().flatten().enumerate() {
                    self.judge(wanted, one, &format!("{at}[{place}]"), found);
                }
                return;
            }
            "required" => value.as_object().is_none_or(|entries| {
                list().iter().all(|key| entries.contains_key(key.as_str().expect("a key")))
            }),
            "properties" => {
                for (key, one) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = wanted.get(key) {
                        self.judge(schema, one, &format!("{at}.{key}"), found);
                    }
                }
                return;
            }
            "additionalProperties" => {
                for (key, one) in value.as_object().into_iter().flatten() {
                    if around.get("properties").is_none_or(|known| known.get(key).is_none()) {
                        self.judge(wanted, one, &format!("{at}.{key}"), found);
                    }
                }
                return;
            }
            "propertyNames" => {
                for key in value.as_object().into_iter().flat_map(Map::keys) {
                    self.judge(wanted, &Value::String(key.clone()), &format!("{at}.{key}"), found);
                }
                return;
            }
            other => unreachable!("keyword {other}"),
        };
        if !holds {
            found.push(format!("{at}: {keyword} {wanted}"));
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => unreachable!("type {other}"),
    }
}
