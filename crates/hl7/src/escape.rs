//! Escape sequences: what a separator, a line break or a byte looks like inside a value (HL7 v2.5 chapter 2.7).
//!
//! | sequence | text |
//! |---|---|
//! | `\F\ \S\ \T\ \R\ \E\` | the field, component, subcomponent, repetition separator, the escape character |
//! | `\P\` | the truncation character (`#` where MSH-2 declares none) |
//! | `\Xhh..\` | the bytes, read as UTF-8 where they are, else in the message's charset (windows-1252 in UTF-8) |
//! | `\.br\`, `\.sp n\` | one line feed, n of them |
//! | `\H\ \N\` | nothing: highlighting has no text |
//! | `\Zxx\ \Cxxyy\ \Mxxyyzz\`, anything else | as it stands |
//!
//! Resolving never fails: what is not a sequence is text.

use std::borrow::Cow;

use memchr::memchr;

use crate::Delimiters;
use crate::charset::Charset;

/// The most line feeds that one `\.sp n\` gives: a page. A peer's number must not decide about memory.
const MAX_BLANK_LINES: usize = 100;

/// The text of a raw value.
pub(crate) fn text<'v>(raw: &'v [u8], delimiters: &Delimiters, charset: Charset) -> Cow<'v, str> {
    let escape = delimiters.escape.filter(|escape| memchr(*escape, raw).is_some());
    let Some(escape) = escape else { return charset.decode(raw) };
    if charset.overlaps_delimiters() {
        // Half of a character may look like the escape character, so characters come first.
        let decoded = charset.decode(raw);
        let decoded = Decoded { bytes: decoded.as_bytes(), charset: Charset::Utf8 };
        return Cow::Owned(resolved(decoded, escape, delimiters, charset));
    }
    Cow::Owned(resolved(Decoded { bytes: raw, charset }, escape, delimiters, charset))
}

/// A value, and how the bytes between its sequences are read.
#[derive(Clone, Copy)]
struct Decoded<'v> {
    bytes: &'v [u8],
    charset: Charset,
}

/// The text of a value with escape sequences; `hex` is the charset of the bytes that are written as such.
fn resolved(value: Decoded<'_>, escape: u8, delimiters: &Delimiters, hex: Charset) -> String {
    let Decoded { bytes, charset } = value;
    let mut text = String::with_capacity(bytes.len());
    let first = memchr(escape, bytes).unwrap_or(bytes.len());
    let (mut plain, mut rest) = bytes.split_at(first);
    loop {
        text.push_str(&charset.decode(plain));
        let Some((_, behind)) = rest.split_first() else { break };
        let Some(end) = memchr(escape, behind) else {
            text.push_str(&charset.decode(rest));
            break;
        };
        let (body, closing) = behind.split_at(end);
        if !push_meaning(&mut text, body, delimiters, hex) {
            text.push_str(&charset.decode(rest.get(..body.len() + 2).unwrap_or_default()));
        }
        let behind = closing.get(1..).unwrap_or_default();
        (plain, rest) = behind.split_at(memchr(escape, behind).unwrap_or(behind.len()));
    }
    text
}

/// Writes what a sequence means, given what stands between its escape characters; `false` where it means nothing to us.
fn push_meaning(text: &mut String, body: &[u8], delimiters: &Delimiters, hex: Charset) -> bool {
    let delimiter = match body {
        b"F" => Some(delimiters.field),
        b"S" => Some(delimiters.component),
        b"T" => delimiters.subcomponent,
        b"R" => delimiters.repetition,
        b"E" => delimiters.escape,
        b"P" => Some(delimiters.truncation.unwrap_or(b'#')),
        b"H" | b"N" => return true,
        b".br" => Some(b'\n'),
        [b'.', b's', b'p', number @ ..] => return push_blank_lines(text, number),
        [b'X', digits @ ..] => return push_bytes(text, digits, hex),
        _ => None,
    };
    text.extend(delimiter.map(char::from));
    delimiter.is_some()
}

fn push_blank_lines(text: &mut String, number: &[u8]) -> bool {
    let number = number.trim_ascii();
    let number = number.strip_prefix(b"+").unwrap_or(number);
    let lines = match number {
        [] => Some(1),
        digits => std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok()),
    };
    text.extend(std::iter::repeat_n('\n', lines.unwrap_or(0).min(MAX_BLANK_LINES)));
    lines.is_some()
}

fn push_bytes(text: &mut String, digits: &[u8], charset: Charset) -> bool {
    let (pairs, odd) = digits.as_chunks::<2>();
    let nibble =
        |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
    match bytes {
        Some(bytes) if odd.is_empty() && !bytes.is_empty() => {
            let beyond_utf8 = if charset == Charset::Utf8 { Charset::Windows1252 } else { charset };
            match std::str::from_utf8(&bytes) {
                Ok(utf8) => text.push_str(utf8),
                Err(_) => text.push_str(&beyond_utf8.decode(&bytes)),
            }
            true
        }
        _ => false,
    }
}

/// A text as a value may hold it: separators and control characters as escape sequences.
///
/// Where MSH-2 declares no escape character, nothing can be escaped: what would separate becomes a space.
pub fn escape<'t>(text: &'t str, delimiters: &Delimiters) -> Cow<'t, str> {
    let Some(first) = text.bytes().position(|byte| must_be_escaped(byte, delimiters)) else {
        return Cow::Borrowed(text);
    };
    let mut escaped = String::with_capacity(text.len() + 8);
    let (plain, rest) = text.split_at_checked(first).unwrap_or((text, ""));
    escaped.push_str(plain);
    for c in rest.chars() {
        push_escaped(&mut escaped, c, delimiters);
    }
    Cow::Owned(escaped)
}

/// Writes one character as a value may hold it.
pub(crate) fn push_escaped(escaped: &mut String, c: char, delimiters: &Delimiters) {
    let byte = match u8::try_from(c) {
        Ok(byte) if must_be_escaped(byte, delimiters) && c.is_ascii() => byte,
        _ => return escaped.push(c),
    };
    let Some(escape) = delimiters.escape.map(char::from) else { return escaped.push(' ') };
    let name = match byte {
        b'\n' if !delimiters.contain(b'.') => Some(".br"),
        byte if byte == delimiters.field => Some("F"),
        byte if byte == delimiters.component => Some("S"),
        byte if Some(byte) == delimiters.subcomponent => Some("T"),
        byte if Some(byte) == delimiters.repetition => Some("R"),
        byte if Some(byte) == delimiters.escape => Some("E"),
        byte if Some(byte) == delimiters.truncation => Some("P"),
        _ => None,
    };
    escaped.push(escape);
    if let Some(name) = name {
        escaped.push_str(name);
    } else {
        escaped.push('X');
        escaped.extend([byte >> 4, byte & 0x0f].map(hex_digit));
    }
    escaped.push(escape);
}

pub(crate) fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or_default().to_ascii_uppercase()
}

/// Separators, and the control characters that end segments and frames or start a charset.
fn must_be_escaped(byte: u8, delimiters: &Delimiters) -> bool {
    (byte.is_ascii_control() && byte != b'\t') || delimiters.contain(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(raw: &[u8]) -> String {
        text(raw, &Delimiters::default(), Charset::Utf8).into_owned()
    }

    #[test]
    fn sequences_with_a_meaning_are_resolved() {
        for (raw, expected) in [
            (&br"a\F\b"[..], "a|b"),
            (br"\S\\T\\R\\E\", r"^&~\"),
            (br"\P\", "#"),
            (br"\X41\\X4869\", "AHi"),
            (br"\Xc3a9\ \XE9\", "é é"),
            (br"one\.br\two", "one\ntwo"),
            (br"a\.sp\b\.sp2\c\.sp 3\d\.sp+1\e", "a\nb\n\nc\n\n\nd\ne"),
            (br"\H\high\N\ enough", "high enough"),
        ] {
            assert_eq!(resolved(raw), expected, "{}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn what_has_no_meaning_stays_as_it_is() {
        for raw in [
            r"\Z99\",
            r"\C2842\\M824041\",
            r"\.in\x",
            r"\.spx\",
            r"\X4\",
            r"\X4G\",
            r"\X414\",
            r"\X\",
            r"\f\",
            r"C:\folder\file",
            r"\\",
            r"open \F",
            r"\",
        ] {
            assert_eq!(resolved(raw.as_bytes()), raw);
        }
    }

    #[test]
    fn a_declared_truncation_character_is_the_one_of_the_sequence() {
        let delimiters = Delimiters { truncation: Some(b'!'), ..Delimiters::default() };
        assert_eq!(text(br"cut\P\", &delimiters, Charset::Utf8), "cut!");
        assert_eq!(escape("cut!", &delimiters), r"cut\P\");
    }

    #[test]
    fn a_peers_number_of_blank_lines_is_bounded() {
        assert_eq!(resolved(br"\.sp 4000000000\").len(), MAX_BLANK_LINES);
    }

    #[test]
    fn texts_are_escaped_where_they_must_be() {
        let delimiters = Delimiters::default();
        assert_eq!(escape("plain é\t#", &delimiters), "plain é\t#");
        assert_eq!(escape("a|b^c&d~e\\f", &delimiters), r"a\F\b\S\c\T\d\R\e\E\f");
        assert_eq!(escape("a\r\n\x0b\x1c\x7f", &delimiters), r"a\X0D\\.br\\X0B\\X1C\\X7F\");
    }

    #[test]
    fn without_an_escape_character_separators_become_spaces() {
        let delimiters = Delimiters { escape: None, subcomponent: None, ..Delimiters::default() };
        assert_eq!(escape("a|b&c\r", &delimiters), "a b&c ");
        assert_eq!(text(br"\F\", &delimiters, Charset::Utf8), r"\F\");
    }

    #[test]
    fn a_delimiter_inside_the_name_of_a_sequence_is_avoided() {
        let delimiters = Delimiters { component: b'.', ..Delimiters::default() };
        assert_eq!(escape("a\nb", &delimiters), r"a\X0A\b");
    }
}
