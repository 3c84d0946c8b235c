//! Which messages went over a connection, as far as their answers can be told apart (MATCH-1).

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many ids a connection remembers, so that a late answer is known as one. An older answer than that on a
/// connection with one message in flight means a peer that has lost its place.
pub(super) const REMEMBERED_IDS: usize = 64;

/// The last ids sent, as hashes: their length is the sender's choice, this memory is ours.
#[derive(Debug, Default)]
pub(super) struct SentIds {
    hashes: VecDeque<u64>,
    /// A message without an id was sent.
    nameless: bool,
}

impl SentIds {
    pub(super) fn remember(&mut self, control_id: &[u8]) {
        if control_id.is_empty() {
            self.nameless = true;
            return;
        }
        if self.hashes.len() == REMEMBERED_IDS {
            self.hashes.pop_front();
        }
        self.hashes.push_back(hash(control_id));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty() && !self.nameless
    }

    pub(super) fn contains(&self, control_id: &[u8]) -> bool {
        if control_id.is_empty() { self.nameless } else { self.hashes.contains(&hash(control_id)) }
    }

    /// Whether an answer to what was sent could be taken for one to a message with this id.
    pub(super) fn confusable(&self, control_id: &[u8]) -> bool {
        !self.is_empty() && (self.nameless || control_id.is_empty() || self.contains(control_id))
    }
}

fn hash(control_id: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    control_id.hash(&mut hasher);
    hasher.finish()
}
