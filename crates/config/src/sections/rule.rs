//! `[[listeners.rules]]`: what must be true of a message for it to come in.

use std::sync::Arc;

use wardline_flow::Rule;
use wardline_hl7::ErrorCode;

use crate::diagnostic::Placed;
use crate::reading::Section;
use crate::setting::{Cel, Id, Sentence, tables_of};

/// One rule, and where its expression stands.
#[derive(Debug)]
pub(crate) struct RuleDraft {
    pub(crate) rule: Rule,
    pub(crate) expression: Placed<Cel>,
}

/// One rule, and in `tables` the lookup tables that it names. None where something is missing: a fault, so it never
/// leaves this crate.
pub(super) fn read(mut section: Section<'_>, tables: &mut Vec<Placed<Id>>) -> Option<RuleDraft> {
    let name: Option<Placed<Id>> = section.require("name");
    let expression: Option<Placed<Cel>> = section.require("expression");
    tables.extend(expression.iter().flat_map(tables_of));
    let message: Option<Placed<Sentence>> = section.require("message");
    let mut error = ErrorCode::ApplicationInternalError;
    section.set("error", &mut error);
    section.finish();
    let expression = expression?;
    let rule = Rule {
        name: name?.value.0,
        expression: Arc::clone(&expression.value.0),
        message: message?.value.0,
        error,
    };
    Some(RuleDraft { rule, expression })
}
