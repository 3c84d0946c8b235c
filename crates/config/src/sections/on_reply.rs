//! `[[destinations.on_reply]]`: what answers mean, before their code says it.

use wardline_flow::{ReplyOutcome, ReplyRule, TextPattern};

use crate::diagnostic::Placed;
use crate::reading::Section;
use crate::setting::Word;

/// One rule. None where `then` is missing: a fault, so it never leaves this crate.
pub(super) fn read(mut section: Section<'_>) -> Option<ReplyRule> {
    let mut rule = ReplyRule {
        codes: Vec::new(),
        errors: Vec::new(),
        text: None,
        // Stands in for what is missing, so that every other key is judged all the same.
        then: ReplyOutcome::Hold,
    };
    section.set_list("code", &mut rule.codes, |Word(word)| word);
    section.set_list("error", &mut rule.errors, |Word(word)| word);
    section.set_as("text", &mut rule.text, |Word(pattern)| Some(TextPattern::new(pattern)));
    let then: Option<Placed<ReplyOutcome>> = section.require("then");
    section.finish();
    then.map(|then| ReplyRule { then: then.value, ..rule })
}
