//! The few fields that an answer is judged by.
//!
//! This crate knows no HL7 beyond the names at the start of a payload, and does not begin here to: a message is split
//! at its own field separator, and nothing is decoded.

/// What some senders write before MSH.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A payload that begins with an MSH segment.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    message: &'a [u8],
    separator: u8,
}

impl<'a> Fields<'a> {
    /// `None` where no MSH segment begins the payload.
    pub(super) fn of(payload: &'a [u8]) -> Option<Self> {
        let message = payload.strip_prefix(BYTE_ORDER_MARK).unwrap_or(payload);
        let separator = *message.strip_prefix(b"MSH")?.first()?;
        Some(Self { message, separator })
    }

    /// MSH-1.
    pub(super) fn separator(self) -> u8 {
        self.separator
    }

    /// MSH-`number`, from 2 on; empty where it is absent.
    pub(super) fn header(self, number: usize) -> &'a [u8] {
        self.field(b"MSH", number.saturating_sub(1)).unwrap_or_default()
    }

    /// Field `number` of the first segment of this name; `None` where there is no such segment.
    pub(super) fn field(self, name: &[u8], number: usize) -> Option<&'a [u8]> {
        let mut segments = self.message.split(|byte| matches!(byte, b'\r' | b'\n'));
        let mut fields = segments.find_map(|segment| {
            let mut fields = segment.split(move |byte| *byte == self.separator);
            (fields.next() == Some(name)).then_some(fields)
        })?;
        Some(fields.nth(number.saturating_sub(1)).unwrap_or_default())
    }

    /// The first component of MSH-`number`.
    pub(super) fn first_component(self, number: usize) -> &'a [u8] {
        let separator = self.header(2).first().copied();
        let mut components = self.header(number).split(|byte| Some(*byte) == separator);
        components.next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_as_the_standard_counts_them() {
        let fields =
            Fields::of(b"\xEF\xBB\xBFMSH$%~\\&$A%B$C\rMSA$AA$M1\r").expect("MSH begins it");
        assert_eq!((fields.header(2), fields.header(3)), (&b"%~\\&"[..], &b"A%B"[..]));
        assert_eq!(fields.first_component(3), b"A");
        assert_eq!(fields.field(b"MSA", 2), Some(&b"M1"[..]));
        assert_eq!((fields.field(b"MSA", 3), fields.field(b"ERR", 1)), (Some(&b""[..]), None));
    }

    #[test]
    fn what_begins_with_anything_else_has_none() {
        for payload in [&b""[..], b"MSH", b"Hello World", b"FHS|^~\\&"] {
            assert!(Fields::of(payload).is_none());
        }
    }
}
