//! Lookup tables, and what names them: transforms and expressions.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Placed};
use crate::reading::Context;
use crate::sections::{Drafts, HandlerDraft};
use crate::setting::{Id, tables_of};
use crate::suggest::{did_you_mean, listed};

/// Reports each name that no `[lookups.NAME]` has.
pub(super) fn report_unknown(context: &Context<'_>, drafts: &Drafts) {
    let known: Vec<&str> = drafts.lookups.iter().map(|draft| draft.name.value.as_str()).collect();
    for table in named(drafts) {
        let name = table.value.0.as_str();
        if known.contains(&name) {
            continue;
        }
        let fault =
            Diagnostic::fault(format!("there is no lookup table `{name}`")).at(&table.place);
        let hint = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
            if known.is_empty() {
                format!("add `[lookups.{name}]` with its `file`")
            } else {
                format!("there are {}", listed(known.iter().copied()))
            }
        });
        context.report(fault.hint(hint));
    }
}

/// Reports each table that nothing names. A script may ask for any of them, by a name that it makes.
pub(super) fn warn_of_unused(context: &Context<'_>, drafts: &Drafts) {
    if has_scripts(drafts) {
        return;
    }
    let used: BTreeSet<String> = named(drafts).into_iter().map(|table| table.value.0).collect();
    for draft in drafts.lookups.iter().filter(|draft| !used.contains(&draft.name.value)) {
        let text = format!("the lookup table `{}` is never used", draft.name.value);
        let hint =
            "name it in `lookup(…)` of an expression, or in the `table` of a step with `map`";
        context.report(Diagnostic::warning(text).at(&draft.name.place).hint(hint));
    }
}

/// Whether anything here is written in Lua.
fn has_scripts(drafts: &Drafts) -> bool {
    let of_routes = drafts.routes.iter().flat_map(|draft| &draft.transform.named.scripts);
    let of_destinations =
        drafts.destinations.iter().flat_map(|draft| &draft.transform.named.scripts);
    drafts.handlers.iter().any(HandlerDraft::is_script)
        || of_routes.chain(of_destinations).next().is_some()
}

/// Every place that names a table.
fn named(drafts: &Drafts) -> Vec<Placed<Id>> {
    let by_routes = drafts.routes.iter().flat_map(|draft| &draft.transform.named.tables);
    let by_destinations =
        drafts.destinations.iter().flat_map(|draft| &draft.transform.named.tables);
    let by_rules = drafts.listeners.iter().flat_map(|draft| &draft.tables);
    let whens = drafts.routes.iter().filter_map(|draft| draft.when.as_ref());
    let filters = drafts.destinations.iter().filter_map(|draft| draft.filter.as_ref());
    let by_conditions = whens.chain(filters).flat_map(tables_of);
    by_routes.chain(by_destinations).chain(by_rules).cloned().chain(by_conditions).collect()
}
