//! Several messages in one payload: batches and files of batches (HL7 v2.5 chapter 2.10.3), and bare runs of messages.
//!
//! ```text
//! [FHS] { [BHS] { MSH … } [BTS|messages] } [FTS|batches]         every envelope segment may be missing
//! ```
//!
//! [`Batch::split`] cuts where a line begins with one of these names, and holds what BTS-1 and FTS-1 say against what it
//! found: a batch that lost a message on its way must not pass for whole. The messages are slices of the payload, byte
//! for byte (RAW-1); whether each can be read is for whoever reads it.

mod envelope;
mod split;

use bytes::Bytes;

use crate::SegmentEnds;

pub use envelope::Envelope;

/// The most messages of one batch. A message may be as short as its five first bytes, so without a bound a payload
/// would take many times its size; what one batch stores is bounded by the same number.
pub const MAX_MESSAGES: usize = u16::MAX as usize;

/// A payload with several messages, or with none in an envelope.
#[derive(Debug, Clone)]
pub struct Batch {
    /// FHS.
    pub file: Option<Envelope>,
    /// The batches, in their order. Messages outside of BHS and BTS are a batch of their own.
    pub groups: Vec<Group>,
}

/// One batch.
#[derive(Clone)]
pub struct Group {
    /// BHS.
    pub header: Option<Envelope>,
    /// Its messages, each with the end of its last segment.
    pub messages: Vec<Bytes>,
}

/// A payload that is no batch, or one that lost something. Nothing of it is in the error (PHI-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BatchError {
    /// It begins with none of FHS, BHS, MSH, BTS and FTS.
    #[error("the payload begins with none of FHS, BHS and MSH")]
    NoHeader,
    /// The delimiters of an FHS or BHS cannot be read.
    #[error("the batch header in line {line} does not declare usable delimiters")]
    BadHeader {
        /// Where, counting lines from 1.
        line: usize,
    },
    /// Something stands where only an envelope segment or a message may.
    #[error("line {line} belongs neither to a message nor to the envelope")]
    Misplaced {
        /// Where, counting lines from 1.
        line: usize,
    },
    /// BTS-1 is not the number of messages.
    #[error("BTS-1 is not the number of messages: {found} were found")]
    MessageCount {
        /// How many messages the batch has.
        found: usize,
    },
    /// FTS-1 is not the number of batches.
    #[error("FTS-1 is not the number of batches: {found} were found")]
    BatchCount {
        /// How many batches the file has.
        found: usize,
    },
    /// It has more than [`MAX_MESSAGES`].
    #[error("the batch has more than {MAX_MESSAGES} messages")]
    TooMany,
}

impl Batch {
    /// Splits a payload and checks its counts.
    pub fn split(payload: &Bytes, ends: SegmentEnds) -> Result<Self, BatchError> {
        split::split(payload, ends)
    }

    /// Every message, in the payload's order.
    pub fn messages(&self) -> impl Iterator<Item = &Bytes> {
        self.groups.iter().flat_map(|group| &group.messages)
    }

    /// The header that an answer for the whole names: the only BHS, or FHS where there are several.
    pub fn identifying_header(&self) -> Option<&Envelope> {
        let mut headers = self.groups.iter().filter_map(|group| group.header.as_ref());
        match (headers.next(), headers.next(), &self.file) {
            (Some(only), None, _) => Some(only),
            (_, Some(_), Some(file)) | (None, _, Some(file)) => Some(file),
            (first, _, None) => first,
        }
    }
}

impl std::fmt::Debug for Group {
    /// Sizes and ids only: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group")
            .field("header", &self.header)
            .field("messages", &self.messages.len())
            .finish()
    }
}
