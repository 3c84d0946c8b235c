//! The table `match` of a route: keys of the header, and any path of a message as a key.

use wardline_flow::{MatchedPath, Matcher};
use wardline_hl7::Path;

use crate::diagnostic::{Diagnostic, Place};
use crate::reading::Section;
use crate::setting::Word;
use crate::suggest::{did_you_mean, listed};

/// The keys that are no paths.
const HEADER_KEYS: [&str; 5] = [
    "message",
    "sending_application",
    "sending_facility",
    "receiving_application",
    "receiving_facility",
];

pub(super) fn read(mut section: Section<'_>) -> Matcher {
    let mut matcher = Matcher::default();
    let word = |Word(word)| word;
    section.set_list("message", &mut matcher.messages, |pattern| pattern);
    section.set_list("sending_application", &mut matcher.sending_applications, word);
    section.set_list("sending_facility", &mut matcher.sending_facilities, word);
    section.set_list("receiving_application", &mut matcher.receiving_applications, word);
    section.set_list("receiving_facility", &mut matcher.receiving_facilities, word);
    section.note_others::<Word>(true);
    for (key, value) in section.others() {
        match key.value.parse::<Path>() {
            Ok(path) => {
                let place = Place { file: key.place.file, span: value.span() };
                let values = section.elements(value.get_ref(), &place);
                let values = values.into_iter().map(|placed| word(placed.value)).collect();
                matcher.paths.push(MatchedPath { path, values });
            }
            Err(error) if key.value.contains('-') => {
                let fault = Diagnostic::fault(format!("`{}` is no path: {error}", key.value))
                    .at(&key.place);
                section.context().report(
                    fault.hint("write a segment and a field, as \"PID-3.4\" or \"OBX[*]-3.1\""),
                );
            }
            Err(_) => {
                let hint = did_you_mean(key.value, HEADER_KEYS).unwrap_or_else(|| {
                    format!("`match` has {} and paths such as \"PID-3.4\"", listed(HEADER_KEYS))
                });
                let fault =
                    Diagnostic::fault(format!("unknown key `{}`", key.value)).at(&key.place);
                section.context().report(fault.hint(hint));
            }
        }
    }
    matcher
}
