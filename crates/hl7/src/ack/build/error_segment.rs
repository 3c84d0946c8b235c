//! ERR, in its two shapes: fields of their own since 2.5, one composite before.

use bytes::BufMut;

use super::{AckError, Writer};
use crate::{ErrorCode, Index, Path};

/// The table that ERR-3 codes come from.
const ERROR_TABLE: &str = "HL70357";
/// The longest ERR-8 (HL7 v2.5 chapter 2.15.5.8), in characters.
const MAX_USER_TEXT: usize = 250;
/// How many components of ERL (since 2.5), and of ELD before its code, tell a place.
const ERL_PLACE: usize = 6;
const ELD_PLACE: usize = 3;

impl Writer {
    /// `ERR||MSH^1^9|101^Required field missing^HL70357|E||||text`
    pub(super) fn error_segment(&mut self, error: &AckError<'_>) {
        self.out.put_slice(b"ERR");
        self.separator();
        self.separator();
        self.location(error.location, ERL_PLACE);
        self.separator();
        self.coded(error.code, Some(self.delimiters.component));
        self.separator();
        self.out.put_u8(b'E');
        if let Some(text) = error.user_text {
            self.out.put_bytes(self.delimiters.field, 4);
            self.text(text, MAX_USER_TEXT);
        }
        self.end();
    }

    /// `ERR|MSH^1^9^101&Required field missing&HL70357`
    pub(super) fn early_error_segment(&mut self, error: &AckError<'_>) {
        self.out.put_slice(b"ERR");
        self.separator();
        let located = self.location(error.location, ELD_PLACE);
        for _ in located.max(1)..=ELD_PLACE {
            self.out.put_u8(self.delimiters.component);
        }
        self.coded(error.code, self.delimiters.subcomponent);
        self.end();
    }

    /// `101^Required field missing^HL70357`, or the code alone where nothing may separate.
    fn coded(&mut self, code: ErrorCode, separator: Option<u8>) {
        self.text(&code.number().to_string(), usize::MAX);
        if let Some(separator) = separator {
            for part in [code.text(), ERROR_TABLE] {
                self.out.put_u8(separator);
                self.text(part, usize::MAX);
            }
        }
    }

    /// Segment, its occurrence, field, and as far as given and wanted repetition, component, subcomponent. Tells how
    /// many components were written.
    fn location(&mut self, path: Option<&str>, most: usize) -> usize {
        let Some(path) = path.and_then(|path| path.parse::<Path>().ok()) else { return 0 };
        self.text(path.segment(), usize::MAX);
        let repetition = path.repetition.or(path.component.is_some().then_some(Index::Nth(1)));
        let nth = |index| match index {
            Index::Nth(nth) => nth,
            Index::Every => 1,
        };
        let parts = [
            Some(nth(path.occurrence)),
            Some(path.field),
            repetition.map(nth),
            path.component,
            path.subcomponent,
        ];
        let mut written = 1;
        for part in parts.into_iter().flatten().take(most - 1) {
            self.out.put_u8(self.delimiters.component);
            self.text(&part.to_string(), usize::MAX);
            written += 1;
        }
        written
    }
}
