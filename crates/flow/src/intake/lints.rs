//! Header fields that were missing and let pass.

/// A field of MSH that must be there, or may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderField {
    /// MSH-9.
    MessageType,
    /// MSH-10.
    ControlId,
    /// MSH-11.
    ProcessingId,
    /// MSH-12.
    Version,
}

/// The missing ones of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IntakeLints(u8);

impl HeaderField {
    /// All of them, in the order of the header.
    pub const ALL: [Self; 4] =
        [Self::MessageType, Self::ControlId, Self::ProcessingId, Self::Version];

    fn bit(self) -> u8 {
        match self {
            Self::MessageType => 1,
            Self::ControlId => 2,
            Self::ProcessingId => 4,
            Self::Version => 8,
        }
    }
}

impl IntakeLints {
    /// Whether this field was missing.
    pub fn contains(self, field: HeaderField) -> bool {
        self.0 & field.bit() != 0
    }

    /// Whether none was.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The missing ones.
    pub fn iter(self) -> impl Iterator<Item = HeaderField> {
        HeaderField::ALL.into_iter().filter(move |field| self.contains(*field))
    }
}

impl FromIterator<HeaderField> for IntakeLints {
    fn from_iter<I: IntoIterator<Item = HeaderField>>(fields: I) -> Self {
        Self(fields.into_iter().fold(0, |bits, field| bits | field.bit()))
    }
}
