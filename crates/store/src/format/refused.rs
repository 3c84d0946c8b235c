//! The meta of a refused record: what a listener answered negatively, or set aside, and so never took.
//!
//! ```text
//!   text   listener
//!   text   peer
//!   2 bytes  the code that was answered
//!   text   the cause's stable code
//!   u64    its size, bytes
//!   body   its first bytes
//! ```
//!
//! It means nothing for any queue: it is history. The time of the record is when it was refused. It came with version 3.

use bytes::Bytes;

use super::fields::{BodySpan, FieldReader, Fields, Meta};
use super::version::Version;
use crate::api::RefusedMessage;
use crate::limits::MAX_REFUSED_BODY;

/// A refused record as it is read.
#[derive(Debug)]
pub(crate) struct RefusedMeta<'a> {
    pub(crate) listener: &'a str,
    pub(crate) peer: &'a str,
    pub(crate) code: [u8; 2],
    pub(crate) cause: &'a str,
    /// Of all that came, of which the body may be the beginning.
    pub(crate) size: u64,
    pub(crate) body: BodySpan,
}

/// Cuts what came to what is kept of it. A part is copied, so that it does not keep the whole in memory.
pub(crate) fn kept_body(body: &Bytes) -> Bytes {
    match body.get(..MAX_REFUSED_BODY) {
        Some(first) if first.len() < body.len() => Bytes::copy_from_slice(first),
        Some(_) | None => body.clone(),
    }
}

/// Writes the meta of what came; its body is to be cut already.
pub(crate) fn write_refused(fields: &mut Fields<'_>, refused: &RefusedMessage) {
    fields.text(&refused.listener);
    fields.text(&refused.peer);
    fields.bytes(&refused.code);
    fields.text(&refused.cause);
    fields.u64(refused.size);
    fields.body(&refused.body);
}

impl<'a> RefusedMeta<'a> {
    pub(crate) fn read(meta: Meta<'a>) -> Option<Self> {
        if meta.version < Version::Three {
            return None;
        }
        let mut reader = meta.fields();
        let refused = Self::fields(&mut reader)?;
        reader.is_empty().then_some(refused)
    }

    fn fields(reader: &mut FieldReader<'a>) -> Option<Self> {
        Some(Self {
            listener: reader.text()?,
            peer: reader.text()?,
            code: reader.take()?,
            cause: reader.text()?,
            size: reader.u64()?,
            body: reader.body()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn refused() -> RefusedMessage {
        RefusedMessage {
            at: Timestamp::UNIX_EPOCH,
            listener: "adt-in".into(),
            peer: "10.0.0.1:4711".into(),
            code: *b"AR",
            cause: "not-accepted".into(),
            size: 2_000_000,
            body: Bytes::from_static(b"MSH|"),
        }
    }

    #[test]
    fn what_was_refused_reads_back_with_its_reason() {
        let mut bytes = Vec::new();
        write_refused(&mut Fields(&mut bytes), &refused());
        let meta = Meta { bytes: &bytes, version: Version::WRITTEN };
        let read = RefusedMeta::read(meta).expect("readable");
        assert_eq!((read.listener, read.peer), ("adt-in", "10.0.0.1:4711"));
        assert_eq!((read.code, read.cause, read.size), (*b"AR", "not-accepted", 2_000_000));
        assert_eq!((read.body.start, read.body.length), (0, 4));
        for end in 0..bytes.len() {
            let cut = Meta { bytes: &bytes[..end], version: Version::WRITTEN };
            assert!(RefusedMeta::read(cut).is_none(), "cut at {end}");
        }
        let before = Meta { bytes: &bytes, version: Version::Two };
        assert!(RefusedMeta::read(before).is_none(), "no earlier version wrote it");
    }

    #[test]
    fn no_more_is_kept_than_the_limit() {
        let long = Bytes::from(vec![b'x'; MAX_REFUSED_BODY + 1]);
        assert_eq!(kept_body(&long).len(), MAX_REFUSED_BODY);
        let short = long.slice(..MAX_REFUSED_BODY);
        assert_eq!(kept_body(&short).as_ptr(), short.as_ptr(), "it is not copied");
    }
}
