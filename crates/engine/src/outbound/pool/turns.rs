//! Whose turn it is among deliveries that stand in several lines (ORDER-1).
//!
//! ```text
//!   numbers ──▶   1    2    3    4    5    6    7
//!   lane A        ■         ■         ║    ■
//!   lane B             ■    ■         ║              free: 1 and 2
//!   lane C                       ■    ║         ■    4 is, behind nobody; 3 is not: a merge of A and B
//!                                     ║              6 and 7 are not: 5 stands everywhere
//! ```
//!
//! A delivery is free when nothing before it shares a lane with it. Each step costs what the lanes it touches cost, not
//! what waits; only the end of one that stands everywhere looks at all behind it up to the next such.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use wardline_store::{Lane, MessageId};

use crate::ordering::Stand;

/// Deliveries in their lines.
#[derive(Debug, Default)]
pub(super) struct Turns {
    standing: BTreeMap<MessageId, Standing>,
    lines: HashMap<Lane, BTreeSet<MessageId>>,
    everywhere: BTreeSet<MessageId>,
    /// Ready, and behind nobody.
    free: BTreeSet<MessageId>,
    /// Away, and behind nobody since.
    called: BTreeSet<MessageId>,
}

#[derive(Debug)]
struct Standing {
    stand: Stand,
    presence: Presence,
}

/// What a delivery does in its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Waits for its turn.
    Ready,
    /// Holds its place, and needs no turn: it is in flight, waits for a retry, is stopped, or on its way here.
    Placed,
    /// Holds its place, and is to be fetched when its turn comes.
    Away,
}

impl Turns {
    /// One that comes takes its place by its number; one that has a place keeps it.
    pub(super) fn place(&mut self, id: MessageId, stand: Stand, presence: Presence) {
        if self.standing.contains_key(&id) {
            return self.set(id, presence);
        }
        self.everywhere_goes_behind(id);
        match &stand {
            Stand::Free => {}
            Stand::In(lanes) => {
                for &lane in lanes {
                    let line = self.lines.entry(lane).or_default();
                    line.insert(id);
                    if let Some(next) = line.range(behind(id)).next() {
                        self.free.remove(next);
                        self.called.remove(next);
                    }
                }
            }
            Stand::Everywhere => {
                self.everywhere.insert(id);
                drop(self.free.split_off(&id));
                drop(self.called.split_off(&id));
            }
        }
        self.standing.insert(id, Standing { stand, presence });
        self.look_at(id);
    }

    /// Changes what one with a place does there.
    pub(super) fn set(&mut self, id: MessageId, presence: Presence) {
        let Some(standing) = self.standing.get_mut(&id) else { return };
        standing.presence = presence;
        self.free.remove(&id);
        self.called.remove(&id);
        self.look_at(id);
    }

    /// One leaves its lines.
    pub(super) fn leave(&mut self, id: MessageId) {
        let Some(Standing { stand, .. }) = self.standing.remove(&id) else { return };
        self.free.remove(&id);
        self.called.remove(&id);
        match stand {
            Stand::Free => {}
            Stand::In(lanes) => {
                for lane in lanes {
                    let Some(line) = self.lines.get_mut(&lane) else { continue };
                    line.remove(&id);
                    match line.first().copied() {
                        Some(first) => self.look_at(first),
                        None => drop(self.lines.remove(&lane)),
                    }
                }
            }
            Stand::Everywhere => {
                let was_first = self.everywhere.first() == Some(&id);
                self.everywhere.remove(&id);
                if was_first {
                    self.look_behind(id);
                }
            }
        }
        if let Some(&first) = self.standing.keys().next() {
            self.look_at(first);
        }
    }

    /// The first whose turn it is.
    pub(super) fn first(&self) -> Option<MessageId> {
        self.free.first().copied()
    }

    /// How many have their turn.
    pub(super) fn len(&self) -> usize {
        self.free.len()
    }

    /// Whether it is the turn of this one.
    pub(super) fn is_free(&self, id: MessageId) -> bool {
        self.free.contains(&id)
    }

    /// Whether it has a place.
    pub(super) fn contains(&self, id: MessageId) -> bool {
        self.standing.contains_key(&id)
    }

    /// Whether one stands in every line: then nothing behind it has its turn, however much is looked at.
    pub(super) fn has_barrier(&self) -> bool {
        !self.everywhere.is_empty()
    }

    /// Those that are away and whose turn has come, each with at most `most` behind it in one of its lines that are
    /// away as well: from here on they are on their way.
    pub(super) fn call(&mut self, most: usize) -> Vec<MessageId> {
        let mut coming = Vec::new();
        while let Some(id) = self.called.pop_first() {
            coming.push(id);
            coming.extend(self.away_behind(id, most));
        }
        coming.sort_unstable();
        coming.dedup();
        for &id in &coming {
            self.set(id, Presence::Placed);
        }
        coming
    }

    fn away_behind(&self, id: MessageId, most: usize) -> Vec<MessageId> {
        let Some(Standing { stand: Stand::In(lanes), .. }) = self.standing.get(&id) else {
            return Vec::new();
        };
        let line = lanes.last().and_then(|lane| self.lines.get(lane));
        let is_away = |id: &&MessageId| {
            self.standing.get(id).is_some_and(|one| one.presence == Presence::Away)
        };
        let behind = line.into_iter().flat_map(|line| line.range(behind(id)));
        behind.take(most).take_while(is_away).copied().collect()
    }

    /// One that stood first and everywhere has somebody before it now.
    fn everywhere_goes_behind(&mut self, id: MessageId) {
        if let Some(first) = self.everywhere.first().filter(|&&first| id < first) {
            self.free.remove(first);
            self.called.remove(first);
        }
    }

    /// All that may have their turn because one before them has gone: up to the next that stands everywhere.
    fn look_behind(&mut self, id: MessageId) {
        let end = self.everywhere.first().map_or(Bound::Unbounded, |&next| Bound::Included(next));
        let range = (Bound::Excluded(id), end);
        let behind: Vec<_> = self.standing.range(range).map(|(&id, _)| id).collect();
        for id in behind {
            self.look_at(id);
        }
    }

    /// Notes it if it is the turn of this one.
    fn look_at(&mut self, id: MessageId) {
        let Some(standing) = self.standing.get(&id) else { return };
        if !self.is_behind_nobody(id, &standing.stand) {
            return;
        }
        match standing.presence {
            Presence::Ready => self.free.insert(id),
            Presence::Away => self.called.insert(id),
            Presence::Placed => false,
        };
    }

    fn is_behind_nobody(&self, id: MessageId, stand: &Stand) -> bool {
        if self.everywhere.first().is_some_and(|&first| first < id) {
            return false;
        }
        match stand {
            Stand::Free => true,
            Stand::In(lanes) => {
                let is_first = |lane| self.lines.get(lane).and_then(BTreeSet::first) == Some(&id);
                lanes.iter().all(is_first)
            }
            Stand::Everywhere => self.standing.keys().next() == Some(&id),
        }
    }
}

fn behind(id: MessageId) -> (Bound<MessageId>, Bound<MessageId>) {
    (Bound::Excluded(id), Bound::Unbounded)
}

#[cfg(test)]
mod tests;
