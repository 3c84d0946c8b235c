//! The schema for editors says what reading says: it takes what can be read, and refuses what cannot.

mod validator;

use std::path::PathBuf;

use serde_json::{Value, json};
use wardline_config::schema;

use validator::faults;

const REFERENCE: &str = include_str!("../../../../config/reference.toml");

fn json(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap_or_else(|error| unreachable!("{error}\n{text}"));
    serde_json::to_value(table).expect("JSON")
}

/// Every `# key = value` and `# [table]` as if it were no comment.
fn uncommented(text: &str) -> String {
    let line = |line: &str| {
        let bare = line.trim_start().trim_start_matches("# ");
        let is_key = bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        if is_key || bare.starts_with('[') { bare.to_owned() } else { line.to_owned() }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_reference_keeps_to_it_with_every_key_there_is() {
    let schema = schema();
    assert_eq!(faults(&schema, &json(REFERENCE)), Vec::<String>::new());
    assert_eq!(faults(&schema, &json(&uncommented(REFERENCE))), Vec::<String>::new());
}

#[test]
fn a_key_that_reading_does_not_know_is_refused_in_every_table() {
    let schema = schema();
    let text = uncommented(REFERENCE);
    let lines: Vec<&str> = text.lines().collect();
    let mut tables = 0;
    for (at, header) in
        lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with('['))
    {
        // Names of handlers and lookup tables are the operator's.
        let mut lines = lines.clone();
        lines.insert(at + 1, "zzzzzz = [\"\"]");
        let is_match = header.trim() == "[routes.match]";
        let found = faults(&schema, &json(&lines.join("\n")));
        assert_eq!(found.is_empty(), is_match, "{header}: any path is a key of `match` alone");
        tables += 1;
    }
    assert!(tables > 40, "the tables of the reference");
}

#[test]
fn every_shipped_configuration_keeps_to_it() {
    let schema = schema();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders =
        ["config", "config/routes.d", "crates/config/starter", "crates/config/starter/routes.d"];
    let examples = std::fs::read_dir(root.join("examples")).expect("examples");
    let examples = examples.filter_map(|entry| Some(entry.ok()?.path()));
    let mut seen = 0;
    for folder in folders.iter().map(|folder| root.join(folder)).chain(examples) {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a file");
            if !["listeners", "routes", "destinations"].iter().any(|key| text.contains(key)) {
                continue;
            }
            assert_eq!(faults(&schema, &json(&text)), Vec::<String>::new(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 6, "the shipped files");
}

#[test]
fn every_key_says_what_it_is() {
    fn walk(at: &str, schema: &Value, silent: &mut Vec<String>) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{key}");
            let is_table = property["type"] == "object" || property["items"]["type"] == "object";
            let is_steps = property["items"]["$ref"].is_string();
            if property["description"].as_str().is_none_or(str::is_empty) && !is_table && !is_steps
            {
                silent.push(at.clone());
            }
            walk(&at, property, silent);
            walk(&at, &property["items"], silent);
            walk(&at, &property["additionalProperties"], silent);
        }
    }
    let schema = schema();
    let mut silent = Vec::new();
    walk("", &schema, &mut silent);
    walk("step", &schema["definitions"]["step"], &mut silent);
    assert_eq!(silent, Vec::<String>::new());
    let listener = &schema["properties"]["listeners"]["items"]["properties"];
    assert_eq!(listener["max_connections"]["default"], json!(256));
    assert_eq!(listener["max_connections"]["description"], "1 to 1000000");
    assert_eq!(listener["dedup"]["anyOf"][0]["enum"], json!(["off", "flag", "replay"]));
    assert_eq!(listener["allow"]["default"], Value::Null, "absent by default");
    assert_eq!(listener["bind"]["default"], Value::Null, "a sample is no default");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let schema = schema();
    let listener = "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:2575\"\n";
    let route = "[[routes]]\nid = \"r\"\nto = [\"lis\"]\n";
    let sound = [
        listener.to_owned(),
        format!("{listener}max_connections = \"${{COUNT}}\"\ndedup = \"${{DEDUP}}\"\n"),
        "[[listeners]]\nid = \"c\"\nrole = \"client\"\naddress = \"a:1\"\n[listeners.retry]\nfirst = \"2s\"\n".to_owned(),
        format!("{route}[routes.match]\n\"PID-3.1\" = [\"7\"]\n"),
        format!("{route}[[routes.transform]]\nset = \"PID-3\"\nvalue = \"7\"\n"),
        format!("{route}[[routes.transform]]\nfor_each = \"OBX\"\n[[routes.transform.steps]]\nfor_each = \"OBX\"\n[[routes.transform.steps.steps]]\nclear = \"OBX-5\"\n"),
        "[engine]\nmax_buffered = 1048576\n".to_owned(),
    ];
    for text in sound {
        assert_eq!(faults(&schema, &json(&text)), Vec::<String>::new(), "{text}");
    }
    let wrong = [
        "[[listeners]]\nbind = \"127.0.0.1:2575\"\n".to_owned(),
        "[[listeners]]\nid = \"in\"\n".to_owned(),
        "[[listeners]]\nid = \"c\"\nrole = \"client\"\nbind = \"127.0.0.1:1\"\n".to_owned(),
        "[[listeners]]\nid = \"c\"\nkind = \"file\"\npath = \"in\"\nmax_connections = 1\n".to_owned(),
        "[[listeners]]\nid = \"c\"\nrole = \"client\"\naddress = \"a:1\"\n[listeners.tls]\nclient_ca = \"a\"\n".to_owned(),
        format!("{listener}max_connections = \"many\"\n"),
        format!("{listener}max_connections = 0\n"),
        format!("{listener}frame_timeout = \"10 minutes\"\n"),
        format!("{listener}frame_timeout = 10\n"),
        format!("{listener}dedup = \"maybe\"\n"),
        format!("{listener}err = 1\n"),
        format!("{listener}allow = \"10.0.0.0/8\"\n"),
        format!("{listener}allow = []\n"),
        format!("{route}[[routes.transform]]\nset = \"PID-3\"\nclear = \"PID-4\"\n"),
        format!("{route}[[routes.transform]]\nwhen = \"true\"\n"),
        format!("{route}[[routes.transform]]\nclear = \"PID-3\"\nto = \"PID-4\"\n"),
        format!("{route}[[routes.transform]]\nfor_each = \"OBX\"\n[[routes.transform.steps]]\nnothing = \"OBX-5\"\n"),
        "[[destinations]]\nid = \"d\"\nkind = \"file\"\n".to_owned(),
        "[[destinations]]\nid = \"d\"\nkind = \"fax\"\n".to_owned(),
        "[listeners]\nid = \"in\"\n".to_owned(),
        "[lookups.units]\nkey = \"a\"\n".to_owned(),
        "version = \"x\"\n".to_owned(),
    ];
    for text in wrong {
        assert!(!faults(&schema, &json(&text)).is_empty(), "{text}");
    }
}
