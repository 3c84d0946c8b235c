//! docs/conformance.md says which test shows what; here it is held to that.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use wardline_tests::trials;

/// The sections of the page and how many rows each has: one for each statement about the wire.
const SECTIONS: &[(&str, usize)] =
    &[("1", 22), ("2", 27), ("3", 13), ("4", 22), ("5A", 15), ("5B", 18), ("5C", 15), ("5D", 11)];
/// What a row says instead of a test.
const NOT_YET: &str = "not yet";

pub(crate) fn trials() -> Vec<Trial> {
    trials![every_test_that_the_page_names_exists, every_row_names_a_test_or_says_not_yet]
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/conformance.md")).expect("docs/conformance.md")
}

/// The rows that begin with a number of ours, split into their cells.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    rows.filter(|cells| cells[0].contains('.') && !cells[0].contains(' ')).collect()
}

/// What stands in backticks and is a path to a test: `file.rs::name`.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.split_once(".rs::"))
}

fn every_test_that_the_page_names_exists() {
    let page = page();
    let mut found = BTreeSet::new();
    for (file, name) in named(&page) {
        let path = root().join(format!("{file}.rs"));
        let source = fs::read_to_string(&path);
        let source = source.unwrap_or_else(|error| panic!("{file}.rs: {error}"));
        assert!(
            source.contains(&format!("fn {name}(")),
            "docs/conformance.md names {file}.rs::{name}, which is gone"
        );
        found.insert((file, name));
    }
    assert!(found.len() > 100, "only {} tests found: the search is broken", found.len());
}

fn every_row_names_a_test_or_says_not_yet() {
    let page = page();
    let rows = rows(&page);
    let keys: Vec<&str> = rows.iter().map(|cells| cells[0]).collect();
    let expected: Vec<String> = SECTIONS
        .iter()
        .flat_map(|(section, rows)| (1..=*rows).map(move |row| format!("{section}.{row:02}")))
        .collect();
    assert_eq!(keys, expected, "the rows of docs/conformance.md, in order");
    for cells in rows {
        let [key, _statement, tests, outcome] = cells[..] else {
            panic!("a row has a number, a statement, tests and an outcome: {cells:?}")
        };
        assert!(named(tests).next().is_some() || tests == NOT_YET, "{key} names no test");
        assert!(!outcome.is_empty(), "{key} does not say what the peer sees");
    }
}
