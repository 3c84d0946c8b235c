//! What a broken disk, or somebody with a shell, does to a file.

use std::sync::Arc;

use super::memory::Contents;

/// What every group begins at a multiple of.
pub(crate) const BLOCK: usize = 4096;

/// Places are multiples of a block and some bytes, so that a fuzzer hits the beginnings of records.
pub(crate) struct Edit {
    kind: Kind,
    file: usize,
    at: usize,
    length: usize,
    /// From where blocks are copied; with what bytes are changed.
    other: u8,
}

enum Kind {
    /// Changes one byte.
    Flip,
    /// Empties a range.
    Zero,
    /// Empties everything from a place on.
    ZeroRest,
    /// Cuts the file.
    Cut,
    /// Copies whole blocks inside the file.
    CopyBlocks,
    /// Copies whole blocks from the file before it.
    CopyFromBefore,
    /// Removes the file; the oldest one stays, which a store may have let go.
    Remove,
}

impl Edit {
    /// Kind, file, block, two of the place in it, two of the length, one more.
    pub(crate) const BYTES: usize = 8;

    pub(crate) fn read(&[kind, file, block, o0, o1, l0, l1, other]: &[u8; Self::BYTES]) -> Self {
        let kind = match kind % 7 {
            0 => Kind::Flip,
            1 => Kind::Zero,
            2 => Kind::ZeroRest,
            3 => Kind::Cut,
            4 => Kind::CopyBlocks,
            5 => Kind::CopyFromBefore,
            _ => Kind::Remove,
        };
        let offset = usize::from(u16::from_le_bytes([o0, o1])) % BLOCK;
        let at = usize::from(block) * BLOCK + offset;
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        Self { kind, file: file.into(), at, length, other }
    }

    pub(crate) fn apply(&self, contents: &mut Contents) {
        let names: Vec<String> = contents.keys().cloned().collect();
        let file = self.file % names.len();
        let before = contents.get(&names[file.saturating_sub(1)]).cloned().unwrap_or_default();
        let name = &names[file];
        if matches!(self.kind, Kind::Remove) {
            if file > 0 {
                contents.remove(name);
            }
            return;
        }
        let Some(bytes) = contents.get_mut(name) else { return };
        let bytes = Arc::make_mut(bytes);
        match self.kind {
            Kind::Flip => {
                if let Some(byte) = bytes.get_mut(self.at) {
                    *byte ^= self.other;
                }
            }
            Kind::Zero => {
                let end = bytes.len().min(self.at + self.length);
                bytes.get_mut(self.at..end).unwrap_or_default().fill(0);
            }
            Kind::ZeroRest => bytes.get_mut(self.at..).unwrap_or_default().fill(0),
            Kind::Cut => bytes.truncate(self.at),
            Kind::CopyBlocks => self.copy(&bytes.clone(), bytes),
            Kind::CopyFromBefore => self.copy(&before, bytes),
            Kind::Remove => {}
        }
    }

    fn copy(&self, from: &[u8], to: &mut Vec<u8>) {
        let source = usize::from(self.other) * BLOCK;
        let end = from.len().min(source + (self.length % 8 + 1) * BLOCK);
        let copied = from.get(source..end).unwrap_or_default();
        let at = self.at / BLOCK * BLOCK;
        let until = to.len().max(at + copied.len());
        to.resize(until, 0);
        to[at..at + copied.len()].copy_from_slice(copied);
    }
}
