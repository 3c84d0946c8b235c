//! Opening: lock, recover, begin a segment, start the threads.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use super::{JournalStore, Threads};
use crate::allowance::Allowance;
use crate::api::{Fault, OpenError, StoreOptions};
use crate::core::{Core, Counters, Failure};
use crate::disk::{Disk, RealDisk, is_no_space};
use crate::filler::{Filler, Prepared, Supply};
use crate::gate::Gate;
use crate::history::Shelf;
use crate::index::{Index, witness};
use crate::journal::segments::Segments;
use crate::limits::MIN_SEGMENT;
use crate::lock::FolderLock;
use crate::outbox::Outboxes;
use crate::progress::Progress;
use crate::queue::Queue;
use crate::recovery::{self, Recovered};
use crate::retention::{Policy, Retention, Watch};
use crate::terms::Terms;
use crate::writer::{Active, Writer, begin};

/// The segment a start begins with: filled in a few milliseconds, so that listening waits for nothing.
const FIRST_SEGMENT: u64 = 1024 * 1024;

impl JournalStore {
    /// Locks the folder, recovers what is in it, asks the index whether something is missing, and starts. Intake does
    /// not wait for the index to catch up or to be rebuilt, readers do.
    pub fn open(options: StoreOptions) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(RealDisk), options)
    }

    /// The same on another disk.
    pub fn open_on(disk: Arc<dyn Disk>, options: StoreOptions) -> Result<Self, OpenError> {
        let dir = options.dir.clone();
        make_folder(&*disk, &dir)?;
        let lock = Arc::new(FolderLock::take(&dir)?);
        let policy = Policy {
            retain_for: options.retain_for,
            retain_bytes: options.retain_bytes,
            dead_letter_retention: options.dead_letter_retention,
            tick: options.tick,
        };
        let (core, active) = assemble(disk, options)?;
        let core = Arc::new(core);
        let retention = Arc::new(Retention::new(policy));
        let threads = start(&core, &retention, active, Arc::clone(&lock))?;
        Ok(Self { core, retention, threads: Mutex::new(Some(threads)), _lock: lock })
    }
}

/// A store whose threads do not run yet, in a folder that is there and nobody else's, and where its writer begins.
pub(crate) fn assemble(
    disk: Arc<dyn Disk>,
    options: StoreOptions,
) -> Result<(Core, Active), OpenError> {
    let dir = options.dir.clone();
    let mut recovered = recovery::recover(&*disk, &dir)?;
    let index = Index::new(witness::hear(&dir, &recovered.segments, &recovered.end)?);
    recovered.make_durable(&*disk, &dir)?;
    let segment_size = options.segment_size.max(MIN_SEGMENT);
    let prepared = std::mem::take(&mut recovered.prepared);
    let filler = Filler::new(Arc::clone(&disk), dir.clone(), segment_size, options.tick, prepared)
        .map_err(io_error("open", &dir))?;
    let active = first_segment(&*disk, &dir, &filler, &recovered)?;
    let core = core(disk, filler, &recovered, &active, index, options);
    Ok((core, active))
}

/// Makes a folder and those above it, and their names durable: what is synced inside is lost with its folder's name.
fn make_folder(disk: &dyn Disk, dir: &Path) -> Result<(), OpenError> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.is_dir();
    let missing = dir.ancestors().take_while(is_missing);
    let made_in: Vec<_> = missing.filter_map(Path::parent).collect();
    fs::create_dir_all(dir).map_err(io_error("make", dir))?;
    for parent in made_in {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        disk.sync_folder(parent).map_err(io_error("sync", parent))?;
    }
    Ok(())
}

fn io_error(attempt: &'static str, path: &Path) -> impl Fn(std::io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { attempt, path: path.clone(), source }
}

/// Begins the segment behind what was recovered: a small one, even of what is kept free, so that deliveries go on; or
/// where there is no space for it, one filled before.
fn first_segment(
    disk: &dyn Disk,
    dir: &Path,
    filler: &Filler,
    recovered: &Recovered,
) -> Result<Active, OpenError> {
    let small = filler.fill_now(FIRST_SEGMENT.min(filler.segment_size()), 0);
    let supply = match small.map_err(|fault| of_fault(fault, dir))? {
        Supply::Segment { prepared, reserve } => Supply::Segment { prepared, reserve },
        Supply::NoSpace | Supply::Stopped => filler.take_filled(),
    };
    let Supply::Segment { prepared, .. } = supply else {
        return Err(OpenError::NoSpace { dir: dir.to_owned() });
    };
    let Prepared { path, .. } = &prepared;
    let path = path.clone();
    let segment =
        begin(disk, dir, &recovered.end, prepared).map_err(|fault| of_fault(fault, &path))?;
    Ok(Active::new(segment))
}

fn of_fault(fault: Fault, path: &Path) -> OpenError {
    let path = path.to_owned();
    match fault {
        Fault::Write { source, .. } | Fault::Segment { source, .. } if is_no_space(&source) => {
            OpenError::NoSpace { dir: path }
        }
        Fault::Write { source, .. } => OpenError::Io { attempt: "write", path, source },
        Fault::Sync { source, .. } => OpenError::Io { attempt: "sync", path, source },
        Fault::Segment { source, .. } => OpenError::Io { attempt: "make", path, source },
        Fault::Corrupt(corruption) => OpenError::Corrupt(corruption),
        Fault::Panicked { thread } => {
            let source = std::io::Error::other("it panicked");
            OpenError::Thread { name: thread, source }
        }
    }
}

fn core(
    disk: Arc<dyn Disk>,
    filler: Filler,
    recovered: &Recovered,
    active: &Active,
    index: Index,
    options: StoreOptions,
) -> Core {
    let segments = Segments::default();
    for segment in &recovered.segments {
        segments.add(Arc::clone(segment));
    }
    let durable_bytes = recovered.segments.iter().filter_map(|segment| segment.end()).sum();
    segments.add(active.segment());
    let history = options.history.map(|history| Shelf::new(&options.dir, history));
    Core {
        dir: options.dir,
        tick: options.tick,
        disk,
        segments,
        queue: Queue::default(),
        progress: Progress::new(active.end(), durable_bytes),
        filler,
        gate: Gate::new(options.min_free, options.max_index_lag, options.on_intake),
        refused: Allowance::new(options.retain_bytes, options.retain_for, Instant::now()),
        index,
        history,
        terms: Terms::default(),
        outboxes: Outboxes::default(),
        watch: Watch::default(),
        ports: Mutex::default(),
        counters: Counters::default(),
        failure: Failure::new(options.on_fatal),
    }
}

fn start(
    core: &Arc<Core>,
    retention: &Arc<Retention>,
    active: Active,
    lock: Arc<FolderLock>,
) -> Result<Threads, OpenError> {
    let writer = {
        let mut writer = Writer::new(Arc::clone(core), active);
        move |core: &Core| {
            let written = writer.run();
            core.progress.end();
            written
        }
    };
    let retention = Arc::clone(retention);
    let history_lock = Arc::clone(&lock);
    let history = move |core: &Core| {
        give_way(HISTORY_GIVES_WAY);
        if let Some(shelf) = &core.history {
            // Neither a fault nor a panic of it is the store's.
            if catch_unwind(AssertUnwindSafe(|| shelf.follow(core))).is_err() {
                tracing::error!(
                    "the history's thread panicked: it stays behind until the next start"
                );
            }
        }
        drop(history_lock);
        Ok(())
    };
    Ok(Threads {
        history: core
            .history
            .is_some()
            .then(|| thread(core, "store-history", history))
            .transpose()?,
        filler: thread(core, "store-filler", |core| {
            give_way(GIVE_WAY);
            core.filler.run(&core.gate)
        })?,
        index: thread(core, "store-index", move |core| {
            give_way(GIVE_WAY);
            core.index.run(core);
            // A closed store does not wait for ever for this thread: the folder is nobody else's until it is done.
            drop(lock);
            Ok(())
        })?,
        retention: thread(core, "store-retention", move |core| {
            give_way(GIVE_WAY);
            retention.run(core);
            Ok(())
        })?,
        writer: thread(core, "store-writer", writer)?,
    })
}

/// A thread whose fault or panic ends the store's promises, and so the process.
fn thread(
    core: &Arc<Core>,
    name: &'static str,
    work: impl FnOnce(&Core) -> Result<(), Fault> + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    let core = Arc::clone(core);
    let guarded = move || {
        let ended = catch_unwind(AssertUnwindSafe(|| work(&core)));
        if let Err(fault) = ended.unwrap_or(Err(Fault::Panicked { thread: name })) {
            core.fail(&fault);
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(guarded)
        .map_err(|source| OpenError::Thread { name, source })
}

/// How much the threads behind the writer give way, of 19.
const GIVE_WAY: i32 = 5;

/// How much the history's thread does: nothing waits for it but somebody who searches.
const HISTORY_GIVES_WAY: i32 = 15;

/// Lets the caller's thread, and those it starts, wait for the processor behind who answers and delivers.
fn give_way(by: i32) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), by) {
        tracing::debug!(%error, "a thread of the store keeps its priority");
    }
}
