//! By what a message is found again: its search keys.
//!
//! ```text
//!   MSH-10            control id                 A0001
//!   MSH-9             type                       ADT^A01
//!   MSH-3, MSH-4      sender                     RIS|ST-E
//!   MSH-5, MSH-6      receiver                   LIS|HOSP
//!   PID-3, MRG-1      patient, each repetition   00714417
//!   PV1-19            visit                      V20261120-0331
//!   ORC-2 -3, OBR-2 -3  order                    RIS-88120
//!   [history] keys    what the operator asks for
//! ```
//!
//! Read when a message is found again to be noted down, not while its sender waits. A key is text: the charset decoded,
//! escapes resolved, spaces around it gone, so that it is found by what a person types. Ids of patients are content
//! (PHI-1): [`Found`] has no `Debug` that shows a value.

use std::borrow::Cow;
use std::fmt;

use wardline_hl7::{Message, Path, Segment, Value};

use crate::lane::digest;

/// The most keys that are taken of one message: a batch of results for a thousand orders in one message is found by the
/// first of them.
pub const MAX_KEYS: usize = 256;

/// The longest key, in bytes of its text; a longer one is found by its beginning.
pub const MAX_KEY_BYTES: usize = 128;

/// The most keys of an operator's own.
pub const MAX_CUSTOM: usize = 16;

/// Stands between application and facility of a sender or a receiver: a separator of fields, so that neither holds it.
pub const PARTY_SEPARATOR: char = '|';

/// Raised whenever other keys are taken of the same message, so that what was noted before is noted again.
const VERSION: &str = "1";

/// What a key tells of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// MSH-10.
    ControlId,
    /// MSH-9, as `ADT^A01`.
    MessageType,
    /// MSH-3 and MSH-4.
    Sender,
    /// MSH-5 and MSH-6.
    Receiver,
    /// An id of PID-3 or MRG-1.
    Patient,
    /// PV1-19.
    Visit,
    /// ORC-2, ORC-3, OBR-2 or OBR-3.
    Order,
    /// The operator's own, by its place in the configuration.
    Custom(u8),
}

/// One key of a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Found<'m> {
    /// What it tells.
    pub kind: KeyKind,
    /// At most [`MAX_KEY_BYTES`], never empty.
    pub text: Cow<'m, str>,
}

/// A key of the operator's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomKey {
    /// What it is called where messages are searched.
    pub name: String,
    /// Where it stands.
    pub path: Path,
}

/// Takes the keys of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchKeys {
    custom: Vec<CustomKey>,
}

impl KeyKind {
    /// Those of every message, by the words that they are asked for with.
    pub const NAMED: [(Self, &str); 7] = [
        (Self::ControlId, "control-id"),
        (Self::MessageType, "type"),
        (Self::Sender, "sender"),
        (Self::Receiver, "receiver"),
        (Self::Patient, "patient"),
        (Self::Visit, "visit"),
        (Self::Order, "order"),
    ];
}

impl SearchKeys {
    /// Those of every message, and these; at most [`MAX_CUSTOM`] of them are taken.
    pub fn new(mut custom: Vec<CustomKey>) -> Self {
        custom.truncate(MAX_CUSTOM);
        Self { custom }
    }

    /// The operator's own, in their order.
    pub fn custom(&self) -> &[CustomKey] {
        &self.custom
    }

    /// The keys of a message, each once, at most [`MAX_KEYS`].
    pub fn of<'m>(&self, message: &'m Message) -> Vec<Found<'m>> {
        let mut keys = Taking { message, found: Vec::new() };
        keys.header();
        for segment in message.segments() {
            keys.segment(&segment);
        }
        for (own, place) in self.custom.iter().zip(0..) {
            for value in message.all(&own.path) {
                keys.take(KeyKind::Custom(place), value);
            }
        }
        keys.found
    }

    /// Tells apart what takes other keys of the same message; the same in every version and on every machine.
    pub fn fingerprint(&self) -> u64 {
        let mut text = VERSION.to_owned();
        for CustomKey { path, .. } in &self.custom {
            text.push('\n');
            text.push_str(&path.to_string());
        }
        digest(text.as_bytes())
    }
}

impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Found({:?}, {} bytes)", self.kind, self.text.len())
    }
}

/// The keys of one message, while they are taken.
struct Taking<'m> {
    message: &'m Message,
    found: Vec<Found<'m>>,
}

impl<'m> Taking<'m> {
    fn header(&mut self) {
        let header = self.message.header();
        self.take(KeyKind::ControlId, Value::Present(header.control_id()));
        self.push(KeyKind::MessageType, header.message_code().into());
        for (kind, application, facility) in [
            (KeyKind::Sender, header.sending_application(), header.sending_facility()),
            (KeyKind::Receiver, header.receiving_application(), header.receiving_facility()),
        ] {
            let [application, facility] =
                [application, facility].map(|part| self.text(part).unwrap_or_default());
            if !(application.is_empty() && facility.is_empty()) {
                self.push(kind, format!("{application}{PARTY_SEPARATOR}{facility}").into());
            }
        }
    }

    fn segment(&mut self, segment: &Segment<'m>) {
        match segment.name() {
            b"PID" => self.each_id(segment, 3),
            b"MRG" => self.each_id(segment, 1),
            b"PV1" => self.take(KeyKind::Visit, segment.first(19, Some(1))),
            b"ORC" | b"OBR" => {
                self.take(KeyKind::Order, segment.first(2, Some(1)));
                self.take(KeyKind::Order, segment.first(3, Some(1)));
            }
            _ => {}
        }
    }

    /// The id of each repetition of a field of ids.
    fn each_id(&mut self, segment: &Segment<'m>, field: u16) {
        for id in segment.each(field, 1) {
            self.take(KeyKind::Patient, id);
        }
    }

    fn take(&mut self, kind: KeyKind, value: Value<'m>) {
        if let Value::Present(raw) = value
            && let Some(text) = self.text(raw)
        {
            self.push(kind, text);
        }
    }

    /// What a person would type for it.
    fn text(&self, raw: &'m [u8]) -> Option<Cow<'m, str>> {
        // Of a field that is longer than any key, the rest cannot count.
        let raw = raw.get(..MAX_KEY_BYTES * LONGEST_ESCAPED).unwrap_or(raw);
        let is_plain = |byte: &u8| {
            (b' '..=b'~').contains(byte) && Some(*byte) != self.message.delimiters().escape
        };
        if raw.iter().all(is_plain) {
            return std::str::from_utf8(raw).ok().map(Cow::Borrowed);
        }
        self.message.text_of(Value::Present(raw))
    }

    fn push(&mut self, kind: KeyKind, text: Cow<'m, str>) {
        let text = shortened(text);
        let is_known = |known: &Found<'_>| known.kind == kind && known.text == text;
        if !text.is_empty() && self.found.len() < MAX_KEYS && !self.found.iter().any(is_known) {
            self.found.push(Found { kind, text });
        }
    }
}

/// Bytes of a field that one byte of a key can stand for, at most: an escape of a character.
const LONGEST_ESCAPED: usize = 16;

/// Without the spaces around it, and not too long.
fn shortened(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(beginning(text)),
        Cow::Owned(text) => Cow::Owned(beginning(&text).to_owned()),
    }
}

fn beginning(text: &str) -> &str {
    let text = text.trim();
    // No character is cut in two.
    let mut ends = (0..=text.len().min(MAX_KEY_BYTES)).rev();
    ends.find_map(|end| text.get(..end)).unwrap_or_default().trim_end()
}

/// A value as keys have it, for whoever asks for messages with it.
pub fn normal(text: &str) -> String {
    shortened(text.into()).into_owned()
}

#[cfg(test)]
mod tests;
