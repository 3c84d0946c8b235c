//! Why a file is set aside, as the text that is put beside it: what an operator needs, and no content (PHI-1).

use std::fmt;
use std::io::ErrorKind;

use wardline_flow::Refusal;

/// Why nothing of a file is stored.
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
        }
    }

    /// The message it is about.
    pub(super) fn message(&self) -> Option<usize> {
        match self {
            Self::Refused { message, .. } => *message,
            Self::NoFile | Self::TooLarge { .. } | Self::Unreadable(_) | Self::TooLargeToStore => {
                None
            }
        }
    }

    /// The number in table 0357.
    pub(super) fn error(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.error.number()),
            Self::NoFile | Self::TooLarge { .. } | Self::Unreadable(_) | Self::TooLargeToStore => {
                None
            }
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
        }
    }
}
