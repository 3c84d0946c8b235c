//! A peer's answer, read: which message it is for, what it says of it, and why.
//!
//! Answers in the field end their segments in anything; where the usual rule leaves no MSA, LF is tried as well.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use super::{AckCode, ErrorCode};
use crate::{Message, ParseError, ParseOptions, Path, SegmentEnds, Value, identity};

/// The most ERR codes that are kept of one answer; the rest would change no decision.
const MAX_ERRORS: usize = 16;

/// The answer of a peer.
#[derive(Clone)]
pub struct Reply {
    message: Message,
    code: Option<AckCode>,
    acknowledged: Bytes,
    errors: Vec<Bytes>,
}

/// A payload that is no answer. Nothing of it is in the error (PHI-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// There is nothing in it.
    #[error("the answer is empty")]
    Empty,
    /// It is not a message.
    #[error("the answer is not readable")]
    Unreadable(#[source] ParseError),
    /// It is a message without an MSA segment.
    #[error("the answer has no MSA segment")]
    NoMsa,
}

impl Reply {
    /// Reads an answer, given the payload of its frame.
    pub fn read(payload: &[u8]) -> Result<Self, ReplyError> {
        let payload = Bytes::copy_from_slice(payload.trim_ascii_start());
        let message = Message::parse(payload).map_err(|error| match error {
            ParseError::Empty => ReplyError::Empty,
            error => ReplyError::Unreadable(error),
        })?;
        Self::of(message.clone())
            .or_else(|| Self::of(split_at_lf(&message)?))
            .ok_or(ReplyError::NoMsa)
    }

    /// `None` where there is no MSA.
    fn of(message: Message) -> Option<Self> {
        let msa = message.segments().find(|segment| segment.name() == b"MSA")?;
        let code = AckCode::from_bytes(msa.field(1).raw().trim_ascii());
        let acknowledged = Bytes::copy_from_slice(msa.field(2).raw());
        let errors = error_codes(&message);
        Some(Self { message, code, acknowledged, errors })
    }

    /// MSA-1; `None` where it is none of the six.
    pub fn code(&self) -> Option<AckCode> {
        self.code
    }

    /// MSA-1 as it stands there, without the blanks around it.
    pub fn code_as_written(&self) -> &[u8] {
        let msa = self.message.segments().find(|segment| segment.name() == b"MSA");
        msa.map(|msa| msa.field(1).raw().trim_ascii()).unwrap_or_default()
    }

    /// MSA-2, the control id of the message that it answers, as it came.
    pub fn acknowledged(&self) -> &[u8] {
        &self.acknowledged
    }

    /// MSA-3: kept with the delivery, never logged (PHI-1).
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let msa = self.message.segments().find(|segment| segment.name() == b"MSA")?;
        match msa.field(3) {
            Value::Absent | Value::Empty | Value::Null => None,
            present @ Value::Present(_) => self.message.text_of(present),
        }
    }

    /// All it says in words: MSA-3, then ERR-3.2 and ERR-8 of its errors. Never logged (PHI-1).
    pub fn texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        const CODE_TEXT: Path = of_error(3, Some(2), None);
        const USER_TEXT: Path = of_error(8, None, None);
        let of_errors = [&CODE_TEXT, &USER_TEXT].into_iter().flat_map(|path| {
            let texts = self.message.all(path).filter(Value::is_present).take(MAX_ERRORS);
            texts.filter_map(|text| self.message.text_of(text))
        });
        self.text().into_iter().chain(of_errors)
    }

    /// The error codes as they came: ERR-3.1 of each ERR, or ERR-1.4 where it has none (up to 2.4).
    pub fn errors(&self) -> impl Iterator<Item = &[u8]> {
        self.errors.iter().map(|code| &code[..])
    }

    /// Whether it gives this reason.
    pub fn reports(&self, code: ErrorCode) -> bool {
        let number = code.number().to_string();
        self.errors().any(|reported| reported == number.as_bytes())
    }

    /// The whole answer.
    pub fn message(&self) -> &Message {
        &self.message
    }
}

impl fmt::Debug for Reply {
    /// Codes and ids, no text: PHI-1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("code", &self.code)
            .field("acknowledged", &identity::presentable(&self.acknowledged))
            .field("errors", &self.errors.len())
            .finish_non_exhaustive()
    }
}

fn split_at_lf(message: &Message) -> Option<Message> {
    Message::parse_with(
        message.bytes().clone(),
        ParseOptions { segments: SegmentEnds::Lf, ..ParseOptions::default() },
    )
    .ok()
}

fn error_codes(message: &Message) -> Vec<Bytes> {
    const CODE: Path = of_error(3, Some(1), None);
    const EARLY_CODE: Path = of_error(1, Some(4), Some(1));
    let taken = |path: &Path| -> Vec<Bytes> {
        let codes = message.all(path).filter(Value::is_present).take(MAX_ERRORS);
        codes.map(|code| message.bytes().slice_ref(code.raw())).collect()
    };
    let codes = taken(&CODE);
    if codes.is_empty() { taken(&EARLY_CODE) } else { codes }
}

const fn of_error(field: u16, component: Option<u16>, subcomponent: Option<u16>) -> Path {
    use crate::Index;
    Path {
        segment: *b"ERR",
        occurrence: Index::Every,
        field,
        repetition: Some(Index::Every),
        component,
        subcomponent,
    }
}
