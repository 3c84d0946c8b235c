//! A block of a run: some entries in the order of their keys, under one checksum.
//!
//! ```text
//!   block = u32 length of what follows but the checksum │ entry │ entry │ … │ u32 CRC-32 of the entries
//!   entry = number of bytes shared with the key before · number of its own · number of the value's · own bytes · value
//! ```
//!
//! Keys that stand beside each other begin alike, so most of a key is not written.

use super::varint::{Taking, put};

/// A block is closed at this size: read in one go, and small beside what a search looks at.
pub(super) const BLOCK_TARGET: usize = 8 * 1024;

/// A longer block is not believed: an entry is far smaller than this, and nothing follows the one that fills a block.
pub(super) const MAX_BLOCK: usize = 1024 * 1024;

/// What stands before and behind the entries.
pub(super) const BLOCK_FRAME: usize = 8;

/// Entries in memory, in the order of their keys.
#[derive(Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

struct Span {
    start: usize,
    value: usize,
    end: usize,
}

impl Block {
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.spans.push(Span { start, value: start + key.len(), end: self.bytes.len() });
    }

    /// The entries of a block as it stands in a file, its frame taken off.
    fn decode(entries: &[u8]) -> Option<Self> {
        let mut block = Self::default();
        let mut rest = Taking(entries);
        while !rest.0.is_empty() {
            let (shared, own, length) = (rest.length()?, rest.length()?, rest.length()?);
            let before = block.spans.last().map_or(0..0, |last| last.start..last.value);
            let shared = before.start..before.start.checked_add(shared)?;
            if shared.end > before.end {
                return None;
            }
            let start = block.bytes.len();
            block.bytes.extend_from_within(shared);
            block.bytes.extend_from_slice(rest.bytes(own)?);
            let value = block.bytes.len();
            block.bytes.extend_from_slice(rest.bytes(length)?);
            block.spans.push(Span { start, value, end: block.bytes.len() });
        }
        Some(block)
    }

    /// Reads a whole block off the front of `framed`; `None` = it is damaged.
    pub(super) fn read(framed: &[u8]) -> Option<Self> {
        let (length, rest) = framed.split_first_chunk::<4>()?;
        let (entries, rest) = rest.split_at_checked(length_of(*length)?)?;
        let crc = u32::from_le_bytes(*rest.first_chunk()?);
        (crc32fast::hash(entries) == crc).then(|| Self::decode(entries))?
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn key(&self, nth: usize) -> Option<&[u8]> {
        let span = self.spans.get(nth)?;
        self.bytes.get(span.start..span.value)
    }

    pub(super) fn value(&self, nth: usize) -> Option<&[u8]> {
        let span = self.spans.get(nth)?;
        self.bytes.get(span.value..span.end)
    }

    /// How many entries have a smaller key.
    pub(super) fn count_below(&self, bound: &[u8]) -> usize {
        self.spans.partition_point(|span| {
            self.bytes.get(span.start..span.value).is_some_and(|key| key < bound)
        })
    }
}

/// The length a frame says; `None` = it cannot be.
pub(super) fn length_of(length: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(length)).ok().filter(|length| *length <= MAX_BLOCK)
}

/// Packs entries, which come in the order of their keys.
#[derive(Default)]
pub(super) struct BlockWriter {
    bytes: Vec<u8>,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl BlockWriter {
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        if self.bytes.is_empty() {
            self.first = key.to_vec();
            self.last.clear();
        }
        let shared = self.last.iter().zip(key).take_while(|(one, other)| one == other).count();
        let own = key.get(shared..).unwrap_or_default();
        put(&mut self.bytes, shared as u64);
        put(&mut self.bytes, own.len() as u64);
        put(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(own);
        self.bytes.extend_from_slice(value);
        self.last.truncate(shared);
        self.last.extend_from_slice(own);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= BLOCK_TARGET
    }

    /// The block with its frame, and its first key; the next one begins.
    pub(super) fn take(&mut self) -> (Vec<u8>, Vec<u8>) {
        let entries = std::mem::take(&mut self.bytes);
        let mut framed = Vec::with_capacity(entries.len() + BLOCK_FRAME);
        framed.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(u32::MAX).to_le_bytes());
        framed.extend_from_slice(&entries);
        framed.extend_from_slice(&crc32fast::hash(&entries).to_le_bytes());
        (framed, std::mem::take(&mut self.first))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn entries_read_back_and_any_changed_byte_is_seen(
            entries in prop::collection::btree_map(
                prop::collection::vec(0..4u8, 0..6),
                prop::collection::vec(any::<u8>(), 0..5),
                1..40,
            ),
            place in any::<prop::sample::Index>(),
        ) {
            let mut writer = BlockWriter::default();
            for (key, value) in &entries {
                writer.add(key, value);
            }
            let (mut framed, first) = writer.take();
            let block = Block::read(&framed).expect("whole");
            let read: BTreeMap<_, _> = (0..block.len())
                .map(|nth| (block.key(nth).expect("a key").to_vec(), block.value(nth).expect("a value").to_vec()))
                .collect();
            prop_assert_eq!(Some(&first), entries.keys().next());
            prop_assert_eq!(&read, &entries);
            for (nth, key) in entries.keys().enumerate() {
                prop_assert_eq!(block.count_below(key), nth);
            }
            let place = place.index(framed.len());
            framed[place] ^= 1;
            prop_assert!(Block::read(&framed).is_none());
        }

        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _some = Block::decode(&bytes);
            let _some = Block::read(&bytes);
        }
    }
}
