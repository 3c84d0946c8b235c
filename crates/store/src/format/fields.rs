//! The simple fields that metas are made of.
//!
//! ```text
//!   number     little endian, fixed width
//!   time       i64, nanoseconds since 1970-01-01T00:00:00Z
//!   text       u8 length, bytes (UTF-8)
//!   maybe x    u8 0, or u8 1 and x
//!   body       u32 length, u32 CRC-32 of its bytes; the bytes stand behind the meta
//! ```

use bytes::Bytes;
use jiff::Timestamp;

use super::version::Version;
use crate::limits::MAX_NAME;

/// Appends fields.
pub(crate) struct Fields<'a>(pub(crate) &'a mut Vec<u8>);

impl Fields<'_> {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn time(&mut self, at: Timestamp) {
        self.0.extend_from_slice(&nanoseconds(at).to_le_bytes());
    }

    /// Longer text is cut at a character.
    pub(crate) fn text(&mut self, text: &str) {
        let fits = (0..=MAX_NAME.min(text.len())).rev().find_map(|end| text.get(..end));
        let kept = fits.unwrap_or_default();
        self.u8(u8::try_from(kept.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(kept.as_bytes());
    }

    pub(crate) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.u8(0),
            Some(value) => {
                self.u8(1);
                write(self, value);
            }
        }
    }

    /// What the meta says of a body. Records above `MAX_RECORD`, and so bodies above 4 GiB, never get here.
    pub(crate) fn body(&mut self, body: &Bytes) {
        self.u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
        self.u32(crc32fast::hash(body));
    }
}

/// A body named by a meta: where it stands among the record's bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodySpan {
    /// Bytes from the first body of the record.
    pub(crate) start: u64,
    /// Its bytes.
    pub(crate) length: u32,
    /// Their CRC-32.
    pub(crate) crc: u32,
}

/// The meta of a record as it stands in the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta<'a> {
    pub(crate) bytes: &'a [u8],
    /// That of its segment.
    pub(crate) version: Version,
}

impl<'a> Meta<'a> {
    pub(crate) fn fields(self) -> FieldReader<'a> {
        FieldReader { version: self.version, ..FieldReader::new(self.bytes) }
    }
}

/// Takes fields off the front. `None` = the bytes end too early or make no sense.
pub(crate) struct FieldReader<'a> {
    rest: &'a [u8],
    next_body: u64,
    version: Version,
}

impl<'a> FieldReader<'a> {
    /// Of bytes that this version wrote.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, next_body: 0, version: Version::WRITTEN }
    }

    /// Reads what came with `version`; what was written before has the default in its place.
    pub(crate) fn since<T: Default>(
        &mut self,
        version: Version,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.version < version { Some(T::default()) } else { read(self) }
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    /// So many bytes as they are.
    pub(crate) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (slice, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(slice)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn time(&mut self) -> Option<Timestamp> {
        from_nanoseconds(self.take().map(i64::from_le_bytes)?)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = usize::from(self.u8()?);
        std::str::from_utf8(self.slice(length)?).ok()
    }

    /// Outer `None` = no sense, inner `None` = absent.
    #[expect(clippy::option_option, reason = "the outer one is this reader's way to fail")]
    pub(crate) fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    pub(crate) fn body(&mut self) -> Option<BodySpan> {
        let span = BodySpan { start: self.next_body, length: self.u32()?, crc: self.u32()? };
        self.next_body += u64::from(span.length);
        Some(span)
    }

    /// Everything was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Nanoseconds since 1970, within what 64 bits hold (until 2262).
pub(crate) fn nanoseconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}

/// The time of so many nanoseconds since 1970.
pub(crate) fn from_nanoseconds(nanoseconds: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_longer_than_its_length_byte_is_cut_at_a_character() {
        let mut bytes = Vec::new();
        Fields(&mut bytes).text(&"ä".repeat(200));
        let mut reader = FieldReader::new(&bytes);
        assert_eq!(reader.text(), Some("ä".repeat(127).as_str()));
        assert!(reader.is_empty());
    }

    #[test]
    fn fields_cut_short_are_none_and_never_panic() {
        let mut bytes = Vec::new();
        let mut fields = Fields(&mut bytes);
        fields.maybe(Some(7), Fields::u64);
        fields.text("destination");
        for end in 0..bytes.len() {
            let mut reader = FieldReader::new(&bytes[..end]);
            let read = reader.maybe(FieldReader::u64).and_then(|_| reader.text());
            assert_eq!(read, None, "cut at {end}");
        }
    }
}
