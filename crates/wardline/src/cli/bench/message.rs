//! The messages that are sent: of one size, each with an MSH-10 of its own, written before the clock starts.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::BytesMut;
use wardline_mllp::encode;

/// What stands before MSH-10.
const BEFORE_ID: &str = r"MSH|^~\&|BENCH|WARDLINE|SINK|WARDLINE|20260403120000||ADT^A01|";
/// What stands between it and the key, the patient's id.
const BEFORE_KEY: &str = "|P|2.5\rPID|1||";
/// What stands behind that; the note is filled up to the size asked for.
const BEHIND_KEY: &str = "^^^H\rNTE|1||";
/// The messages of a connection go round so many patients.
pub(super) const KEYS: u64 = 64;
/// The key has so many digits.
const KEY_DIGITS: usize = 2;
/// Connections begin so many patients apart, so that those of one moment are of several.
const KEYS_APART: u64 = 5;
/// MSH-10 has so many digits.
const ID_DIGITS: usize = 20;
/// The field that is MSH-10, counted from 0 behind the segment's name.
const ID_FIELD: usize = 9;

/// One connection's message as a frame, ready to be written; only MSH-10 and PID-3 change from one to the next.
pub(super) struct Template {
    frame: Vec<u8>,
    id: Range<usize>,
    key: Range<usize>,
    next: u64,
    first_key: u64,
}

impl Template {
    /// A message of `size` bytes, or of the least that holds the header.
    pub(super) fn new(size: usize) -> Self {
        /// Keeps the ids of all templates of a run apart: each has a range of its own.
        static TEMPLATES: AtomicU64 = AtomicU64::new(0);
        const IDS_OF_ONE: u64 = 1_000_000_000_000;

        let head =
            format!("{BEFORE_ID}{:0ID_DIGITS$}{BEFORE_KEY}{:0KEY_DIGITS$}{BEHIND_KEY}", 0, 0);
        let mut payload = head.into_bytes();
        payload.resize(payload.len().max(size.saturating_sub(1)), b'x');
        payload.push(b'\r');
        let mut frame = BytesMut::new();
        encode(&payload, &mut frame);
        let id = 1 + BEFORE_ID.len();
        let key = id + ID_DIGITS + BEFORE_KEY.len();
        let template = TEMPLATES.fetch_add(1, Ordering::Relaxed);
        Self {
            frame: frame.into(),
            id: id..id + ID_DIGITS,
            key: key..key + KEY_DIGITS,
            next: template * IDS_OF_ONE,
            first_key: template * KEYS_APART,
        }
    }

    /// The frame of the next message.
    pub(super) fn next(&mut self) -> &[u8] {
        self.next += 1;
        self.write(self.id.clone(), self.next);
        self.write(self.key.clone(), (self.next + self.first_key) % KEYS);
        &self.frame
    }

    fn write(&mut self, digits: Range<usize>, mut number: u64) {
        for digit in self.frame.get_mut(digits).unwrap_or_default().iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }

    /// The frame written last.
    pub(super) fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// The MSH-10 of the frame written last.
    pub(super) fn id(&self) -> &[u8] {
        self.frame.get(self.id.clone()).unwrap_or_default()
    }
}

/// The MSH-10 of a message of ours.
pub(super) fn id_of(payload: &[u8]) -> &[u8] {
    payload.split(|&byte| byte == b'|').nth(ID_FIELD).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wardline_hl7::Message;

    use super::*;

    #[test]
    fn a_message_has_the_size_asked_for_and_an_id_of_its_own() {
        let mut template = Template::new(600);
        template.next();
        let first = template.id().to_vec();
        let frame = Bytes::copy_from_slice(template.next());
        assert_eq!(frame.len(), 600 + 3);
        assert_ne!(first, template.id());
        let message = Message::parse(frame.slice(1..frame.len() - 2)).unwrap();
        assert_eq!(message.header().control_id(), template.id());
        assert_eq!(id_of(message.bytes()), template.id());
        let key = message.text(&"PID-3.1".parse().unwrap());
        let next = usize::try_from(template.next + template.first_key).unwrap() % 64;
        assert_eq!(key.as_deref(), Some(format!("{next:02}").as_str()));
    }

    #[test]
    fn two_connections_never_send_the_same_id() {
        let (mut one, mut two) = (Template::new(600), Template::new(600));
        one.next();
        two.next();
        assert_ne!(one.id(), two.id());
    }
}
