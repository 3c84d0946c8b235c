//! What is awaited for a message: it follows the bytes sent (HL7 v2.5 chapter 2.9, ACK-2).
//!
//! ```text
//!   original mode ──────────────────────▶ one answer
//!   MSH-15 AL ──────────────────────────▶ CA; what the application says later (MSH-16) is tracked apart
//!   MSH-15 ER, SU ──────────────────────▶ silence for `ack_timeout` is a yes, is a no
//!   MSH-15 NE or empty, MSH-16 AL ──────▶ AA; a CA before it is passed over
//!   MSH-15 NE or empty, MSH-16 ER, SU ──▶ silence, as above
//!   neither wants one, or an answer ────▶ nothing: written is delivered
//! ```

use crate::ack_mode::{Asked, Condition};

/// Whether the message decides what is awaited (`expect_ack`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExpectAck {
    /// By its MSH-15 and MSH-16.
    #[default]
    ByMessage,
    /// One answer, whatever it asks for.
    Always,
    /// None, whatever it asks for.
    Never,
}

/// What is awaited for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An answer of either kind.
    Answer,
    /// The accept answer. The application's own is taken for it.
    Accept,
    /// The application's answer.
    Application,
    /// None.
    Nothing,
    /// An answer of either kind, and silence for `ack_timeout` is one too: a yes where `is_yes`.
    Silence {
        /// Whether only a no was asked for.
        is_yes: bool,
    },
}

/// What the application may still say once the accept answer has ended the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// Nothing that matters.
    Nothing,
    /// A no, if there is one (MSH-16 ER).
    IfNegative,
    /// An answer (AL, SU): silence is worth an alarm.
    Due,
}

impl ExpectAck {
    /// What is awaited for a message that asks for this.
    pub fn expected(self, asked: Asked) -> Expected {
        match (self, asked) {
            (Self::Never, _) | (Self::ByMessage, Asked::Nothing) => Expected::Nothing,
            (Self::Always, _) | (Self::ByMessage, Asked::Original) => Expected::Answer,
            (Self::ByMessage, Asked::Enhanced { accept, application }) => {
                match (accept, application) {
                    (Condition::Always, _) => Expected::Accept,
                    (Condition::OnError, _) | (Condition::Never, Condition::OnError) => {
                        Expected::Silence { is_yes: true }
                    }
                    (Condition::OnSuccess, _) | (Condition::Never, Condition::OnSuccess) => {
                        Expected::Silence { is_yes: false }
                    }
                    (Condition::Never, Condition::Always) => Expected::Application,
                    (Condition::Never, Condition::Never) => Expected::Nothing,
                }
            }
        }
    }

    /// What may come of such a message once it is accepted.
    pub fn later(self, asked: Asked) -> Later {
        let Asked::Enhanced { accept, application } = asked else { return Later::Nothing };
        // Where nobody accepts, the application's answer is the one that is awaited.
        if self == Self::Never || accept == Condition::Never {
            return Later::Nothing;
        }
        match application {
            Condition::Always | Condition::OnSuccess => Later::Due,
            Condition::OnError => Later::IfNegative,
            Condition::Never => Later::Nothing,
        }
    }

    /// What is given up by it, for wherever the destination is shown.
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::ByMessage | Self::Always => None,
            Self::Never => Some("expect_ack = \"never\": what is written counts as delivered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_awaited_follows_what_is_asked_for() {
        use Condition::{Always, Never, OnError, OnSuccess};
        let silence = |is_yes| Expected::Silence { is_yes };
        for (accepted, applied, expected) in [
            (Always, Never, Expected::Accept),
            (Always, Always, Expected::Accept),
            (Always, OnError, Expected::Accept),
            (Always, OnSuccess, Expected::Accept),
            (Never, Always, Expected::Application),
            (Never, Never, Expected::Nothing),
            (Never, OnError, silence(true)),
            (Never, OnSuccess, silence(false)),
            (OnError, Never, silence(true)),
            (OnError, Always, silence(true)),
            (OnSuccess, Never, silence(false)),
            (OnSuccess, Always, silence(false)),
        ] {
            let asked = Asked::Enhanced { accept: accepted, application: applied };
            assert_eq!(ExpectAck::ByMessage.expected(asked), expected, "{asked:?}");
        }
        assert_eq!(ExpectAck::ByMessage.expected(Asked::Original), Expected::Answer);
        assert_eq!(ExpectAck::ByMessage.expected(Asked::Nothing), Expected::Nothing);
    }

    #[test]
    fn behind_an_accept_answer_comes_what_msh_16_asks_for() {
        use Condition::{Always, Never, OnError, OnSuccess};
        for (accept, application, expected) in [
            (Always, Always, Later::Due),
            (Always, OnSuccess, Later::Due),
            (Always, OnError, Later::IfNegative),
            (Always, Never, Later::Nothing),
            (OnError, Always, Later::Due),
            (Never, Always, Later::Nothing),
        ] {
            let asked = Asked::Enhanced { accept, application };
            assert_eq!(ExpectAck::ByMessage.later(asked), expected, "{asked:?}");
            assert_eq!(ExpectAck::Always.later(asked), expected, "{asked:?}");
            assert_eq!(ExpectAck::Never.later(asked), Later::Nothing);
        }
        assert_eq!(ExpectAck::ByMessage.later(Asked::Original), Later::Nothing);
    }

    #[test]
    fn the_destination_may_know_better() {
        let never = Asked::Enhanced { accept: Condition::Never, application: Condition::Never };
        for asked in [Asked::Nothing, Asked::Original, never] {
            assert_eq!(ExpectAck::Always.expected(asked), Expected::Answer, "{asked:?}");
            assert_eq!(ExpectAck::Never.expected(asked), Expected::Nothing, "{asked:?}");
        }
        assert!(ExpectAck::Never.warning().is_some());
    }
}
