//! The header of a record.
//!
//! ```text
//!    0  4  CRC-32 of: the segment's salt, its id, bytes 4..40, the meta
//!    4  4  length of the meta
//!    8  4  length of the bodies
//!   12  1  kind: 1 accept, 2 change, 3 carried, 4 refused
//!   13  1  flags: bit 0 = the last record of its group
//!   14  2  how many numbers it takes: its messages, at least 1
//!   16  8  group number
//!   24  8  record number; of its messages the first
//!   32  8  time, nanoseconds since 1970
//!   40  …  meta, then bodies
//! ```
//!
//! The checksum leaves the bodies to their own (in the meta), which are computed by the threads that hand them over.

/// Bytes before the meta.
pub(crate) const RECORD_HEADER: usize = 40;

const LAST_OF_GROUP: u8 = 1;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Messages with all their deliveries.
    Accept,
    /// What became of a delivery or a destination.
    Change,
    /// A live message copied out of the oldest segment, with the whole truth about it.
    Carried,
    /// What was not taken.
    Refused,
}

/// The header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) meta_length: u32,
    pub(crate) bodies_length: u32,
    pub(crate) kind: Kind,
    pub(crate) last_of_group: bool,
    pub(crate) numbers: u16,
    pub(crate) group: u64,
    pub(crate) number: u64,
    pub(crate) at_nanoseconds: i64,
}

/// A segment's share in the checksums of its records.
#[derive(Debug, Clone)]
pub(crate) struct Seal(crc32fast::Hasher);

impl Seal {
    pub(crate) fn new(salt: u64, segment: u64) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&salt.to_le_bytes());
        hasher.update(&segment.to_le_bytes());
        Self(hasher)
    }

    /// The checksum of a record whose header (from byte 4) and meta these are.
    pub(crate) fn checksum(&self, header_and_meta: &[u8]) -> u32 {
        let mut hasher = self.0.clone();
        hasher.update(header_and_meta);
        hasher.finalize()
    }
}

impl RecordHeader {
    /// Fills the first [`RECORD_HEADER`] bytes of `head`, behind which the meta stands already.
    pub(crate) fn write(&self, head: &mut [u8], seal: &Seal) {
        let mut header = [0; RECORD_HEADER];
        let flags = if self.last_of_group { LAST_OF_GROUP } else { 0 };
        let [n0, n1] = self.numbers.to_le_bytes();
        let parts: [&[u8]; 6] = [
            &self.meta_length.to_le_bytes(),
            &self.bodies_length.to_le_bytes(),
            &[self.kind.code(), flags, n0, n1],
            &self.group.to_le_bytes(),
            &self.number.to_le_bytes(),
            &self.at_nanoseconds.to_le_bytes(),
        ];
        let mut at = 4;
        for part in parts {
            header[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        head[..RECORD_HEADER].copy_from_slice(&header);
        let crc = seal.checksum(&head[4..]);
        head[..4].copy_from_slice(&crc.to_le_bytes());
    }

    /// Reads a header off the front of `bytes`, its checksum unchecked. `None` = this is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<RECORD_HEADER>()?;
        let word = |at: usize| Some(u32::from_le_bytes(*header.get(at..)?.first_chunk()?));
        let long = |at: usize| Some(u64::from_le_bytes(*header.get(at..)?.first_chunk()?));
        Some(Self {
            meta_length: word(4)?,
            bodies_length: word(8)?,
            kind: Kind::of(header[12])?,
            last_of_group: header[13] & LAST_OF_GROUP != 0,
            numbers: u16::from_le_bytes([header[14], header[15]]),
            group: long(16)?,
            number: long(24)?,
            at_nanoseconds: long(32)?.cast_signed(),
        })
    }

    /// Header and meta.
    pub(crate) fn head_length(&self) -> u64 {
        RECORD_HEADER as u64 + u64::from(self.meta_length)
    }

    /// The whole record.
    pub(crate) fn length(&self) -> u64 {
        self.head_length() + u64::from(self.bodies_length)
    }

    /// Whether `head`, which is header and meta of this record, is as it was written into the segment of `seal`.
    pub(crate) fn is_intact(head: &[u8], seal: &Seal) -> bool {
        match head.split_first_chunk::<4>() {
            Some((crc, rest)) => u32::from_le_bytes(*crc) == seal.checksum(rest),
            None => false,
        }
    }
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Accept => 1,
            Self::Change => 2,
            Self::Carried => 3,
            Self::Refused => 4,
        }
    }

    fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Accept),
            2 => Some(Self::Change),
            3 => Some(Self::Carried),
            4 => Some(Self::Refused),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: RecordHeader = RecordHeader {
        meta_length: 5,
        bodies_length: 1000,
        kind: Kind::Change,
        last_of_group: true,
        numbers: 3,
        group: 9,
        number: 1_000_000,
        at_nanoseconds: -5,
    };

    fn head(seal: &Seal) -> Vec<u8> {
        let mut head = vec![0; RECORD_HEADER];
        head.extend_from_slice(b"meta!");
        HEADER.write(&mut head, seal);
        head
    }

    #[test]
    fn a_record_header_reads_back_as_it_was_written() {
        let seal = Seal::new(1, 2);
        let head = head(&seal);
        assert_eq!(RecordHeader::read(&head), Some(HEADER));
        assert!(RecordHeader::is_intact(&head, &seal));
        assert_eq!(HEADER.length(), 1045);
    }

    #[test]
    fn a_record_is_not_intact_in_another_segment_or_with_any_byte_changed() {
        let seal = Seal::new(1, 2);
        let head = head(&seal);
        assert!(!RecordHeader::is_intact(&head, &Seal::new(1, 3)));
        assert!(!RecordHeader::is_intact(&head, &Seal::new(2, 2)));
        for at in 0..head.len() {
            let mut changed = head.clone();
            changed[at] ^= 1;
            assert!(!RecordHeader::is_intact(&changed, &seal), "byte {at}");
        }
    }

    #[test]
    fn zeros_are_no_record() {
        assert_eq!(RecordHeader::read(&[0; 64]), None);
    }
}
