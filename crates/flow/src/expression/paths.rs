//! `has("PID-3")`: CEL's own `has` takes only a selection as `has(pid.id)`, so the one of a path gets a name of its own
//! before the text is parsed. The name has as many characters, so that places in the text stay what they are.

/// What `has("PATH")` is called inside.
pub(super) const TEST: &str = "HAS";

/// The text with each `has(` that is followed by a string renamed.
pub(super) fn with_path_test(text: &str) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(next) = rest.chars().next() {
        let piece = match next {
            '"' | '\'' => string_at(rest, matches!(before, Some('r' | 'R'))),
            _ if rest.starts_with("//") => line_at(rest),
            _ => {
                let starts_name = !before.is_some_and(|before: char| {
                    before.is_alphanumeric() || before == '_' || before == '.'
                });
                if starts_name && tests_path(rest) {
                    renamed.push_str(TEST);
                    rest = rest.get(TEST.len()..).unwrap_or_default();
                    before = TEST.chars().next_back();
                    continue;
                }
                next.len_utf8()
            }
        };
        let (taken, behind) = rest.split_at(piece);
        renamed.push_str(taken);
        before = taken.chars().next_back();
        rest = behind;
    }
    renamed
}

/// Whether this begins `has("…`.
fn tests_path(text: &str) -> bool {
    let argument = text.strip_prefix("has").and_then(|rest| rest.trim_start().strip_prefix('('));
    argument.is_some_and(|argument| argument.trim_start().starts_with(['"', '\'']))
}

/// How long the string that begins here is, in bytes, quotes included; a raw one knows no escapes.
fn string_at(text: &str, is_raw: bool) -> usize {
    let quote = text.get(..1).unwrap_or_default();
    let triple = quote.repeat(3);
    let end = if text.starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = end.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(end) {
            return at + end.len();
        }
        let mut chars = rest.chars();
        let length = |c: Option<char>| c.map_or(0, char::len_utf8);
        at += match chars.next() {
            Some('\\') if !is_raw => 1 + length(chars.next()),
            c => length(c),
        };
    }
    text.len()
}

fn line_at(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_test_of_a_path_is_renamed_and_nothing_moves() {
        for (text, expected) in [
            (r#"has("PID-3")"#, r#"HAS("PID-3")"#),
            ("has ( 'PID-3' ) && has(pid.id)", "HAS ( 'PID-3' ) && has(pid.id)"),
            (r#"pid.id == "has('x')""#, r#"pid.id == "has('x')""#),
            (r#""\"has('x')" == '' && has('A')"#, r#""\"has('x')" == '' && HAS('A')"#),
            (r"r'\' + has('A')", r"r'\' + HAS('A')"),
            ("// has('x')\nhas('y')", "// has('x')\nHAS('y')"),
            ("'''it's has('x')''' == has('y')", "'''it's has('x')''' == HAS('y')"),
            ("x.has('y') || whas('z')", "x.has('y') || whas('z')"),
            ("'unended has('x", "'unended has('x"),
            ("é has('x')", "é HAS('x')"),
        ] {
            assert_eq!(with_path_test(text), expected);
        }
    }
}
