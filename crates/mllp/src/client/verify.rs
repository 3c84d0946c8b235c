//! What counts as the answer to a message: MATCH-1, as far as the client's owner wants it.

use super::error::ClientError;
use super::fields::Fields;

/// What is taken for the answer to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Whatever comes in the next frame, HL7 or not.
    #[default]
    AnyMessage,
    /// An acknowledgement: an MSA segment with a code of table 0008, for whatever message.
    AnyAcknowledgement,
    /// An acknowledgement whose MSA-2 is the message's MSH-10, byte for byte.
    VerifiedAcknowledgement,
}

/// The codes of table 0008.
const CODES: [&[u8]; 6] = [b"AA", b"AE", b"AR", b"CA", b"CE", b"CR"];

/// What the answer to one message has to be.
#[derive(PartialEq, Eq)]
pub(super) enum Awaited {
    Anything,
    Acknowledgement,
    AcknowledgementOf(Vec<u8>),
}

impl Awaited {
    /// What to await for this payload.
    pub(super) fn of(payload: &[u8], verify: Verify) -> Result<Self, ClientError> {
        match verify {
            Verify::AnyMessage => Ok(Self::Anything),
            Verify::AnyAcknowledgement => Ok(Self::Acknowledgement),
            Verify::VerifiedAcknowledgement => {
                let control_id = Fields::of(payload).map(|fields| fields.header(10));
                match control_id {
                    None | Some([]) => Err(ClientError::Unverifiable),
                    Some(control_id) => Ok(Self::AcknowledgementOf(control_id.to_vec())),
                }
            }
        }
    }

    /// Whether `answer` is it.
    pub(super) fn check(&self, answer: &[u8]) -> Result<(), ClientError> {
        if *self == Self::Anything {
            return Ok(());
        }
        let fields = Fields::of(answer).ok_or(ClientError::NotAnAcknowledgement)?;
        if !fields.field(b"MSA", 1).is_some_and(|code| CODES.contains(&code)) {
            return Err(ClientError::NotAnAcknowledgement);
        }
        match self {
            Self::AcknowledgementOf(control_id)
                if fields.field(b"MSA", 2) != Some(control_id.as_slice()) =>
            {
                Err(ClientError::AnotherMessage)
            }
            Self::Anything | Self::Acknowledgement | Self::AcknowledgementOf(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M1: &[u8] = b"MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M1|P|2.5\r";

    fn check(verify: Verify, answer: &[u8]) -> Result<(), ClientError> {
        Awaited::of(M1, verify)?.check(answer)
    }

    #[test]
    fn each_level_asks_for_more_than_the_one_before() {
        let ours = b"MSH|^~\\&|C|D|A|B|||ACK|1|P|2.5\rMSA|AR|M1\r";
        let another = b"MSH|^~\\&|C|D|A|B|||ACK|1|P|2.5\rMSA|AA|M2\r";
        let [any, ack, verified] =
            [Verify::AnyMessage, Verify::AnyAcknowledgement, Verify::VerifiedAcknowledgement];
        for level in [any, ack, verified] {
            assert!(check(level, ours).is_ok(), "a refusal is an answer");
        }
        for level in [any, ack] {
            assert!(check(level, another).is_ok());
        }
        assert!(matches!(check(verified, another), Err(ClientError::AnotherMessage)));
        for no_answer in [&b"Hello World"[..], M1, b"MSH|^~\\&|\rMSA|OK|M1\r", b""] {
            assert!(check(any, no_answer).is_ok());
            for level in [ack, verified] {
                let checked = check(level, no_answer);
                assert!(matches!(checked, Err(ClientError::NotAnAcknowledgement)));
            }
        }
    }

    #[test]
    fn a_message_without_a_control_id_cannot_be_verified() {
        for payload in [&b"Hello World"[..], b"MSH|^~\\&|A|B|C|D|||ADT^A01||P|2.5\r", b"MSH|"] {
            let awaited = Awaited::of(payload, Verify::VerifiedAcknowledgement);
            assert!(matches!(awaited, Err(ClientError::Unverifiable)));
            assert!(Awaited::of(payload, Verify::AnyAcknowledgement).is_ok());
        }
    }
}
