//! Text to [`Path`], with the column of what is wrong.

use std::str::FromStr;

use super::{Index, Path};

/// The highest number in a path. No segment of the standard has more than 50 fields and no field in use more than a few
/// hundred repetitions; an edit fills up to the number it names, so a slip of the finger must stay small.
const MAX_NUMBER: u16 = 9_999;

/// Text that is not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at column {column} of the path")]
pub struct PathError {
    /// What is wrong.
    pub fault: PathFault,
    /// Where, counted in characters from 1.
    pub column: usize,
}

/// What is wrong with the text of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// It doesn't begin with a capital letter and two capital letters or digits.
    #[error("a segment name of three capital letters or digits is expected")]
    Segment,
    /// The segment's name is not followed by `-`.
    #[error("`-` and a field number are expected")]
    Field,
    /// A number from 1 to 9999 is missing.
    #[error("a number from 1 to 9999 is expected")]
    Number,
    /// What stands in brackets is neither a number nor `*`, or the bracket is not closed.
    #[error("`[`, a number from 1 or `*`, and `]` are expected")]
    Index,
    /// Text is left over.
    #[error("nothing more is expected")]
    Trailing,
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut rest = Rest { text, at: 0 };
        let segment = rest.segment()?;
        let occurrence = rest.index()?.unwrap_or(Index::Nth(1));
        if !rest.take('-') {
            return Err(rest.fault(PathFault::Field));
        }
        let field = rest.number()?;
        let repetition = rest.index()?;
        let component = rest.part()?;
        let subcomponent = if component.is_some() { rest.part()? } else { None };
        if !rest.is_empty() {
            return Err(rest.fault(PathFault::Trailing));
        }
        Ok(Self { segment, occurrence, field, repetition, component, subcomponent })
    }
}

/// What is not read yet.
struct Rest<'t> {
    text: &'t str,
    at: usize,
}

impl Rest<'_> {
    fn remaining(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.remaining().is_empty()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.remaining().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn segment(&mut self) -> Result<[u8; 3], PathError> {
        let name = self.remaining().as_bytes().first_chunk::<3>().copied();
        let name = name.filter(|name| {
            name.first().is_some_and(u8::is_ascii_uppercase)
                && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        });
        let name = name.ok_or_else(|| self.fault(PathFault::Segment))?;
        self.at += name.len();
        Ok(name)
    }

    fn number(&mut self) -> Result<u16, PathError> {
        let remaining = self.remaining();
        let digits =
            remaining.len() - remaining.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = remaining.get(..digits).and_then(|digits| digits.parse().ok());
        let number = number.filter(|number| (1..=MAX_NUMBER).contains(number));
        let number = number.ok_or_else(|| self.fault(PathFault::Number))?;
        self.at += digits;
        Ok(number)
    }

    fn index(&mut self) -> Result<Option<Index>, PathError> {
        if !self.take('[') {
            return Ok(None);
        }
        let index = if self.take('*') {
            Index::Every
        } else {
            let number = self.number();
            Index::Nth(number.map_err(|error| PathError { fault: PathFault::Index, ..error })?)
        };
        if self.take(']') { Ok(Some(index)) } else { Err(self.fault(PathFault::Index)) }
    }

    fn part(&mut self) -> Result<Option<u16>, PathError> {
        if self.take('.') { self.number().map(Some) } else { Ok(None) }
    }

    fn fault(&self, fault: PathFault) -> PathError {
        let read = self.text.get(..self.at).unwrap_or_default();
        PathError { fault, column: read.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_and_shows_as_it_was_written() {
        for text in [
            "PID-5",
            "PID-5.1",
            "PID-3[2].1",
            "PID-3[*].4",
            "OBX[2]-5",
            "OBX[*]-3.1",
            "MSH-9.2",
            "PID-5.1.2",
            "ZX1-1",
            "OBX[3]-5[2].1.4",
        ] {
            assert_eq!(text.parse::<Path>().map(|path| path.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn the_first_occurrence_is_the_one_that_goes_without_saying() {
        assert_eq!("OBX[1]-5".parse::<Path>(), "OBX-5".parse::<Path>());
    }

    #[test]
    fn a_wrong_path_tells_what_and_where() {
        for (text, fault, column) in [
            ("", PathFault::Segment, 1),
            ("pid-3", PathFault::Segment, 1),
            ("PI", PathFault::Segment, 1),
            ("1ID-3", PathFault::Segment, 1),
            ("PÏD-3", PathFault::Segment, 1),
            ("PID", PathFault::Field, 4),
            ("PID.3", PathFault::Field, 4),
            ("PID-", PathFault::Number, 5),
            ("PID-0", PathFault::Number, 5),
            ("PID-10000", PathFault::Number, 5),
            ("PID-3[", PathFault::Index, 7),
            ("PID-3[x]", PathFault::Index, 7),
            ("PID-3[2", PathFault::Index, 8),
            ("PID-3.", PathFault::Number, 7),
            ("PID-3.1.2.3", PathFault::Trailing, 10),
            ("PID-3 ", PathFault::Trailing, 6),
        ] {
            assert_eq!(text.parse::<Path>(), Err(PathError { fault, column }), "{text}");
        }
    }
}
