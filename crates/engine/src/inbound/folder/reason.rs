//! Why a file is set aside, as the text that is put beside it: what an operator needs, and no content (PHI-1).

use std::fmt;
use std::io::ErrorKind;

use wardline_flow::{Refusal, RefusalCause};
use wardline_hl7::AckCode;

/// Why a file is set aside: but for one reason, nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// What lay under the name is not a plain file.
    NoFile,
    /// It is larger than `max_file_size`, which is this.
    TooLarge {
        /// Bytes.
        limit: usize,
    },
    /// Its bytes are not to be had.
    Unreadable(ErrorKind),
    /// It is not HL7, or a batch that lost something, or one of its messages is refused.
    Refused {
        /// Which, counted from 1; absent where it is the file as a whole.
        message: Option<usize>,
        /// What a sender would have been answered.
        refusal: Refusal,
    },
    /// Its messages with all their deliveries are more than one record of the store holds.
    TooLargeToStore,
    /// It was written to after it had lain still, and its name in the folder is another file's by now.
    Changed,
    /// It was written to after it had been read: what it held before is stored.
    WrittenOn,
}

impl Reason {
    /// The stable code: in the log, and the first line of the text.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoFile => "no-file",
            Self::TooLarge { .. } => "too-large",
            Self::Unreadable(_) => "unreadable",
            Self::Refused { .. } => "refused",
            Self::TooLargeToStore => "too-large-to-store",
            Self::Changed => "changed",
            Self::WrittenOn => "written-on",
        }
    }

    /// The message it is about.
    pub(super) fn message(&self) -> Option<usize> {
        match self {
            Self::Refused { message, .. } => *message,
            Self::NoFile
            | Self::TooLarge { .. }
            | Self::Unreadable(_)
            | Self::TooLargeToStore
            | Self::Changed
            | Self::WrittenOn => None,
        }
    }

    /// What a sender would have been answered, and why; `None` where what is in the file was never looked at, or is stored.
    pub(super) fn refused(&self) -> Option<(AckCode, RefusalCause)> {
        match self {
            Self::Refused { refusal, .. } => Some((refusal.code, refusal.cause)),
            Self::TooLargeToStore => Some((AckCode::AR, RefusalCause::TooLarge)),
            Self::NoFile
            | Self::TooLarge { .. }
            | Self::Unreadable(_)
            | Self::Changed
            | Self::WrittenOn => None,
        }
    }

    /// The number in table 0357.
    pub(super) fn error(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.error.number()),
            Self::NoFile
            | Self::TooLarge { .. }
            | Self::Unreadable(_)
            | Self::TooLargeToStore
            | Self::Changed
            | Self::WrittenOn => None,
        }
    }
}

impl fmt::Display for Reason {
    /// One line for each thing to say, the code first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "reason: {}", self.code())?;
        match self {
            Self::NoFile => writeln!(f, "text: this is not a plain file"),
            Self::TooLarge { limit } => {
                writeln!(f, "text: the file is larger than max_file_size, {limit} bytes")
            }
            Self::Unreadable(kind) => writeln!(f, "text: the file could not be read: {kind}"),
            Self::Refused { message, refusal } => {
                if let Some(number) = message {
                    writeln!(f, "message: {number}")?;
                }
                writeln!(f, "error: {}", refusal.error)?;
                if let Some(location) = &refusal.location {
                    writeln!(f, "location: {location}")?;
                }
                writeln!(f, "text: {}", refusal.text)
            }
            Self::TooLargeToStore => {
                writeln!(f, "text: the messages are more than the store can keep together")
            }
            Self::Changed => writeln!(
                f,
                "text: the file was written to after it had lain still, and another has its name now; nothing is stored"
            ),
            Self::WrittenOn => writeln!(
                f,
                "text: the file was written to after it had been read; what was in it before is stored, the rest is not"
            ),
        }
    }
}
