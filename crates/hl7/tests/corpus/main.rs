//! Messages from the field, read and compared with what independent parsers agree on.
//!
//! Two folders of the same shape: files, and an `expected.jsonl` with a row per file. `tests/fixtures` is the project's
//! own and always read. The corpus is the folder in `WARDLINE_CORPUS`, by default `../shared/corpus` beside the
//! workspace; without it the tests over it are reported as ignored, or failed where `WARDLINE_REQUIRE` is `all`.

mod deviations;
mod reading;
mod row;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use row::Row;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = trials("fixture", &manifest.join("tests/fixtures"));
    let corpus = corpus_folder(manifest);
    if corpus.join("expected.jsonl").is_file() {
        trials.extend(self::trials("corpus", &corpus));
    } else {
        trials.push(missing(&corpus));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One test per row.
fn trials(kind: &str, folder: &Path) -> Vec<Trial> {
    let rows = match row::read(folder) {
        Ok(rows) => rows,
        Err(error) => return vec![failing(kind, error.to_string())],
    };
    let trial = |row: Row| {
        let folder = folder.to_owned();
        let name = format!("{kind}::{}", row.file);
        Trial::test(name, move || reading::check(&folder, &row).map_err(Into::into))
    };
    let deviations = deviations::all_are_rows(kind, &rows);
    rows.into_iter().map(trial).chain(deviations).collect()
}

fn failing(kind: &str, error: String) -> Trial {
    Trial::test(format!("{kind}::expected.jsonl is readable"), move || Err(error.into()))
}

fn corpus_folder(manifest: &Path) -> PathBuf {
    match std::env::var_os("WARDLINE_CORPUS") {
        Some(folder) => folder.into(),
        None => manifest.join("../../../shared/corpus"),
    }
}

fn missing(folder: &Path) -> Trial {
    let reason = format!("no expected.jsonl in {}; set WARDLINE_CORPUS", folder.display());
    let required = std::env::var_os("WARDLINE_REQUIRE").is_some_and(|required| required == "all");
    Trial::ignorable_test("corpus", move || {
        if required { Err(reason.into()) } else { Ok(Completion::ignored_with(reason)) }
    })
}
