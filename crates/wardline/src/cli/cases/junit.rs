//! Results as the XML of junit, which every build server reads.

use std::fmt::Write;

use super::super::hl7::diff::painted;
use super::compare::Mismatch;
use super::{Tested, Verdict};

/// The whole document.
pub(super) fn report(tested: &[Tested]) -> String {
    let failures =
        tested.iter().filter(|one| matches!(one.verdict, Verdict::Failed { .. })).count();
    let errors = tested.iter().filter(|one| matches!(one.verdict, Verdict::Unusable(_))).count();
    let seconds: f64 = tested.iter().map(|one| one.took.as_secs_f64()).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = tested.len();
    let _never_fails = writeln!(
        xml,
        "<testsuite name=\"wardline\" tests=\"{count}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds:.3}\">"
    );
    for one in tested {
        case(&mut xml, one);
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn case(xml: &mut String, tested: &Tested) {
    let (name, seconds) = (escaped(&tested.case.name), tested.took.as_secs_f64());
    let _never_fails =
        write!(xml, "  <testcase classname=\"wardline\" name=\"{name}\" time=\"{seconds:.3}\"");
    let (element, message, text) = match &tested.verdict {
        Verdict::Passed | Verdict::Updated(_) => return xml.push_str("/>\n"),
        Verdict::Failed { mismatches, .. } => {
            let of: Vec<String> = mismatches.iter().map(|one| one.of.to_string()).collect();
            let text: String = mismatches.iter().map(in_lines).collect();
            ("failure", of.join(", "), text)
        }
        Verdict::Unusable(_) => {
            ("error", tested.verdict.unusable().unwrap_or_default(), String::new())
        }
    };
    let (message, text) = (escaped(&message), escaped(&text));
    let _never_fails =
        writeln!(xml, ">\n    <{element} message=\"{message}\">{text}</{element}>\n  </testcase>");
}

fn in_lines(mismatch: &Mismatch) -> String {
    let mut text = format!("{}: {}\n", mismatch.of, mismatch.why);
    for difference in &mismatch.differences {
        let painted = painted(difference, "·");
        let _never_fails = writeln!(text, "  {}", anstream::adapter::strip_str(&painted));
    }
    text
}

/// Fit for an attribute and for text. Control characters, which XML has none of, are pictures by now.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            control if control.is_control() => escaped.push('\u{2426}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_report_ends_an_element_early() {
        assert_eq!(escaped("a<b>&\"c\"\n\u{1b}"), "a&lt;b&gt;&amp;&quot;c&quot;\n\u{2426}");
    }
}
