//! Segments filled with zeros ahead of the writer, and the watch over free space.
//!
//! Inside a file that is written already a sync need not touch the file system's own journal: that is the difference
//! between 5,000 and 1,000 syncs a second. `fallocate` alone does not give it.
//!
//! ```text
//!   filler thread ── fill, sync ──▶ ready: [ reserve ][ next ] ── take ──▶ writer
//!                                     ▲ the last one is for outcomes only, so that deliveries go on without space
//! ```
//!
//! Filling is done in small steps with pauses, so that it does not stand in the way of the writer's syncs. Each segment
//! is larger than the one before until the full size is reached, and a writer that waits gets what is filled by then.
//! No space is no fault: the gate closes, and it is tried again.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::api::Fault;
use crate::disk::{Disk, DiskFile, is_no_space};
use crate::gate::Gate;
use crate::journal::names;
use crate::limits::MIN_SEGMENT;

/// Written and synced at once while there is time: a few milliseconds of any disk.
const STEP: usize = 256 * 1024;

/// The same in a hurry: a sync costs as much as this.
const LARGE_STEP: usize = 1024 * 1024;

/// Between two steps while nobody waits, at least.
const PAUSE: Duration = Duration::from_millis(2);

/// And at least so many times as long as the step took: the disk is the writer's most of the time.
const PAUSE_FACTOR: u32 = 3;

/// A writer that waits gets a segment of this size rather than waiting for a larger one.
const LEAST: u64 = 4 * 1024 * 1024;

/// How much larger each segment is than the one before, up to the full size.
const GROWTH: u64 = 4;

/// Segments kept ready: the next one, and the reserve for outcomes.
const READY: usize = 2;

/// A file full of zeros.
pub(crate) struct Prepared {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) path: PathBuf,
    pub(crate) length: u64,
}

/// The segments filled ahead.
pub(crate) struct Filler {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_size: u64,
    /// How often free space is looked at, and filling tried again without it.
    tick: Duration,
    next_number: AtomicU64,
    next_length: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not exclude each other, under one lock"
)]
struct State {
    ready: VecDeque<Prepared>,
    /// The last try ended for want of space.
    unfilled: bool,
    /// The writer stands still for a segment.
    writer_waits: bool,
    /// It had to wait, and has not found enough since.
    hurry: bool,
    stopped: bool,
}

/// For what a segment is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Anything; not the reserve.
    Messages,
    /// Outcomes; the reserve too.
    Outcomes,
}

/// A segment for the writer.
pub(crate) enum Supply {
    /// Here it is; `reserve` = it was the last.
    Segment { prepared: Prepared, reserve: bool },
    /// There is no space.
    NoSpace,
    /// The store is closing.
    Stopped,
}

impl Filler {
    /// Takes over what an earlier run had filled.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        segment_size: u64,
        tick: Duration,
        found: Vec<(PathBuf, u64)>,
    ) -> io::Result<Self> {
        let mut ready = VecDeque::new();
        let mut next_number = 1;
        for (path, length) in found {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if let Some(names::FileRole::Prepared(number)) =
                name.as_deref().map(names::FileRole::of)
            {
                next_number = next_number.max(number + 1);
            }
            if length >= MIN_SEGMENT && length <= segment_size && ready.len() < READY {
                ready.push_back(Prepared { file: disk.open(&path)?, path, length });
            } else {
                disk.remove(&path)?;
            }
        }
        Ok(Self {
            disk,
            dir,
            segment_size,
            tick,
            next_number: AtomicU64::new(next_number),
            next_length: AtomicU64::new(LEAST.min(segment_size)),
            state: Mutex::new(State { ready, ..State::default() }),
            changed: Condvar::new(),
        })
    }

    /// Waits for a segment. The caller is the writer.
    pub(crate) fn take(&self, purpose: Purpose) -> Supply {
        let kept_back = match purpose {
            Purpose::Messages => 1,
            Purpose::Outcomes => 0,
        };
        let mut state = self.state();
        loop {
            let enough = state.ready.len() >= READY;
            if state.ready.len() > kept_back
                && let Some(prepared) = state.ready.pop_front()
            {
                state.writer_waits = false;
                state.hurry &= !enough;
                self.changed.notify_all();
                return Supply::Segment { prepared, reserve: state.ready.is_empty() };
            }
            if state.stopped {
                return Supply::Stopped;
            }
            if state.unfilled && purpose == Purpose::Messages {
                return Supply::NoSpace;
            }
            state.writer_waits = true;
            state.hurry = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A segment that is filled already.
    pub(crate) fn take_filled(&self) -> Supply {
        match self.state().ready.pop_front() {
            Some(prepared) => Supply::Segment { prepared, reserve: false },
            None => Supply::NoSpace,
        }
    }

    /// Fills a segment of its own size, at once, in the caller's thread, if `kept_free` bytes stay free.
    pub(crate) fn fill_now(&self, length: u64, kept_free: u64) -> Result<Supply, Fault> {
        let free = self.disk.free(&self.dir).map_err(|source| self.fault(source))?;
        if free < kept_free.saturating_add(length) {
            return Ok(Supply::NoSpace);
        }
        match self.fill(length, length, |_| Pace::Hurried) {
            Ok(prepared) => Ok(Supply::Segment { prepared, reserve: false }),
            Err(error) if is_no_space(&error) => Ok(Supply::NoSpace),
            Err(source) => Err(self.fault(source)),
        }
    }

    /// The size of what it fills ahead.
    pub(crate) fn segment_size(&self) -> u64 {
        self.segment_size
    }

    /// The thread: keeps segments ready and the gate informed, until stopped.
    pub(crate) fn run(&self, gate: &Gate) -> Result<(), Fault> {
        loop {
            let free = self.disk.free(&self.dir).map_err(|source| self.fault(source))?;
            let ready = {
                let state = self.state();
                if state.stopped {
                    return Ok(());
                }
                gate.space(free, state.unfilled);
                state.ready.len()
            };
            // The reserve may go below what is kept free, but not to the last byte: the index needs some of it.
            let kept_free = if ready == 0 { gate.min_free() / 2 } else { gate.min_free() };
            let may_fill =
                free >= kept_free.saturating_add(self.next_length.load(Ordering::Relaxed));
            if ready >= READY {
                self.rest(|state| state.ready.len() >= READY);
            } else if may_fill {
                self.fill_one(gate, free)?;
            } else {
                self.out_of_space(gate, free);
            }
        }
    }

    fn fill_one(&self, gate: &Gate, free: u64) -> Result<(), Fault> {
        let length = self.next_length.load(Ordering::Relaxed);
        match self.fill(length, LEAST, |step| self.pace(step)) {
            Ok(prepared) => {
                let next_length = length.saturating_mul(GROWTH).min(self.segment_size);
                self.next_length.store(next_length, Ordering::Relaxed);
                let mut state = self.state();
                state.ready.push_back(prepared);
                state.unfilled = false;
                self.changed.notify_all();
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if is_no_space(&error) => {
                self.out_of_space(gate, free);
                Ok(())
            }
            Err(source) => Err(self.fault(source)),
        }
    }

    /// Closes the gate before anybody is told that there is no segment: who is refused then knows why.
    fn out_of_space(&self, gate: &Gate, free: u64) {
        gate.space(free, true);
        let mut state = self.state();
        state.unfilled = true;
        self.changed.notify_all();
        drop(state);
        self.rest(|_| true);
    }

    /// Sleeps until the next look at the space, or until there is something to do.
    fn rest(&self, idle: impl Fn(&State) -> bool) {
        let state = self.state();
        if idle(&state) && !state.stopped {
            let _woken = self.changed.wait_timeout(state, self.tick);
        }
    }

    /// Ends the thread and every wait.
    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Waits before the next step, if there is time. `step` is how long the last one took.
    fn pace(&self, step: Duration) -> Pace {
        let state = self.state();
        if state.stopped {
            Pace::Stop
        } else if state.writer_waits {
            Pace::Awaited
        } else if state.hurry {
            Pace::Hurried
        } else {
            let pause = PAUSE.max(step.saturating_mul(PAUSE_FACTOR));
            let waited = self.changed.wait_timeout(state, pause);
            drop(waited);
            Pace::Leisurely
        }
    }

    /// A new file of zeros, synced: of `length`, or of `least` if the writer waits. What was begun is removed on an
    /// error.
    fn fill(
        &self,
        length: u64,
        least: u64,
        pace: impl Fn(Duration) -> Pace,
    ) -> io::Result<Prepared> {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let filling = names::filling(&self.dir, number);
        let prepared = names::prepared(&self.dir, number);
        let filled = self.disk.create(&filling).and_then(|file| {
            let length = zero(&*file, length, least, pace)?;
            self.disk.rename(&filling, &prepared)?;
            self.disk.sync_folder(&self.dir)?;
            Ok((file, length))
        });
        match filled {
            Ok((file, length)) => Ok(Prepared { file, path: prepared, length }),
            Err(error) => {
                let _it_may_not_be_there = self.disk.remove(&filling);
                Err(error)
            }
        }
    }

    fn fault(&self, source: io::Error) -> Fault {
        Fault::Segment { file: self.dir.clone(), source }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the next step of filling comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// After a pause.
    Leisurely,
    /// At once, and a large one.
    Hurried,
    /// The same, and the segment is handed over as soon as it may be.
    Awaited,
    /// Not at all.
    Stop,
}

/// Zeros that may pass by the page cache.
#[repr(align(4096))]
struct Zeros([u8; LARGE_STEP]);

static ZEROS: Zeros = Zeros([0; LARGE_STEP]);

/// Zeros pass by the page cache where the file system lets them: copying them into it is most of what filling costs, and
/// they would push out what is read. The last sync makes the size and the extents durable as well; only behind it does
/// the file take writes through the cache, where no block of it lies that could be older.
fn zero(
    file: &dyn DiskFile,
    length: u64,
    least: u64,
    pace: impl Fn(Duration) -> Pace,
) -> io::Result<u64> {
    let mut direct = file.set_direct(true).is_ok();
    let mut offset = 0;
    let mut took = Duration::ZERO;
    while offset < length {
        let step = match pace(took) {
            Pace::Stop => return Err(io::ErrorKind::Interrupted.into()),
            Pace::Awaited if offset >= least => break,
            Pace::Awaited | Pace::Hurried => LARGE_STEP,
            Pace::Leisurely => STEP,
        };
        let begun = Instant::now();
        let step = usize::try_from(length - offset).map_or(step, |left| step.min(left));
        let part = ZEROS.0.get(..step).unwrap_or_default();
        match file.write_all_at(&mut [IoSlice::new(part)], offset) {
            Err(error) if direct && error.kind() == io::ErrorKind::InvalidInput => {
                file.set_direct(false)?;
                direct = false;
                continue;
            }
            written => written?,
        }
        if least < length {
            file.sync()?;
        }
        offset += step as u64;
        took = begun.elapsed();
    }
    if direct {
        file.set_direct(false)?;
    }
    file.sync()?;
    Ok(offset)
}

#[cfg(test)]
mod tests;
