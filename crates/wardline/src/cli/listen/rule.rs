//! `--rule 'ADT^A01=AR'`: another answer for messages of a type.

use std::str::FromStr;

use wardline_flow::{MessagePattern, PatternError};
use wardline_hl7::{AckCode, Message};

/// Messages that fit `pattern` get `reply`.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pattern: MessagePattern,
    reply: AckCode,
}

/// Why a rule was not understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuleError {
    /// There is no `=`.
    #[error("expected TYPE=CODE, such as 'ADT^A01=AR'")]
    NoEquals,
    /// What stands before the `=` is no message type.
    #[error("'{text}' is not a message type such as ADT, ADT^A01 or ORU^*")]
    Pattern {
        /// What was written.
        text: String,
        /// What is wrong with it.
        source: PatternError,
    },
    /// What stands behind the `=` is no acknowledgement code.
    #[error("'{text}' is not one of AA, AE, AR, CA, CE, CR")]
    Code {
        /// What was written.
        text: String,
    },
}

impl Rule {
    /// The reply, if the message is of the rule's type.
    pub(super) fn reply(&self, message: &Message) -> Option<AckCode> {
        self.pattern.matches(message).then_some(self.reply)
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (pattern, code) = text.rsplit_once('=').ok_or(RuleError::NoEquals)?;
        Ok(Self {
            pattern: pattern
                .parse()
                .map_err(|source| RuleError::Pattern { text: pattern.to_owned(), source })?,
            reply: code.parse().map_err(|_| RuleError::Code { text: code.to_owned() })?,
        })
    }
}
