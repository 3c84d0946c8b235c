//! `[[destinations.on_reply]]`: what an answer means where a peer means something else by it than the standard (END-1).
//!
//! Asked only about an answer to the message in question (MATCH-1). The first rule that fits decides, in the order of
//! the file; where none fits, [`classify`](crate::classify()) does by the code alone.

use wardline_hl7::ack::Reply;

/// One `[[destinations.on_reply]]`: fits where all of its conditions do.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyRule {
    /// MSA-1, as the peer writes it; empty = every answer that is not AA or CA.
    pub codes: Vec<String>,
    /// ERR-3.1 of any of its errors (ERR-1.4.1 up to version 2.4); empty = any or none.
    pub errors: Vec<String>,
    /// MSA-3, ERR-3.2 or ERR-8; absent = any or none.
    pub text: Option<TextPattern>,
    /// What such an answer means.
    pub then: ReplyOutcome,
}

/// What a rule makes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// The peer has it.
    Delivered,
    /// Again, as after AE.
    Retry,
    /// A dead letter; the lane goes on.
    Dead,
    /// It keeps its place and its lane waits for an operator.
    Hold,
}

/// A text in which each `*` stands for any characters, or none.
#[derive(Clone, PartialEq, Eq)]
pub struct TextPattern(Box<str>);

/// What the rules make of an answer, if any of them fits.
pub fn ruled(rules: &[ReplyRule], reply: &Reply) -> Option<ReplyOutcome> {
    rules.iter().find(|rule| rule.fits(reply)).map(|rule| rule.then)
}

impl ReplyRule {
    fn fits(&self, reply: &Reply) -> bool {
        let code_fits = if self.codes.is_empty() {
            !reply.code().is_some_and(wardline_hl7::AckCode::is_positive)
        } else {
            self.codes.iter().any(|code| code.as_bytes() == reply.code_as_written())
        };
        let is_wanted = |error: &[u8]| self.errors.iter().any(|wanted| wanted.as_bytes() == error);
        code_fits
            && (self.errors.is_empty() || reply.errors().any(is_wanted))
            && self
                .text
                .as_ref()
                .is_none_or(|pattern| reply.texts().any(|text| pattern.fits(&text)))
    }
}

impl TextPattern {
    /// Every text is a pattern.
    pub fn new(pattern: impl Into<Box<str>>) -> Self {
        Self(pattern.into())
    }

    fn fits(&self, text: &str) -> bool {
        let Some((start, rest)) = self.0.split_once('*') else {
            return *self.0 == *text;
        };
        let Some(mut left) = text.strip_prefix(start) else {
            return false;
        };
        let (between, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in between.split('*') {
            let Some((_, behind)) = left.split_once(part) else {
                return false;
            };
            left = behind;
        }
        left.ends_with(end)
    }
}

impl std::fmt::Debug for ReplyRule {
    /// Without the text, which may have been copied out of an answer: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplyRule")
            .field("codes", &self.codes)
            .field("errors", &self.errors)
            .field("has_text", &self.text.is_some())
            .field("then", &self.then)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        let answer = format!("MSH|^~\\&|||||||ACK|R1|P|2.5\r{text}\r");
        Reply::read(answer.as_bytes()).expect("an answer")
    }

    fn rule(codes: &[&str], errors: &[&str], text: Option<&str>, then: ReplyOutcome) -> ReplyRule {
        let owned = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect();
        let text = text.map(TextPattern::new);
        ReplyRule { codes: owned(codes), errors: owned(errors), text, then }
    }

    #[test]
    fn a_rule_fits_where_all_of_its_conditions_do() {
        let locked =
            "MSA|AR|M1|patient is busy\rERR||PID^1|206^record locked^HL70357|E||||try later";
        for (codes, errors, text, answer, fits) in [
            (vec!["AR"], vec![], None, locked, true),
            (vec!["AE", "AR"], vec!["206"], Some("*busy"), locked, true),
            (vec!["AE"], vec!["206"], Some("*busy"), locked, false),
            (vec!["AR"], vec!["207"], None, locked, false),
            (vec!["AR"], vec![], Some("busy"), locked, false),
            (vec![], vec!["206"], None, locked, true),
            (vec![], vec![], Some("record *"), locked, true),
            (vec![], vec![], Some("try later"), locked, true),
            (vec!["OK"], vec![], None, "MSA|OK|M1", true),
            (vec!["AA"], vec![], Some("*warning*"), "MSA|AA|M1|a warning: old", true),
            (vec![], vec!["100"], None, "MSA|AE|M1\rERR|PID^1^3^100&missing", true),
        ] {
            let rule = rule(&codes, &errors, text, ReplyOutcome::Hold);
            assert_eq!(rule.fits(&reply(answer)), fits, "{rule:?} {text:?}");
        }
    }

    #[test]
    fn a_rule_without_a_code_speaks_of_everything_but_a_yes() {
        let rule = rule(&[], &[], None, ReplyOutcome::Dead);
        for (code, fits) in
            [("AA", false), ("CA", false), ("AE", true), ("AR", true), ("CE", true), ("OK", true)]
        {
            assert_eq!(rule.fits(&reply(&format!("MSA|{code}|M1"))), fits, "{code}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = [
            rule(&["AE"], &["207"], None, ReplyOutcome::Dead),
            rule(&["AE"], &[], None, ReplyOutcome::Delivered),
            rule(&["AE"], &[], None, ReplyOutcome::Hold),
        ];
        let plain = reply("MSA|AE|M1");
        let told = reply("MSA|AE|M1\rERR||PID^1|207^x^HL70357|E");
        assert_eq!(ruled(&rules, &plain), Some(ReplyOutcome::Delivered));
        assert_eq!(ruled(&rules, &told), Some(ReplyOutcome::Dead));
        assert_eq!(ruled(&rules, &reply("MSA|AR|M1")), None);
    }

    #[test]
    fn a_star_stands_for_any_characters_or_none() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*ab*", "aab", true),
            ("a", "A", false),
            ("", "", true),
            ("", "a", false),
            ("*ä*", "xäx", true),
        ] {
            assert_eq!(TextPattern::new(pattern).fits(text), fits, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn a_rule_shows_no_text() {
        let rule = rule(&[], &[], Some("SECRET"), ReplyOutcome::Hold);
        assert!(!format!("{rule:?}").contains("SECRET"));
    }
}
