//! `[[routes.transform]]` and `[[destinations.transform]]`: the steps that change a message.

use wardline_flow::transform::{Change, Content, Pattern, Step, Transform};
use wardline_hl7::{Index, Path, SegmentPath};

use crate::diagnostic::{Diagnostic, Place, Placed};
use crate::reading::Section;
use crate::sections::step_script::StepScript;
use crate::setting::{Cel, Id, Sentence, tables_of};
use crate::suggest::listed;

/// What a step may do; each step has one of these keys.
const VERBS: [&str; 13] = [
    "set",
    "copy",
    "clear",
    "remove",
    "map",
    "replace",
    "format_date",
    "format_name",
    "split",
    "join",
    "for_each",
    "renumber",
    "script",
];

/// `for_each` within `for_each`: more than this is no transform but a program.
const MAX_DEPTH: usize = 3;

/// The steps of one route or destination, and what they name, each with its place.
#[derive(Debug, Default)]
pub(crate) struct TransformDraft {
    pub(crate) transform: Transform,
    pub(crate) named: Named,
}

/// What steps name.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Lookup tables.
    pub(crate) tables: Vec<Placed<Id>>,
    /// `when` of steps.
    pub(crate) conditions: Vec<Placed<Cel>>,
    /// `expression` of `set`.
    pub(crate) expressions: Vec<Placed<Cel>>,
    /// `script`.
    pub(crate) scripts: Vec<StepScript>,
}

/// Reads `[[….transform]]`.
pub(super) fn read(steps: Vec<Section<'_>>) -> TransformDraft {
    let mut named = Named::default();
    let steps = read_steps(steps, &mut named, 0);
    TransformDraft { transform: Transform { steps }, named }
}

fn read_steps(steps: Vec<Section<'_>>, named: &mut Named, depth: usize) -> Vec<Step> {
    steps.into_iter().filter_map(|section| read_step(section, named, depth)).collect()
}

fn read_step(mut section: Section<'_>, named: &mut Named, depth: usize) -> Option<Step> {
    let asked: Vec<&str> = VERBS.into_iter().filter(|verb| section.has(verb)).collect();
    let [verb] = asked.as_slice() else {
        let what = if asked.is_empty() { "does nothing" } else { "does several things" };
        let fault = Diagnostic::fault(format!("the step {what}")).at(section.place());
        let hint = format!("a step has one of {}", listed(VERBS));
        section.context().report(fault.hint(hint));
        return None;
    };
    let change = read_change(verb, &mut section, named, depth);
    let when: Option<Placed<Cel>> = section.get("when");
    named.tables.extend(when.iter().flat_map(tables_of));
    named.conditions.extend(when.clone());
    section.call(format!("a step with `{verb}`"));
    section.finish();
    change.map(|change| Step { when: when.map(|when| when.value.0), change })
}

fn read_change(
    verb: &str,
    section: &mut Section<'_>,
    named: &mut Named,
    depth: usize,
) -> Option<Change> {
    match verb {
        "set" => {
            let path = edited(section, "set");
            let value = read_content(section, named);
            Some(Change::Set { path: path?, value: value? })
        }
        "copy" => {
            let from = single(section, "copy");
            let to = edited(section, "to");
            Some(Change::Copy { from: from?, to: to? })
        }
        "clear" => Some(Change::Clear { path: edited(section, "clear")? }),
        "remove" => read_remove(section),
        "map" => {
            let path = edited(section, "map");
            let table: Option<Placed<Id>> = section.require("table");
            let name = table.as_ref().map(|table| table.value.0.clone());
            named.tables.extend(table);
            Some(Change::Map { path: path?, table: name? })
        }
        "replace" => {
            let path = edited(section, "replace");
            let pattern: Option<Placed<Pattern>> = section.require("pattern");
            let with: Option<Placed<Sentence>> = section.require("with");
            Some(Change::Replace { path: path?, pattern: pattern?.value, with: with?.value.0 })
        }
        "format_date" => {
            let path = edited(section, "format_date");
            let format = section.require("as");
            Some(Change::FormatDate { path: path?, format: format?.value })
        }
        "format_name" => {
            let path = edited(section, "format_name");
            let format = section.require("as");
            let mut with_id = false;
            section.set("with_id", &mut with_id);
            Some(Change::FormatName { path: path?, format: format?.value, with_id })
        }
        "split" => {
            let path = single(section, "split");
            let at: Option<Placed<Sentence>> = section.require("at");
            let into = section.require_list("into");
            let into = into.into_iter().map(|placed: Placed<Path>| placed.value).collect();
            Some(Change::Split { path: path?, at: at?.value.0, into })
        }
        "join" => {
            let paths = section.list("join").unwrap_or_default();
            let paths = paths.into_iter().map(|placed: Placed<Path>| placed.value).collect();
            let with: Option<Placed<Sentence>> = section.require("with");
            let to = edited(section, "to");
            Some(Change::Join { paths, with: with?.value.0, to: to? })
        }
        "script" => {
            let script = StepScript::read(section)?;
            let program = script.program();
            named.scripts.push(script);
            Some(Change::Script(program))
        }
        "for_each" => read_for_each(section, named, depth),
        _ => {
            let segment = section.get::<SegmentPath>("renumber")?;
            let mut from = 1;
            section.set("from", &mut from);
            Some(Change::Renumber { segment: segment.value.name().to_owned(), from })
        }
    }
}

/// `value` or `expression`.
fn read_content(section: &mut Section<'_>, named: &mut Named) -> Option<Content> {
    let text: Option<Placed<Sentence>> = section.get("value");
    let expression: Option<Placed<Cel>> = section.get("expression");
    named.tables.extend(expression.iter().flat_map(tables_of));
    named.expressions.extend(expression.clone());
    match (section.has("value"), section.has("expression")) {
        (true, false) => text.map(|text| Content::Text(text.value.0)),
        (false, true) => expression.map(|expression| Content::Expression(expression.value.0)),
        (true, true) | (false, false) => {
            let fault = Diagnostic::fault("either `value` or `expression` is needed");
            section.context().report(fault.at(section.place()));
            None
        }
    }
}

/// A segment, or a repetition of a field.
fn read_remove(section: &mut Section<'_>) -> Option<Change> {
    let written: Placed<Sentence> = section.get("remove")?;
    if let Ok(segments) = written.value.0.parse::<SegmentPath>() {
        if segments.name() == "MSH" {
            let fault = Diagnostic::fault("MSH cannot be removed").at(&written.place);
            section.context().report(fault);
            return None;
        }
        return Some(Change::RemoveSegments { segments });
    }
    let hint = "write a segment, as \"OBX[2]\" or \"NTE[*]\", or a repetition, as \"PID-3[2]\"; \
                `clear` empties a field";
    match written.value.0.parse::<Path>() {
        Ok(path) if path.repetition().is_some() && !path.has_component() => {
            Some(Change::RemoveRepetition { path })
        }
        Ok(_) | Err(_) => {
            let fault = Diagnostic::fault(format!("`{}` cannot be removed", written.value.0));
            section.context().report(fault.at(&written.place).hint(hint));
            None
        }
    }
}

fn read_for_each(section: &mut Section<'_>, named: &mut Named, depth: usize) -> Option<Change> {
    let segment = section.get::<SegmentPath>("for_each");
    let sections = section.tables("steps");
    if depth >= MAX_DEPTH {
        let fault = Diagnostic::fault("`for_each` within `for_each` goes too deep");
        section.context().report(fault.at(section.place()).hint("a handler does this better"));
        return None;
    }
    if sections.is_empty() {
        section.missing("steps", "the steps for each segment");
    }
    let steps = read_steps(sections, named, depth + 1);
    let segment = segment?;
    if segment.value.occurrence() != Index::Nth(1) {
        let fault = Diagnostic::fault("`for_each` means every one already").at(&segment.place);
        section.context().report(fault.hint(format!("write \"{}\"", segment.value.name())));
    }
    Some(Change::ForEach { segment: segment.value.name().to_owned(), steps })
}

/// A path that is written to.
fn edited(section: &mut Section<'_>, key: &'static str) -> Option<Path> {
    let path: Placed<Path> = section.require(key)?;
    if path.value.is_delimiters() {
        refuse(section, &path.place, format!("{} holds the delimiters", path.value));
    }
    Some(path.value)
}

/// A path to one place.
fn single(section: &mut Section<'_>, key: &'static str) -> Option<Path> {
    let path: Placed<Path> = section.require(key)?;
    if path.value.is_plural() {
        refuse(section, &path.place, format!("`{key}` takes one place, not several"));
    }
    Some(path.value)
}

fn refuse(section: &Section<'_>, place: &Place, what: String) {
    section.context().report(Diagnostic::fault(what).at(place));
}
