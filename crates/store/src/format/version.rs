//! The versions of the journal.
//!
//! ```text
//!   1   without marks, digest, other lanes and the time an application answer is due
//!   2   with them
//!   3   with what was refused, and from which message a replayed one comes
//! ```
//!
//! A segment is of one version, which its header says. A start begins a new segment, so a journal of an earlier version
//! is read as it is and goes on in the last version: nothing is converted.

/// A version that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    One,
    Two,
    Three,
}

impl Version {
    /// The version that new segments are written in.
    pub(crate) const WRITTEN: Self = Self::Three;

    /// Every version.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];

    /// As a segment's header has it.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }

    /// `None` = this build does not know it.
    pub(crate) fn of(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            3 => Some(Self::Three),
            _ => None,
        }
    }
}
