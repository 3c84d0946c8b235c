//! What a case expects, held against what happens.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use wardline_engine::trial::{Difference, differences};
use wardline_hl7::ack::Reply;
use wardline_hl7::{AckCode, Message, Path};

use super::super::effect::Effect;
use super::super::printable;
use super::case::{Expected, ExpectedAnswer, Ignored, Settings};

/// What is new with each answer.
const ANEW: [&str; 2] = ["MSH-7", "MSH-10"];

/// Something that is not as expected.
#[derive(Debug, Serialize)]
pub(super) struct Mismatch {
    pub(super) of: Of,
    #[serde(serialize_with = "in_words")]
    pub(super) why: Why,
    pub(super) differences: Vec<Difference>,
}

/// What is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    Answer,
    Destination(String),
}

/// In which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    Differs,
    /// The same segments stand in another order.
    Order {
        expected: String,
        now: String,
    },
    /// So many are expected, and so many are there.
    Count {
        expected: usize,
        now: usize,
    },
    /// Nothing says what the answer is to be.
    NoneExpected,
    /// A destination gets so many, and nothing says that it should.
    NotExpected {
        now: usize,
    },
    /// MSA-1 is not what `answer` says.
    Code {
        expected: ExpectedAnswer,
        now: Option<AckCode>,
    },
    /// MSA-3 is not what `text` says.
    Text {
        now: String,
    },
    /// What is expected is no message.
    Unreadable,
}

/// Everything that is not as expected.
pub(super) fn mismatches(
    settings: &Settings,
    expected: &Expected,
    effect: &Effect,
) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let ignored: Vec<Path> = settings.ignore.iter().map(|Ignored(path)| *path).collect();
    let anew = ANEW.iter().filter_map(|path| path.parse().ok());
    let of_answers: Vec<Path> = ignored.iter().copied().chain(anew).collect();
    if let Some(answers) = &expected.answers {
        messages(&Of::Answer, answers, &effect.answers, &of_answers, &mut found);
    }
    said(settings, expected, effect, &mut found);
    for (destination, bodies) in &expected.sent {
        let now = effect.sent.get(destination).map(Vec::as_slice).unwrap_or_default();
        messages(&Of::Destination(destination.clone()), bodies, now, &ignored, &mut found);
    }
    for (destination, bodies) in &effect.sent {
        if !expected.sent.contains_key(destination) {
            let why = Why::NotExpected { now: bodies.len() };
            found.push(Mismatch::new(Of::Destination(destination.clone()), why));
        }
    }
    found
}

/// What `answer` and `text` say of the last answer.
fn said(settings: &Settings, expected: &Expected, effect: &Effect, found: &mut Vec<Mismatch>) {
    let last = effect.answers.last().and_then(|answer| Reply::read(answer).ok());
    let code = last.as_ref().and_then(Reply::code);
    if let Some(wanted) = settings.answer {
        let now = code.map_or(ExpectedAnswer::None, ExpectedAnswer::Code);
        if now != wanted {
            found.push(Mismatch::new(Of::Answer, Why::Code { expected: wanted, now: code }));
        }
    }
    if let Some(wanted) = &settings.text {
        let text = last.as_ref().map(|reply| msa_3(reply.message())).unwrap_or_default();
        if text != *wanted {
            found.push(Mismatch::new(Of::Answer, Why::Text { now: text }));
        }
    }
    if settings.answer.is_none() && settings.text.is_none() && expected.answers.is_none() {
        found.push(Mismatch::new(Of::Answer, Why::NoneExpected));
    }
}

fn msa_3(answer: &Message) -> String {
    let text = "MSA-3".parse::<Path>().ok().and_then(|path| answer.text(&path));
    text.map(|text| printable::text(text.as_bytes()).into_owned()).unwrap_or_default()
}

/// One with the other, in their order.
fn messages(
    of: &Of,
    expected: &[Bytes],
    now: &[Bytes],
    ignored: &[Path],
    found: &mut Vec<Mismatch>,
) {
    if expected.len() != now.len() {
        let why = Why::Count { expected: expected.len(), now: now.len() };
        found.push(Mismatch::new(of.clone(), why));
    }
    for ((expected, now), number) in expected.iter().zip(now).zip(1..) {
        let (Ok(expected), Ok(now)) =
            (Message::parse(expected.clone()), Message::parse(now.clone()))
        else {
            found.push(Mismatch::new(of.clone(), Why::Unreadable));
            continue;
        };
        let mut differences = differences(number, Some(&expected), Some(&now));
        differences.retain(|difference| !is_ignored(&difference.path, ignored));
        if !differences.is_empty() {
            found.push(Mismatch { of: of.clone(), why: Why::Differs, differences });
            continue;
        }
        let (expected, now) = (names(&expected), names(&now));
        if expected != now {
            found.push(Mismatch::new(of.clone(), Why::Order { expected, now }));
        }
    }
}

fn is_ignored(path: &str, ignored: &[Path]) -> bool {
    let path: Result<Path, _> = path.parse();
    path.is_ok_and(|path| ignored.iter().any(|one| one.covers(&path)))
}

/// The segments in their order.
fn names(message: &Message) -> String {
    let names: Vec<String> = message.segments().map(|one| printable::id(one.name())).collect();
    names.join(" ")
}

impl Mismatch {
    fn new(of: Of, why: Why) -> Self {
        Self { of, why, differences: Vec::new() }
    }
}

fn in_words<S: serde::Serializer>(why: &Why, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(why)
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("answer"),
            Self::Destination(id) => f.write_str(id),
        }
    }
}

impl fmt::Display for ExpectedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Code(code) => code.fmt(f),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs => f.write_str("differs (expected → now)"),
            Self::Order { expected, now } => {
                write!(f, "the segments stand in another order: {expected}  →  {now}")
            }
            Self::Count { expected, now } => {
                write!(f, "expected: {}, now: {}", counted(*expected), counted(*now))
            }
            Self::NoneExpected => f.write_str(
                "nothing says what it is to be: `answer` in case.toml, or expected/ack.hl7 (--update writes it)",
            ),
            Self::NotExpected { now } => write!(f, "expected: nothing, now: {}", counted(*now)),
            Self::Code { expected, now: Some(code) } => {
                write!(f, "expected: {expected}, now: {code}")
            }
            Self::Code { expected, now: None } => {
                write!(f, "expected: {expected}, now: none is due")
            }
            Self::Text { now } => write!(f, "its text is another: {now}"),
            Self::Unreadable => f.write_str("what is expected cannot be read as HL7"),
        }
    }
}

fn counted(messages: usize) -> String {
    match messages {
        0 => "nothing".to_owned(),
        1 => "1 message".to_owned(),
        more => format!("{more} messages"),
    }
}

#[cfg(test)]
mod tests;
