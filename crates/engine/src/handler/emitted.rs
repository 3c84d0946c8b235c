//! What a handler emits, read before anything is done with it.
//!
//! A payload from a socket is known to fit into a frame; one that a handler built is not. Refused here, it can neither
//! be cut in two at a peer that answers AA to the half, nor be stored as something that is no message.

use bytes::Bytes;
use wardline_hl7::{Message, ParseError};

/// Why a payload cannot be emitted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EmitError {
    /// It cannot be read as HL7.
    #[error("what the handler emitted is no HL7 message")]
    NoMessage(#[from] ParseError),
    /// Its bytes hold the end of a frame or the start of another.
    #[error("what the handler emitted cannot be carried by MLLP")]
    BreaksItsFrame,
}

/// Reads one emitted payload.
pub(crate) fn read_emitted(payload: Bytes) -> Result<Message, EmitError> {
    if !wardline_mllp::survives_framing(&payload) {
        return Err(EmitError::BreaksItsFrame);
    }
    Ok(Message::parse(payload)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_message_that_a_frame_carries_whole_can_be_emitted() {
        let read = |payload: &'static [u8]| read_emitted(Bytes::from_static(payload));
        assert!(read(b"MSH|^~\\&|A\rOBX|1|ED|||\x1C-\x0B\r").is_ok(), "payload to every receiver");
        assert!(matches!(
            read(b"MSH|^~\\&|A\rOBX|1|ED|||a\x1C\rb\r"),
            Err(EmitError::BreaksItsFrame)
        ));
        assert!(matches!(read(b"MSH|^~\\&|A\r\x0BMSH|^~\\&|B\r"), Err(EmitError::BreaksItsFrame)));
        assert!(matches!(read(b"no message"), Err(EmitError::NoMessage(_))));
    }
}
