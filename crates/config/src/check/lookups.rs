//! Lookup tables that transforms and expressions name.

use crate::diagnostic::{Diagnostic, Place};
use crate::reading::Context;
use crate::sections::Drafts;
use crate::setting::tables_of;
use crate::suggest::{did_you_mean, listed};

/// Reports each name that no `[lookups.NAME]` has.
pub(super) fn report_unknown(context: &Context<'_>, drafts: &Drafts) {
    let known: Vec<&str> = drafts.lookups.iter().map(|draft| draft.name.value.as_str()).collect();
    let report = |name: &str, place: &Place| {
        if known.contains(&name) {
            return;
        }
        let fault = Diagnostic::fault(format!("there is no lookup table `{name}`")).at(place);
        let hint = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
            if known.is_empty() {
                format!("add `[lookups.{name}]` with its `file`")
            } else {
                format!("there are {}", listed(known.iter().copied()))
            }
        });
        context.report(fault.hint(hint));
    };
    let by_routes = drafts.routes.iter().flat_map(|draft| &draft.transform.tables);
    let by_destinations = drafts.destinations.iter().flat_map(|draft| &draft.transform.tables);
    let by_rules = drafts.listeners.iter().flat_map(|draft| &draft.tables);
    for table in by_routes.chain(by_destinations).chain(by_rules) {
        report(&table.value.0, &table.place);
    }
    let whens = drafts.routes.iter().filter_map(|draft| draft.when.as_ref());
    let filters = drafts.destinations.iter().filter_map(|draft| draft.filter.as_ref());
    for table in whens.chain(filters).flat_map(tables_of) {
        report(&table.value.0, &table.place);
    }
}
