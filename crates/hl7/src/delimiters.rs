//! The separators of one message, as its own MSH-1 and MSH-2 declare them (HL7 v2.5 chapter 2.5.4).
//!
//! They are read before anything else of a message, and nothing else of it can be read without them. Every message
//! declares its own: two neighbours on one connection may differ.

/// The longest MSH-2: component, repetition, escape, subcomponent and, since 2.7, truncation.
pub(crate) const MAX_ENCODING_CHARACTERS: usize = 5;

/// The separators of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delimiters {
    /// MSH-1, between fields.
    pub field: u8,
    /// First of MSH-2, between components.
    pub component: u8,
    /// Second of MSH-2, between repetitions of a field.
    pub repetition: Option<u8>,
    /// Third of MSH-2, around escape sequences.
    pub escape: Option<u8>,
    /// Fourth of MSH-2, between subcomponents.
    pub subcomponent: Option<u8>,
    /// Fifth of MSH-2, at the end of a value that was cut (since 2.7).
    pub truncation: Option<u8>,
}

impl Default for Delimiters {
    /// `|^~\&`, which the standard recommends and nearly every message uses.
    fn default() -> Self {
        Self {
            field: b'|',
            component: b'^',
            repetition: Some(b'~'),
            escape: Some(b'\\'),
            subcomponent: Some(b'&'),
            truncation: None,
        }
    }
}

/// What MSH-1 and MSH-2 declare.
pub(crate) struct Declared {
    pub(crate) delimiters: Delimiters,
    /// A character stood there twice. `^~\\&`, an over-escaped literal, is the usual one.
    pub(crate) repeated: bool,
}

impl Delimiters {
    /// Reads MSH-1 and MSH-2; `None` where they cannot separate anything.
    ///
    /// MSH-2 has 1 to 5 characters, all of them ASCII punctuation. A character that is there already is passed over.
    pub(crate) fn declared(field: u8, encoding_characters: &[u8]) -> Option<Declared> {
        if !field.is_ascii_punctuation()
            || encoding_characters.len() > MAX_ENCODING_CHARACTERS
            || !encoding_characters.iter().all(u8::is_ascii_punctuation)
        {
            return None;
        }
        let mut distinct = encoding_characters
            .iter()
            .enumerate()
            .filter(|(at, byte)| !encoding_characters.iter().take(*at).any(|other| other == *byte))
            .map(|(_, byte)| *byte);
        let delimiters = Self {
            field,
            component: distinct.next()?,
            repetition: distinct.next(),
            escape: distinct.next(),
            subcomponent: distinct.next(),
            truncation: distinct.next(),
        };
        let repeated = delimiters.encoding_characters().count() != encoding_characters.len();
        Some(Declared { delimiters, repeated })
    }

    /// MSH-2 as these delimiters declare it, without repeated characters.
    pub fn encoding_characters(&self) -> impl Iterator<Item = u8> {
        [Some(self.component), self.repetition, self.escape, self.subcomponent, self.truncation]
            .into_iter()
            .flatten()
    }

    /// Whether this byte separates something in a message with these delimiters.
    pub(crate) fn contain(&self, byte: u8) -> bool {
        byte == self.field || self.encoding_characters().any(|delimiter| delimiter == byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(encoding_characters: &[u8]) -> Option<Delimiters> {
        Delimiters::declared(b'|', encoding_characters).map(|declared| declared.delimiters)
    }

    #[test]
    fn the_recommended_characters_are_the_default() {
        assert_eq!(declared(b"^~\\&"), Some(Delimiters::default()));
    }

    #[test]
    fn a_short_declaration_leaves_the_rest_undeclared() {
        let delimiters = declared(b"^~").expect("two characters are enough");
        assert_eq!(delimiters.repetition, Some(b'~'));
        assert_eq!((delimiters.escape, delimiters.subcomponent), (None, None));
    }

    #[test]
    fn the_fifth_character_marks_truncation() {
        assert_eq!(declared(b"^~\\&#").and_then(|delimiters| delimiters.truncation), Some(b'#'));
    }

    #[test]
    fn an_over_escaped_literal_reads_as_what_was_meant() {
        let declared = Delimiters::declared(b'|', b"^~\\\\&").expect("readable");
        assert_eq!(declared.delimiters, Delimiters::default());
        assert!(declared.repeated);
    }

    #[test]
    fn characters_that_cannot_separate_are_refused() {
        for encoding_characters in [&b""[..], b"^~\\&#!", b"^a\\&", b"^ \\&", b"^~\\\xe9", b"^\x1c"]
        {
            assert_eq!(declared(encoding_characters), None);
        }
        assert!(Delimiters::declared(b'A', b"^~\\&").is_none());
    }
}
