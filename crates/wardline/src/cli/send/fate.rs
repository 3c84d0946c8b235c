//! What became of one message: the answer judged against what was sent.

use bytes::Bytes;
use wardline_hl7::AckCode;
use wardline_hl7::ack::Reply;

use super::connection::ExchangeError;
use super::message::Outgoing;

/// How the sending of one message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The peer answered for this message.
    Answered(AckCode),
    /// The peer answered for another message.
    Another,
    /// The peer's answer is no acknowledgement.
    Unreadable,
    /// No answer in time.
    NoAnswer,
    /// The connection ended first.
    Broken,
    /// There was no connection.
    Unreachable,
}

impl Fate {
    /// The message has been taken.
    pub(super) fn is_positive(self) -> bool {
        matches!(self, Self::Answered(code) if code.is_positive())
    }

    /// The connection can carry the next message.
    pub(super) fn leaves_connection_usable(self) -> bool {
        matches!(self, Self::Answered(_))
    }

    /// In a word or two, as lines and JSON show it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Answered(code) => code.as_str(),
            Self::Another => "wrong-id",
            Self::Unreadable => "unreadable",
            Self::NoAnswer => "no-answer",
            Self::Broken => "broken",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What an answer means for the message it should be for. A message without MSH-10 takes any acknowledgement.
pub(super) fn judge(sent: &Outgoing, answer: &Bytes) -> Fate {
    let Ok(reply) = Reply::read(answer) else { return Fate::Unreadable };
    let Some(code) = reply.code() else { return Fate::Unreadable };
    if sent.control_id.is_empty() || reply.acknowledged() == sent.control_id {
        Fate::Answered(code)
    } else {
        Fate::Another
    }
}

impl From<&ExchangeError> for Fate {
    fn from(error: &ExchangeError) -> Self {
        match error {
            ExchangeError::Connect(_) | ExchangeError::Tls(_) => Self::Unreachable,
            ExchangeError::NoAnswer => Self::NoAnswer,
            ExchangeError::Closed | ExchangeError::Broken(_) => Self::Broken,
            ExchangeError::NoFrame(_) => Self::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(control_id: &'static str, answer: &'static str) -> Fate {
        let sent = Outgoing {
            number: 1,
            origin: "a.hl7".into(),
            control_id: control_id.into(),
            payload: Bytes::new(),
        };
        judge(&sent, &Bytes::from_static(answer.as_bytes()))
    }

    const AA_M1: &str = "MSH|^~\\&|C|D|A|B|20260403||ACK^A01|1|P|2.5\rMSA|AA|M1\r";

    #[test]
    fn an_answer_counts_for_the_message_it_names() {
        assert_eq!(judged("M1", AA_M1), Fate::Answered(AckCode::AA));
        assert_eq!(judged("M2", AA_M1), Fate::Another);
        assert_eq!(judged("", AA_M1), Fate::Answered(AckCode::AA));
    }

    #[test]
    fn an_answer_without_an_acknowledgement_is_unreadable() {
        assert_eq!(judged("M1", "MSH|^~\\&|C|D|A|B|20260403||ACK^A01|1|P|2.5\r"), Fate::Unreadable);
        assert_eq!(judged("M1", "noise"), Fate::Unreadable);
    }
}
