//! Processing ids (MSH-11.1, table 0103), and which deliveries they forbid: a test never reaches a production system by
//! accident.
//!
//! A route decides where a message belongs, and is easily written for more than was meant. So what the destination says
//! of itself stands above it.

use wardline_hl7::Message;

/// What a message is for, or a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessingId {
    /// P.
    Production,
    /// T.
    Training,
    /// D.
    Debugging,
}

impl ProcessingId {
    /// Of this message; one that doesn't say is for production. `None` for what table 0103 does not have.
    pub fn of(message: &Message) -> Option<Self> {
        match message.header().processing_id() {
            b"" | b"\"\"" | b"P" | b"p" => Some(Self::Production),
            b"T" | b"t" => Some(Self::Training),
            b"D" | b"d" => Some(Self::Debugging),
            _ => None,
        }
    }

    /// Whether it is for no patient's treatment.
    pub fn is_test(self) -> bool {
        match self {
            Self::Production => false,
            Self::Training | Self::Debugging => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_it_is_for_and_one_that_does_not_is_for_production() {
        for (msh_11, expected) in [
            ("", Some(false)),
            ("P", Some(false)),
            ("P^A", Some(false)),
            ("T", Some(true)),
            ("t", Some(true)),
            ("D^T", Some(true)),
            ("X", None),
        ] {
            let text = format!("MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|{msh_11}|2.5\r");
            let message = Message::parse(text.into()).expect("a message");
            assert_eq!(ProcessingId::of(&message).map(ProcessingId::is_test), expected, "{msh_11}");
        }
    }
}
