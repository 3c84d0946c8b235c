//! The bytes of a message with every character of several bytes blotted out, so that splitting takes none of them for a
//! separator. What lies where stays the same: ranges found in the outline are ranges of the message.

use super::japanese::{Token, Tokens};
use super::{Charset, ESC};

/// Stands for a byte of such a character. No delimiter is beyond ASCII.
const BLOT: u8 = 0xff;

/// The outline of bytes in a charset; `None` where it would be the bytes themselves.
pub(crate) fn outline(bytes: &[u8], charset: Charset) -> Option<Vec<u8>> {
    let plain = match charset {
        Charset::Iso2022Jp => !bytes.contains(&ESC),
        _ => bytes.is_ascii(),
    };
    if plain || !charset.overlaps_delimiters() {
        return None;
    }
    let mut outline = bytes.to_vec();
    let mut at = 0;
    let mut blot = |length: usize, is_character: bool| {
        if let Some(character) = outline.get_mut(at..at + length).filter(|_| is_character) {
            character.fill(BLOT);
        }
        at += length;
    };
    if charset == Charset::Iso2022Jp {
        for token in Tokens::of(bytes) {
            blot(token.len(), !matches!(token, Token::Single(_)));
        }
    } else {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = length(rest, charset);
            blot(length, length > 1);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
    Some(outline)
}

/// How many bytes the first character has.
fn length(bytes: &[u8], charset: Charset) -> usize {
    match (charset, bytes) {
        (Charset::ShiftJis, [0x81..=0x9f | 0xe0..=0xfc, 0x40..=0x7e | 0x80..=0xfc, ..])
        | (Charset::Big5, [0x81..=0xfe, 0x40..=0x7e | 0xa1..=0xfe, ..])
        | (Charset::Gb18030, [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, ..]) => 2,
        (Charset::Gb18030, [0x81..=0xfe, b'0'..=b'9', 0x81..=0xfe, b'0'..=b'9', ..]) => 4,
        _ => 1,
    }
}
