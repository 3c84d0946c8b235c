//! The bytes of an answer.
//!
//! ```text
//! MSH|^~\&|<MSH-5>|<MSH-6>|<MSH-3>|<MSH-4>|<time>||ACK^A01^ACK|<new id>|<MSH-11>|<MSH-12>        sender and receiver swapped
//! MSA|AR|<MSH-10>|<text>
//! ERR||MSH^1^9|200^Unsupported message type^HL70357|E||||<user text>                             negative, ≥ 2.5
//! ERR|MSH^1^9^200&Unsupported message type&HL70357                                               negative, ≤ 2.4, on wish
//! ```
//!
//! Ids are copied as bytes, whole fields with all their components, under the sender's own delimiters; so nothing is
//! decoded on the way of a positive answer, and it costs one allocation.

mod batch;
mod error_segment;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr3;

use super::salvage::Salvage;
use super::version::Version;
use super::{AckCode, ErrorCode};
use crate::batch::Batch;
use crate::segment_ends::{CR, LF};
use crate::{Delimiters, Message, escape};

/// The longest MSA-3 (HL7 v2.5 chapter 2.15.8.3), in characters, escapes included.
const MAX_TEXT: usize = 80;
/// Room for an answer with ids of usual length, so that it is written without growing.
const USUAL_LENGTH: usize = 256;
/// What takes the place of an absent MSH-11 and MSH-12.
const PRODUCTION: &[u8] = b"P";
const DEFAULT_VERSION: &[u8] = b"2.5.1";
/// ISO 2022 charsets begin with it, so its presence means that the bytes are not plain ASCII.
const ESC: u8 = 0x1b;
/// Ends a frame of MLLP where CR follows.
const FS: u8 = 0x1c;

pub use batch::{BatchAnswer, build_batch};

/// What is answered, and how.
#[derive(Debug, Clone)]
pub struct AckRequest<'a> {
    /// What came.
    pub original: Original<'a>,
    /// MSA-1.
    pub code: AckCode,
    /// MSH-10 of the answer: new and unique, at most 20 characters.
    pub control_id: &'a str,
    /// MSH-7: `YYYYMMDDHHMMSS`.
    pub time: &'a str,
    /// MSA-3 of a negative answer, cut at 80 characters. For the sender's eyes: no content of the message.
    pub text: Option<&'a str>,
    /// The ERR segment of a negative answer.
    pub error: Option<AckError<'a>>,
    /// MSH-9 with `^` between its components, instead of the one that the version asks for.
    pub acknowledgement_type: Option<&'a str>,
    /// Whether versions up to 2.4 get an ERR segment too.
    pub err_before_2_5: bool,
}

/// What an answer is for.
#[derive(Clone, Copy)]
pub enum Original<'a> {
    /// A message.
    Message(&'a Message),
    /// A batch as a whole; MSA-2 is its BHS-11 (FHS-11 where it has no or several BHS). A bare run of messages is
    /// answered as its first.
    Batch(&'a Batch),
    /// A payload that is none; MSA-2 is what could be read of its MSH-10, or of BHS-11 or FHS-11 where it begins with
    /// an envelope.
    Unreadable(&'a [u8]),
}

/// The content of an ERR segment.
#[derive(Debug, Clone, Copy)]
pub struct AckError<'a> {
    /// Where, as a path: `MSH-9`. What is no path is left out.
    pub location: Option<&'a str>,
    /// ERR-3 (table 0357).
    pub code: ErrorCode,
    /// ERR-8, for the user: no content of the message.
    pub user_text: Option<&'a str>,
}

impl std::fmt::Debug for Original<'_> {
    /// Sizes and ids only: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(message) => message.fmt(f),
            Self::Batch(batch) => batch.fmt(f),
            Self::Unreadable(payload) => write!(f, "Unreadable({} bytes)", payload.len()),
        }
    }
}

/// Builds an answer. Every segment ends in CR. Never fails: what is missing in the original is empty or has its default.
pub fn build(request: &AckRequest<'_>) -> Bytes {
    match request.original {
        Original::Message(message) => {
            Writer::new(*message.delimiters()).answer(request, &Ids::of(message))
        }
        Original::Batch(batch) => answer_batch(request, batch),
        Original::Unreadable(payload) => {
            let salvage = Salvage::of(payload);
            let ids = Ids { control_id: salvage.control_id(), ..Ids::default() };
            Writer::foreign(Delimiters::default()).answer(request, &ids)
        }
    }
}

/// The answer for a batch: its ids are the envelope's, what the version decides is its first message's.
fn answer_batch(request: &AckRequest<'_>, batch: &Batch) -> Bytes {
    let first = batch.messages().next().and_then(|first| Message::parse(first.clone()).ok());
    let of_first = first.as_ref().map(Ids::of).unwrap_or_default();
    match (batch.identifying_header(), &first) {
        (Some(header), _) => {
            // Both ends and the id are the envelope's; the trigger event is nobody's.
            let ids = Ids {
                sender: [header.field(3), header.field(4)],
                receiver: [header.field(5), header.field(6)],
                control_id: header.control_id(),
                trigger_event: &[],
                ..of_first
            };
            Writer::foreign(*header.delimiters()).answer(request, &ids)
        }
        (None, Some(first)) => Writer::new(*first.delimiters()).answer(request, &of_first),
        (None, None) => Writer::new(Delimiters::default()).answer(request, &of_first),
    }
}

/// What an answer takes over from the original: whole fields.
#[derive(Default)]
struct Ids<'m> {
    sender: [&'m [u8]; 2],
    receiver: [&'m [u8]; 2],
    trigger_event: &'m [u8],
    control_id: &'m [u8],
    processing_id: &'m [u8],
    version: &'m [u8],
    version_number: &'m [u8],
    character_set: &'m [u8],
}

impl<'m> Ids<'m> {
    fn of(message: &'m Message) -> Self {
        let header = message.header();
        Self {
            sender: [header.field(3), header.field(4)],
            receiver: [header.field(5), header.field(6)],
            trigger_event: header.declared_trigger_event(),
            control_id: header.control_id(),
            processing_id: header.field(11),
            version: header.field(12),
            version_number: header.version(),
            character_set: header.character_set(),
        }
    }
}

/// Writes segments under one set of delimiters.
struct Writer {
    delimiters: Delimiters,
    /// Whether ids were read under other delimiters, or none.
    is_foreign: bool,
    out: BytesMut,
}

impl Writer {
    fn new(delimiters: Delimiters) -> Self {
        Self { delimiters, is_foreign: false, out: BytesMut::with_capacity(USUAL_LENGTH) }
    }

    /// For ids that may hold what separates here.
    fn foreign(delimiters: Delimiters) -> Self {
        Self { is_foreign: true, ..Self::new(delimiters) }
    }

    fn answer(mut self, request: &AckRequest<'_>, ids: &Ids<'_>) -> Bytes {
        let version = Version::read(ids.version_number);
        self.header(request, ids, version);
        let end_of_header = self.out.len();
        self.end();
        self.acknowledgement(request, ids);
        if let Some(error) = request.error.filter(|_| !request.code.is_positive()) {
            if version >= Version::V2_5 {
                self.error_segment(&error);
            } else if request.err_before_2_5 {
                self.early_error_segment(&error);
            }
        }
        self.declare_charset(end_of_header, ids);
        self.out.freeze()
    }

    fn header(&mut self, request: &AckRequest<'_>, ids: &Ids<'_>, version: Version) {
        self.out.put_slice(b"MSH");
        self.separator();
        self.out.extend(self.delimiters.encoding_characters());
        for id in ids.receiver.into_iter().chain(ids.sender) {
            self.id_field(id);
        }
        self.text_field(request.time);
        self.separator();
        self.separator();
        self.message_type(request, ids, version);
        self.text_field(request.control_id);
        self.id_field(if ids.processing_id.is_empty() { PRODUCTION } else { ids.processing_id });
        self.id_field(if ids.version.is_empty() { DEFAULT_VERSION } else { ids.version });
    }

    /// MSH-9: `ACK` up to 2.2 or without a trigger event, `ACK^A01` in 2.3, `ACK^A01^ACK` from 2.3.1 on.
    fn message_type(&mut self, request: &AckRequest<'_>, ids: &Ids<'_>, version: Version) {
        if let Some(components) = request.acknowledgement_type {
            for (component, number) in components.split('^').zip(0..) {
                if number > 0 {
                    self.out.put_u8(self.delimiters.component);
                }
                self.text(component, usize::MAX);
            }
            return;
        }
        self.out.put_slice(b"ACK");
        if version >= Version::V2_3 && !ids.trigger_event.is_empty() {
            self.out.put_u8(self.delimiters.component);
            self.id(ids.trigger_event);
            if version >= Version::V2_3_1 {
                self.out.put_u8(self.delimiters.component);
                self.out.put_slice(b"ACK");
            }
        }
    }

    fn acknowledgement(&mut self, request: &AckRequest<'_>, ids: &Ids<'_>) {
        self.out.put_slice(b"MSA");
        self.separator();
        self.out.put_slice(request.code.as_str().as_bytes());
        self.id_field(ids.control_id);
        if let Some(text) = request.text.filter(|_| !request.code.is_positive()) {
            self.separator();
            self.text(text, MAX_TEXT);
        }
        self.end();
    }

    /// MSH-18, where what was written is not plain ASCII: what its bytes are, else what the sender declares.
    fn declare_charset(&mut self, end_of_header: usize, ids: &Ids<'_>) {
        let is_plain = self.out.iter().all(|byte| byte.is_ascii() && *byte != ESC);
        if is_plain {
            return;
        }
        let is_utf8 = !self.out.contains(&ESC) && std::str::from_utf8(&self.out).is_ok();
        let charset = match ids.character_set {
            _ if is_utf8 => b"UNICODE UTF-8",
            [] => &b"8859/1"[..],
            declared => self.line_of(declared),
        };
        let rest = self.out.split_off(end_of_header);
        // From MSH-12 to MSH-18.
        self.out.put_bytes(self.delimiters.field, 6);
        self.out.put_slice(charset);
        self.out.unsplit(rest);
    }

    fn separator(&mut self) {
        self.out.put_u8(self.delimiters.field);
    }

    fn end(&mut self) {
        self.out.put_u8(CR);
    }

    fn id_field(&mut self, id: &[u8]) {
        self.separator();
        self.id(id);
    }

    /// An id as it came. A line end, which a message whose other segments end differently may hold, ends it here: it
    /// would end the segment of the answer. So does a separator, in what was read under another one; in what was read
    /// under this one it is half of a character.
    fn id(&mut self, id: &[u8]) {
        self.out.put_slice(self.line_of(id));
    }

    /// The part of an id that cannot end the field, the segment or the frame it is copied to: FS before the CR of a
    /// segment would.
    fn line_of<'i>(&self, id: &'i [u8]) -> &'i [u8] {
        let separator = if self.is_foreign { self.delimiters.field } else { LF };
        let end = memchr3(CR, LF, separator, id).unwrap_or(id.len());
        let line = id.get(..end).unwrap_or_default();
        let kept = line.iter().rposition(|byte| *byte != FS).map_or(0, |last| last + 1);
        line.get(..kept).unwrap_or_default()
    }

    fn text_field(&mut self, text: &str) {
        self.separator();
        self.text(text, usize::MAX);
    }

    /// A text of ours, escaped; cut before the escape sequence or character that would exceed `most` characters.
    fn text(&mut self, text: &str, most: usize) {
        let escaped = escape::escape(text, &self.delimiters);
        // No text has more characters than bytes.
        if escaped.len() <= most {
            self.out.put_slice(escaped.as_bytes());
            return;
        }
        let mut written = 0;
        let mut piece = String::new();
        for c in text.chars() {
            piece.clear();
            escape::push_escaped(&mut piece, c, &self.delimiters);
            written += piece.chars().count();
            if written > most {
                return;
            }
            self.out.put_slice(piece.as_bytes());
        }
    }
}
