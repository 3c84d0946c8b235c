//! A message in another charset, for a receiver that reads only that.

use bytes::{Bytes, BytesMut};

use super::{EditError, Message, ParseOptions};
use crate::charset::{Charset, CharsetRule, Declared};
use crate::{Index, Path};

/// What becomes of a character that the other charset lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unmappable {
    /// The message is not written.
    Fail,
    /// It becomes `?`.
    Replace,
    /// It becomes the escape sequence `\Xhh..\` of its UTF-8 bytes; `?` where MSH-2 declares no escape character.
    Escape,
}

/// A message that cannot be written in another charset. No character of it is in the error (PHI-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReencodeError {
    /// The charset lacks characters of the message.
    #[error("{count} characters cannot be written in {charset}")]
    Lacking {
        /// The charset.
        charset: Charset,
        /// How many.
        count: usize,
        /// The field that the first of them stands in.
        first: Option<Path>,
    },
    /// MSH-18 cannot be made to name the charset under the delimiters of the message.
    #[error("MSH-18 cannot name {charset}")]
    Undeclarable {
        /// The charset.
        charset: Charset,
        /// Why not.
        source: EditError,
    },
}

impl Message {
    /// The payload in another charset, named by MSH-18. The bytes as they came where they are in it and say so already,
    /// or are ASCII and say nothing else.
    pub fn reencode(&self, to: Charset, unmappable: Unmappable) -> Result<Bytes, ReencodeError> {
        let is_declared = self.declared() == Declared::Charset(to);
        let is_plain = self.is_plain_ascii();
        if is_declared && (is_plain || self.charset() == to) {
            return Ok(self.bytes.clone());
        }
        if is_plain && matches!(self.declared(), Declared::Nothing | Declared::Ascii) {
            return Ok(self.bytes.clone());
        }
        let bytes = if self.charset() == to {
            self.bytes.slice(self.bytes.len() - self.body().len()..)
        } else {
            self.transcoded(to, unmappable)?
        };
        self.declare(bytes, to)
            .map_err(|source| ReencodeError::Undeclarable { charset: to, source })
    }

    /// The payload of a message that somebody typed: this text in the charset that its MSH-18 names, or its reader fixes,
    /// where the text is one of a message. What the charset lacks becomes `?`.
    pub fn typed(text: &str, options: ParseOptions) -> Bytes {
        let as_text = Bytes::copy_from_slice(text.as_bytes());
        let in_utf8 = CharsetRule { fixed: Some(Charset::Utf8), ..options.charset };
        let read = Self::parse_with(as_text.clone(), ParseOptions { charset: in_utf8, ..options });
        let Ok(message) = read else { return as_text };
        let declared = match message.declared() {
            Declared::Charset(charset) => Some(charset),
            Declared::Nothing | Declared::Ascii | Declared::Unknown => None,
        };
        match options.charset.fixed.or(declared) {
            None | Some(Charset::Utf8) => as_text,
            Some(charset) => message.transcoded(charset, Unmappable::Replace).unwrap_or(as_text),
        }
    }

    /// The same message with its text in UTF-8, for whoever shows it. Nothing else of it changes: MSH-18 names what it
    /// was.
    #[must_use]
    pub fn in_utf8(&self) -> Self {
        if self.is_plain_ascii() || self.charset() == Charset::Utf8 {
            return self.clone();
        }
        let text = self.charset().decode(self.body());
        let text = Bytes::copy_from_slice(text.as_bytes());
        self.reading_as(text, Charset::Utf8).unwrap_or_else(|_| self.clone())
    }

    fn is_plain_ascii(&self) -> bool {
        self.bytes.is_ascii() && !self.bytes.contains(&crate::charset::ESC)
    }

    /// Everything from MSH on; a byte order mark in front is of UTF-8 alone.
    fn transcoded(&self, to: Charset, unmappable: Unmappable) -> Result<Bytes, ReencodeError> {
        let text = self.charset().decode(self.body());
        if let Some(bytes) = to.encode(&text) {
            return Ok(Bytes::copy_from_slice(&bytes));
        }
        let mut kept = String::with_capacity(text.len());
        let (mut count, mut first) = (0, None);
        for (at, c) in text.char_indices() {
            if to.encode(c.encode_utf8(&mut [0; 4])).is_some() {
                kept.push(c);
            } else {
                count += 1;
                first.get_or_insert(at);
                self.push_instead(&mut kept, c, unmappable);
            }
        }
        let place = || first.and_then(|at| self.place_in(&text, at));
        match (unmappable, to.encode(&kept)) {
            (Unmappable::Replace | Unmappable::Escape, Some(bytes)) => {
                Ok(BytesMut::from(&*bytes).freeze())
            }
            (Unmappable::Fail, _) | (_, None) => {
                Err(ReencodeError::Lacking { charset: to, count, first: place() })
            }
        }
    }

    fn push_instead(&self, kept: &mut String, c: char, unmappable: Unmappable) {
        match (unmappable, self.delimiters.escape.map(char::from)) {
            (Unmappable::Escape, Some(escape)) => {
                kept.push(escape);
                kept.push('X');
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    kept.extend([byte >> 4, byte & 0x0f].map(crate::escape::hex_digit));
                }
                kept.push(escape);
            }
            _ => kept.push(if self.delimiters.contain(b'?') { ' ' } else { '?' }),
        }
    }

    /// The field that the character at this place of the decoded message stands in.
    fn place_in(&self, text: &str, at: usize) -> Option<Path> {
        let decoded =
            self.reading_as(Bytes::copy_from_slice(text.as_bytes()), Charset::Utf8).ok()?;
        let mut names = Vec::new();
        for segment in decoded.segments() {
            let name: [u8; 3] = segment.name().try_into().unwrap_or_default();
            names.push(name);
            let range = segment.range();
            if range.contains(&at) {
                let before = decoded.bytes.get(range.start..at)?;
                let separators = before.iter().filter(|byte| **byte == decoded.delimiters.field);
                let field = separators.count() + usize::from(&name == b"MSH");
                let occurrence = names.iter().filter(|other| **other == name).count();
                return Some(Path {
                    segment: name,
                    occurrence: Index::Nth(u16::try_from(occurrence).ok()?),
                    field: u16::try_from(field).ok()?,
                    repetition: None,
                    component: None,
                    subcomponent: None,
                });
            }
        }
        None
    }

    /// These bytes with MSH-18 naming their charset.
    fn declare(&self, bytes: Bytes, charset: Charset) -> Result<Bytes, EditError> {
        const CHARACTER_SET: Path = Path {
            segment: *b"MSH",
            occurrence: Index::Nth(1),
            field: 18,
            repetition: None,
            component: None,
            subcomponent: None,
        };
        let mut name = Vec::new();
        // ISO 2022 begins in ASCII, the first and empty one, and switches to the others.
        if charset == Charset::Iso2022Jp {
            name.extend(self.delimiters.repetition);
        }
        name.extend_from_slice(charset.standard_name().as_bytes());
        let message = self.reading_as(bytes, charset)?;
        Ok(message.set_raw(&CHARACTER_SET, &name)?.bytes)
    }

    fn reading_as(&self, bytes: Bytes, charset: Charset) -> Result<Self, super::ParseError> {
        let rule = CharsetRule { fixed: Some(charset), ..self.options.charset };
        Self::parse_with(bytes, ParseOptions { charset: rule, ..self.options })
    }
}
