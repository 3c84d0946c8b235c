//! A folder as destination: one file a message, delivered when nothing can take it away any more.
//!
//! ```text
//!   for each of the group:  render the path, write `.…​.part` beside it
//!   for all at once:        sync the files
//!   for each, in order:     rename, never over anything
//!   for each folder once:   sync the folder                       delivered
//! ```
//!
//! A crash between any two steps leaves a message that is delivered again: a file with the same bytes counts as
//! delivered, one with other bytes stays and the new one is called `-2`, `-3`… (END-1, and nothing is overwritten).
//! In a lane nothing is renamed behind a failure (ORDER-1). Rendered paths are made of values of the message and are
//! never logged: PHI-1.
//!
//! Everything here blocks; the pool calls it on a thread of its own, one group at a time.

mod draft;
mod folders;
mod place;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use jiff::tz::TimeZone;
use wardline_config::{Order, PathTemplate, TemplateValues};
use wardline_flow::FileFault;
use wardline_hl7::Message;

use super::delivery::Delivery;
use draft::Draft;
use folders::Folders;

/// The most deliveries written as one group: enough to share the cost of a sync, few enough open files.
pub(super) const GROUP: usize = 128;

/// How many files of a group are synced at once. A file system joins concurrent syncs into one commit; more threads
/// than this gained nothing.
const SYNCS_AT_ONCE: usize = 8;

/// Fewer files than this are synced one after the other: a thread would cost more.
const SYNCS_WORTH_THREADS: usize = 4;

/// Writes the messages of one destination.
#[derive(Debug)]
pub(super) struct FileWriter {
    destination: Arc<str>,
    template: PathTemplate,
    order: Order,
    /// In which folders are named.
    time_zone: TimeZone,
    turn: Turn,
}

/// The right to write into the folders of one destination. A pool that dies leaves its writer at work: the writer of the
/// next pool, which uses the same temporary names, waits for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn(Arc<Mutex<()>>);

/// What became of one delivery of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filed {
    /// It is there: synced, renamed, its folder synced.
    Delivered,
    /// It is not.
    Failed(FileFault),
    /// An earlier one of its lane failed.
    NotTried,
}

/// How far one delivery of a group has come.
enum Progress<T> {
    At(T),
    Ended(Filed),
}

impl FileWriter {
    pub(super) fn new(
        destination: Arc<str>,
        template: PathTemplate,
        order: Order,
        turn: Turn,
    ) -> Self {
        Self { destination, template, order, time_zone: TimeZone::system(), turn }
    }

    /// Writes a group. One answer for each, in the same order.
    pub(super) fn write(&self, group: &[Delivery]) -> Vec<Filed> {
        let _turn = self.turn.0.lock().unwrap_or_else(PoisonError::into_inner);
        let drafts = self.each(group, |delivery| self.draft(delivery));
        let synced = sync_all(drafts);
        let placed = self.each(synced.into_iter().zip(group), |(synced, delivery)| match synced {
            Progress::At(draft) => place::place(draft, &delivery.body).map_err(Filed::Failed),
            Progress::Ended(filed) => Err(filed),
        });
        let mut folders = Folders::default();
        placed
            .into_iter()
            .map(|placed| match placed {
                Progress::At(path) => folders.sync_parent(&path),
                Progress::Ended(filed) => filed,
            })
            .collect()
    }

    /// One step for each of a group; in a lane only up to the first that fails.
    fn each<A, B>(
        &self,
        group: impl IntoIterator<Item = A>,
        mut step: impl FnMut(A) -> Result<B, Filed>,
    ) -> Vec<Progress<B>> {
        let mut lane_open = true;
        let mut one = |item| {
            if !lane_open {
                return Progress::Ended(Filed::NotTried);
            }
            match step(item) {
                Ok(done) => Progress::At(done),
                Err(filed) => {
                    lane_open = self.order != Order::Fifo;
                    Progress::Ended(filed)
                }
            }
        };
        group.into_iter().map(&mut one).collect()
    }

    fn draft(&self, delivery: &Delivery) -> Result<Draft, Filed> {
        let target = self.path(delivery).ok_or(Filed::Failed(FileFault::Failed))?;
        Draft::write(target, &self.destination, delivery).map_err(Filed::Failed)
    }

    /// Where the message goes. None for a body that is no message; nothing stored is.
    fn path(&self, delivery: &Delivery) -> Option<PathBuf> {
        let message = Message::parse(delivery.body.clone()).ok()?;
        let values = TemplateValues {
            received: &delivery.received_at.to_zoned(self.time_zone.clone()),
            id: delivery.id.get(),
            identity: &message.header().identity(),
        };
        Some(self.template.render(&values))
    }
}

/// Syncs the drafts, several at once.
fn sync_all(drafts: Vec<Progress<Draft>>) -> Vec<Progress<Draft>> {
    let threads = if drafts.len() < SYNCS_WORTH_THREADS { 1 } else { SYNCS_AT_ONCE };
    let share = drafts.len().div_ceil(threads).max(1);
    let mut drafts = drafts;
    thread::scope(|scope| {
        let mut shares = drafts.chunks_mut(share);
        let own = shares.next();
        for share in shares {
            scope.spawn(|| share.iter_mut().for_each(sync));
        }
        own.into_iter().flatten().for_each(sync);
    });
    drafts
}

fn sync(draft: &mut Progress<Draft>) {
    if let Progress::At(written) = draft
        && let Err(fault) = written.sync()
    {
        *draft = Progress::Ended(Filed::Failed(fault));
    }
}

/// What a failed operation on a file means. The error itself may show the path, so only its kind is looked at: PHI-1.
fn fault(error: &std::io::Error) -> FileFault {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileFault::NoSpace,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FileFault::Denied,
        _ => FileFault::Failed,
    }
}

#[cfg(test)]
mod tests;
