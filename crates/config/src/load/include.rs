//! `include = ["routes.d/*.toml"]`: which files that means.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::fits;
use crate::reading::Context;

/// The most files one pattern may mean.
const MAX_FILES: usize = 1000;

/// The files that the patterns mean, each with the pattern: in the order of the list, those of one pattern by name.
pub(super) fn files(
    context: &Context<'_>,
    main: &Path,
    patterns: &[Placed<PathBuf>],
) -> Vec<(PathBuf, Placed<PathBuf>)> {
    let base = main.parent().unwrap_or(Path::new(""));
    let meant = patterns.iter().flat_map(|pattern| {
        let files = meant(context, base, pattern);
        files.into_iter().map(move |file| (file, pattern.clone()))
    });
    meant.collect()
}

fn meant(context: &Context<'_>, base: &Path, pattern: &Placed<PathBuf>) -> Vec<PathBuf> {
    let path = base.join(&pattern.value);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    if folder.to_string_lossy().contains('*') {
        let fault =
            Diagnostic::fault("`*` stands in file names only, not in folders").at(&pattern.place);
        context.report(fault.hint("name each folder, as \"routes.d/*.toml\""));
        return Vec::new();
    }
    if !name.contains('*') {
        return vec![path];
    }
    let found = found(folder, &name);
    if found.is_empty() {
        let warning = Diagnostic::warning(format!("no file is named `{}`", path.display()))
            .at(&pattern.place);
        context.report(warning.hint("paths of `include` start at the file that names them"));
    }
    if found.len() > MAX_FILES {
        let fault =
            Diagnostic::fault(format!("{} files match, more than {MAX_FILES}", found.len()));
        context.report(fault.at(&pattern.place));
        return Vec::new();
    }
    found
}

/// The files of a folder whose names fit, sorted; hidden ones are editors' leftovers. A folder that cannot be read has
/// none, which is reported as such.
fn found(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let listed =
        if folder.as_os_str().is_empty() { fs::read_dir(".") } else { fs::read_dir(folder) };
    let mut found: Vec<PathBuf> = listed
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && fits(name.as_bytes(), pattern.as_bytes()))
        .map(|name| folder.join(name))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}
