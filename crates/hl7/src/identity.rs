//! What may be said of a message in a log, a counter or a status: its ids, never its content (PHI-1).

use crate::Header;

/// The longest part of an identity. Control ids have at most 20 characters by the standard (199 since 2.7); longer ones
/// must not fill a log.
const MAX_CHARACTERS: usize = 64;

/// The ids of one message as text, each at most 64 characters, control characters replaced.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Identity {
    /// MSH-10.
    pub control_id: String,
    /// MSH-9.1.
    pub message_type: String,
    /// MSH-9.2, else EVN-1.
    pub trigger_event: String,
    /// MSH-3.
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6.
    pub receiving_facility: String,
}

impl Identity {
    pub(crate) fn of(header: Header<'_>) -> Self {
        Self {
            control_id: presentable(header.control_id()),
            message_type: presentable(header.message_type()),
            trigger_event: presentable(header.trigger_event()),
            sending_application: presentable(header.sending_application()),
            sending_facility: presentable(header.sending_facility()),
            receiving_application: presentable(header.receiving_application()),
            receiving_facility: presentable(header.receiving_facility()),
        }
    }
}

/// An id as it may be shown: short and on one line.
pub fn presentable(id: &[u8]) -> String {
    // No character is longer than 4 bytes, so nothing that is shown is cut off here.
    let id = id.get(..MAX_CHARACTERS * 4).unwrap_or(id);
    String::from_utf8_lossy(id)
        .chars()
        .take(MAX_CHARACTERS)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    #[test]
    fn ids_are_short_and_on_one_line() {
        assert_eq!(presentable(&[b'x'; 1000]).chars().count(), MAX_CHARACTERS);
        assert_eq!(presentable(b"a\nb\xff"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn an_identity_names_both_ends_and_the_event() {
        let message = Message::parse("MSH|^~\\&|A^x|B|^1.2^ISO|D|||ADT|7\rEVN|A04\r".into())
            .expect("a message");
        let identity = message.header().identity();
        assert_eq!((identity.control_id.as_str(), identity.message_type.as_str()), ("7", "ADT"));
        assert_eq!(
            (identity.sending_application.as_str(), identity.sending_facility.as_str()),
            ("A", "B")
        );
        assert_eq!(
            (identity.receiving_application.as_str(), identity.receiving_facility.as_str()),
            ("1.2", "D")
        );
        assert_eq!(
            (identity.trigger_event.as_str(), message.header().message_code().as_str()),
            ("A04", "ADT^A04")
        );
    }
}
