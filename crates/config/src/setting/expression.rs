//! Conditions in CEL, patterns and forms: texts that are compiled when they are read.

use std::sync::Arc;

use regex::RegexBuilder;
use wardline_flow::Expression;
use wardline_flow::expression::{ExpressionError, Problem};
use wardline_flow::transform::{DateFormat, NameFormat, Pattern};
use wardline_hl7::{ErrorCode, SegmentPath};

use super::{Id, Setting, Shape, Wrong};
use crate::diagnostic::Placed;

/// A pattern whose program is larger than this, in bytes, is not taken.
const MAX_PATTERN: usize = 256 * 1024;

/// An expression in CEL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cel(pub(crate) Arc<Expression>);

impl Setting for Cel {
    const EXPECTED: &'static str = "an expression in CEL, such as \"pid.id != ''\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let compiled = Expression::compile(text).map_err(|error| {
            let before = text.get(..error.at).unwrap_or(text);
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let line = before.matches('\n').count() + 1;
            let place = match line {
                1 => format!("column {column}"),
                _ => format!("line {line}, column {column}"),
            };
            let wrong = Wrong::new(format!("{error}, at {place} of the expression"));
            match way_out(text, &error) {
                Some(hint) => wrong.hint(hint),
                None => wrong,
            }
        })?;
        Ok(Self(Arc::new(compiled)))
    }
}

/// What CEL has for what people write who come from another language.
fn way_out(text: &str, error: &ExpressionError) -> Option<&'static str> {
    let Problem::Syntax(told) = &error.problem else { return None };
    let rest = text.get(error.at..).unwrap_or_default();
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    match word.to_ascii_lowercase().as_str() {
        "and" => Some("`&&` stands between what must both be true"),
        "or" => Some("`||` stands between what may either be true"),
        _ if told.contains("has()") => {
            Some("a path stands in quotes, has('PID-19'); without them it is has(pid.ssn)")
        }
        _ if rest.starts_with('=') => Some("`==` compares"),
        _ if text.contains('\\') => {
            Some("a text with backslashes begins with r, as in matches(r'^\\d+$')")
        }
        _ => None,
    }
}

/// The lookup tables that an expression names, where it stands.
pub(crate) fn tables_of(cel: &Placed<Cel>) -> impl Iterator<Item = Placed<Id>> {
    let placed = |table: &str| Placed { value: Id(table.to_owned()), place: cel.place.clone() };
    cel.value.0.tables().map(placed)
}

impl Setting for Pattern {
    const EXPECTED: &'static str = "a regular expression";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        match RegexBuilder::new(text).size_limit(MAX_PATTERN).build() {
            Ok(pattern) => Ok(Self(pattern)),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(Wrong::new("the regular expression is too large"))
            }
            Err(error) => {
                let told = error.to_string();
                let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(Wrong::new(format!("`{text}` is no regular expression: {last}")))
            }
        }
    }
}

impl Setting for SegmentPath {
    const EXPECTED: &'static str = "a segment such as \"OBX\", \"OBX[2]\" or \"NTE[*]\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| Wrong::text::<Self>(text))
    }
}

impl Setting for DateFormat {
    const EXPECTED: &'static str = "a form of a date such as \"%Y-%m-%d\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| {
            Wrong::text::<Self>(text).hint("as `date +FORM`, without zones: %Y %m %d %H %M %S %j")
        })
    }
}

impl Setting for NameFormat {
    const EXPECTED: &'static str = "a form of a name such as \"{family}, {given}\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|error: wardline_flow::transform::NameFormatError| {
            Wrong::new(error.to_string())
        })
    }
}

impl Setting for ErrorCode {
    const EXPECTED: &'static str = "a number of table 0357, such as 101";
    const SHAPE: Shape = Shape::Whole { least: 0, most: 999 };

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let number = text.parse().map_err(|_| Wrong::text::<Self>(text))?;
        Self::from_integer(number)
    }

    fn from_integer(number: i64) -> Result<Self, Wrong> {
        let known = Self::ALL.into_iter().find(|code| i64::from(code.number()) == number);
        known.ok_or_else(|| Wrong::text::<Self>(&number.to_string()))
    }
}
