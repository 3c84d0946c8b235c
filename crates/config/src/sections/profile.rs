//! A profile: a file of its own with `[[rules]]` and `[tables]`, named by `profile` of a listener.

use std::collections::{BTreeMap, BTreeSet};

use wardline_hl7::Path;
use wardline_hl7::profile::{Demand, Profile, Rule};

use crate::diagnostic::{Diagnostic, Placed};
use crate::reading::Section;
use crate::setting::{Id, Word};
use crate::suggest::listed;

/// What a rule may ask; exactly one of them.
const DEMANDS: [&str; 5] = ["require", "forbid", "count", "values", "length"];

/// The values of each table.
type Tables = BTreeMap<String, BTreeSet<String>>;

/// Reads a profile.
pub(crate) fn read(mut section: Section<'_>) -> Profile {
    section.call("a profile".to_owned());
    let tables = read_tables(&mut section);
    let mut profile = Profile::default();
    let mut ids: Vec<Placed<Id>> = Vec::new();
    for rule in section.tables("rules") {
        let Some((id, rule)) = read_rule(rule, &tables) else { continue };
        if let Some(first) = ids.iter().find(|first| first.value == id.value) {
            let fault = Diagnostic::fault(format!("the id `{}` is taken", id.value.0));
            section.context().report(fault.at(&id.place).beside(&first.place, "first here"));
        }
        ids.push(id);
        profile.rules.push(rule);
    }
    section.finish();
    profile
}

fn read_tables(section: &mut Section<'_>) -> Tables {
    let Some(tables) = section.table("tables") else { return Tables::new() };
    let named = tables.others().into_iter().map(|(name, values)| {
        let values = tables.elements::<Word>(values.get_ref(), &name.place);
        (name.value.to_owned(), values.into_iter().map(|word| word.value.0).collect())
    });
    named.collect()
}

fn read_rule(mut section: Section<'_>, tables: &Tables) -> Option<(Placed<Id>, Rule)> {
    let id: Option<Placed<Id>> = section.require("id");
    let mut messages = Vec::new();
    section.set_list("message", &mut messages, |pattern| pattern);
    let mut demands: Vec<Demand> = Vec::new();
    let plain = |placed: Placed<Path>| placed.value;
    demands.extend(section.get("require").map(plain).map(Demand::Require));
    demands.extend(section.get("forbid").map(plain).map(Demand::Forbid));
    demands.extend(section.table("count").and_then(read_count));
    demands.extend(section.table("values").and_then(|values| read_values(values, tables)));
    demands.extend(section.table("length").and_then(read_length));
    let asked = DEMANDS.iter().filter(|key| section.place_of(key).is_some()).count();
    if asked != 1 {
        let fault = Diagnostic::fault("a rule asks for one thing").at(section.place());
        let known = listed(DEMANDS.iter().copied());
        section.context().report(fault.hint(format!("write one of {known}")));
    }
    section.finish();
    let (id, demand) = (id?, demands.pop()?);
    let rule = Rule { id: id.value.0.clone(), messages, demand };
    Some((id, rule))
}

fn read_count(mut section: Section<'_>) -> Option<Demand> {
    let path = section.require("path");
    let (mut min, mut max) = (0_u32, u32::MAX);
    section.set("min", &mut min);
    section.set("max", &mut max);
    if min > max {
        let fault = Diagnostic::fault("`min` is greater than `max`").at(section.place());
        section.context().report(fault);
    }
    section.finish();
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    path.map(|path| Demand::Count { path: path.value, min: size(min), max: size(max) })
}

fn read_values(mut section: Section<'_>, tables: &Tables) -> Option<Demand> {
    let path = section.require("path");
    let one_of = section.list::<Word>("one_of");
    let table = section.get::<Word>("table");
    let values = match (one_of, table) {
        (Some(words), None) => Some(words.into_iter().map(|word| word.value.0).collect()),
        (None, Some(name)) => {
            let values = tables.get(&name.value.0).cloned();
            if values.is_none() {
                let fault = Diagnostic::fault(format!("there is no table `{}`", name.value.0));
                section.context().report(fault.at(&name.place).hint("`[tables]` has them"));
            }
            values
        }
        (None, None) | (Some(_), Some(_)) => {
            let fault = Diagnostic::fault("either `one_of` or `table` is needed");
            section.context().report(fault.at(section.place()));
            None
        }
    };
    section.finish();
    Some(Demand::OneOf { path: path?.value, values: values? })
}

fn read_length(mut section: Section<'_>) -> Option<Demand> {
    let path = section.require("path");
    let max: Option<Placed<u32>> = section.require("max");
    section.finish();
    let max = usize::try_from(max?.value).unwrap_or(usize::MAX);
    Some(Demand::Length { path: path?.value, max })
}
