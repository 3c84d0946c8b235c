//! ISO-2022-JP as HL7 in Japan uses it (JAHIS, SS-MIX2): JIS X 0208 and 0212, half-width katakana, switched by escape
//! sequences.
//!
//! ```text
//!            ESC ( I ┌─ katakana ─┐ ESC ( B, ESC ( J, a byte that is no kana
//!  ASCII ────────────┤            ├───────────────▶ ASCII
//!            ESC $ B └─ X 0208 ───┘ ESC ( B, ESC ( J, the end of the line
//!            ESC $ ( D  X 0212
//! ```
//!
//! Written here because the Web's decoder knows neither JIS X 0212 nor an escape sequence that switches to where one is
//! already, and both occur. JIS X 0201 Roman counts as ASCII: senders who switch to it mean `\` and `~`, not `¥` and `‾`.

use std::borrow::Cow;

use encoding_rs::EUC_JP;

use super::ESC;

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    Katakana,
    X0208,
    X0212,
}

/// One character, or one escape sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A byte that means itself: ASCII, or a stray one.
    Single(u8),
    /// A half-width katakana, its 7 bits.
    Katakana(u8),
    /// Two bytes of JIS X 0208.
    X0208([u8; 2]),
    /// Two bytes of JIS X 0212.
    X0212([u8; 2]),
    /// An escape sequence of this length: it has no text.
    Switch(usize),
}

/// The bytes of a message, character by character.
pub(super) struct Tokens<'b> {
    rest: &'b [u8],
    set: Set,
}

impl<'b> Tokens<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self { rest: bytes, set: Set::Ascii }
    }

    fn read(&mut self, byte: u8) -> Token {
        if byte == ESC
            && let Some((set, length)) = switch(self.rest)
        {
            self.set = set.unwrap_or(self.set);
            return Token::Switch(length);
        }
        let pair = match self.rest {
            [first @ 0x21..=0x7e, second @ 0x21..=0x7e, ..] => Some([*first, *second]),
            _ => None,
        };
        match (self.set, pair, byte) {
            (Set::X0208, Some(pair), _) => Token::X0208(pair),
            (Set::X0212, Some(pair), _) => Token::X0212(pair),
            (Set::Katakana, _, 0x21..=0x5f) => Token::Katakana(byte),
            // JIS X 0201 in 8 bits needs no escape sequence.
            (_, _, 0xa1..=0xdf) => Token::Katakana(byte & 0x7f),
            // A blank between characters of two bytes is one; whatever else is none of theirs ends them.
            (Set::X0208 | Set::X0212, None, b' ') => Token::Single(byte),
            _ => {
                self.set = Set::Ascii;
                Token::Single(byte)
            }
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let token = self.read(*self.rest.first()?);
        self.rest = self.rest.get(token.len()..).unwrap_or_default();
        Some(token)
    }
}

impl Token {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Single(_) | Self::Katakana(_) => 1,
            Self::X0208(_) | Self::X0212(_) => 2,
            Self::Switch(length) => length,
        }
    }
}

/// What an escape sequence switches to, and its length; no set where it changes nothing that is read here.
fn switch(bytes: &[u8]) -> Option<(Option<Set>, usize)> {
    Some(match bytes.get(1..)? {
        [b'(', b'B' | b'J' | b'H', ..] => (Some(Set::Ascii), 3),
        [b'(', b'I', ..] => (Some(Set::Katakana), 3),
        [b'$', b'@' | b'B', ..] => (Some(Set::X0208), 3),
        [b'$', b'(', b'@' | b'B', ..] => (Some(Set::X0208), 4),
        [b'$', b'(', b'D', ..] => (Some(Set::X0212), 4),
        // The revision of JIS X 0208, and katakana for bytes of 8 bits.
        [b'&', b'@', ..] | [b')', b'I', ..] => (None, 3),
        _ => return None,
    })
}

pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if bytes.is_ascii() && !bytes.contains(&ESC) {
        return String::from_utf8_lossy(bytes);
    }
    // EUC-JP has the same characters, each told by its own bytes.
    let mut euc = Vec::with_capacity(bytes.len() * 3 / 2);
    for token in Tokens::of(bytes) {
        match token {
            Token::Single(byte) => euc.push(if byte.is_ascii() { byte } else { UNREADABLE }),
            Token::Katakana(byte) => euc.extend([0x8e, byte | 0x80]),
            Token::X0208(pair) => euc.extend(pair.map(|byte| byte | 0x80)),
            Token::X0212([first, second]) => euc.extend([0x8f, first | 0x80, second | 0x80]),
            Token::Switch(_) => {}
        }
    }
    Cow::Owned(EUC_JP.decode_without_bom_handling(&euc).0.into_owned())
}

/// A byte that EUC-JP reads as U+FFFD.
const UNREADABLE: u8 = 0xff;

/// `None` where a character is neither ASCII, half-width katakana nor in JIS X 0208. Ends in ASCII.
pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut set = Set::Ascii;
    for c in text.chars() {
        let token = encoded(c)?;
        let wanted = match token {
            Token::Katakana(_) => Set::Katakana,
            Token::X0208(_) => Set::X0208,
            Token::X0212(_) => Set::X0212,
            Token::Single(_) | Token::Switch(_) => Set::Ascii,
        };
        if wanted != set {
            bytes.extend(wanted.begins());
            set = wanted;
        }
        match token {
            Token::Single(byte) | Token::Katakana(byte) => bytes.push(byte),
            Token::X0208(pair) | Token::X0212(pair) => bytes.extend(pair),
            Token::Switch(_) => {}
        }
    }
    if set != Set::Ascii {
        bytes.extend(Set::Ascii.begins());
    }
    Some(bytes)
}

/// How one character is written.
fn encoded(c: char) -> Option<Token> {
    const FIRST_KANA: u32 = 0xff61;
    match c {
        '\u{ff61}'..='\u{ff9f}' => {
            u8::try_from(u32::from(c) - FIRST_KANA + 0x21).ok().map(Token::Katakana)
        }
        '\u{1b}' => None,
        _ if c.is_ascii() => u8::try_from(c).ok().map(Token::Single),
        _ => match *EUC_JP.encode(c.encode_utf8(&mut [0; 4])).0 {
            [first @ 0xa1..=0xfe, second @ 0xa1..=0xfe] => {
                Some(Token::X0208([first & 0x7f, second & 0x7f]))
            }
            _ => None,
        },
    }
}

impl Set {
    /// The escape sequence that switches to it.
    fn begins(self) -> &'static [u8] {
        match self {
            Self::Ascii => b"\x1b(B",
            Self::Katakana => b"\x1b(I",
            Self::X0208 => b"\x1b$B",
            Self::X0212 => b"\x1b$(D",
        }
    }
}
