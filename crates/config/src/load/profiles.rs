//! `profile = "adt.toml"`: the files that listeners name, each read once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wardline_hl7::profile::Profile;

use super::{parse, read};
use crate::diagnostic::{Diagnostic, Faults, Placed, SourceFile};
use crate::reading::Context;
use crate::sections::{Drafts, read_profile};

/// Reads the profile at `path` by itself, without a configuration around it.
///
/// # Errors
///
/// Every fault of the file.
pub fn load_profile(path: &Path) -> Result<Profile, Faults> {
    let nothing = |_: &str| None;
    let context = Context::new(&nothing, &[]);
    let mut files = Vec::new();
    let profile = match read(path) {
        Ok(text) => {
            files.push(SourceFile::new(path.to_owned(), text));
            parse(&context, &files, 0, read_profile)
        }
        Err(error) => {
            context.report(unreadable(path, &error));
            None
        }
    };
    let has_faults = context.has_faults();
    let diagnostics = context.into_diagnostics();
    match profile {
        Some(profile) if !has_faults => Ok(profile),
        Some(_) | None => Err(Faults { diagnostics, files }),
    }
}

/// Gives each listener the profile that it names. Their paths start at the file that names them.
pub(super) fn give(context: &Context<'_>, files: &mut Vec<SourceFile>, drafts: &mut Drafts) {
    let mut known: Vec<(PathBuf, Option<Arc<Profile>>)> = Vec::new();
    for draft in &mut drafts.listeners {
        let Some(named) = &draft.profile else { continue };
        let naming = files.get(named.place.file).and_then(|file| file.path.parent());
        let path = naming.unwrap_or(Path::new("")).join(&named.value);
        if !known.iter().any(|(other, _)| *other == path) {
            let profile = open(context, files, &path, named);
            known.push((path.clone(), profile));
        }
        let profile = known.iter().find(|(other, _)| *other == path);
        draft.listener.profile = profile.and_then(|(_, profile)| profile.clone());
    }
}

/// Reads the profile that is named there.
fn open(
    context: &Context<'_>,
    files: &mut Vec<SourceFile>,
    path: &Path,
    named: &Placed<PathBuf>,
) -> Option<Arc<Profile>> {
    match read(path) {
        Ok(text) => {
            files.push(SourceFile::new(path.to_owned(), text));
            parse(context, files, files.len() - 1, read_profile).map(Arc::new)
        }
        Err(error) => {
            let hint = "paths of `profile` start at the file that names them";
            context.report(unreadable(path, &error).at(&named.place).hint(hint));
            None
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::fault(format!("cannot read `{}`: {error}", path.display()))
}
