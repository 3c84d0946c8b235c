//! `[history]`.

use wardline_flow::search::{CustomKey, KeyKind, MAX_CUSTOM};
use wardline_hl7::Path;

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::History;
use crate::reading::Section;
use crate::setting::Id;
use crate::suggest::listed;

pub(super) fn read(section: Section<'_>) -> History {
    let mut section = section.overridden_by("WARDLINE_HISTORY");
    let mut history = History::default();
    section.set("enabled", &mut history.enabled);
    let mut names: Vec<Placed<Id>> = Vec::new();
    for mut table in section.tables("keys") {
        let name: Option<Placed<Id>> = table.require("name");
        let path: Option<Placed<Path>> = table.require("path");
        if let Some(name) = &name {
            unlike_the_others(&table, name, &names);
        }
        if let (Some(name), Some(path)) = (&name, path) {
            history.keys.push(CustomKey { name: name.value.0.clone(), path: path.value });
        }
        if names.len() == MAX_CUSTOM {
            let fault = Diagnostic::fault(format!("there are more than {MAX_CUSTOM} keys"));
            let fault = fault.at(table.place()).hint("each costs time and space for every message");
            table.context().report(fault);
        }
        names.extend(name);
        table.finish();
    }
    section.finish();
    history
}

/// A name stands for one key, where messages are searched.
fn unlike_the_others(table: &Section<'_>, name: &Placed<Id>, earlier: &[Placed<Id>]) {
    let text = &name.value.0;
    if KeyKind::NAMED.iter().any(|(_, known)| known == text) {
        let fault = Diagnostic::fault(format!("every message is found by its `{text}` already"));
        let names = listed(KeyKind::NAMED.iter().map(|(_, name)| *name));
        table.context().report(fault.at(&name.place).hint(format!("{names} are taken")));
    }
    if let Some(first) = earlier.iter().find(|earlier| earlier.value == name.value) {
        let fault = Diagnostic::fault(format!("there are two keys `{text}`")).at(&name.place);
        let fault = fault.beside(&first.place, "first here");
        table.context().report(fault.hint("give each a name of its own"));
    }
}
