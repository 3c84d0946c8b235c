//! What is kept of a message beside its bytes, so that a second copy of it is known as one.

use std::fmt;

use jiff::Timestamp;

use super::accept::StoredAnswer;
use super::names::MessageId;

/// What was found out about a message when it came.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Marks(u8);

/// Every mark, with the word it is shown by.
const WORDS: [(Marks, &str); 5] = [
    (Marks::DUPLICATE, "duplicate"),
    (Marks::OTHER_BYTES, "other bytes"),
    (Marks::SUPPRESSED, "suppressed"),
    (Marks::IN_BATCH, "in a batch"),
    (Marks::RELAYED, "answered after delivery"),
];

impl Marks {
    /// It came before, and is delivered again.
    pub const DUPLICATE: Self = Self(1);
    /// Another message with the same id came before.
    pub const OTHER_BYTES: Self = Self(2);
    /// It came before, and is not delivered again.
    pub const SUPPRESSED: Self = Self(4);
    /// It came in a batch.
    pub const IN_BATCH: Self = Self(8);
    /// Its sender waited for a destination's answer: that it is here does not tell what he heard.
    pub const RELAYED: Self = Self(16);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// As the journal has them. A later version may have more than are known here; they are kept.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The words of those that are set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().filter(move |(mark, _)| self.has(*mark)).map(|(_, word)| word)
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.words()).finish()
    }
}

/// By what a second copy of a message is known. It tells nothing of the content (PHI-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    /// Of its sender and its id.
    pub key: u64,
    /// Of its bytes: the first of a cryptographic digest.
    pub bytes: [u8; 16],
}

/// Something that came, or became due, lately; told without any bytes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recent<'r> {
    /// A message with a digest was stored.
    Stored {
        /// When it was received.
        at: Timestamp,
        /// Through which listener.
        listener: &'r str,
        /// Its number.
        message: MessageId,
        /// By what a copy is known.
        digest: Digest,
        /// What was found out about it.
        marks: Marks,
        /// The positive answer that its sender got.
        answer: Option<StoredAnswer>,
    },
    /// A peer took a message and owes its application's answer.
    ApplicationDue {
        /// The destination.
        destination: &'r str,
        /// The message.
        message: MessageId,
        /// By when.
        due: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_by_their_words() {
        let marks = Marks::DUPLICATE.with(Marks::IN_BATCH);
        assert!(marks.has(Marks::DUPLICATE) && !marks.has(Marks::SUPPRESSED));
        assert_eq!(format!("{marks:?}"), r#"["duplicate", "in a batch"]"#);
        assert_eq!(Marks::default().words().count(), 0);
    }
}
