//! Every message that is kept, and what became of it: found by what it holds, newest first.
//!
//! ```text
//!   journal ── what is durable ──▶ follower ──▶ in memory ── 4 MiB ──▶ run ── segment full ──▶ one run a segment
//!              (a thread of its own)   └ TakeKeys    └───────────── search, newest first ─────────┘
//! ```
//!
//! It is made from the journal alone and stands beside it: bodies, answers and replies stay in the journal, a run has
//! what is looked for and where the rest stands. Runs never change; they go with their segment, and one that is damaged,
//! gone, or made under another configuration is made anew. Nothing waits for it: intake goes on whatever becomes of it.
//!
//! [`past()`] is older than that and needs none of it: it reads the journal of a store that somebody else has open.

mod answer;
mod block;
mod candidates;
mod collect;
mod entry;
mod find;
mod follow;
mod footer;
mod keys;
mod live;
mod memtable;
mod opening;
mod past;
mod question;
mod reading;
mod repair;
mod run;
mod shelf;
mod source;
mod standing;
mod timeline;
mod varint;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use answer::{
    Happened, HistoryContent, HistoryDelivery, HistoryEvent, HistoryFigures, HistoryRow,
    HistoryState, Stopped,
};
pub use keys::{KeyKind, MAX_KEY, MAX_KEYS, SearchKey, TakeKeys};
pub use past::{HistoryError, Past, past};
pub use question::{KeyMatch, Match, SEARCH_TIME, Search, SearchPage, StateFilter};
pub(crate) use reading::{Places, each_row};
pub(crate) use shelf::Shelf;

use crate::api::{MessageId, ReadError};
use crate::core::Core;
use run::{Run, RunError};
use shelf::Phase;

/// How a history is kept.
#[derive(Clone)]
pub struct HistoryOptions {
    /// Who takes from messages what they are found by.
    pub keys: Arc<dyn TakeKeys>,
}

impl fmt::Debug for HistoryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = self.keys.fingerprint();
        f.debug_struct("HistoryOptions").field("fingerprint", &fingerprint).finish()
    }
}

/// How long a question waits for the history to come as far as the journal; it is answered from what is there then.
const FRESH_TIME: Duration = Duration::from_millis(100);

/// How long a question waits for a history that is being opened.
const OPEN_TIME: Duration = Duration::from_secs(10);

/// How often a question is asked anew because a run was found damaged under it.
const TRIES: usize = 4;

/// The history of a store. Its methods block on the disk and belong on a thread of their own.
#[derive(Clone)]
pub struct History {
    core: Arc<Core>,
}

impl History {
    /// That of an open store, where it has one.
    pub(crate) fn of(core: &Arc<Core>) -> Option<Self> {
        core.history.is_some().then(|| Self { core: Arc::clone(core) })
    }

    /// Some messages, newest first. What was durable when it is asked is found, unless the history is far behind.
    ///
    /// # Errors
    ///
    /// The history is not open yet or no longer, or the journal cannot be read.
    pub fn search(&self, search: &Search) -> Result<SearchPage, ReadError> {
        let runs = self.fresh()?;
        again(|| reading::search(&self.core, runs, search))
    }

    /// One message; `None` = there is none of this number, or it is no longer kept.
    ///
    /// # Errors
    ///
    /// As of [`search`](Self::search).
    pub fn row(&self, message: MessageId) -> Result<Option<HistoryRow>, ReadError> {
        let runs = self.fresh()?;
        again(|| reading::row(&self.core, runs, message.get()))
    }

    /// These messages, in this order and as far as the time goes; those that are no longer kept are left out.
    ///
    /// # Errors
    ///
    /// As of [`search`](Self::search).
    pub fn rows(&self, messages: &[MessageId], deadline: Instant) -> Result<SearchPage, ReadError> {
        let runs = self.fresh()?;
        again(|| reading::rows(&self.core, runs, messages, deadline))
    }

    /// Bytes that are durable in the journal and not in the history yet: what happened in them is not told. Reads nothing.
    pub fn behind(&self) -> u64 {
        self.shelf().map(|shelf| reading::lag(&self.core, shelf)).unwrap_or_default()
    }

    /// What happened to a message, the oldest first; at most the newest [`MAX_EVENTS`](crate::limits::MAX_EVENTS).
    /// `None` as of [`row`](Self::row).
    ///
    /// # Errors
    ///
    /// As of [`search`](Self::search).
    pub fn timeline(&self, message: MessageId) -> Result<Option<Vec<HistoryEvent>>, ReadError> {
        let runs = self.fresh()?;
        again(|| timeline::timeline(&self.core, runs, message.get()))
    }

    /// The bytes of a message, and what is sent where that differs. `None` as of [`row`](Self::row).
    ///
    /// # Errors
    ///
    /// As of [`search`](Self::search), or the bytes are damaged.
    pub fn content(&self, message: MessageId) -> Result<Option<HistoryContent>, ReadError> {
        let runs = self.fresh()?;
        again(|| reading::content(&self.core, runs, message.get()))
    }

    /// How it is doing. Reads nothing.
    pub fn figures(&self) -> HistoryFigures {
        self.shelf().map(|shelf| reading::figures(&self.core, shelf)).unwrap_or_default()
    }

    fn shelf(&self) -> Result<&Shelf, ReadError> {
        self.core.history.as_ref().ok_or(ReadError::Closed)
    }

    /// Waits until it is open, and shortly until it has what is durable now.
    fn fresh(&self) -> Result<&Shelf, ReadError> {
        let runs = self.shelf()?;
        let durable = self.core.progress.durable().place();
        let now = Instant::now();
        let patience = if runs.phase() == Phase::Opening { OPEN_TIME } else { FRESH_TIME };
        let _it_is_told_how_far_it_is_behind = runs.wait_for(durable, now + patience);
        match runs.phase() {
            Phase::Opening => Err(ReadError::NotReady),
            Phase::Closed => Err(ReadError::Closed),
            Phase::Open => Ok(runs),
        }
    }
}

/// A run that turns out to be damaged is left out from then on.
fn again<T>(mut ask: impl FnMut() -> Result<T, Unanswered>) -> Result<T, ReadError> {
    for _ in 0..TRIES {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(Unanswered::Journal(error)) => return Err(error),
            Err(Unanswered::Run(error)) => tracing::debug!(%error, "asked anew"),
        }
    }
    Err(ReadError::NotReady)
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("dir", &self.core.dir).finish_non_exhaustive()
    }
}

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Journal(#[from] ReadError),
}

/// A run gave an error: it is left out from now on, and made anew.
fn faulty(run: &Run, error: &RunError) {
    if run.set_damaged() {
        let file = run.path.display();
        tracing::error!(%error, %file, "a run of the history is damaged: it is made anew");
    }
}
