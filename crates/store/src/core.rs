//! What the threads of one store share.
//!
//! ```text
//!   thread     reads                      writes                        its death
//!   writer     queue                      segments, progress, ports     ends the process
//!   filler     disk, filler               filler, gate                  ends the process
//!   index      segments, progress         index (sled), gate            ends the process
//!   retention  index, segments            queue, segments               ends the process
//!   history    segments, progress         runs                          ends the history, until the next start
//! ```
//!
//! A panic of sled is none of the index thread's: it is caught where sled is called, and the index is rebuilt.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::allowance::Allowance;
use crate::api::{Fault, Port, PortId};
use crate::disk::Disk;
use crate::filler::Filler;
use crate::gate::Gate;
use crate::history::Shelf;
use crate::index::Index;
use crate::journal::segments::Segments;
use crate::outbox::Outboxes;
use crate::progress::Progress;
use crate::queue::Queue;
use crate::retention::Watch;
use crate::terms::Terms;

/// One store's shared parts.
pub(crate) struct Core {
    pub(crate) dir: PathBuf,
    /// How often the threads behind the writer look around.
    pub(crate) tick: Duration,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) segments: Segments,
    pub(crate) queue: Queue,
    pub(crate) progress: Progress,
    pub(crate) filler: Filler,
    pub(crate) gate: Gate,
    pub(crate) refused: Allowance,
    pub(crate) index: Index,
    /// Where it is wanted.
    pub(crate) history: Option<Shelf>,
    pub(crate) terms: Terms,
    pub(crate) outboxes: Outboxes,
    pub(crate) watch: Watch,
    pub(crate) ports: Mutex<Vec<Box<dyn Port>>>,
    pub(crate) counters: Counters,
    pub(crate) failure: Failure,
}

/// Counted since the start.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) syncs: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) written_bytes: AtomicU64,
    pub(crate) refused_kept: AtomicU64,
    pub(crate) refused_passed_over: AtomicU64,
}

/// The end of all promises.
pub(crate) struct Failure {
    failed: AtomicBool,
    on_fatal: Box<dyn Fn(&Fault) + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(on_fatal: Box<dyn Fn(&Fault) + Send + Sync>) -> Self {
        Self { failed: AtomicBool::new(false), on_fatal }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}

impl Core {
    /// Stops everything and tells the owner, who should end the process. Only the first fault is told.
    pub(crate) fn fail(&self, fault: &Fault) {
        if self.failure.failed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.gate.close();
        self.queue.close();
        self.progress.end();
        self.filler.stop();
        (self.failure.on_fatal)(fault);
    }

    pub(crate) fn open_port(&self, port: Box<dyn Port>) -> PortId {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.push(port);
        PortId(ports.len() - 1)
    }
}
