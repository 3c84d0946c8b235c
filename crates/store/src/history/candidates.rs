//! The messages of one source that have all the keys asked for, newest first.
//!
//! ```text
//!   key a    9   7       4   2         each gives the greatest number below a bound; the bound falls to the least of
//!   key b        7   5   4       1     them until all agree: 7, then 4
//! ```

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Instant;

use super::entry::{ROW, behind, exact_prefix, last_number, open_prefix};
use super::question::{KeyMatch, Match, Search};
use super::run::RunError;
use super::source::{Cursor, Source};

/// Numbers of a prefix's messages in memory, the newest: a few pages.
const PREFIX_BATCH: usize = 4096;

/// Entries looked at between two looks at the clock.
const BETWEEN_LOOKS: usize = 1024;

/// Why a search ended before it had looked at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The deadline came.
    #[error("the deadline of the search came")]
    Late,
    #[error(transparent)]
    Run(#[from] RunError),
}

/// When a search is to stop, once it has come further than where it began.
pub(super) struct Clock {
    deadline: Instant,
    has_moved: Cell<bool>,
}

impl Clock {
    pub(super) fn until(deadline: Instant) -> Self {
        Self { deadline, has_moved: Cell::new(false) }
    }

    /// From now on it may be late.
    pub(super) fn has_moved(&self) {
        self.has_moved.set(true);
    }

    pub(super) fn look(&self) -> Result<(), Stop> {
        let is_late = self.has_moved.get() && Instant::now() >= self.deadline;
        if is_late { Err(Stop::Late) } else { Ok(()) }
    }
}

/// Messages of one source, newest first.
pub(super) struct Candidates<'s> {
    pub(super) rows: Cursor<'s>,
    keys: Vec<KeyCursor<'s>>,
}

impl<'s> Candidates<'s> {
    /// `live` are the only messages that come into question, where it is known.
    pub(super) fn new(
        source: &'s Source,
        search: &Search,
        live: Option<&'s [u64]>,
        clock: &'s Clock,
    ) -> Self {
        let asked = search.keys.iter().map(|key| KeyCursor::new(source, key, clock));
        let live =
            live.into_iter().flat_map(|live| [KeyCursor::Live(live), KeyCursor::rows(source)]);
        Self { rows: Cursor::new(source), keys: live.chain(asked).collect() }
    }

    /// The greatest below a number.
    pub(super) fn next(&mut self, below: u64) -> Result<Option<u64>, Stop> {
        let Some((first, rest)) = self.keys.split_first_mut() else {
            return Ok(self.rows.message_below(&[ROW], below)?);
        };
        let mut below = below;
        loop {
            let Some(number) = first.below(below)? else { return Ok(None) };
            let mut least = number;
            for key in &mut *rest {
                let Some(number) = key.below(least.saturating_add(1))? else { return Ok(None) };
                least = number;
            }
            if least == number {
                return Ok(Some(number));
            }
            below = least.saturating_add(1);
        }
    }
}

enum KeyCursor<'s> {
    /// These, whatever source they are of; only those are candidates that have a row in this one.
    Live(&'s [u64]),
    Exact {
        cursor: Cursor<'s>,
        prefix: Vec<u8>,
    },
    Prefix(Prefix<'s>),
}

impl<'s> KeyCursor<'s> {
    fn new(source: &'s Source, key: &KeyMatch, clock: &'s Clock) -> Self {
        let cursor = Cursor::new(source);
        match key.how {
            Match::Exact => Self::Exact { cursor, prefix: exact_prefix(key.kind, &key.value) },
            Match::Prefix => {
                let begin = open_prefix(key.kind, &key.value);
                let newest = BTreeSet::new();
                Self::Prefix(Prefix { cursor, begin, clock, newest, whole_below: None })
            }
        }
    }

    /// All messages of a source.
    fn rows(source: &'s Source) -> Self {
        Self::Exact { cursor: Cursor::new(source), prefix: vec![ROW] }
    }

    fn below(&mut self, number: u64) -> Result<Option<u64>, Stop> {
        match self {
            Self::Live(messages) => {
                let nth = messages.partition_point(|message| *message < number);
                Ok(nth.checked_sub(1).and_then(|nth| messages.get(nth)).copied())
            }
            Self::Exact { cursor, prefix } => Ok(cursor.message_below(prefix, number)?),
            Self::Prefix(prefix) => prefix.below(number),
        }
    }
}

/// Messages of all values that begin alike. They stand by value, so the newest of them are gathered first.
struct Prefix<'s> {
    cursor: Cursor<'s>,
    begin: Vec<u8>,
    clock: &'s Clock,
    newest: BTreeSet<u64>,
    /// Down to its least number, `newest` has all below this; down to 0 unless it is full.
    whole_below: Option<u64>,
}

impl Prefix<'_> {
    fn below(&mut self, number: u64) -> Result<Option<u64>, Stop> {
        if self.whole_below.is_none_or(|whole| number > whole) {
            self.gather(number)?;
        }
        if let Some(&found) = self.newest.range(..number).next_back() {
            return Ok(Some(found));
        }
        if self.newest.len() < PREFIX_BATCH {
            return Ok(None);
        }
        self.gather(number)?;
        Ok(self.newest.last().copied())
    }

    fn gather(&mut self, below: u64) -> Result<(), Stop> {
        self.newest.clear();
        self.whole_below = None;
        let mut bound = behind(&self.begin);
        let mut looked = 0_usize;
        loop {
            if looked.is_multiple_of(BETWEEN_LOOKS) {
                self.clock.look()?;
            }
            looked += 1;
            let Some((key, _)) = self.cursor.last_below(&bound)? else { break };
            if !key.starts_with(&self.begin) {
                break;
            }
            bound.clear();
            bound.extend_from_slice(key);
            let Some(number) = last_number(key).filter(|number| *number < below) else { continue };
            self.newest.insert(number);
            if self.newest.len() > PREFIX_BATCH {
                self.newest.pop_first();
            }
        }
        self.whole_below = Some(below);
        Ok(())
    }
}
