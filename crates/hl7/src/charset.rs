//! Bytes to text and back, for whatever reads or writes text: matching, transforms, the command line.
//!
//! Decided once per message: UTF-8 where all its bytes are valid UTF-8, windows-1252 (a superset of Latin-1's printable
//! characters) otherwise. Declared charsets (MSH-18, table 0211) are decided here as well once they are read. Bytes
//! that are passed through never come here.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

/// How the bytes of one message become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    Utf8,
    Windows1252,
}

impl Charset {
    /// Decides by the bytes alone.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if std::str::from_utf8(bytes).is_ok() { Self::Utf8 } else { Self::Windows1252 }
    }

    /// The text of these bytes; never fails. What a cut through a character leaves becomes U+FFFD.
    pub(crate) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Windows1252 => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        }
    }

    /// The bytes of this text, `None` where the charset lacks one of its characters.
    pub(crate) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Utf8 => Some(Cow::Borrowed(text.as_bytes())),
            Self::Windows1252 => {
                let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
                (!unmappable).then_some(bytes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf_8_read_as_windows_1252() {
        let bytes = b"Se\xe1n \x80";
        assert_eq!(Charset::of(bytes), Charset::Windows1252);
        assert_eq!(Charset::of(bytes).decode(bytes), "Seán €");
    }

    #[test]
    fn a_character_the_charset_lacks_is_not_encoded() {
        assert_eq!(Charset::Windows1252.encode("é").as_deref(), Some(&b"\xe9"[..]));
        assert_eq!(Charset::Windows1252.encode("患者"), None);
        assert_eq!(Charset::Utf8.encode("患者").as_deref(), Some("患者".as_bytes()));
    }
}
