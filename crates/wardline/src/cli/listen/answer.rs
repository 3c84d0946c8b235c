//! The answers of the simulator.

use std::cell::RefCell;

use bytes::Bytes;
use jiff::Zoned;
use wardline_hl7::ack::{self, AckRequest, Original};
use wardline_hl7::{AckCode, Message, Path};

use super::super::unique::UniqueIds;
use super::behaviour::Form;

/// How MSH-7 is written: HL7's `YYYYMMDDHHMMSS`.
const TIME_FORMAT: &str = "%Y%m%d%H%M%S";
/// MSA-2 of an answer that is meant to be for nobody; at most 20 characters as MSH-10 is.
const NOBODYS_ID: &str = "NO-SUCH-MESSAGE";
/// A payload that no reader of HL7 accepts.
const GARBAGE: &[u8] = b"this is not an acknowledgement";

/// Writes answers, each with an MSH-10 of its own.
#[derive(Debug)]
pub(super) struct Answers {
    ids: RefCell<UniqueIds>,
    control_id: Option<Path>,
}

impl Answers {
    pub(super) fn new() -> Self {
        Self { ids: RefCell::new(UniqueIds::new()), control_id: "MSH-10".parse().ok() }
    }

    /// The answer to a message, or to a payload that is none.
    pub(super) fn write(
        &self,
        message: Option<&Message>,
        payload: &[u8],
        code: AckCode,
        form: Form,
    ) -> Bytes {
        match form {
            Form::Right => self.acknowledge(message, payload, code),
            Form::WrongId => {
                let other = message.and_then(|message| self.with_another_id(message));
                self.acknowledge(other.as_ref(), payload, code)
            }
            Form::Garbage => Bytes::from_static(GARBAGE),
        }
    }

    fn acknowledge(&self, message: Option<&Message>, payload: &[u8], code: AckCode) -> Bytes {
        ack::build(&AckRequest {
            original: message.map_or(Original::Unreadable(payload), Original::Message),
            code,
            control_id: &self.ids.borrow_mut().next(),
            time: &Zoned::now().strftime(TIME_FORMAT).to_string(),
            text: None,
            error: None,
            acknowledgement_type: None,
            err_before_2_5: false,
        })
    }

    /// The message as if it had another MSH-10.
    fn with_another_id(&self, message: &Message) -> Option<Message> {
        message.set(self.control_id.as_ref()?, NOBODYS_ID).ok()
    }
}

#[cfg(test)]
mod tests {
    use wardline_hl7::ack::Reply;

    use super::*;

    fn answered(form: Form) -> Bytes {
        let payload = Bytes::from_static(b"MSH|^~\\&|A|B|C|D|20260403||ADT^A01|M1|P|2.5\r");
        let message = Message::parse(payload.clone()).unwrap();
        Answers::new().write(Some(&message), &payload, AckCode::AE, form)
    }

    #[test]
    fn the_right_answer_names_the_message_and_a_wrong_one_does_not() {
        let right = answered(Form::Right);
        let reply = Reply::read(&right).unwrap();
        assert_eq!((reply.code(), reply.acknowledged()), (Some(AckCode::AE), &b"M1"[..]));
        let wrong = answered(Form::WrongId);
        assert_eq!(Reply::read(&wrong).unwrap().acknowledged(), NOBODYS_ID.as_bytes());
    }

    #[test]
    fn garbage_is_no_acknowledgement() {
        assert!(Reply::read(&answered(Form::Garbage)).is_err());
    }
}
