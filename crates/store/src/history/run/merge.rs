//! Several runs of one segment into one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use std::sync::Arc;

use super::writer::RunWriter;
use super::{Blocks, Run, RunError, Written, write};
use crate::history::block::Block;
use crate::history::entry::{EVENT, Event, ROW, Row};
use crate::history::footer::Extent;
use crate::index::Interner;

/// Writes what `runs` hold, which follow each other in one segment, as one run. In memory is a block of each.
pub(in crate::history) fn merge(path: &Path, runs: &[Arc<Run>]) -> Result<Run, RunError> {
    let (first, rest) = runs.split_first().ok_or(RunError::Damaged)?;
    let extents = rest.iter().map(|run| run.extent());
    let extent: Extent = extents.fold(first.extent().clone(), Extent::with);
    let (fingerprint, salt) = (first.fingerprint(), first.salt());
    let written = Written { fingerprint, salt, extent: &extent };
    write(path, &written, |writer, names| merge_into(writer, names, runs))
}

fn merge_into(
    writer: &mut RunWriter,
    names: &mut Interner,
    runs: &[Arc<Run>],
) -> Result<(), RunError> {
    let mut readers: Vec<Reader<'_>> = runs.iter().map(|run| Reader::new(run)).collect();
    let mut heads = BinaryHeap::new();
    for (nth, reader) in readers.iter_mut().enumerate() {
        heads.extend(reader.key()?.map(|key| Reverse((key, nth))));
    }
    while let Some(Reverse((key, nth))) = heads.pop() {
        let Some(reader) = readers.get_mut(nth) else { continue };
        // A message that was carried twice into one segment: the later run has the later copy.
        let is_repeated = heads.peek().is_some_and(|Reverse((next, _))| *next == key);
        if !is_repeated {
            writer.add(&key, &reader.value(&key, names)?)?;
        }
        reader.step();
        heads.extend(reader.key()?.map(|key| Reverse((key, nth))));
    }
    Ok(())
}

/// The next entry of one run.
struct Reader<'r> {
    run: &'r Run,
    blocks: Blocks<'r>,
    block: Block,
    nth: usize,
}

impl<'r> Reader<'r> {
    fn new(run: &'r Run) -> Self {
        Self { run, blocks: run.blocks(), block: Block::default(), nth: 0 }
    }

    fn key(&mut self) -> Result<Option<Vec<u8>>, RunError> {
        while self.nth >= self.block.len() {
            let Some(next) = self.blocks.next() else { return Ok(None) };
            self.block = next.inspect_err(|_| {
                self.run.set_damaged();
            })?;
            self.nth = 0;
        }
        Ok(self.block.key(self.nth).map(<[u8]>::to_vec))
    }

    fn step(&mut self) {
        self.nth += 1;
    }

    /// The value with the names of the run that is written.
    fn value(&self, key: &[u8], names: &mut Interner) -> Result<Vec<u8>, RunError> {
        let value = self.block.value(self.nth).unwrap_or_default();
        renamed(key, value, self.run, names).ok_or_else(|| {
            self.run.set_damaged();
            RunError::Damaged
        })
    }
}

fn renamed(key: &[u8], value: &[u8], run: &Run, names: &mut Interner) -> Option<Vec<u8>> {
    match key.first() {
        Some(&ROW) => Some(Row::read(value, run.names())?.write(names)),
        Some(&EVENT) => Some(Event::read(value, run.names())?.write(names)),
        Some(_) | None => Some(value.to_vec()),
    }
}
