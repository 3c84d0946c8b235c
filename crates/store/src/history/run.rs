//! A run: entries of a part of one segment, sorted, in a file that never changes.
//!
//! It may be damaged or gone at any time: whoever finds it so says so, and it is made anew from the journal.

mod merge;
mod writer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::block::{BLOCK_FRAME, Block, length_of};
use super::footer::{Extent, Footer, MAGIC, TAIL};
use super::varint::Taking;
use crate::api::Name;
use crate::disk::read_full;

pub(super) use merge::merge;
pub(super) use writer::{Written, write};

/// The end of a run's name.
pub(super) const RUN: &str = "run";

/// A longer footer is not believed: the root, and names of some thousand interfaces.
const MAX_FOOTER: usize = 16 * 1024 * 1024;

/// Read at once of a block: most are no longer.
const FIRST_READ: usize = 9 * 1024;

/// One run.
pub(super) struct Run {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    file: File,
    footer: Footer,
    damaged: AtomicBool,
}

/// What was read of a run makes no sense, or could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error("cannot read or write a run of the history")]
    Io(#[from] io::Error),
    #[error("a run of the history is damaged")]
    Damaged,
}

impl Run {
    pub(super) fn open(path: &Path) -> Result<Self, RunError> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut tail = [0; TAIL];
        let tail_at = bytes.checked_sub(TAIL as u64).ok_or(RunError::Damaged)?;
        read_exactly(&file, &mut tail, tail_at)?;
        let (words, magic) = tail.split_first_chunk::<8>().ok_or(RunError::Damaged)?;
        let [l0, l1, l2, l3, c0, c1, c2, c3] = *words;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let footer_at = tail_at.checked_sub(length as u64).ok_or(RunError::Damaged)?;
        if magic != MAGIC || length > MAX_FOOTER {
            return Err(RunError::Damaged);
        }
        let mut footer = vec![0; length];
        read_exactly(&file, &mut footer, footer_at)?;
        if crc32fast::hash(&footer) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(RunError::Damaged);
        }
        let footer = Footer::read(&footer).ok_or(RunError::Damaged)?;
        if footer.entries_end > footer_at {
            return Err(RunError::Damaged);
        }
        Ok(Self { path: path.to_owned(), bytes, file, footer, damaged: AtomicBool::new(false) })
    }

    pub(super) fn extent(&self) -> &Extent {
        &self.footer.extent
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.footer.fingerprint
    }

    pub(super) fn salt(&self) -> u64 {
        self.footer.salt
    }

    pub(super) fn names(&self) -> &Vec<Name> {
        &self.footer.names
    }

    /// Something in it could not be read.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Notes that something in it could not be read; says whether that is news.
    pub(super) fn set_damaged(&self) -> bool {
        !self.damaged.swap(true, Ordering::Relaxed)
    }

    /// The block with the last entries below `bound`; it may hold others above.
    pub(super) fn below(&self, bound: &[u8]) -> Result<Block, RunError> {
        let Some(mut at) = place_below(&self.footer.root, bound)? else {
            return Ok(Block::default());
        };
        for _ in 0..self.footer.levels {
            let (index, _) = self.block(at)?;
            at = place_below(&index, bound)?.ok_or(RunError::Damaged)?;
        }
        Ok(self.block(at)?.0)
    }

    /// The block at a place, and where the next one begins.
    fn block(&self, at: u64) -> Result<(Block, u64), RunError> {
        let mut framed = vec![0; FIRST_READ];
        let read = read_full(&self.file, &mut framed, at)?;
        framed.truncate(read);
        let length = framed.first_chunk::<4>().and_then(|length| length_of(*length));
        let whole = length.ok_or(RunError::Damaged)? + BLOCK_FRAME;
        if whole > framed.len() {
            framed.resize(whole, 0);
            read_exactly(&self.file, &mut framed, at)?;
        }
        let block = Block::read(&framed).ok_or(RunError::Damaged)?;
        Ok((block, at + whole as u64))
    }

    /// All blocks of entries, in order.
    pub(super) fn blocks(&self) -> Blocks<'_> {
        Blocks { run: self, at: 0 }
    }
}

/// Reads a run from its first entry to its last.
pub(super) struct Blocks<'r> {
    run: &'r Run,
    at: u64,
}

impl Iterator for Blocks<'_> {
    type Item = Result<Block, RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.run.footer.entries_end {
            return None;
        }
        let read = self.run.block(self.at);
        self.at = read.as_ref().map_or(u64::MAX, |(_, next)| *next);
        Some(read.map(|(block, _)| block))
    }
}

/// The place of the last block whose first key is below `bound`; `None` = all are above.
fn place_below(index: &Block, bound: &[u8]) -> Result<Option<u64>, RunError> {
    let Some(nth) = index.count_below(bound).checked_sub(1) else { return Ok(None) };
    let place = index.value(nth).and_then(|value| Taking(value).number());
    place.map(Some).ok_or(RunError::Damaged)
}

fn read_exactly(file: &File, buffer: &mut [u8], at: u64) -> Result<(), RunError> {
    let read = read_full(file, buffer, at)?;
    if read == buffer.len() { Ok(()) } else { Err(RunError::Damaged) }
}

#[cfg(test)]
mod tests;
