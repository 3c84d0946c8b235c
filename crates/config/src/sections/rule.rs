//! `[[listeners.rules]]`: what must be true of a message for it to come in.

use wardline_flow::Rule;
use wardline_hl7::ErrorCode;

use crate::diagnostic::Placed;
use crate::reading::Section;
use crate::setting::{Cel, Id, Sentence, tables_of};

/// One rule, and in `tables` the lookup tables that it names. None where something is missing: a fault, so it never
/// leaves this crate.
pub(super) fn read(mut section: Section<'_>, tables: &mut Vec<Placed<Id>>) -> Option<Rule> {
    let name: Option<Placed<Id>> = section.require("name");
    let expression: Option<Placed<Cel>> = section.require("expression");
    tables.extend(expression.iter().flat_map(tables_of));
    let message: Option<Placed<Sentence>> = section.require("message");
    let mut error = ErrorCode::ApplicationInternalError;
    section.set("error", &mut error);
    section.finish();
    Some(Rule {
        name: name?.value.0,
        expression: expression?.value.0,
        message: message?.value.0,
        error,
    })
}
