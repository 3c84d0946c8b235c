//! A validation profile: what a site asks of messages beyond being HL7.
//!
//! ```text
//! message ─▶ each rule that is for its type ─▶ violation: which rule, where, with which code of table 0357
//! ```
//!
//! A profile is optional and never changes a message. What a violation costs, a count or the message, is the
//! listener's choice. A violation names rule and place, never a value (PHI-1).

use std::collections::BTreeSet;

use crate::{ErrorCode, Message, MessagePattern, Path, Value};

/// The rules of one profile, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// What is asked.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// How it is called in answers and output.
    pub id: String,
    /// The messages it is for; empty = every one.
    pub messages: Vec<MessagePattern>,
    /// What it asks.
    pub demand: Demand,
}

/// What a rule asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// Something stands there; with `[*]`, at each of the places. The null `""` is nothing.
    Require(Path),
    /// Nothing stands there.
    Forbid(Path),
    /// So many of the places that the path names hold something.
    Count {
        /// With `[*]`, or it names one place.
        path: Path,
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// What stands there is one of these, by its text; nothing is always right.
    OneOf {
        /// The place.
        path: Path,
        /// What may stand there.
        values: BTreeSet<String>,
    },
    /// The text there has no more characters.
    Length {
        /// The place.
        path: Path,
        /// At most.
        max: usize,
    },
}

/// A message that does not do what a rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation<'p> {
    /// The rule.
    pub rule: &'p Rule,
    /// The place it is about.
    pub path: Path,
    /// What ERR-3 says of it.
    pub code: ErrorCode,
}

impl Profile {
    /// Every rule that the message breaks, each once.
    pub fn check<'p>(&'p self, message: &Message) -> impl Iterator<Item = Violation<'p>> {
        self.rules
            .iter()
            .filter(|rule| rule.is_for(message) && !rule.demand.holds(message))
            .map(|rule| Violation { rule, path: rule.demand.path(), code: rule.demand.code() })
    }
}

impl Rule {
    fn is_for(&self, message: &Message) -> bool {
        self.messages.is_empty() || self.messages.iter().any(|pattern| pattern.matches(message))
    }
}

impl Demand {
    /// The place it is about.
    pub fn path(&self) -> Path {
        match self {
            Self::Require(path)
            | Self::Forbid(path)
            | Self::Count { path, .. }
            | Self::OneOf { path, .. }
            | Self::Length { path, .. } => *path,
        }
    }

    /// What is wrong where it is not kept, to follow the place.
    pub fn complaint(&self) -> &'static str {
        match self {
            Self::Require(_) => "is required",
            Self::Forbid(_) => "must be empty",
            Self::Count { .. } => "has too few or too many values",
            Self::OneOf { .. } => "has a value that is not allowed",
            Self::Length { .. } => "is too long",
        }
    }

    fn code(&self) -> ErrorCode {
        match self {
            Self::Require(_) => ErrorCode::RequiredFieldMissing,
            Self::OneOf { .. } => ErrorCode::TableValueNotFound,
            Self::Forbid(_) | Self::Count { .. } | Self::Length { .. } => ErrorCode::DataTypeError,
        }
    }

    fn holds(&self, message: &Message) -> bool {
        match self {
            Self::Require(path) => {
                let mut values = message.each(path).peekable();
                (values.peek().is_some() || path.is_plural())
                    && values.all(|value| value.is_present())
            }
            Self::Forbid(path) => filled(message, path).next().is_none(),
            Self::Count { path, min, max } => {
                // One more than may be there is enough to know.
                let count = filled(message, path).take(max.saturating_add(1)).count();
                (*min..=*max).contains(&count)
            }
            Self::OneOf { path, values } => filled(message, path)
                .all(|value| message.text_of(value).is_some_and(|text| values.contains(&*text))),
            Self::Length { path, max } => filled(message, path).all(|value| {
                message.text_of(value).is_none_or(|text| text.chars().count() <= *max)
            }),
        }
    }
}

/// What stands at the places that a path names, empty ones left out.
fn filled<'m>(message: &'m Message, path: &Path) -> impl Iterator<Item = Value<'m>> {
    message.all(path).filter(|value| !matches!(value, Value::Absent | Value::Empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORU: &[u8] =
        b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|M1|P|2.5\rPID|1||7^^^H~8^^^I||DOE||\"\"|F\rOBX|1|NM|GLU\rOBX|2|ST|\r";

    fn path(text: &str) -> Path {
        text.parse().expect("a path")
    }

    fn one_of(place: &str, values: &[&str]) -> Demand {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Demand::OneOf { path: path(place), values }
    }

    fn broken(messages: &[&str], demand: Demand) -> Option<(String, ErrorCode)> {
        let messages = messages.iter().map(|text| text.parse().expect("a pattern")).collect();
        let profile = Profile { rules: vec![Rule { id: "rule".to_owned(), messages, demand }] };
        let message = Message::parse(ORU.into()).expect("a message");
        let violation = profile.check(&message).next();
        violation.map(|violation| (violation.path.to_string(), violation.code))
    }

    #[test]
    fn each_demand_tells_what_it_is_about() {
        for (demand, code) in [
            (Demand::Require(path("PID-19")), ErrorCode::RequiredFieldMissing),
            (Demand::Require(path("ZZZ-1")), ErrorCode::RequiredFieldMissing),
            (Demand::Require(path("PID-7")), ErrorCode::RequiredFieldMissing),
            (Demand::Require(path("OBX[*]-3.1")), ErrorCode::RequiredFieldMissing),
            (Demand::Forbid(path("PID-5")), ErrorCode::DataTypeError),
            (Demand::Forbid(path("PID-7")), ErrorCode::DataTypeError),
            (Demand::Count { path: path("PID-3[*]"), min: 3, max: 9 }, ErrorCode::DataTypeError),
            (Demand::Count { path: path("OBX[*]-1"), min: 0, max: 1 }, ErrorCode::DataTypeError),
            (one_of("PID-8", &["M", "O"]), ErrorCode::TableValueNotFound),
            (one_of("OBX[*]-2", &["NM"]), ErrorCode::TableValueNotFound),
            (Demand::Length { path: path("PID-5.1"), max: 2 }, ErrorCode::DataTypeError),
        ] {
            let place = demand.path().to_string();
            assert_eq!(broken(&[], demand), Some((place.clone(), code)), "{place}");
        }
    }

    #[test]
    fn what_is_as_it_should_be_breaks_nothing() {
        for demand in [
            Demand::Require(path("PID-5")),
            Demand::Require(path("OBX[*]-2")),
            Demand::Require(path("NK1[*]-2")),
            Demand::Forbid(path("PID-19")),
            Demand::Forbid(path("PID-6")),
            Demand::Count { path: path("PID-3[*]"), min: 1, max: 2 },
            Demand::Count { path: path("NK1[*]-1"), min: 0, max: 0 },
            one_of("PID-8", &["F"]),
            one_of("PID-19", &["F"]),
            Demand::Length { path: path("PID-5.1"), max: 3 },
        ] {
            let place = demand.path().to_string();
            assert_eq!(broken(&[], demand), None, "{place}");
        }
    }

    #[test]
    fn a_rule_is_for_the_messages_it_names() {
        let missing = || Demand::Require(path("PID-19"));
        assert!(broken(&["ORU^R01"], missing()).is_some());
        assert!(broken(&["ADT", "ORU"], missing()).is_some());
        assert_eq!(broken(&["ADT"], missing()), None);
    }
}
