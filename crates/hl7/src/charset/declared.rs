//! MSH-18: what a message says of its own charset (table 0211).

use super::Charset;
use super::names::{MAX_NAME, bare};

/// What MSH-18 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    /// It is empty.
    Nothing,
    /// ASCII: no help, where there are other bytes.
    Ascii,
    /// This one.
    Charset(Charset),
    /// A name that means nothing here, or one that no message can be in: UNICODE (UTF-16) would not read up to MSH-18.
    Unknown,
}

impl Declared {
    /// Reads MSH-18, given the separator of repetitions.
    ///
    /// The first repetition is the charset of the message, the others are those that escape sequences of ISO 2022 switch
    /// to; of these the Japanese ones are the only ones in use. An empty first one is ASCII.
    pub(crate) fn read(field: &[u8], repetition: Option<u8>) -> Self {
        if field.is_empty() {
            return Self::Nothing;
        }
        let names = || field.split(|byte| Some(*byte) == repetition).map(<[u8]>::trim_ascii);
        let mut first = Self::Nothing;
        for name in names().filter(|name| !name.is_empty()) {
            let one = Self::of(name);
            if one == Self::Charset(Charset::Iso2022Jp) {
                return one;
            }
            if first == Self::Nothing {
                first = one;
            }
        }
        first
    }

    fn of(name: &[u8]) -> Self {
        let mut buffer = [0; MAX_NAME];
        match bare(name, &mut buffer) {
            Some(b"ascii" | b"usascii" | b"ansix34" | b"isoir6" | b"\"\"") => Self::Ascii,
            _ => Charset::named(name).map_or(Self::Unknown, Self::Charset),
        }
    }
}
