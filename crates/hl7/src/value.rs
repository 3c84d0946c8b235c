//! What stands at a place of a message: nothing, an empty element, the null `""`, or bytes.
//!
//! The four differ in HL7 (v2.5 chapter 2.5.3): an absent or empty element leaves the receiver's data as they are, the
//! null deletes them. A value is a view into the message; escapes and charset are resolved by
//! [`Message::text_of`](crate::Message::text_of).

use std::fmt;

/// The null value: two quotes and nothing else. It deletes what the receiver has.
const NULL: &[u8] = b"\"\"";

/// What stands at a place of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'m> {
    /// The message doesn't reach to this place: no such segment, field, repetition, component or subcomponent.
    Absent,
    /// The place is there and has no bytes.
    Empty,
    /// `""`.
    Null,
    /// These bytes, escapes and charset as they came.
    Present(&'m [u8]),
}

impl<'m> Value<'m> {
    /// Tells an element that is there from its bytes.
    pub(crate) fn of(raw: &'m [u8]) -> Self {
        match raw {
            [] => Self::Empty,
            NULL => Self::Null,
            bytes => Self::Present(bytes),
        }
    }

    /// The bytes as they came: none where absent or empty, the two quotes of a null.
    pub fn raw(&self) -> &'m [u8] {
        match self {
            Self::Absent | Self::Empty => &[],
            Self::Null => NULL,
            Self::Present(bytes) => bytes,
        }
    }

    /// Whether there are bytes other than the null's.
    pub fn is_present(&self) -> bool {
        matches!(self, Self::Present(_))
    }

    /// Whether the message doesn't reach to this place.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl fmt::Debug for Value<'_> {
    /// The length only: PHI-1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Empty => f.write_str("Empty"),
            Self::Null => f.write_str("Null"),
            Self::Present(bytes) => write!(f, "Present({} bytes)", bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_null_and_present_are_told_apart() {
        assert_eq!(Value::of(b""), Value::Empty);
        assert_eq!(Value::of(b"\"\""), Value::Null);
        assert_eq!(Value::of(b"\"\"x"), Value::Present(b"\"\"x"));
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Value::of(b"DOE")), "Present(3 bytes)");
    }
}
