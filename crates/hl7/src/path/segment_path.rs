//! Which segments of a name are meant: `OBX[2]`, `NTE[*]`, `PV2`.

use std::fmt;
use std::str::FromStr;

use super::{Index, Path, PathError};

/// Segments of one name. Without an index, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentPath {
    name: [u8; 3],
    occurrence: Index,
}

impl SegmentPath {
    /// The three characters of the name.
    pub fn name(&self) -> &str {
        std::str::from_utf8(&self.name).unwrap_or_default()
    }

    /// This one of the same name.
    #[must_use]
    pub fn in_occurrence(self, nth: u16) -> Self {
        Self { occurrence: Index::Nth(nth), ..self }
    }

    /// Which of them.
    pub fn occurrence(&self) -> Index {
        self.occurrence
    }
}

impl FromStr for SegmentPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        // A path of any field in it reads the same up to its end.
        let Path { segment, occurrence, .. } = format!("{text}-1").parse()?;
        Ok(Self { name: segment, occurrence })
    }
}

impl fmt::Display for SegmentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if self.occurrence != Index::Nth(1) {
            self.occurrence.fmt(f)?;
        }
        Ok(())
    }
}
