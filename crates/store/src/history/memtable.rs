//! What the history knows and has not written into a run yet.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::block::Block;
use super::entry::{Event, Row, RowOrigin, event_key, exact_prefix, numbered, row_key};
use super::footer::{Extent, Span, sortable};
use super::keys::{MAX_KEYS, SearchKey};
use crate::format::fields::nanoseconds;
use crate::index::Interner;
use crate::journal::position::Position;

/// Bytes of entries from which on they become a run: some ten thousand messages, and a few times as much in memory.
const FULL: usize = 4 * 1024 * 1024;

/// What an entry takes beside its bytes.
const ENTRY_OVERHEAD: usize = 64;

/// Entries given to a search at once; the lock is let go between.
const AT_ONCE: usize = 128;

/// Entries of a part of the journal that is still growing.
pub(super) struct Memtable(RwLock<Entries>);

/// Entries in order.
pub(super) struct Entries {
    map: BTreeMap<Box<[u8]>, Box<[u8]>>,
    bytes: usize,
    pub(super) names: Interner,
    pub(super) extent: Extent,
}

impl Memtable {
    pub(super) fn beginning(from: Position) -> Self {
        let extent = Extent::beginning(from);
        let names = Interner::default();
        Self(RwLock::new(Entries { map: BTreeMap::new(), bytes: 0, names, extent }))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it; one who reads sees all of the change or nothing.
    pub(super) fn change(&self, change: impl FnOnce(&mut Entries)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn extent(&self) -> Extent {
        self.read().extent.clone()
    }

    pub(super) fn is_full(&self) -> bool {
        self.read().bytes >= FULL
    }

    /// The last entries below `bound`.
    pub(super) fn below(&self, bound: &[u8]) -> Block {
        let entries = self.read();
        let range = entries.map.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(bound)));
        let mut newest: Vec<_> = range.rev().take(AT_ONCE).collect();
        newest.reverse();
        let mut block = Block::default();
        for (key, value) in newest {
            block.push(key, value);
        }
        block
    }
}

impl Entries {
    /// A message, by which it is found.
    pub(super) fn message(&mut self, number: u64, row: &Row, keys: &[SearchKey]) {
        Span::widen(&mut self.extent.received, sortable(nanoseconds(row.received_at)));
        if row.origin == RowOrigin::Carried {
            Span::widen(&mut self.extent.carried, number);
        }
        for key in keys.iter().take(MAX_KEYS).filter(|key| !key.value.is_empty()) {
            self.put(numbered(&exact_prefix(key.kind, &key.value), number), Vec::new());
        }
        let value = row.write(&mut self.names);
        if self.put(row_key(number), value) {
            self.extent.rows += 1;
        }
    }

    /// What the record `record` tells of a message, as the `nth` thing.
    pub(super) fn event(&mut self, message: u64, record: u64, nth: u8, event: &Event) {
        if message < self.extent.from.number {
            Span::widen(&mut self.extent.earlier, message);
        }
        let value = event.write(&mut self.names);
        self.put(event_key(message, record, nth), value);
    }

    /// At least what a run of it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it is new.
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.bytes += key.len() + value.len() + ENTRY_OVERHEAD;
        self.map.insert(key.into(), value.into()).is_none()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.map.iter().map(|(key, value)| (&**key, &**value))
    }
}
