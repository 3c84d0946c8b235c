//! What the page does, the API and the command line do as well: docs/actions.md says where, and is held to it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_tests::trials;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_form_of_the_page_has_its_row,
        every_route_of_a_row_is_there,
        every_command_of_a_row_is_there,
    ]
}

/// What stands in a cell for nothing: of these forms alone, which make a session out of a password.
const NOTHING: &str = "–";
const SESSIONS_OWN: [&str; 3] = ["POST /setup", "POST /signin", "POST /signout"];

/// Page, API, command.
fn rows() -> Vec<[String; 3]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/actions.md");
    let text = std::fs::read_to_string(path).expect("docs/actions.md");
    let rows = text.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<String> =
            line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
        assert_eq!(cells.len(), 6, "{line}");
        [cells[1].clone(), cells[3].clone(), cells[4].clone()]
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 20, "only {} rows found: the search is broken", rows.len());
    rows
}

fn routes() -> BTreeSet<String> {
    let routes = wardline_admin::routes().into_iter();
    routes.map(|(method, path, _)| format!("{method} {path}")).collect()
}

fn every_form_of_the_page_has_its_row() {
    let told: BTreeSet<String> = rows().into_iter().map(|[page, ..]| page).collect();
    let is_form = |route: &&String| route.starts_with("POST /") && !route.contains(" /api/");
    let missing: Vec<String> =
        routes().iter().filter(is_form).filter(|route| !told.contains(*route)).cloned().collect();
    assert!(
        missing.is_empty(),
        "docs/actions.md does not say where else this can be done: {missing:?}"
    );
}

fn every_route_of_a_row_is_there() {
    let routes = routes();
    let document: Value = serde_json::from_str(&wardline_admin::openapi()).expect("JSON");
    for [page, api, _] in rows() {
        assert!(routes.contains(&page), "no such page: {page}");
        if api == NOTHING {
            assert!(SESSIONS_OWN.contains(&page.as_str()), "{page} is nowhere in the API");
            continue;
        }
        let (method, path) = api.split_once(' ').expect("a method and a path");
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{page}: the API has no {api}");
    }
}

fn every_command_of_a_row_is_there() {
    for [page, _, command] in rows() {
        if command == NOTHING {
            assert!(SESSIONS_OWN.contains(&page.as_str()), "{page} has no command");
            continue;
        }
        let (options, words): (Vec<&str>, Vec<&str>) =
            command.split(' ').skip(1).partition(|word| word.starts_with("--"));
        let output = Command::new(env!("CARGO_BIN_EXE_wardline-under-test"))
            .args(&words)
            .arg("--help")
            .output()
            .expect("the program");
        let help = String::from_utf8_lossy(&output.stdout);
        let usage = help.lines().find(|line| line.starts_with("Usage:")).unwrap_or_default();
        assert!(output.status.success() && usage.contains(&words.join(" ")), "{command}: {usage}");
        for option in options {
            assert!(help.contains(option), "{command} has no {option}");
        }
    }
}
