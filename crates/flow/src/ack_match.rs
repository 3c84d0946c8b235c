//! Which answer counts for which message (MATCH-1), and for what peers it is loosened.
//!
//! An answer names its message: MSA-2 equals MSH-10. Some peers cut the id, pad it, or answer with an id of their own.
//! Each concession gives up a part of the proof that the answer is to this message, so each has a warning.

/// How far MSA-2 of an answer may be from MSH-10 of the message (`ack_match`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AckMatch {
    /// Byte for byte.
    #[default]
    Exact,
    /// Without the blanks around either.
    Trim,
    /// MSA-2 may be cut to the first 20 bytes: MSH-10 had 20 characters up to HL7 v2.6, and peers kept no more.
    Prefix20,
    /// Any answer with an acknowledgement code.
    AnyAck,
    /// Any frame; one without an acknowledgement code counts as taken.
    Any,
}

/// What a peer keeps of an id under [`AckMatch::Prefix20`], bytes.
const PREFIX: usize = 20;

impl AckMatch {
    /// Whether an answer with this MSA-2 is one to the message with this MSH-10.
    pub fn accepts(self, control_id: &[u8], acknowledged: &[u8]) -> bool {
        match self {
            Self::Exact | Self::Trim | Self::Prefix20 => self.names(control_id, acknowledged),
            Self::AnyAck | Self::Any => true,
        }
    }

    /// Whether this MSA-2 names the message with this MSH-10, as near as the peer keeps ids. What counts whatever it names
    /// is nearest to the message whose id it has.
    pub fn names(self, control_id: &[u8], acknowledged: &[u8]) -> bool {
        match self {
            Self::Exact | Self::AnyAck | Self::Any => control_id == acknowledged,
            Self::Trim => self.key(control_id) == self.key(acknowledged),
            Self::Prefix20 => control_id == acknowledged || self.key(control_id) == acknowledged,
        }
    }

    /// What is left of an id for telling it from others: two messages with one key cannot be told apart by their answers.
    pub fn key(self, id: &[u8]) -> &[u8] {
        match self {
            Self::Exact | Self::AnyAck | Self::Any => id,
            Self::Trim => id.trim_ascii(),
            Self::Prefix20 => id.get(..PREFIX).unwrap_or(id),
        }
    }

    /// Whether a frame without an acknowledgement code counts as an answer.
    pub fn takes_anything(self) -> bool {
        match self {
            Self::Exact | Self::Trim | Self::Prefix20 | Self::AnyAck => false,
            Self::Any => true,
        }
    }

    /// What is given up by it, for wherever the destination is shown.
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::Exact => None,
            Self::Trim => Some("ack_match = \"trim\": answers count whose id has other blanks"),
            Self::Prefix20 => {
                Some("ack_match = \"prefix20\": an answer need name only 20 bytes of an id")
            }
            Self::AnyAck => {
                Some("ack_match = \"any-ack\": an answer counts whatever message it names")
            }
            Self::Any => Some("ack_match = \"any\": whatever comes back counts as an answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &[u8] = b"12345678901234567890-the-rest";
    const CUT: &[u8] = b"12345678901234567890";

    #[test]
    fn each_concession_accepts_what_it_names_and_no_more() {
        use AckMatch::{Any, AnyAck, Exact, Prefix20, Trim};
        for (sent, answered, accepted) in [
            (b"M1".as_slice(), b"M1".as_slice(), vec![Exact, Trim, Prefix20, AnyAck, Any]),
            (b"M1", b" M1 ", vec![Trim, AnyAck, Any]),
            (b"M1 ", b"M1", vec![Trim, AnyAck, Any]),
            (LONG, CUT, vec![Prefix20, AnyAck, Any]),
            (LONG, b"12345678901234567890-another", vec![AnyAck, Any]),
            (LONG, b"1234567890", vec![AnyAck, Any]),
            (CUT, LONG, vec![AnyAck, Any]),
            (b"M1", b"m1", vec![AnyAck, Any]),
            (b"M1", b"", vec![AnyAck, Any]),
        ] {
            for matching in [Exact, Trim, Prefix20, AnyAck, Any] {
                assert_eq!(
                    matching.accepts(sent, answered),
                    accepted.contains(&matching),
                    "{matching:?}: {:?} for {:?}",
                    String::from_utf8_lossy(answered),
                    String::from_utf8_lossy(sent)
                );
            }
        }
    }

    #[test]
    fn ids_that_one_answer_could_be_to_have_one_key() {
        for matching in [AckMatch::Exact, AckMatch::Trim, AckMatch::Prefix20] {
            let ids = [b"M1".as_slice(), b" M1", b"M1 ", LONG, CUT];
            for (one, other) in ids.iter().flat_map(|one| ids.map(|other| (*one, other))) {
                for answered in ids {
                    if matching.accepts(one, answered) && matching.accepts(other, answered) {
                        assert_eq!(matching.key(one), matching.key(other), "{matching:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_concession_is_warned_of() {
        assert_eq!(AckMatch::Exact.warning(), None);
        for matching in [AckMatch::Trim, AckMatch::Prefix20, AckMatch::AnyAck, AckMatch::Any] {
            assert!(matching.warning().is_some_and(|text| text.starts_with("ack_match = ")));
        }
    }
}
