//! MSA-1, the acknowledgement code (table 0008).

use std::fmt;
use std::str::FromStr;

/// What an answer says. The first letter tells the kind: A for the application's, C for the accept ("commit") answer
/// of the enhanced mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AckCode {
    /// Application accept.
    AA,
    /// Application error: it may work later.
    AE,
    /// Application reject: it will not work as it is.
    AR,
    /// Commit accept.
    CA,
    /// Commit error.
    CE,
    /// Commit reject.
    CR,
}

/// Text that is no acknowledgement code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the acknowledgement codes AA, AE, AR, CA, CE, CR")]
pub struct UnknownAckCode;

impl AckCode {
    /// Every code.
    pub const ALL: [Self; 6] = [Self::AA, Self::AE, Self::AR, Self::CA, Self::CE, Self::CR];

    /// The two letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AA => "AA",
            Self::AE => "AE",
            Self::AR => "AR",
            Self::CA => "CA",
            Self::CE => "CE",
            Self::CR => "CR",
        }
    }

    /// Whether the receiver has taken the message: AA, CA.
    pub fn is_positive(self) -> bool {
        matches!(self, Self::AA | Self::CA)
    }

    /// Whether it is an error that may pass: AE, CE.
    pub fn is_error(self) -> bool {
        matches!(self, Self::AE | Self::CE)
    }

    /// Whether it is a rejection that will not: AR, CR.
    pub fn is_reject(self) -> bool {
        matches!(self, Self::AR | Self::CR)
    }

    /// Whether it is an accept ("commit") answer: CA, CE, CR.
    pub fn is_accept_level(self) -> bool {
        matches!(self, Self::CA | Self::CE | Self::CR)
    }

    /// The same of the accept answer: AA becomes CA, AE CE, AR CR.
    #[must_use]
    pub fn at_accept_level(self) -> Self {
        match self {
            Self::AA | Self::CA => Self::CA,
            Self::AE | Self::CE => Self::CE,
            Self::AR | Self::CR => Self::CR,
        }
    }

    /// The same of the application's answer: CA becomes AA, CE AE, CR AR.
    #[must_use]
    pub fn at_application_level(self) -> Self {
        match self {
            Self::AA | Self::CA => Self::AA,
            Self::AE | Self::CE => Self::AE,
            Self::AR | Self::CR => Self::AR,
        }
    }

    /// The code that is written so, without blanks; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str().as_bytes() == bytes)
    }
}

impl FromStr for AckCode {
    type Err = UnknownAckCode;

    fn from_str(text: &str) -> Result<Self, UnknownAckCode> {
        Self::from_bytes(text.as_bytes()).ok_or(UnknownAckCode)
    }
}

impl fmt::Display for AckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_as_it_shows_and_is_of_one_kind() {
        for code in AckCode::ALL {
            assert_eq!(code.to_string().parse(), Ok(code));
            let kinds = [code.is_positive(), code.is_error(), code.is_reject()];
            assert_eq!(kinds.into_iter().filter(|kind| *kind).count(), 1, "{code}");
        }
        assert_eq!("aa".parse::<AckCode>(), Err(UnknownAckCode));
    }

    #[test]
    fn the_accept_answer_says_the_same_as_the_applications() {
        for code in AckCode::ALL {
            let accept = code.at_accept_level();
            assert!(accept.is_accept_level(), "{code}");
            assert_eq!(accept.is_positive(), code.is_positive(), "{code}");
            assert_eq!(accept.is_reject(), code.is_reject(), "{code}");
            let application = code.at_application_level();
            assert!(!application.is_accept_level(), "{code}");
            assert_eq!(application.at_accept_level(), accept, "{code}");
        }
    }
}
