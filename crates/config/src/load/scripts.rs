//! `file = "scripts/triage.lua"`: the scripts that handlers and steps name, each read and tried once.

use std::path::Path;
use std::sync::Arc;

use wardline_script::{Role, Script, Workers};

use super::read;
use crate::diagnostic::{Diagnostic, Place, SourceFile};
use crate::reading::Context;
use crate::sections::{Drafts, ScriptDraft};

/// Gives each handler and step the script that it names. Their paths start at the file that names them.
pub(super) fn give(context: &Context<'_>, files: &mut Vec<SourceFile>, drafts: &mut Drafts) {
    for draft in &mut drafts.handlers {
        if let Some(script) = &draft.script {
            draft.limits.script = open(context, files, script, Role::Handler).map(Arc::new);
        }
    }
    let of_routes = drafts.routes.iter().flat_map(|draft| &draft.transform.named.scripts);
    let of_destinations =
        drafts.destinations.iter().flat_map(|draft| &draft.transform.named.scripts);
    for step in of_routes.chain(of_destinations) {
        if let Some(script) = open(context, files, &step.draft, Role::Transform) {
            step.give(Workers::new(script));
        }
    }
}

/// Reads a script that is named there.
fn open(
    context: &Context<'_>,
    files: &mut Vec<SourceFile>,
    draft: &ScriptDraft,
    role: Role,
) -> Option<Script> {
    let naming = files.get(draft.file.place.file).and_then(|file| file.path.parent());
    let path = naming.unwrap_or(Path::new("")).join(&draft.file.value);
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) => {
            let fault = Diagnostic::fault(format!("cannot read `{}`: {error}", path.display()));
            let hint = "paths of scripts start at the file that names them";
            context.report(fault.at(&draft.file.place).hint(hint));
            return None;
        }
    };
    context.opened(&path);
    files.push(SourceFile::new(path.clone(), text.clone()));
    let file = files.len() - 1;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    let checked = Script::check(&name, text.clone(), role, draft.limits, draft.keep_state);
    checked
        .map_err(|fault| {
            let line = fault.line.unwrap_or(1);
            let place = Place { file, span: span_of(&text, line) };
            context.report(Diagnostic::fault(fault.to_string()).at(&place));
        })
        .ok()
}

/// The bytes of a line, counted from 1.
fn span_of(text: &str, line: usize) -> std::ops::Range<usize> {
    let mut start = 0;
    for (number, one) in text.split_inclusive('\n').enumerate() {
        if number + 1 == line {
            return start..start + one.trim_end().len();
        }
        start += one.len();
    }
    start..start
}
