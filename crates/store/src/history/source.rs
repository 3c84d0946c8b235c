//! What a search reads: runs, and what is in no run yet, alike.

use std::sync::Arc;

use super::block::Block;
use super::entry::{Event, Row, last_number, numbered, row_key};
use super::footer::Extent;
use super::memtable::Memtable;
use super::run::{Run, RunError};
use super::{entry, faulty};

/// Entries of a part of the journal, as far as they were there when it was asked for.
pub(super) struct Source {
    pub(super) extent: Extent,
    of: Of,
}

enum Of {
    Run(Arc<Run>),
    Memory(Arc<Memtable>),
}

impl Source {
    pub(super) fn run(run: Arc<Run>) -> Self {
        Self { extent: run.extent().clone(), of: Of::Run(run) }
    }

    pub(super) fn memory(memtable: Arc<Memtable>) -> Self {
        Self { extent: memtable.extent(), of: Of::Memory(memtable) }
    }

    pub(super) fn segment(&self) -> u64 {
        self.extent.from.segment
    }

    /// Whether a listener or a destination of this name may be in it.
    pub(super) fn may_name(&self, name: &str) -> bool {
        match &self.of {
            Of::Run(run) => run.names().iter().any(|known| &**known == name),
            Of::Memory(memtable) => memtable.read().names.known(name).is_some(),
        }
    }

    fn below(&self, bound: &[u8]) -> Result<Block, RunError> {
        match &self.of {
            Of::Run(run) => run.below(bound).inspect_err(|error| faulty(run, error)),
            Of::Memory(memtable) => Ok(memtable.below(bound)),
        }
    }

    fn read_row(&self, value: &[u8]) -> Result<Row, RunError> {
        self.sense(match &self.of {
            Of::Run(run) => Row::read(value, run.names()),
            Of::Memory(memtable) => Row::read(value, &memtable.read().names),
        })
    }

    fn read_event(&self, value: &[u8]) -> Result<Event, RunError> {
        self.sense(match &self.of {
            Of::Run(run) => Event::read(value, run.names()),
            Of::Memory(memtable) => Event::read(value, &memtable.read().names),
        })
    }

    fn sense<T>(&self, read: Option<T>) -> Result<T, RunError> {
        read.ok_or_else(|| {
            if let Of::Run(run) = &self.of {
                faulty(run, &RunError::Damaged);
            }
            RunError::Damaged
        })
    }
}

/// Key and value of an entry.
type Found<'b> = (&'b [u8], &'b [u8]);

/// Walks a source from greater keys to smaller ones. In memory is one block.
pub(super) struct Cursor<'s> {
    source: &'s Source,
    block: Block,
    /// Entries of the block below this are all there are.
    upper: Vec<u8>,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, block: Block::default(), upper: Vec::new() }
    }

    /// The last entry below `bound`.
    pub(super) fn last_below(&mut self, bound: &[u8]) -> Result<Option<Found<'_>>, RunError> {
        let is_inside = self.block.key(0).is_some_and(|first| first < bound);
        if !is_inside || bound > self.upper.as_slice() {
            self.block = self.source.below(bound)?;
            self.upper = bound.to_vec();
        }
        let Some(nth) = self.block.count_below(bound).checked_sub(1) else { return Ok(None) };
        Ok(self.block.key(nth).zip(self.block.value(nth)))
    }

    /// The greatest message below a number that has this prefix before its number.
    pub(super) fn message_below(
        &mut self,
        prefix: &[u8],
        below: u64,
    ) -> Result<Option<u64>, RunError> {
        let found = self.last_below(&numbered(prefix, below))?;
        let found = found.filter(|(key, _)| key.len() == prefix.len() + 8);
        Ok(found.filter(|(key, _)| key.starts_with(prefix)).and_then(|(key, _)| last_number(key)))
    }

    /// What is kept of a message.
    pub(super) fn row(&mut self, message: u64) -> Result<Option<Row>, RunError> {
        if !self.source.extent.may_have_row(message) {
            return Ok(None);
        }
        let (source, wanted) = (self.source, row_key(message));
        let found = self.last_below(&entry::behind(&wanted))?;
        let found = found.filter(|(key, _)| *key == wanted.as_slice());
        found.map(|(_, value)| source.read_row(value)).transpose()
    }

    /// Gives all rows, the newest first, as long as more is wanted; `false` = no more was.
    pub(super) fn each_row(&mut self, mut more: impl FnMut(Row) -> bool) -> Result<bool, RunError> {
        let source = self.source;
        let mut bound = entry::behind(&[entry::ROW]);
        while let Some((key, value)) = self.last_below(&bound)? {
            if !key.starts_with(&[entry::ROW]) {
                break;
            }
            bound.clear();
            bound.extend_from_slice(key);
            if !more(source.read_row(value)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What its records tell of a message, the newest first, at most so many.
    pub(super) fn events(&mut self, message: u64, most: usize) -> Result<Vec<Event>, RunError> {
        let mut events = Vec::new();
        if most > 0 {
            self.each_event(message, |event| {
                events.push(event);
                events.len() < most
            })?;
        }
        Ok(events)
    }

    /// Gives what its records tell of a message, the newest first, as long as more is wanted.
    pub(super) fn each_event(
        &mut self,
        message: u64,
        mut more: impl FnMut(Event) -> bool,
    ) -> Result<(), RunError> {
        if !self.source.extent.may_have_events(message) {
            return Ok(());
        }
        let (source, prefix) = (self.source, entry::events_of(message));
        let mut bound = entry::behind(&prefix);
        while let Some((key, value)) = self.last_below(&bound)? {
            if !key.starts_with(&prefix) {
                break;
            }
            bound.clear();
            bound.extend_from_slice(key);
            if !more(source.read_event(value)?) {
                break;
            }
        }
        Ok(())
    }
}
