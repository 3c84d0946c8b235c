//! A path names an element of a message: `PID-3[2].1`, `OBX[*]-5`, `MSH-9.2`.
//!
//! Parsed once, at the edge (configuration, command line, handler code); reading and editing take the parsed form.
//!
//! ```text
//! OBX [2] - 3 [*] . 4 . 1
//!  │   │    │  │    │   └ subcomponent
//!  │   │    │  │    └ component
//!  │   │    │  └ repetition of the field; absent: the whole field, or its first repetition where a component follows
//!  │   │    └ field
//!  │   └ occurrence of the segment; absent: the first
//!  └ segment, three characters
//! ```
//!
//! Everything counts from 1. `*` stands for every one.

mod parse;
mod segment_path;

use std::fmt;

pub use parse::{PathError, PathFault};
pub use segment_path::SegmentPath;

/// More fields than any segment of the standard has: IN2 has 72, the most in any version up to 2.9.
const MOST_FIELDS: u16 = 80;

/// More components than any data type of the standard has: PPN has 26, the most in any version up to 2.9.
const MOST_COMPONENTS: u16 = 30;

/// Which ones of several, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// This one.
    Nth(u16),
    /// Every one, `*`.
    Every,
}

/// The place of an element in a message. See the module for its grammar; `Display` gives the same text back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    pub(crate) segment: [u8; 3],
    pub(crate) occurrence: Index,
    pub(crate) field: u16,
    pub(crate) repetition: Option<Index>,
    pub(crate) component: Option<u16>,
    pub(crate) subcomponent: Option<u16>,
}

impl Path {
    /// The segment it looks into.
    pub fn segment(&self) -> &str {
        std::str::from_utf8(&self.segment).unwrap_or_default()
    }

    /// The number of the field in its segment, from 1.
    pub fn field(&self) -> u16 {
        self.field
    }

    /// Whether it names every occurrence of its segment or every repetition of its field.
    pub fn is_plural(&self) -> bool {
        self.occurrence == Index::Every || self.repetition == Some(Index::Every)
    }

    /// The same place in this occurrence of its segment.
    #[must_use]
    pub fn in_occurrence(self, nth: u16) -> Self {
        Self { occurrence: Index::Nth(nth), ..self }
    }

    /// A component of the same place; of the first repetition where the path names none.
    #[must_use]
    pub fn with_component(self, number: u16) -> Self {
        Self { component: Some(number), subcomponent: None, ..self }
    }

    /// Field 1 of every segment of a name, their set ids; `name` is a segment's, as [`SegmentPath`] has read it.
    pub fn set_ids(name: &str) -> Self {
        let segment = name.as_bytes().first_chunk().copied().unwrap_or_default();
        Self {
            segment,
            occurrence: Index::Every,
            field: 1,
            repetition: None,
            component: None,
            subcomponent: None,
        }
    }

    /// Which occurrences of its segment it names.
    pub fn occurrence(&self) -> Index {
        self.occurrence
    }

    /// Which repetitions of its field it names, where it says so.
    pub fn repetition(&self) -> Option<Index> {
        self.repetition
    }

    /// Whether it names a component.
    pub fn has_component(&self) -> bool {
        self.component.is_some()
    }

    /// Whether everything that `other` names lies in what this one names. `PID-5` covers `PID-5[2].1`, and `PID-5.1` only
    /// the component of the first repetition.
    pub fn covers(&self, other: &Self) -> bool {
        let repetition = |path: &Self| path.repetition.or(path.component.map(|_| Index::Nth(1)));
        let holds = |ours: Option<Index>, theirs: Option<Index>| match ours {
            None | Some(Index::Every) => true,
            Some(Index::Nth(_)) => ours == theirs,
        };
        let is_in = |ours: Option<u16>, theirs| ours.is_none() || ours == theirs;
        (self.segment, self.field) == (other.segment, other.field)
            && holds(Some(self.occurrence), Some(other.occurrence))
            && holds(repetition(self), repetition(other))
            && is_in(self.component, other.component)
            && is_in(self.subcomponent, other.subcomponent)
    }

    /// Whether no version of the standard has such a place. Of segments that begin with Z it knows nothing.
    pub fn is_beyond_the_standard(&self) -> bool {
        let is_too_far = |part: Option<u16>| part.is_some_and(|number| number > MOST_COMPONENTS);
        !self.segment.starts_with(b"Z")
            && (self.field > MOST_FIELDS
                || is_too_far(self.component)
                || is_too_far(self.subcomponent))
    }

    /// Whether it names MSH-1 or MSH-2, by which everything else is read.
    pub fn is_delimiters(&self) -> bool {
        &self.segment == b"MSH" && self.field <= 2
    }
}

impl Index {
    /// Whether the `number`th, from 1, is meant.
    pub(crate) fn includes(self, number: usize) -> bool {
        match self {
            Self::Nth(nth) => usize::from(nth) == number,
            Self::Every => true,
        }
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(nth) => write!(f, "[{nth}]"),
            Self::Every => f.write_str("[*]"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment())?;
        if self.occurrence != Index::Nth(1) {
            self.occurrence.fmt(f)?;
        }
        write!(f, "-{}", self.field)?;
        if let Some(repetition) = self.repetition {
            repetition.fmt(f)?;
        }
        for part in [self.component, self.subcomponent].into_iter().flatten() {
            write!(f, ".{part}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_covers_what_lies_in_it() {
        let covers = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| text.parse::<Path>().unwrap());
            one.covers(&other)
        };
        for (one, other, expected) in [
            ("MSH-7", "MSH-7.1", true),
            ("MSH-7", "MSH-8.1", false),
            ("PID-5", "PID-5[2].1", true),
            ("PID-5.1", "PID-5.1", true),
            ("PID-5.1", "PID-5[2].1", false),
            ("PID-5[*].1", "PID-5[2].1", true),
            ("PID-5[1].1", "PID-5.1", true),
            ("PID-5.1", "PID-5.2", false),
            ("OBX-5", "OBX[2]-5.1", false),
            ("OBX[*]-5", "OBX[2]-5.1", true),
            ("PID-5.1", "PID-5", false),
            ("PID-5.1.2", "PID-5.1", false),
        ] {
            assert_eq!(covers(one, other), expected, "{one} and {other}");
        }
    }
}
