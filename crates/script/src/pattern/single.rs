//! One character of a pattern: itself, any, a class or a set.

use super::PatternFault;

/// What means something else than itself in a pattern.
pub(super) const SPECIALS: &[u8] = b"^$*+?.([%-";

/// What one character has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Single<'p> {
    /// `.`
    Any,
    /// Itself.
    Byte(u8),
    /// `%a`, by its letter; an upper-case one is the opposite.
    Class(u8),
    /// What stands between `[` and `]`, without a `^` that was there.
    Set {
        /// Its items.
        items: &'p [u8],
        /// It began with `^`.
        is_negated: bool,
    },
}

impl<'p> Single<'p> {
    /// The first one of a pattern that is not empty, and how long it is written.
    pub(super) fn read(pattern: &'p [u8]) -> Result<(Self, usize), PatternFault> {
        match pattern {
            [b'%', class, ..] => Ok((Self::Class(*class), 2)),
            [b'%'] => Err(PatternFault::EndsWithEscape),
            [b'[', set @ ..] => Self::read_set(set),
            [b'.', ..] => Ok((Self::Any, 1)),
            [byte, ..] => Ok((Self::Byte(*byte), 1)),
            [] => Err(PatternFault::OpenSet),
        }
    }

    /// A set, behind its `[`. A `]` that comes first in it stands for itself.
    fn read_set(set: &'p [u8]) -> Result<(Self, usize), PatternFault> {
        let is_negated = set.first() == Some(&b'^');
        let begin = usize::from(is_negated);
        let mut end = begin;
        loop {
            match set.get(end) {
                None => return Err(PatternFault::OpenSet),
                Some(b']') if end > begin => break,
                Some(b'%') => end += 2,
                Some(_) => end += 1,
            }
        }
        let items = set.get(begin..end).ok_or(PatternFault::OpenSet)?;
        Ok((Self::Set { items, is_negated }, end + 2))
    }

    /// Steps that a look at it takes.
    pub(super) fn cost(self) -> usize {
        match self {
            Self::Any | Self::Byte(_) | Self::Class(_) => 1,
            Self::Set { items, .. } => items.len(),
        }
    }

    /// Whether a character is one.
    pub(super) fn fits(self, byte: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Byte(wanted) => byte == wanted,
            Self::Class(class) => is_of(byte, class),
            Self::Set { items, is_negated } => is_in(byte, items) != is_negated,
        }
    }
}

fn is_in(byte: u8, mut items: &[u8]) -> bool {
    loop {
        let (is_one, rest) = match items {
            [] => return false,
            [b'%', class, rest @ ..] => (is_of(byte, *class), rest),
            [from, b'-', to, rest @ ..] => ((*from..=*to).contains(&byte), rest),
            [one, rest @ ..] => (byte == *one, rest),
        };
        if is_one {
            return true;
        }
        items = rest;
    }
}

/// Whether a character is of a class; a class without a letter of its own is the character itself.
fn is_of(byte: u8, class: u8) -> bool {
    let is_one = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'g' => byte.is_ascii_graphic(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => byte.is_ascii_whitespace() || byte == 0x0B,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        _ => return byte == class,
    };
    is_one != class.is_ascii_uppercase()
}
