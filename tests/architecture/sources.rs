//! What of the style can be counted in the sources.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use wardline_tests::trials;

/// A file longer than this has more than one subject.
const MAX_LINES: usize = 500;
/// Names that say nothing about what is inside.
const DRAWERS: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager"];

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        no_file_of_production_code_is_longer_than_its_limit,
        no_file_is_a_drawer,
        every_file_says_why_it_exists,
        no_module_folder_has_a_mod_rs,
        nothing_is_left_to_do,
    ]
}

fn no_file_of_production_code_is_longer_than_its_limit() {
    for (path, text) in sources() {
        let production = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = production.lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines", path.display());
    }
}

fn no_file_is_a_drawer() {
    for (path, _) in sources() {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        assert!(!DRAWERS.contains(&stem.as_ref()), "{}", path.display());
    }
}

fn every_file_says_why_it_exists() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{} has no module doc", path.display());
    }
}

fn no_module_folder_has_a_mod_rs() {
    for (path, _) in sources() {
        assert!(!path.ends_with("mod.rs"), "{}: files are foo.rs + foo/", path.display());
    }
}

fn nothing_is_left_to_do() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["unimple", "mented!"].concat()];
    for (path, text) in sources() {
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{} holds {mark}", path.display());
        }
    }
}

/// Every Rust file of production code below `crates/*/src`; unit tests lie in files called `tests.rs`.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    for one in fs::read_dir(crates).expect("the folder of crates") {
        collect(&one.expect("an entry").path().join("src"), &mut found);
    }
    assert!(found.len() > 50, "only {} sources found: the search is broken", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("a readable source");
            found.push((path, text));
        }
    }
}
