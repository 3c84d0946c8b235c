//! The bytes of the journal. `DESIGN.md` of this crate draws all of them; each file here draws its own.
//!
//! ```text
//!   segment = header block │ group │ group │ … │ zeros            while it is written
//!   segment = header block │ group │ group │ … │ table            when it is sealed
//!   group   = record │ record │ … │ zeros up to a multiple of 4 KiB
//!   record  = record header (40 bytes) │ meta │ bodies
//! ```
//!
//! Numbers are little endian. The meta is small and tells everything but the bytes of messages; the bodies follow in
//! the order in which the meta names them, each with its length and checksum there. So the index reads metas only.

pub(crate) mod accept;
pub(crate) mod bodies;
pub(crate) mod carried;
pub(crate) mod change;
pub(crate) mod fields;
pub(crate) mod record;
pub(crate) mod refused;
pub(crate) mod segment_header;
pub(crate) mod state;
pub(crate) mod version;

/// Groups begin at multiples of this: the unit in which disks keep or lose what was not synced.
pub(crate) const BLOCK: u64 = BLOCK_BYTES as u64;

/// The same as a length in memory.
pub(crate) const BLOCK_BYTES: usize = 4096;

/// The next multiple of [`BLOCK`].
pub(crate) fn block_aligned(offset: u64) -> u64 {
    offset.next_multiple_of(BLOCK)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::accept::AcceptMeta;
    use super::bodies;
    use super::carried::CarriedMeta;
    use super::change::ChangeMeta;
    use super::fields::Meta;
    use super::record::{Kind, RecordHeader};
    use super::refused::RefusedMeta;
    use super::segment_header::SegmentHeader;
    use super::version::Version;

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _some = RecordHeader::read(&bytes);
            let _some = SegmentHeader::decode(&bytes);
            for version in Version::ALL {
                let meta = Meta { bytes: &bytes, version };
                let _some = AcceptMeta::read(meta);
                let _some = CarriedMeta::read(meta);
                let _some = ChangeMeta::read(&mut meta.fields());
                let _some = RefusedMeta::read(meta);
                for kind in [Kind::Accept, Kind::Change, Kind::Carried, Kind::Refused] {
                    let spans = bodies::spans(kind, meta).unwrap_or_default();
                    prop_assert!(spans.is_sorted_by_key(|span| span.start));
                }
            }
        }
    }
}
