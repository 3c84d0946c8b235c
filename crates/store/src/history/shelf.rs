//! The runs of a store in the order of the journal, and the part that is still in memory.
//!
//! ```text
//!   follower ── insert, replace, reached ──▶ Shelf ◀── sources ── searches
//!   retention ── forget ────────────────────▶  └──── asked ────▶ follower
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::keys::TakeKeys;
use super::memtable::Memtable;
use super::opening::of_segment;
use super::run::Run;
use super::source::Source;
use super::{HistoryOptions, faulty};
use crate::journal::names;
use crate::journal::position::Place;
use crate::journal::segments::Segments;

/// What the threads of a store share of its history.
pub(crate) struct Shelf {
    pub(super) folder: PathBuf,
    pub(super) keys: Arc<dyn TakeKeys>,
    /// Of `keys`.
    pub(super) fingerprint: u64,
    /// By segment and offset.
    runs: RwLock<BTreeMap<Place, Arc<Run>>>,
    tail: RwLock<Option<Arc<Memtable>>>,
    state: Mutex<State>,
    /// The follower has come further, or ended.
    moved: Condvar,
    /// Somebody wants it to.
    asked: Condvar,
    pub(super) faults: AtomicU64,
}

struct State {
    phase: Phase,
    /// Everything from where the follower began up to here is searchable.
    reached: Place,
    asked: bool,
}

/// Whether the history is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Opening,
    Open,
    Closed,
}

impl Shelf {
    pub(crate) fn new(dir: &Path, options: HistoryOptions) -> Self {
        let HistoryOptions { keys } = options;
        let reached = Place { segment: 0, offset: 0 };
        Self {
            folder: dir.join(names::HISTORY),
            fingerprint: keys.fingerprint(),
            keys,
            runs: RwLock::default(),
            tail: RwLock::default(),
            state: Mutex::new(State { phase: Phase::Opening, reached, asked: false }),
            moved: Condvar::new(),
            asked: Condvar::new(),
            faults: AtomicU64::new(0),
        }
    }

    /// Everything that can be searched, in the order of the journal.
    pub(super) fn sources(&self) -> Vec<Source> {
        // The runs first: what becomes one meanwhile would be missed the other way round.
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        let whole = runs.values().filter(|run| !run.is_damaged());
        let mut sources: Vec<Source> = whole.map(|run| Source::run(Arc::clone(run))).collect();
        sources.extend(tail.iter().map(|tail| Source::memory(Arc::clone(tail))));
        sources
    }

    /// All runs, in the order of the journal.
    pub(super) fn runs(&self) -> Vec<Arc<Run>> {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Puts runs in the place of others; unless their segment has gone meanwhile. What is no longer there is removed.
    pub(super) fn replace(&self, segments: &Segments, old: &[Arc<Run>], new: Vec<Arc<Run>>) {
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        for run in old {
            runs.remove(&run.extent().from.place());
        }
        let mut kept: Vec<PathBuf> = Vec::new();
        let mut gone: Vec<Arc<Run>> = old.to_vec();
        for run in new {
            if segments.get(run.extent().from.segment).is_some() {
                kept.push(run.path.clone());
                runs.insert(run.extent().from.place(), run);
            } else {
                gone.push(run);
            }
        }
        drop(runs);
        for run in gone.iter().filter(|run| !kept.contains(&run.path)) {
            remove(&run.path);
        }
    }

    /// Its run has taken the place of what was in memory.
    pub(super) fn set_tail(&self, segments: &Segments, run: Option<Arc<Run>>, tail: Arc<Memtable>) {
        let mut current = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        self.replace(segments, &[], run.into_iter().collect());
        *current = Some(tail);
    }

    pub(super) fn tail(&self) -> Option<Arc<Memtable>> {
        self.tail.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A segment is no longer there; what was read of it goes as well.
    pub(crate) fn forget(&self, segment: u64) {
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<_> = runs.keys().filter(|at| at.segment == segment).copied().collect();
        let gone: Vec<_> = gone.iter().filter_map(|at| runs.remove(at)).collect();
        drop(runs);
        for run in gone {
            remove(&run.path);
        }
    }

    /// Of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.runs().iter().map(|run| run.bytes).sum()
    }

    /// Messages of one segment, as far as they were read.
    pub(crate) fn messages_in(&self, segment: u64) -> u64 {
        let runs = self.runs();
        let in_runs: u64 = of_segment(&runs, segment).iter().map(|run| run.extent().rows).sum();
        let tail = self.tail().map(|tail| tail.extent());
        in_runs + tail.filter(|tail| tail.from.segment == segment).map_or(0, |tail| tail.rows)
    }

    /// Reads every run whole: how many there are, and how many of them are damaged. Those are made anew.
    pub(crate) fn verify(&self) -> (u64, u64) {
        let runs = self.runs();
        let mut damaged = 0;
        for run in &runs {
            let fault = run.blocks().find_map(Result::err);
            damaged += u64::from(fault.is_some() || run.is_damaged());
            if let Some(error) = fault {
                faulty(run, &error);
            }
        }
        (runs.len() as u64, damaged)
    }

    /// Something went wrong that is made good again.
    pub(super) fn count_fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    /// The follower begins, or ends.
    pub(super) fn set_phase(&self, phase: Phase) {
        self.state().phase = phase;
        self.moved.notify_all();
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// The follower has come so far.
    pub(super) fn reached(&self, place: Place) {
        self.state().reached = place;
        self.moved.notify_all();
    }

    /// Asks the follower to come as far as `wanted`, and waits for it; `false` = it has not by then.
    pub(super) fn wait_for(&self, wanted: Place, until: Instant) -> bool {
        let mut state = self.state();
        loop {
            match state.phase {
                Phase::Closed => return false,
                Phase::Open if state.reached >= wanted => return true,
                Phase::Opening | Phase::Open => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state.asked = true;
            self.asked.notify_all();
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The follower waits until it is asked, or for so long.
    pub(super) fn rest(&self, pause: Duration) {
        let mut state = self.state();
        if !state.asked {
            state = self.asked.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.asked = false;
    }

    /// Lets the follower look around at once.
    pub(crate) fn wake(&self) {
        self.state().asked = true;
        self.asked.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a run's file; one that stays is removed by the next start.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %path.display(), "a run of the history cannot be removed");
    }
}
