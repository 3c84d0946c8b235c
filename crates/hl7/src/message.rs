//! One message: its bytes as they came, and a view that reads no more of them than is asked for.
//!
//! ```text
//! parse     BOM, empty lines │ MSH │ field │ MSH-2 │ field │ MSH-3 … MSH-18 … │ CR ──────── everything else ────────
//!           passed over        └── delimiters, end of segments, field offsets ┘   untouched until it is asked for
//! ```
//!
//! Keeps RAW-1: [`Message::bytes`] is the payload, byte for byte, whatever was read of it. Keeps PHI-1: `Debug` shows
//! ids and sizes.

mod edit;
mod lints;
mod parse;
mod read;
mod reencode;
mod restructure;
mod segments;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::charset::{Charset, CharsetRule, Declared, outline};
use crate::header::HeaderFields;
use crate::segment_ends::Ends;
use crate::{Delimiters, Header, SegmentEnds, identity};

pub use edit::EditError;
pub use lints::{Lint, Lints};
pub use parse::ParseError;
pub use reencode::{ReencodeError, Unmappable};
pub use segments::{Segment, Segments};

pub(crate) use parse::past_prologue;
pub(crate) use segments::is_blank;

/// One message. Cheap to clone: the bytes are shared.
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    /// Where MSH begins: behind a BOM or empty lines.
    start: u32,
    delimiters: Delimiters,
    /// MSH-2 has a character twice.
    delimiters_repeated: bool,
    options: ParseOptions,
    ends: Ends,
    fields: HeaderFields,
    spans: OnceLock<Arc<[segments::Span]>>,
    charset: OnceLock<Charset>,
    /// The bytes with all characters blotted out that could be taken for delimiters; `None` where none could.
    outline: OnceLock<Option<Arc<[u8]>>>,
}

/// How a listener wants its messages read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParseOptions {
    /// Where segments end.
    pub segments: SegmentEnds,
    /// How its charset is decided.
    pub charset: CharsetRule,
    /// Whether anything unusual is refused instead of being a lint: for whoever tests senders, never for whoever serves
    /// them.
    pub strict: bool,
}

impl Message {
    /// Reads the header of a payload, with segment ends decided by its bytes.
    pub fn parse(bytes: Bytes) -> Result<Self, ParseError> {
        Self::parse_with(bytes, ParseOptions::default())
    }

    /// Reads the header of a payload.
    pub fn parse_with(bytes: Bytes, options: ParseOptions) -> Result<Self, ParseError> {
        parse::parse(bytes, options)
    }

    /// The payload, byte for byte as it came (RAW-1).
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The separators that MSH-1 and MSH-2 declare.
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// The MSH segment, typed.
    pub fn header(&self) -> Header<'_> {
        Header::of(self)
    }

    /// How many MSH segments there are: 1 in a message; more without an envelope are several messages in one frame.
    /// One pass over the bytes, nothing kept.
    pub fn message_headers(&self) -> usize {
        segments::count_headers(self)
    }

    /// What is unusual but readable in these bytes. One pass over the bytes, nothing kept.
    pub fn lints(&self) -> Lints {
        lints::of(self)
    }

    /// The segments in their order, any three characters' name included; empty lines are passed over.
    pub fn segments(&self) -> Segments<'_> {
        Segments::of(self)
    }

    /// The first `most` of [`Message::segments`], found without looking at the rest of the message.
    pub fn leading_segments(&self, most: usize) -> impl Iterator<Item = Segment<'_>> {
        segments::leading(self, most)
    }

    pub(crate) fn header_field(&self, number: usize) -> &[u8] {
        self.header_range(number).and_then(|range| self.bytes.get(range)).unwrap_or_default()
    }

    pub(crate) fn header_range(&self, number: usize) -> Option<Range<usize>> {
        self.fields.range(number)
    }

    /// The bytes from MSH on.
    fn body(&self) -> &[u8] {
        usize::try_from(self.start)
            .ok()
            .and_then(|start| self.bytes.get(start..))
            .unwrap_or_default()
    }

    /// The charset that its text is read in.
    pub fn charset(&self) -> Charset {
        *self.charset.get_or_init(|| self.options.charset.decide(self.declared(), &self.bytes))
    }

    /// What MSH-18 says.
    fn declared(&self) -> Declared {
        Declared::read(self.header().character_set(), self.delimiters.repetition)
    }

    /// The bytes to look for separators in: the payload, or its outline where a character could hide one. Whatever is
    /// found there lies in the payload at the same place.
    pub(crate) fn outline(&self) -> &[u8] {
        let declares = !self.header().character_set().is_empty();
        if !self.options.charset.may_overlap(declares) {
            return &self.bytes;
        }
        let outlined = || outline(&self.bytes, self.charset()).map(Arc::from);
        self.outline.get_or_init(outlined).as_deref().unwrap_or(&self.bytes)
    }
}

impl fmt::Debug for Message {
    /// What PHI-1 allows: type, control id, length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("code", &identity::presentable(self.header().message_code().as_bytes()))
            .field("control_id", &identity::presentable(self.header().control_id()))
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
