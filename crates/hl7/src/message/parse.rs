//! From a payload to its header: the part of the reading that every message pays for.

use bytes::Bytes;
use memchr::memchr;
use std::sync::OnceLock;

use super::{Lint, Message, ParseOptions};
use crate::Delimiters;
use crate::charset::{Charset, CharsetRule, Declared, ESC, outline};
use crate::delimiters::MAX_ENCODING_CHARACTERS;
use crate::header::HeaderFields;
use crate::segment_ends::{CR, LF};

/// `MSH` and the field separator.
const HEADER_START: usize = 4;
/// MSH-18.
const CHARACTER_SET: usize = 18;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A payload that is not a message. Nothing of it is in the error (PHI-1); [`crate::ack::build`] answers it with what
/// can be read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ParseError {
    /// There is nothing, or nothing but line ends.
    #[error("the payload is empty")]
    Empty,
    /// It doesn't begin with an MSH segment.
    #[error("the payload does not begin with an MSH segment")]
    NoHeader,
    /// It begins with MSH and ends, or the segment does, before the separator behind MSH-2.
    #[error("the MSH segment ends before MSH-3")]
    HeaderCutShort,
    /// MSH-1 is no ASCII punctuation, or MSH-2 is not 1 to 5 characters of it.
    #[error("MSH-1 and MSH-2 do not declare usable delimiters")]
    BadDelimiters,
    /// Its characters take two bytes each.
    #[error("the payload is UTF-16; HL7 v2 needs an encoding that keeps ASCII")]
    Utf16,
    /// It begins with FHS or BHS: a batch, not a message.
    #[error("the payload is a batch (FHS or BHS), not a message")]
    Envelope,
    /// It has 4 GiB or more; offsets are kept in 32 bits.
    #[error("the payload is longer than 4 GiB")]
    TooLong,
    /// It has this oddity, and was to be read strictly.
    #[error("read strictly, the payload has a fault: {}", .0.as_str())]
    Unusual(Lint),
}

pub(super) fn parse(bytes: Bytes, options: ParseOptions) -> Result<Message, ParseError> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(ParseError::TooLong);
    }
    let body = past_prologue(&bytes);
    let separator = field_separator(body).map_err(|error| more_precisely(error, &bytes))?;
    let start = offset(bytes.len() - body.len());

    let (ends, end) = options.segments.decide(body);
    let header = ends.trim(body.get(..end).unwrap_or_default());
    let behind = header.get(HEADER_START..).unwrap_or_default();
    let Some(second) = memchr(separator, behind) else {
        let too_long = behind.len() > MAX_ENCODING_CHARACTERS;
        return Err(if too_long { ParseError::BadDelimiters } else { ParseError::HeaderCutShort });
    };
    let (encoding_characters, rest) = behind.split_at(second);
    let declared =
        Delimiters::declared(separator, encoding_characters).ok_or(ParseError::BadDelimiters)?;
    let rest = rest.get(1..).unwrap_or_default();
    let at = start + offset(HEADER_START + second + 1);
    let find = |rest: &[u8]| HeaderFields::find(rest, at, separator);
    let fields = if rest.is_ascii() && memchr(ESC, rest).is_none() {
        find(rest)
    } else {
        let read_charset = |fields: &HeaderFields| {
            let field = fields.range(CHARACTER_SET).and_then(|range| bytes.get(range));
            Declared::read(field.unwrap_or_default(), declared.delimiters.repetition)
        };
        fields_beyond_ascii(rest, options.charset, find, read_charset)
    };
    let message = Message {
        start,
        delimiters: declared.delimiters,
        delimiters_repeated: declared.repeated,
        options,
        ends,
        fields,
        spans: OnceLock::new(),
        charset: OnceLock::new(),
        outline: OnceLock::new(),
        bytes,
    };
    match options.strict.then(|| message.lints().iter().next()).flatten() {
        Some(lint) => Err(ParseError::Unusual(lint)),
        None => Ok(message),
    }
}

/// The fields of a header with characters beyond ASCII, of which any may hold a separator: MSH-18, which tells the
/// charset, is a field itself. So it is the right charset that makes MSH-18 name it.
fn fields_beyond_ascii(
    rest: &[u8],
    rule: CharsetRule,
    find: impl Fn(&[u8]) -> HeaderFields,
    declared: impl Fn(&HeaderFields) -> Declared,
) -> HeaderFields {
    let outlined = |charset| outline(rest, charset).map(|outline| find(&outline));
    let plain = find(rest);
    if let Some(fixed) = rule.fixed {
        return outlined(fixed).unwrap_or(plain);
    }
    let declaring =
        Charset::all().filter(|charset| charset.overlaps_delimiters()).find_map(|charset| {
            outlined(charset).filter(|fields| declared(fields) == Declared::Charset(charset))
        });
    match declaring {
        Some(fields) => fields,
        None if declared(&plain) == Declared::Nothing && std::str::from_utf8(rest).is_err() => {
            outlined(rule.fallback).unwrap_or(plain)
        }
        None => plain,
    }
}

/// The payload without the byte order mark and the line ends that some senders put in front.
pub(crate) fn past_prologue(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [CR | LF, behind @ ..] => behind,
            _ => match rest.strip_prefix(BOM) {
                Some(behind) => behind,
                None => return rest,
            },
        }
    }
}

/// MSH-1, where this is an MSH segment.
fn field_separator(body: &[u8]) -> Result<u8, ParseError> {
    match body {
        [] => Err(ParseError::Empty),
        [b'M', b'S', b'H'] | [b'M', b'S', b'H', CR | LF, ..] => Err(ParseError::HeaderCutShort),
        [b'M', b'S', b'H', separator, ..] if separator.is_ascii_punctuation() => Ok(*separator),
        [b'F' | b'B', b'H', b'S', separator, ..] if separator.is_ascii_punctuation() => {
            Err(ParseError::Envelope)
        }
        [b'M', b'S', b'H', separator, ..] if !separator.is_ascii_alphanumeric() => {
            Err(ParseError::BadDelimiters)
        }
        _ => Err(ParseError::NoHeader),
    }
}

/// UTF-16 is looked for only where no header was found: no message in it begins with the bytes of MSH.
fn more_precisely(error: ParseError, bytes: &[u8]) -> ParseError {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'M', 0, b'S', 0, ..] | [0, b'M', 0, b'S', ..] => {
            ParseError::Utf16
        }
        _ => error,
    }
}

/// An offset into a payload whose length fits.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(payload: &[u8]) -> Option<ParseError> {
        Message::parse(Bytes::copy_from_slice(payload)).err()
    }

    #[test]
    fn what_is_not_a_message_is_refused_with_its_reason() {
        for (payload, expected) in [
            (&b""[..], ParseError::Empty),
            (b"\r\n", ParseError::Empty),
            (b"\xef\xbb\xbf", ParseError::Empty),
            (b"Hello World", ParseError::NoHeader),
            (b"PID|1\rMSH|^~\\&|A", ParseError::NoHeader),
            (b"MSHA|", ParseError::NoHeader),
            (b"MS", ParseError::NoHeader),
            (b"MSH", ParseError::HeaderCutShort),
            (b"MSH|", ParseError::HeaderCutShort),
            (b"MSH|^~\\&", ParseError::HeaderCutShort),
            (b"MSH|^~\\&\rPID|1", ParseError::HeaderCutShort),
            (b"MSH\rPID|1", ParseError::HeaderCutShort),
            (b"MSH ^~\\& A", ParseError::BadDelimiters),
            (b"MSH||A|B", ParseError::BadDelimiters),
            (b"MSH|SENDER|B", ParseError::BadDelimiters),
            (b"MSH|^~\\&#!|B", ParseError::BadDelimiters),
            (b"MSH|^~\\&NO SEPARATOR", ParseError::BadDelimiters),
            (b"FHS|^~\\&|A\rMSH|^~\\&|", ParseError::Envelope),
            (b"BHS|^~\\&|A", ParseError::Envelope),
            (b"\xff\xfeM\0S\0H\0|\0", ParseError::Utf16),
            (b"M\0S\0H\0|\0", ParseError::Utf16),
            (b"\0M\0S\0H\0|", ParseError::Utf16),
        ] {
            assert_eq!(error(payload), Some(expected), "{:?}", String::from_utf8_lossy(payload));
        }
    }

    #[test]
    fn a_byte_order_mark_and_line_ends_in_front_are_passed_over() {
        let message =
            Message::parse(b"\xef\xbb\xbf\r\n\nMSH|^~\\&|A\rPID|1"[..].into()).expect("a message");
        assert_eq!(message.header().sending_application(), b"A");
        assert_eq!(message.segments().count(), 2);
    }

    #[test]
    fn a_shortest_header_reads_as_empty_fields() {
        let message = Message::parse(b"MSH|^~\\&|"[..].into()).expect("a message");
        assert_eq!(message.header().control_id(), b"");
        assert_eq!(message.header().message_code(), "");
    }
}
