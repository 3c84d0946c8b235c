//! ERR-3, the kind of error (table 0357).

use std::fmt;

/// An error condition of table 0357.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorCode {
    /// 100: segments missing or out of order; also what is no message at all.
    SegmentSequenceError,
    /// 101: a required field is missing.
    RequiredFieldMissing,
    /// 102: a field is not of its data type.
    DataTypeError,
    /// 103: a value is not in its table.
    TableValueNotFound,
    /// 200: the message type is not supported.
    UnsupportedMessageType,
    /// 201: the event is not supported.
    UnsupportedEventCode,
    /// 202: the processing id is not supported.
    UnsupportedProcessingId,
    /// 203: the version is not supported.
    UnsupportedVersionId,
    /// 204: the patient, order or whatever it is about is unknown.
    UnknownKeyIdentifier,
    /// 205: it exists already.
    DuplicateKeyIdentifier,
    /// 206: the record is in use; a later attempt may work.
    ApplicationRecordLocked,
    /// 207: anything else.
    ApplicationInternalError,
}

impl ErrorCode {
    /// Every condition.
    pub const ALL: [Self; 12] = [
        Self::SegmentSequenceError,
        Self::RequiredFieldMissing,
        Self::DataTypeError,
        Self::TableValueNotFound,
        Self::UnsupportedMessageType,
        Self::UnsupportedEventCode,
        Self::UnsupportedProcessingId,
        Self::UnsupportedVersionId,
        Self::UnknownKeyIdentifier,
        Self::DuplicateKeyIdentifier,
        Self::ApplicationRecordLocked,
        Self::ApplicationInternalError,
    ];

    /// The number in the table.
    pub fn number(self) -> u16 {
        match self {
            Self::SegmentSequenceError => 100,
            Self::RequiredFieldMissing => 101,
            Self::DataTypeError => 102,
            Self::TableValueNotFound => 103,
            Self::UnsupportedMessageType => 200,
            Self::UnsupportedEventCode => 201,
            Self::UnsupportedProcessingId => 202,
            Self::UnsupportedVersionId => 203,
            Self::UnknownKeyIdentifier => 204,
            Self::DuplicateKeyIdentifier => 205,
            Self::ApplicationRecordLocked => 206,
            Self::ApplicationInternalError => 207,
        }
    }

    /// The condition with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The table's text for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::SegmentSequenceError => "Segment sequence error",
            Self::RequiredFieldMissing => "Required field missing",
            Self::DataTypeError => "Data type error",
            Self::TableValueNotFound => "Table value not found",
            Self::UnsupportedMessageType => "Unsupported message type",
            Self::UnsupportedEventCode => "Unsupported event code",
            Self::UnsupportedProcessingId => "Unsupported processing id",
            Self::UnsupportedVersionId => "Unsupported version id",
            Self::UnknownKeyIdentifier => "Unknown key identifier",
            Self::DuplicateKeyIdentifier => "Duplicate key identifier",
            Self::ApplicationRecordLocked => "Application record locked",
            Self::ApplicationInternalError => "Application internal error",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_is_found_by_its_number() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(code));
        }
        assert_eq!(ErrorCode::from_number(0), None);
    }
}
