//! The index thread: opens the index, keeps it behind the journal, rebuilds it when it is lost or has grown too large.

use std::error::Error;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::commit::Flush;
use super::view::View;
use super::{Index, IndexError, Patience, State, guarded, open, rebuild};
use crate::api::{Fault, ReadError};
use crate::core::Core;
use crate::journal::names;
use crate::journal::position::Position;

/// Bytes of the journal for which the thread wakes: each time it ends with a sync.
const WORTH_WAKING: u64 = 12 * 1024 * 1024;

/// How long to wait after a fault, that of a rebuild too: a full disk may be the cause.
const FAULT_PAUSE: Duration = Duration::from_secs(2);

/// sled's files are rebuilt above this size, if they are also much larger than what they hold.
const REBUILD_BYTES: u64 = 256 * 1024 * 1024;

/// How much larger.
const REBUILD_FACTOR: u64 = 4;

/// What a delivery takes in sled: key, value and its share of the tree.
const DELIVERY_BYTES: u64 = 128;

/// How often the size is looked at.
const SIZE_CHECK: Duration = Duration::from_secs(30);

/// Closes the index however its thread ends.
struct Closing<'i>(&'i Index);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.set(State::Closed);
    }
}

/// How far the index has come.
struct Reached {
    read: Position,
    applied: Position,
}

impl Reached {
    fn by(view: &View) -> Self {
        Self { read: view.position(), applied: view.applied() }
    }

    fn publish(&self, core: &Core) {
        let durable = core.progress.durable().place();
        let behind = |position: Position| core.segments.bytes_between(position.place(), durable);
        core.progress.followed(behind(self.read), behind(self.applied));
    }
}

impl Index {
    /// The thread. Returns when the writer has ended and everything is applied.
    pub(crate) fn run(&self, core: &Core) {
        let _who_waits_is_told = Closing(self);
        self.open_or_rebuild(core);
        let mut size_checked = Instant::now();
        loop {
            let more = core.progress.wait_for_work(WORTH_WAKING, core.tick);
            let done =
                if more || !has_room(core) { self.round(core) } else { self.write_down(core) };
            match done {
                Ok(()) => {}
                Err(ReadError::IndexLost | ReadError::NotReady) => self.rebuild(core),
                Err(ReadError::Corrupt(corruption)) => core.fail(&Fault::Corrupt(corruption)),
                Err(error) => {
                    tracing::error!(%error, "the index does not follow the journal");
                    core.progress.wait_for_work(u64::MAX / 2, FAULT_PAUSE);
                }
            }
            if !more {
                break;
            }
            if size_checked.elapsed() >= SIZE_CHECK {
                size_checked = Instant::now();
                alarm_of_blobs(&core.dir.join(names::INDEX));
                if self.has_outgrown(core) {
                    tracing::info!("the index has outgrown what it holds: rebuilding it");
                    self.rebuild(core);
                }
            }
        }
    }

    /// Takes in what is durable, and writes down what has waited long enough.
    fn round(&self, core: &Core) -> Result<(), ReadError> {
        let room = has_room(core);
        let (flush, reached) = self.with_now(|view| {
            let before = view.applied();
            view.let_write(room);
            view.catch_up(&core.segments, core.progress.durable())?;
            view.commit_older_than(core.tick)?;
            Ok(((view.applied() != before).then(|| view.flush()), Reached::by(view)))
        })?;
        self.make_durable(core, flush.as_ref(), &reached)
    }

    /// Makes what is durable in the journal durable in the index.
    pub(crate) fn write_down(&self, core: &Core) -> Result<(), ReadError> {
        let (flush, reached) = self.with_now(|view| {
            view.catch_up(&core.segments, core.progress.durable())?;
            view.commit()?;
            Ok((view.flush(), Reached::by(view)))
        })?;
        self.make_durable(core, Some(&flush), &reached)
    }

    fn make_durable(
        &self,
        core: &Core,
        flush: Option<&Flush>,
        reached: &Reached,
    ) -> Result<(), ReadError> {
        if let Some(Err(error)) = flush.map(|flush| guarded(|| flush.run())) {
            tracing::error!(%error, "the index cannot be made durable and will be rebuilt");
            self.set(State::Lost);
            return Err(ReadError::IndexLost);
        }
        reached.publish(core);
        core.gate.lag(core.progress.lag());
        Ok(())
    }

    fn open_or_rebuild(&self, core: &Core) {
        let folder = core.dir.join(names::INDEX);
        if let Err(error) = rebuild::remove_unfinished(core) {
            tracing::warn!(%error, source = error.source(), "an unfinished rebuild cannot be removed");
        }
        let durable = core.progress.durable();
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        if is_fresh(core, &folder) {
            return self.begin(core);
        }
        let read = || match opened {
            Some(db) => open::read(db, &folder, &core.segments, durable),
            None => open::open(&folder, &core.segments, durable),
        };
        match guarded(read) {
            Ok(view) => {
                Reached::by(&view).publish(core);
                self.set(State::Ready(Box::new(view)));
            }
            Err(error) => {
                tracing::warn!(%error, "the index cannot be used: rebuilding it from the journal");
                self.rebuild(core);
            }
        }
    }

    fn begin(&self, core: &Core) {
        match guarded(|| rebuild::begin(core)) {
            Ok(view) => self.set(State::Ready(Box::new(view))),
            Err(_) => self.rebuild(core),
        }
    }

    /// Tries until it is done, or the store closes.
    fn rebuild(&self, core: &Core) {
        self.set(State::NotReady);
        loop {
            match guarded(|| rebuild::rebuild(core)) {
                Ok(view) => {
                    self.rebuilds.fetch_add(1, Ordering::Relaxed);
                    return self.set(State::Ready(Box::new(view)));
                }
                Err(IndexError::Journal(ReadError::Corrupt(corruption))) => {
                    return core.fail(&Fault::Corrupt(corruption));
                }
                Err(error) => tracing::error!(%error, "the index could not be rebuilt"),
            }
            if !core.progress.wait_for_work(u64::MAX / 2, FAULT_PAUSE) {
                return;
            }
        }
    }

    /// Asks the thread for a rebuild and waits until it is done.
    pub(crate) fn rebuild_now(&self) -> Result<(), ReadError> {
        drop(self.wait_ready(Patience::Endless)?);
        self.set(State::Lost);
        self.wait_ready(Patience::Endless).map(drop)
    }

    fn has_outgrown(&self, core: &Core) -> bool {
        let bytes = folder_bytes(&core.dir.join(names::INDEX));
        let live = self.with_now(|view| Ok(view.live())).unwrap_or(u64::MAX / DELIVERY_BYTES);
        bytes > REBUILD_BYTES && bytes > REBUILD_FACTOR * live.saturating_mul(DELIVERY_BYTES)
    }
}

/// Whether sled may write. Without space it would fail and be lost; what it does not take in waits in memory, and the
/// gate is closed to messages meanwhile.
pub(crate) fn has_room(core: &Core) -> bool {
    let needed = core.gate.min_free() / INDEX_SHARE;
    core.disk.free(&core.dir).is_ok_and(|free| free >= needed)
}

/// The index may use what is kept free but for one part in so many.
const INDEX_SHARE: u64 = 4;

/// Segments that are read in a moment without their tables.
const FEW_SEGMENTS: u64 = 4;

/// Whether there was no index yet: it can be built where it belongs, since it is whole at every position.
fn is_fresh(core: &Core, folder: &Path) -> bool {
    core.segments.count() <= FEW_SEGMENTS && !folder.exists()
}

/// Values that sled moves there are never synced and never reclaimed; ours are too small for it.
fn alarm_of_blobs(index: &Path) {
    let blobs = blobs(index);
    if blobs > 0 {
        tracing::error!(blobs, "the index has moved values to blobs, which a power cut loses");
    }
}

/// Files in sled's `blobs/`.
pub(crate) fn blobs(index: &Path) -> u64 {
    std::fs::read_dir(index.join("blobs")).map_or(0, |files| files.count() as u64)
}

/// Bytes of the files in a folder, those of its folders included.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
