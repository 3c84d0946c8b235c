//! Bytes to text and back, for whatever reads or writes text: matching, transforms, the command line.
//!
//! ```text
//! listener's `charset` ─▶ MSH-18 (table 0211) ─▶ UTF-8, where the bytes are ─▶ listener's `default_charset`
//! ```
//!
//! Decided once per message, when somebody asks for text. In four of the charsets the second byte of a character may
//! equal a delimiter (`表` is 95 5C in Shift-JIS, and 5C is `\`); a message in one of them is split over its
//! [`outline`], where every such character is blotted out. Bytes that are passed through never come here.

mod declared;
mod japanese;
mod names;
mod outline;

use std::borrow::Cow;

use encoding_rs::Encoding;
use memchr::memchr;

pub use names::UnknownCharset;

pub(crate) use declared::Declared;
pub(crate) use outline::outline;

/// Begins every change of charset in ISO 2022.
pub(crate) const ESC: u8 = 0x1b;

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// Windows-1252, the superset of ISO 8859-1 that senders of "Latin-1" use.
    Windows1252,
    /// Windows-1250, for Central Europe.
    Windows1250,
    /// Windows-1251, for Cyrillic.
    Windows1251,
    /// ISO 8859-2.
    Iso8859_2,
    /// ISO 8859-3.
    Iso8859_3,
    /// ISO 8859-4.
    Iso8859_4,
    /// ISO 8859-5.
    Iso8859_5,
    /// ISO 8859-6.
    Iso8859_6,
    /// ISO 8859-7.
    Iso8859_7,
    /// ISO 8859-8.
    Iso8859_8,
    /// ISO 8859-9, read as its superset windows-1254.
    Iso8859_9,
    /// ISO 8859-15.
    Iso8859_15,
    /// ISO-2022-JP with everything that table 0211 lets it switch to: JIS X 0201, 0208 and 0212.
    Iso2022Jp,
    /// Shift-JIS as Windows writes it (CP932).
    ShiftJis,
    /// EUC-JP.
    EucJp,
    /// Big5.
    Big5,
    /// GB 18030, the superset of GBK and GB 2312.
    Gb18030,
    /// CP949, the superset of EUC-KR (KS X 1001).
    Cp949,
}

/// What one listener knows about the charset of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CharsetRule {
    /// Read every message so, whatever it declares.
    pub fixed: Option<Charset>,
    /// Read so what declares nothing usable and is not UTF-8.
    pub fallback: Charset,
}

impl Default for CharsetRule {
    fn default() -> Self {
        Self { fixed: None, fallback: Charset::Windows1252 }
    }
}

impl CharsetRule {
    /// Decides for a message, given MSH-18 and all its bytes.
    pub(crate) fn decide(self, declared: Declared, bytes: &[u8]) -> Charset {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        match declared {
            Declared::Charset(charset) if charset.may_be_that_of(bytes) => charset,
            Declared::Nothing | Declared::Ascii | Declared::Unknown | Declared::Charset(_) => {
                self.undeclared(bytes)
            }
        }
    }

    fn undeclared(self, bytes: &[u8]) -> Charset {
        // ISO-2022-JP is ASCII by its bytes, and so would always pass for UTF-8.
        let switches = self.fallback == Charset::Iso2022Jp && memchr(ESC, bytes).is_some();
        if !switches && std::str::from_utf8(bytes).is_ok() { Charset::Utf8 } else { self.fallback }
    }

    /// Whether a message under this rule may be in a charset that must be outlined, as far as can be told without
    /// looking at its bytes.
    pub(crate) fn may_overlap(self, declares: bool) -> bool {
        match self.fixed {
            Some(fixed) => fixed.overlaps_delimiters(),
            None => declares || self.fallback.overlaps_delimiters(),
        }
    }
}

impl Charset {
    /// Whether a character's second byte may equal a delimiter.
    pub(crate) fn overlaps_delimiters(self) -> bool {
        matches!(self, Self::Iso2022Jp | Self::ShiftJis | Self::Big5 | Self::Gb18030)
    }

    /// Whether a message that declares this charset can be in it. Only two are told by their bytes.
    pub(crate) fn may_be_that_of(self, bytes: &[u8]) -> bool {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).is_ok(),
            Self::Iso2022Jp => bytes.is_ascii() || memchr(ESC, bytes).is_some(),
            _ => true,
        }
    }

    /// The text of these bytes; never fails. What has no meaning in the charset becomes U+FFFD.
    pub(crate) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Iso2022Jp => japanese::decode(bytes),
            other => match other.encoding() {
                Some(encoding) => encoding.decode_without_bom_handling(bytes).0,
                None => String::from_utf8_lossy(bytes),
            },
        }
    }

    /// The bytes of this text, `None` where the charset lacks one of its characters.
    pub(crate) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        match self {
            _ if text.is_ascii() && !text.as_bytes().contains(&ESC) => {
                Some(Cow::Borrowed(text.as_bytes()))
            }
            Self::Utf8 => Some(Cow::Borrowed(text.as_bytes())),
            Self::Iso2022Jp => japanese::encode(text).map(Cow::Owned),
            other => {
                // The Web's encoders write these two as the ASCII bytes that look like them in Japan: `\` and `~`.
                if self.is_japanese() && text.contains(['¥', '‾']) {
                    return None;
                }
                let (bytes, _, unmappable) = other.encoding()?.encode(text);
                (!unmappable).then_some(bytes)
            }
        }
    }

    fn is_japanese(self) -> bool {
        matches!(self, Self::Iso2022Jp | Self::ShiftJis | Self::EucJp)
    }

    /// `None` for the two that are read without its tables.
    fn encoding(self) -> Option<&'static Encoding> {
        Some(match self {
            Self::Utf8 | Self::Iso2022Jp => return None,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
            Self::Windows1250 => encoding_rs::WINDOWS_1250,
            Self::Windows1251 => encoding_rs::WINDOWS_1251,
            Self::Iso8859_2 => encoding_rs::ISO_8859_2,
            Self::Iso8859_3 => encoding_rs::ISO_8859_3,
            Self::Iso8859_4 => encoding_rs::ISO_8859_4,
            Self::Iso8859_5 => encoding_rs::ISO_8859_5,
            Self::Iso8859_6 => encoding_rs::ISO_8859_6,
            Self::Iso8859_7 => encoding_rs::ISO_8859_7,
            Self::Iso8859_8 => encoding_rs::ISO_8859_8,
            Self::Iso8859_9 => encoding_rs::WINDOWS_1254,
            Self::Iso8859_15 => encoding_rs::ISO_8859_15,
            Self::ShiftJis => encoding_rs::SHIFT_JIS,
            Self::EucJp => encoding_rs::EUC_JP,
            Self::Big5 => encoding_rs::BIG5,
            Self::Gb18030 => encoding_rs::GB18030,
            Self::Cp949 => encoding_rs::EUC_KR,
        })
    }
}

#[cfg(test)]
mod tests;
