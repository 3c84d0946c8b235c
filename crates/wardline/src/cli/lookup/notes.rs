//! What looks wrong in a table that can be used: slips that make a key never be found, or found as something else.

use std::collections::BTreeMap;

use wardline_flow::LookupTable;

/// What stands in a text where a program could not write a character.
const LOST: char = '\u{FFFD}';

/// The notes on a table, in the order of its keys.
pub(super) fn of(table: &LookupTable) -> Vec<String> {
    let entries: BTreeMap<&str, &str> = table.entries().collect();
    if entries.is_empty() {
        return vec!["it has no entries: every key is a miss".to_owned()];
    }
    let mut notes: Vec<String> =
        entries.iter().flat_map(|(key, value)| of_entry(key, value)).collect();
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for key in entries.keys() {
        alike.entry(key.to_lowercase()).or_default().push(key);
    }
    for keys in alike.values().filter(|keys| keys.len() > 1) {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        notes.push(format!("{} differ in upper and lower case only", keys.join(", ")));
    }
    notes
}

fn of_entry(key: &str, value: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |text: &str| notes.push(format!("`{}` {text}", key.escape_debug()));
    if key.is_empty() {
        note("is an empty key, and what is empty is never looked up by `map`");
    }
    if value.is_empty() {
        note("has no value");
    }
    if key.trim() != key || value.trim() != value {
        note("has blanks around it or its value");
    }
    if [key, value].iter().any(|text| text.contains(LOST)) {
        note("has lost a character: the file was written in another encoding than UTF-8");
    }
    if [key, value].iter().any(|text| text.chars().any(char::is_control)) {
        note("has a control character");
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use wardline_flow::OnMiss;

    use super::*;

    fn notes(entries: &[(&str, &str)]) -> Vec<String> {
        let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        of(&LookupTable::new(entries.collect::<HashMap<_, _>>(), OnMiss::Fail))
    }

    #[test]
    fn a_sound_table_has_no_notes() {
        assert_eq!(notes(&[("g/dL", "g/l"), ("T/L", "10*12/l")]), Vec::<String>::new());
    }

    #[test]
    fn what_makes_a_key_never_be_found_is_told() {
        assert_eq!(notes(&[]), ["it has no entries: every key is a miss"]);
        let told = notes(&[("g/dL", "g/l"), ("g/dl", ""), (" x", "y"), ("M\u{FFFD}ller", "m")]);
        assert_eq!(
            told,
            [
                "` x` has blanks around it or its value",
                "`M\u{FFFD}ller` has lost a character: the file was written in another encoding than UTF-8",
                "`g/dl` has no value",
                "`g/dL`, `g/dl` differ in upper and lower case only",
            ]
        );
    }
}
