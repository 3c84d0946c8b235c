//! Ids, and short texts that end up in logs, file names or messages.

use super::{Setting, Shape, Wrong};

/// The longest id, in bytes: ids are labels of counters and parts of the store's keys.
const MAX_ID: usize = 64;
/// The longest text that is compared with a field of a message, in bytes.
const MAX_WORD: usize = 256;

/// The longest text that is written into a message, in bytes: more than this comes from the message itself.
const MAX_SENTENCE: usize = 1000;

/// An id: of a listener, a route, a destination, a handler, or the engine's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub(crate) String);

impl Setting for Id {
    const EXPECTED: &'static str = "an id such as \"lab-1\"";
    const SHAPE: Shape = Shape::Form("[A-Za-z0-9][A-Za-z0-9._-]*");

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts_well && text.len() <= MAX_ID && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::text::<Self>(text)
                .hint("ids have letters, digits, `.`, `_` and `-`, at most 64"))
        }
    }
}

/// A text that is compared with a part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) String);

impl Setting for Word {
    const EXPECTED: &'static str = "a text of at most 256 bytes without control characters";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if text.len() <= MAX_WORD && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::text::<Self>(&text.escape_debug().to_string()))
        }
    }
}

/// A text that is written into a message or an answer; it may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence(pub(crate) String);

impl Setting for Sentence {
    const EXPECTED: &'static str = "a text of at most 1000 bytes";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if text.len() <= MAX_SENTENCE {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::type_of::<Self>())
        }
    }
}

/// MSH-9 of an answer, as `ACK` or `ACK^A01^ACK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageCode(pub(crate) String);

impl Setting for MessageCode {
    const EXPECTED: &'static str = "a message type such as \"ACK\" or \"ACK^A01^ACK\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let part =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !text.is_empty()
            && text.len() <= MAX_ID
            && text.split('^').count() <= 3
            && text.split('^').all(part)
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::text::<Self>(text))
        }
    }
}

/// What is logged: `info`, or `warn,wardline_engine=debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(pub(crate) String);

impl Setting for Filter {
    const EXPECTED: &'static str =
        "a level such as \"info\", or a list such as \"warn,wardline_engine=debug\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
        let target = |target: &str| {
            !target.is_empty()
                && target
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
        };
        let directive = |directive: &str| match directive.split_once('=') {
            None => LEVELS.contains(&directive),
            Some((name, level)) => target(name) && LEVELS.contains(&level),
        };
        if text.split(',').all(directive) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::text::<Self>(text)
                .hint("levels are off, error, warn, info, debug and trace"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_safe_in_a_label_and_a_file_name() {
        assert!(Id::from_text("adt-in_2.b").is_ok());
        for text in ["", "-a", ".", "..", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert!(Id::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_filter_is_a_list_of_levels_with_or_without_a_target() {
        for text in ["info", "off", "warn,wardline_engine=debug", "wardline_engine::inbound=trace"]
        {
            assert!(Filter::from_text(text).is_ok(), "{text}");
        }
        for text in ["", "verbose", "info,", "a=b", "=info", "a b=info"] {
            assert!(Filter::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_type_has_at_most_three_parts() {
        for text in ["ACK", "ACK^A01", "ACK^A01^ACK", "ACK^^ACK"] {
            assert!(MessageCode::from_text(text).is_ok(), "{text}");
        }
        for text in ["", "ACK|A01", "A^B^C^D", "ACK\r"] {
            assert!(MessageCode::from_text(text).is_err(), "{text}");
        }
    }
}
