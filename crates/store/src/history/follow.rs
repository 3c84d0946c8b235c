//! The history's thread: follows the journal behind the writer, and makes good what is missing.
//!
//! ```text
//!   segment 7        segment 8                   segment 9 (being written)
//!   one run          run │ run │ not in any      run │ run │ in memory │
//!                    ▲ then merged ▲ filled first               ▲ follows what is durable, as fast as it can
//! ```
//!
//! Whatever goes wrong here is told, counted and tried again; no message waits for it. It reads only what a returned
//! sync covers, so it never knows more than the durable journal.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::collect::{Collected, LastNames};
use super::memtable::Memtable;
use super::opening;
use super::repair::Repair;
use super::run::{RUN, Run, RunError, Written, write};
use super::shelf::{Phase, Shelf};
use crate::api::{Corruption, CorruptionKind, ReadError};
use crate::core::Core;
use crate::journal::position::Position;
use crate::journal::reader::{Next, RecordReader};
use crate::journal::segments::Segment;
use crate::recovery::scan::later_group;

/// How long to wait after a fault: a full disk may be the cause.
const FAULT_PAUSE: Duration = Duration::from_secs(2);

/// How long it follows on after the writer has ended; the next start goes on from there.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// Bytes of bodies read at once that stay allocated.
const KEPT_BUFFER: usize = 64 * 1024;

/// Why the history does not come further at the moment.
#[derive(Debug, thiserror::Error)]
pub(super) enum Standstill {
    #[error("cannot read the journal")]
    Journal(#[from] ReadError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("no space for a run of the history")]
    NoSpace,
}

impl Shelf {
    /// The thread. Returns when the writer has ended.
    pub(crate) fn follow(&self, core: &Core) {
        let _who_waits_is_told = Closing(self);
        if let Err(error) = self.open(core) {
            self.count_fault();
            tracing::error!(%error, "the history cannot be opened: it is made anew from the journal");
        }
        let mut follower = Follower::begin(core, self);
        self.set_phase(Phase::Open);
        let mut was_told = false;
        loop {
            let ended = core.progress.has_ended();
            let pause = match follower.round(ended) {
                Ok(more) => {
                    was_told = false;
                    if more && !ended {
                        continue;
                    }
                    core.tick
                }
                // Intake is closed as well, and says why, or would be by this; how far it is behind is shown.
                Err(Standstill::NoSpace) => FAULT_PAUSE,
                Err(error) => {
                    self.count_fault();
                    if !std::mem::replace(&mut was_told, true) {
                        let source = std::error::Error::source(&error);
                        tracing::warn!(%error, source, "the history waits, and tries again");
                    }
                    FAULT_PAUSE
                }
            };
            if ended {
                return;
            }
            self.rest(pause);
        }
    }

    fn open(&self, core: &Core) -> Result<(), RunError> {
        fs::create_dir_all(&self.folder)?;
        let found = opening::runs(&self.folder, &core.segments, self.fingerprint)?;
        self.replace(&core.segments, &[], found);
        Ok(())
    }
}

/// Tells who waits that nothing more comes, however the thread ends.
struct Closing<'s>(&'s Shelf);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.set_phase(Phase::Closed);
    }
}

/// What the history is made from, and where it is put.
#[derive(Clone, Copy)]
pub(super) struct Ground<'c> {
    pub(super) core: &'c Core,
    pub(super) shelf: &'c Shelf,
}

struct Follower<'c> {
    ground: Ground<'c>,
    segment: Option<Arc<Segment>>,
    at: Position,
    tail: Arc<Memtable>,
    reading: Reading,
    repair: Repair,
}

impl<'c> Follower<'c> {
    /// Begins where the segment that is being written begins: the ones before are made good from their files.
    fn begin(core: &'c Core, shelf: &'c Shelf) -> Self {
        let durable = core.progress.durable();
        let segment = core.segments.get(durable.segment);
        let at = segment.as_ref().map_or(durable, |segment| segment.beginning());
        let tail = Arc::new(Memtable::beginning(at));
        shelf.set_tail(&core.segments, None, Arc::clone(&tail));
        Self {
            ground: Ground { core, shelf },
            segment,
            at,
            tail,
            reading: Reading::default(),
            repair: Repair::default(),
        }
    }

    /// Comes as far as the journal is durable, and takes one step at what is missing before. `false` = all is done.
    fn round(&mut self, ended: bool) -> Result<bool, Standstill> {
        self.catch_up(ended)?;
        if ended {
            return self.write_down(None).map(|()| false);
        }
        self.repair.step(self.ground, self.at.segment, &mut self.reading)
    }

    fn catch_up(&mut self, ended: bool) -> Result<(), Standstill> {
        let until = Instant::now() + CLOSE_TIME;
        loop {
            let is_late =
                if ended { Instant::now() >= until } else { self.ground.core.progress.has_ended() };
            let durable = self.ground.core.progress.durable();
            let Some(segment) = self.segment.clone() else { return Ok(()) };
            let is_finished = segment.id() < durable.segment;
            let end = if is_finished { segment.end() } else { Some(durable.offset) };
            let end = end.unwrap_or(self.at.offset);
            let Ground { shelf: runs, .. } = self.ground;
            let read = self.reading.read(&segment, self.at, end, &self.tail, runs);
            // What was read before a fault is there, and is not read again.
            self.at = self.tail.extent().to;
            runs.reached(self.at.place());
            let is_given_up = match read {
                Ok(()) => false,
                // Repair tries the rest of it once more; new messages are not waited for until somebody mends a disk.
                Err(error) if is_finished => {
                    runs.count_fault();
                    tracing::error!(%error, segment = segment.id(), "the history goes on with the next segment");
                    true
                }
                Err(error) => return Err(error.into()),
            };
            if is_finished && (is_given_up || self.at.offset >= end) {
                // Retention may have taken some that were never read.
                let mut later = self.ground.core.segments.all().into_iter();
                let next = later.find(|later| later.id() > segment.id());
                self.write_down(next.as_deref().map(Segment::beginning))?;
                self.segment = next;
            } else if self.tail.is_full() {
                self.write_down(None)?;
            } else {
                return Ok(());
            }
            if is_late {
                return Ok(());
            }
        }
    }

    /// What is in memory becomes a run; then it goes on at `next`.
    fn write_down(&mut self, next: Option<Position>) -> Result<(), Standstill> {
        let next = next.unwrap_or(self.at);
        let run = match &self.segment {
            Some(segment) if self.at != self.tail.extent().from => {
                Some(write_run(self.ground, segment, &self.tail)?)
            }
            Some(_) | None => None,
        };
        self.at = next;
        self.tail = Arc::new(Memtable::beginning(next));
        self.ground.shelf.set_tail(&self.ground.core.segments, run, Arc::clone(&self.tail));
        Ok(())
    }
}

/// Makes a run of what is in memory of a segment.
pub(super) fn write_run(
    ground: Ground<'_>,
    segment: &Segment,
    memtable: &Memtable,
) -> Result<Arc<Run>, Standstill> {
    let Ground { core, shelf } = ground;
    let entries = memtable.read();
    has_room(core, entries.bytes() as u64)?;
    let (fingerprint, salt) = (shelf.fingerprint, segment.header.salt);
    let extent = entries.extent.clone();
    let path = run_path(&shelf.folder, extent.from, extent.to, fingerprint);
    let written = Written { fingerprint, salt, extent: &extent };
    // Whatever was in the way at the start may be gone.
    fs::create_dir_all(&shelf.folder).map_err(RunError::from)?;
    let run = write(&path, &written, |writer, names| {
        *names = entries.names.clone();
        entries.iter().try_for_each(|(key, value)| writer.add(key, value))
    })?;
    Ok(Arc::new(run))
}

/// The history yields to messages where space is short: so many bytes of it leave what is kept free alone.
pub(super) fn has_room(core: &Core, bytes: u64) -> Result<(), Standstill> {
    let free = core.disk.free(&core.dir).unwrap_or_default();
    if free >= core.gate.min_free().saturating_add(bytes) {
        Ok(())
    } else {
        Err(Standstill::NoSpace)
    }
}

/// A run's name: its segment, from where to where, and who took its keys.
pub(super) fn run_path(folder: &Path, from: Position, to: Position, fingerprint: u64) -> PathBuf {
    let Position { segment, offset, .. } = from;
    folder.join(format!("{segment:012}-{offset:012}-{:012}-{fingerprint:016x}.{RUN}", to.offset))
}

/// Reads records into memory.
#[derive(Default)]
pub(super) struct Reading {
    names: LastNames,
    buffer: Vec<u8>,
}

impl Reading {
    /// Reads from `from` until `end`, both in `segment`, or until no more fits. What is damaged costs its group: it goes on
    /// with the next one that is whole.
    pub(super) fn read(
        &mut self,
        segment: &Segment,
        from: Position,
        end: u64,
        into: &Memtable,
        history: &Shelf,
    ) -> Result<(), ReadError> {
        let io = |source| ReadError::Io { file: segment.path.clone(), source };
        let mut reader = RecordReader::new(segment, from, end);
        while !into.is_full() {
            let at = reader.position();
            let mut collected = match reader.next().map_err(io)? {
                Next::Record(record) => Collected::of(&record, &mut self.names),
                Next::End => break,
                Next::NoRecord => {
                    let (file, kind) = (segment.path.clone(), CorruptionKind::Record);
                    let damage = Corruption { file, offset: at.offset, kind };
                    let Some(next) = later_group(segment, at, end).map_err(io)? else {
                        return Err(damage.into());
                    };
                    history.count_fault();
                    tracing::error!(error = %damage, bytes = next.offset - at.offset, "the history passes over what is damaged");
                    into.change(|entries| entries.extent.to = next);
                    reader = RecordReader::new(segment, next, end);
                    continue;
                }
            };
            if !collected.take_keys(segment, &*history.keys, &mut self.buffer).map_err(io)? {
                history.count_fault();
                tracing::error!("the search keys of a message could not be taken: a panic");
            }
            let to = reader.position();
            into.change(|entries| {
                collected.put(entries);
                entries.extent.to = to;
            });
        }
        self.buffer.truncate(KEPT_BUFFER);
        self.buffer.shrink_to(KEPT_BUFFER);
        Ok(())
    }
}
