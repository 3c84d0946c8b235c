//! Messages to send and answers to read, as plain text.

/// An ADT^A01 of version 2.5 with this control id.
pub fn adt(control_id: &str) -> Vec<u8> {
    message("ADT^A01", control_id)
}

/// A small message of any type.
pub fn message(message_type: &str, control_id: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|A|B|C|D|20260403120000||{message_type}|{control_id}|P|2.5\rPID|1||1^^^H||DOE^JANE\r"
    )
    .into_bytes()
}

/// A message of about `size` bytes.
pub fn large(control_id: &str, size: usize) -> Vec<u8> {
    let mut message = adt(control_id);
    message.extend_from_slice(b"OBX|1|TX|NOTE||");
    while message.len() + 1 < size {
        message.push(b'a' + u8::try_from(message.len() % 26).unwrap_or(0));
    }
    message.push(b'\r');
    message
}

/// The frame around a payload.
pub fn framed(payload: &[u8]) -> Vec<u8> {
    [b"\x0b", payload, b"\x1c\r"].concat()
}

/// MSH-10 of a message, or an empty text.
pub fn control_id(payload: &[u8]) -> String {
    field(payload, "MSH", 10)
}

/// A field of the first segment of this name, by its number in the standard, or an empty text. The field separator is
/// the message's own.
pub fn field(payload: &[u8], segment: &str, number: usize) -> String {
    let text = String::from_utf8_lossy(payload);
    let lines = text.split(['\r', '\n']);
    let found =
        lines.map(|line| line.trim_start_matches('\u{feff}')).find(|l| l.starts_with(segment));
    let separator = found.and_then(|line| line.chars().nth(3)).unwrap_or('|');
    let place = if segment == "MSH" { number - 1 } else { number };
    found.and_then(|line| line.split(separator).nth(place)).unwrap_or_default().to_owned()
}

/// An answer with this code to this message.
pub fn answer(code: &str, acknowledged: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|C|D|A|B|20260403120001||ACK|R{acknowledged}|P|2.5\rMSA|{code}|{acknowledged}\r"
    )
    .into_bytes()
}

/// Bytes of a stream, and the payloads of the frames in them. Searches each byte once.
#[derive(Debug, Default)]
pub struct Unframed {
    bytes: Vec<u8>,
    searched: usize,
}

impl Unframed {
    /// More of the stream.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing is left over.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The payload of the next whole frame. Panics on bytes outside of frames.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        let unsearched = &self.bytes[self.searched..];
        let Some(found) = unsearched.iter().position(|&byte| byte == 0x1c) else {
            self.searched = self.bytes.len();
            return None;
        };
        self.searched += found;
        match self.bytes.get(self.searched + 1) {
            None => None,
            Some(b'\r') => {
                let rest = self.bytes.split_off(self.searched + 2);
                let mut frame = std::mem::replace(&mut self.bytes, rest);
                frame.truncate(self.searched);
                self.searched = 0;
                assert_eq!(frame.first(), Some(&0x0b), "a frame starts with VT");
                frame.remove(0);
                Some(frame)
            }
            Some(_) => {
                self.searched += 1;
                self.take()
            }
        }
    }
}
