//! FHS and BHS: who sends a batch to whom, and its id. Both have the same fields.

use std::fmt;

use bytes::Bytes;

use crate::{Delimiters, identity};

/// The header of a batch or of a file of batches.
#[derive(Clone)]
pub struct Envelope {
    /// The segment, without its end.
    line: Bytes,
    delimiters: Delimiters,
}

impl Envelope {
    /// Reads an FHS or BHS segment; `None` where its delimiters cannot be used.
    pub(super) fn read(line: Bytes) -> Option<Self> {
        let (&separator, rest) = line.get(3..)?.split_first()?;
        let encoding = rest.split(|byte| *byte == separator).next()?;
        let delimiters = if encoding.is_empty() {
            // Senders that leave the delimiters out mean the usual ones, which the separator must be told from.
            let usual = Delimiters { field: separator, ..Delimiters::default() };
            usual.encoding_characters().all(|one| one != separator).then_some(usual)?
        } else {
            Delimiters::declared(separator, encoding)?.delimiters
        };
        Some(Self { line, delimiters })
    }

    /// Whether it is the header of a file, FHS.
    pub fn is_file(&self) -> bool {
        self.line.starts_with(b"FHS")
    }

    /// BHS-11 or FHS-11, the control id: the whole field, as the answer gives it back.
    pub fn control_id(&self) -> &[u8] {
        self.field(11)
    }

    /// The separators that it declares.
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// A whole field from number 3 on, as it came; empty where the segment ends before it.
    pub(crate) fn field(&self, number: usize) -> &[u8] {
        let separator = self.delimiters.field;
        // Field 1 is the separator itself, so the part at 0 is the name and the one at 1 is field 2.
        self.line.split(|byte| *byte == separator).nth(number - 1).unwrap_or_default()
    }
}

impl fmt::Debug for Envelope {
    /// The id only: PHI-1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("control_id", &identity::presentable(self.control_id()))
            .finish_non_exhaustive()
    }
}
