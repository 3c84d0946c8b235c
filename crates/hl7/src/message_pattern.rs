//! `ADT^A01`, `ORU^*`, `ADT`: a message type with its trigger event, parsed once.

use std::fmt;
use std::str::FromStr;

use crate::Message;

/// The longest type or trigger event (HL7 v2.5 data type MSG: three characters; sites use more).
const MAX_PART: usize = 16;

/// Type and trigger event, as `match.message` and `accept.message` name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePattern {
    message_type: Part,
    trigger_event: Part,
}

/// One half of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Any,
    Exactly(Box<str>),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing before or behind the `^`.
    #[error("a part of the pattern is empty")]
    EmptyPart,
    /// A `*` beside other characters.
    #[error("`*` stands for a whole type or trigger event, not for a part of one")]
    PartialWildcard,
    /// A second `^`.
    #[error("a pattern has a type and a trigger event, nothing behind them")]
    TooManyParts,
    /// A character that no type or trigger event has.
    #[error("a type or trigger event has letters, digits and `_`, at most 16")]
    BadCharacter,
}

impl MessagePattern {
    /// The one that fits every message.
    pub fn any() -> Self {
        Self { message_type: Part::Any, trigger_event: Part::Any }
    }

    /// Whether every message that fits the other fits this one.
    pub fn covers(&self, other: &Self) -> bool {
        let covers = |one: &Part, other: &Part| *one == Part::Any || one == other;
        covers(&self.message_type, &other.message_type)
            && covers(&self.trigger_event, &other.trigger_event)
    }

    /// Whether the message's MSH-9 (with EVN-1 where MSH-9.2 is empty) fits.
    pub fn matches(&self, message: &Message) -> bool {
        self.wants_type(message) && self.trigger_event.wants(message.header().trigger_event())
    }

    /// Whether it says a type, instead of taking every one.
    pub fn names_a_type(&self) -> bool {
        self.message_type != Part::Any
    }

    /// The type it wants; `None` where any will do.
    pub fn message_type(&self) -> Option<&str> {
        self.message_type.as_str()
    }

    /// The trigger event it wants; `None` where any will do.
    pub fn trigger_event(&self) -> Option<&str> {
        self.trigger_event.as_str()
    }

    /// Whether its type alone fits.
    pub fn wants_type(&self, message: &Message) -> bool {
        self.message_type.wants(message.header().message_type())
    }
}

impl Part {
    fn as_str(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::Exactly(text) => Some(text),
        }
    }

    fn parse(text: &str) -> Result<Self, PatternError> {
        match text {
            "" => Err(PatternError::EmptyPart),
            "*" => Ok(Self::Any),
            _ if text.contains('*') => Err(PatternError::PartialWildcard),
            _ if text.len() > MAX_PART => Err(PatternError::BadCharacter),
            _ if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
                Ok(Self::Exactly(text.into()))
            }
            _ => Err(PatternError::BadCharacter),
        }
    }

    fn wants(&self, found: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => wanted.as_bytes() == found,
        }
    }
}

impl FromStr for MessagePattern {
    type Err = PatternError;

    /// A type alone wants every trigger event.
    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (message_type, trigger_event) = match text.split_once('^') {
            None => (text, "*"),
            Some((_, rest)) if rest.contains('^') => return Err(PatternError::TooManyParts),
            Some(parts) => parts,
        };
        Ok(Self {
            message_type: Part::parse(message_type)?,
            trigger_event: Part::parse(trigger_event)?,
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exactly(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for MessagePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}^{}", self.message_type, self.trigger_event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_alone_wants_every_trigger_event() {
        let pattern: MessagePattern = "ADT".parse().expect("a pattern");
        assert_eq!(pattern.to_string(), "ADT^*");
        assert_eq!("ADT^*".parse(), Ok(pattern));
    }

    #[test]
    fn what_is_no_pattern_is_told_by_kind() {
        for (text, error) in [
            ("", PatternError::EmptyPart),
            ("ADT^", PatternError::EmptyPart),
            ("^A01", PatternError::EmptyPart),
            ("AD*^A01", PatternError::PartialWildcard),
            ("ADT^A*", PatternError::PartialWildcard),
            ("ADT^A01^ADT_A01", PatternError::TooManyParts),
            ("ADT A01", PatternError::BadCharacter),
            ("ADT^A01234567890123456", PatternError::BadCharacter),
        ] {
            assert_eq!(text.parse::<MessagePattern>(), Err(error), "{text:?}");
        }
    }
}
