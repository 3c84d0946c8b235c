//! Places in the journal.

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// In which segment.
    pub(crate) segment: u64,
    /// At which byte of it.
    pub(crate) offset: u64,
}

/// A point between two records: everything before it was read, or written, or is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The segment of the next record, or of the last if none follows yet.
    pub(crate) segment: u64,
    /// Where in it the next record begins.
    pub(crate) offset: u64,
    /// Its number.
    pub(crate) number: u64,
    /// Its group.
    pub(crate) group: u64,
}

impl Position {
    pub(crate) fn place(&self) -> Place {
        Place { segment: self.segment, offset: self.offset }
    }
}
