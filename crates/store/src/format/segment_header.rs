//! The first block of a segment. It is synced before the first group is written behind it.
//!
//! ```text
//!    0  8  "WARDJRNL"
//!    8  4  format version
//!   12  4  CRC-32 of bytes 0..12 and 16..64
//!   16  8  segment id: 1, 2, 3 … without a gap
//!   24  8  salt: random, so that bytes inside a message can never pass for a record
//!   32  8  number of the first record
//!   40  8  number of the first group
//!   48  8  where the records of the segment before end, as its writer or a recovery found; 0 in the first
//!   56  8  when it was begun, nanoseconds since 1970
//!   64  …  zeros up to 4096
//! ```

use super::BLOCK_BYTES;
use super::version::Version;

const MAGIC: &[u8; 8] = b"WARDJRNL";
const USED: usize = 64;

/// What the first block of a segment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) version: Version,
    pub(crate) id: u64,
    pub(crate) salt: u64,
    pub(crate) first_number: u64,
    pub(crate) first_group: u64,
    pub(crate) previous_end: u64,
    pub(crate) created_nanoseconds: i64,
}

/// Why a block is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHeader {
    /// Its checksum or its first bytes are wrong.
    Unreadable,
    /// A version wrote it that this one does not know.
    Version(u32),
}

impl SegmentHeader {
    /// The whole block.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        block.extend_from_slice(MAGIC);
        block.extend_from_slice(&self.version.number().to_le_bytes());
        block.extend_from_slice(&[0; 4]);
        for number in [self.id, self.salt, self.first_number, self.first_group, self.previous_end] {
            block.extend_from_slice(&number.to_le_bytes());
        }
        block.extend_from_slice(&self.created_nanoseconds.to_le_bytes());
        debug_assert_eq!(block.len(), USED);
        let crc = checksum(&block);
        block.splice(12..16, crc.to_le_bytes());
        block.resize(BLOCK_BYTES, 0);
        block
    }

    /// Reads a header off the front of `block`.
    pub(crate) fn decode(block: &[u8]) -> Result<Self, NoHeader> {
        let number = |at: usize| {
            let bytes = block.get(at..)?.first_chunk::<8>()?;
            Some(u64::from_le_bytes(*bytes))
        };
        if !block.starts_with(MAGIC) {
            return Err(NoHeader::Unreadable);
        }
        let words = number(8).ok_or(NoHeader::Unreadable)?.to_le_bytes();
        let [v0, v1, v2, v3, c0, c1, c2, c3] = words;
        let number_of_version = u32::from_le_bytes([v0, v1, v2, v3]);
        let version = Version::of(number_of_version);
        let version = version.ok_or(NoHeader::Version(number_of_version))?;
        if u32::from_le_bytes([c0, c1, c2, c3]) != checksum(block) {
            return Err(NoHeader::Unreadable);
        }
        let field = |at| number(at).ok_or(NoHeader::Unreadable);
        Ok(Self {
            version,
            id: field(16)?,
            salt: field(24)?,
            first_number: field(32)?,
            first_group: field(40)?,
            previous_end: field(48)?,
            created_nanoseconds: field(56)?.cast_signed(),
        })
    }
}

fn checksum(block: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(block.get(..12).unwrap_or_default());
    hasher.update(block.get(16..USED).unwrap_or_default());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SegmentHeader = SegmentHeader {
        version: Version::WRITTEN,
        id: 7,
        salt: 0xDEAD_BEEF,
        first_number: 100,
        first_group: 40,
        previous_end: 8192,
        created_nanoseconds: 1_790_000_000_000_000_000,
    };

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        for version in Version::ALL {
            let header = SegmentHeader { version, ..HEADER };
            let block = header.encode();
            assert_eq!(block.len(), BLOCK_BYTES);
            assert_eq!(SegmentHeader::decode(&block), Ok(header));
        }
    }

    #[test]
    fn any_changed_byte_of_a_header_is_seen() {
        for at in 0..USED {
            let mut block = HEADER.encode();
            block[at] ^= 0x10;
            assert!(SegmentHeader::decode(&block).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_header_of_another_version_is_told_from_damage() {
        let mut block = HEADER.encode();
        block[8] = 4;
        assert_eq!(SegmentHeader::decode(&block), Err(NoHeader::Version(4)));
    }
}
