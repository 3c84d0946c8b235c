//! The store of one machine: a journal with an index behind it, and four threads.

mod kept;
pub(crate) mod open;
mod reading;
mod recent;
mod replayed;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::api::{
    Accept, Change, Closed, DeliveryDetail, DeliveryRef, DestinationState, Intake, KeptMessage,
    MessageId, Name, Outlook, Page, Port, PortId, Pruning, Query, ReadError, Recent, Refusal,
    Refused, RefusedMessage, Stats, Store, Ticket, Verified,
};
use crate::core::Core;
use crate::format::accept::bodies;
use crate::format::record::RECORD_HEADER;
use crate::history::History;
use crate::index::thread::{blobs, folder_bytes};
use crate::journal::names;
use crate::journal::stored::Wanted;
use crate::limits::{
    MAX_ALSO, MAX_DELIVERIES, MAX_MESSAGES, MAX_META, MAX_RECORD, MAX_REFUSED_BODY, REFUSED_BACKLOG,
};
use crate::lock::FolderLock;
use crate::outbox::Outbox;
use crate::retention::{self, Policy, Retention};
use crate::submission::{Matter, Submission};

/// What the index gets to catch up when a store is dropped without [`Store::close`].
const DROP_DEADLINE: Duration = Duration::from_secs(2);

/// A [`Store`] in a folder of its own.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wardline_store::{JournalStore, Store, StoreOptions};
///
/// let options = StoreOptions::new("var/store", |fault| {
///     eprintln!("{fault}");
///     std::process::exit(9);
/// });
/// let store = JournalStore::open(options)?;
/// for queue in store.destinations()? {
///     println!("{}: {} waiting", queue.destination, queue.pending);
/// }
/// # Ok(())
/// # }
/// ```
pub struct JournalStore {
    core: Arc<Core>,
    retention: Arc<Retention>,
    threads: Mutex<Option<Threads>>,
    _lock: Arc<FolderLock>,
}

struct Threads {
    writer: JoinHandle<()>,
    filler: JoinHandle<()>,
    index: JoinHandle<()>,
    retention: JoinHandle<()>,
    history: Option<JoinHandle<()>>,
}

impl JournalStore {
    /// Throws the index away and builds it anew from the journal. Blocks until it is done, however long that takes;
    /// intake goes on.
    pub fn rebuild_index(&self) -> Result<(), ReadError> {
        self.core.index.rebuild_now()
    }

    fn limits(accept: &Accept) -> Result<usize, Refusal> {
        let bytes = bodies(accept).map(bytes::Bytes::len).sum::<usize>() + RECORD_HEADER;
        let too_many = accept.messages.len() > MAX_MESSAGES
            || accept.messages.iter().any(|message| {
                message.deliveries.len() > MAX_DELIVERIES
                    || message.deliveries.iter().any(|delivery| delivery.also.len() > MAX_ALSO)
            });
        if bytes > MAX_RECORD || too_many {
            return Err(Refusal::TooLarge { bytes });
        }
        Ok(bytes)
    }

    fn refused(submission: Submission, refusal: Refusal) -> Refused {
        match submission.matter {
            Matter::Accept(accept) => Refused { accept, refusal },
            Matter::Change(_)
            | Matter::Refused(_)
            | Matter::Carried(..)
            | Matter::CarriedHold(..)
            | Matter::Expired(..) => unreachable!("made of an accept"),
        }
    }
}

impl Store for JournalStore {
    fn open_port(&self, port: Box<dyn Port>) -> PortId {
        self.core.open_port(port)
    }

    fn accept(&self, accept: Accept, ticket: Ticket) -> Result<(), Refused> {
        if !self.core.gate.is_open() {
            let refusal = Refusal::Intake(self.core.gate.state());
            return Err(Refused { accept, refusal });
        }
        let bytes = match Self::limits(&accept) {
            Ok(bytes) => bytes,
            Err(refusal) => return Err(Refused { accept, refusal }),
        };
        let _room = match self.core.queue.admit(bytes) {
            Ok(admission) => admission,
            Err(backlog) => return Err(Refused { accept, refusal: Refusal::Full { backlog } }),
        };
        let submission = Submission::accept(accept, ticket);
        if submission.meta_length() > MAX_META {
            let bytes = bytes + submission.meta_length();
            return Err(Self::refused(submission, Refusal::TooLarge { bytes }));
        }
        let pushed = self.core.queue.push(submission);
        pushed.map_err(|back| Self::refused(back, Refusal::Intake(Intake::Closed)))
    }

    fn record(&self, change: Change, ticket: Option<Ticket>) {
        if self.core.queue.push(Submission::change(change, ticket)).is_err() {
            tracing::debug!(
                "an outcome came after the store was closed: it is repeated after the next start"
            );
        }
    }

    fn keep_refused(&self, refused: RefusedMessage) {
        let core = &self.core;
        let length = refused.body.len().min(MAX_REFUSED_BODY) + RECORD_HEADER;
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let has_room = core.gate.has_room_to_spare()
            && core.queue.backlog() < REFUSED_BACKLOG
            && core.refused.take(length, Instant::now());
        let is_kept = has_room && core.queue.push(Submission::refused(refused)).is_ok();
        let counters = &core.counters;
        let counter = if is_kept { &counters.refused_kept } else { &counters.refused_passed_over };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn backlog(&self) -> usize {
        self.core.queue.backlog()
    }

    fn outbox(&self, destination: &str, wake: Box<dyn Fn() + Send + Sync>) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::new(Name::from(destination), wake, &self.core));
        self.core.outboxes.open(Arc::clone(&outbox));
        outbox
    }

    fn intake(&self) -> Intake {
        self.core.gate.state()
    }

    fn destinations(&self) -> Result<Vec<DestinationState>, ReadError> {
        reading::destinations(&self.core)
    }

    fn query(&self, query: &Query) -> Result<Page, ReadError> {
        reading::page(&self.core, query)
    }

    fn query_whole(&self, query: &Query) -> Result<Vec<DeliveryDetail>, ReadError> {
        reading::whole(&self.core, query)
    }

    fn delivery(&self, delivery: &DeliveryRef) -> Result<Option<DeliveryDetail>, ReadError> {
        reading::detail(&self.core, delivery, Wanted::Sent)
    }

    fn delivery_head(
        &self,
        delivery: &DeliveryRef,
        most: usize,
    ) -> Result<Option<DeliveryDetail>, ReadError> {
        reading::detail(&self.core, delivery, Wanted::Head(most))
    }

    fn recent(
        &self,
        since: Timestamp,
        most: usize,
        visit: &mut dyn FnMut(Recent<'_>),
    ) -> Result<(), ReadError> {
        let _no_segment_goes = self.retention.pass.lock().unwrap_or_else(PoisonError::into_inner);
        recent::tell(&self.core, since, most, visit)
    }

    fn message(&self, message: MessageId) -> Result<Option<KeptMessage>, ReadError> {
        kept::message(&self.core, message)
    }

    fn history(&self) -> Option<History> {
        History::of(&self.core)
    }

    fn messages(
        &self,
        messages: &[MessageId],
        visit: &mut dyn FnMut(MessageId, Option<KeptMessage>) -> bool,
    ) -> Result<(), ReadError> {
        kept::messages(&self.core, messages, visit)
    }

    fn numbers(
        &self,
        first: MessageId,
        last: MessageId,
        visit: &mut dyn FnMut(MessageId) -> bool,
    ) -> Result<(), ReadError> {
        kept::numbers(&self.core, first, last, visit)
    }

    fn replayed(
        &self,
        job: u64,
        after: Option<MessageId>,
        visit: &mut dyn FnMut(MessageId),
    ) -> Result<bool, ReadError> {
        let _no_segment_goes = self.retention.pass.lock().unwrap_or_else(PoisonError::into_inner);
        replayed::tell(&self.core, job, after.map_or(0, MessageId::get), visit)
    }

    fn newest(&self) -> Option<MessageId> {
        MessageId::from_number(self.core.progress.durable().number.saturating_sub(1))
    }

    fn outlook(&self) -> Outlook {
        retention::outlook(&self.core, self.retention.policy(), Timestamp::now())
    }

    fn retain_each(&self, terms: BTreeMap<Name, Duration>) {
        self.core.terms.set(terms);
    }

    fn pruning(
        &self,
        retain_for: Option<Duration>,
        retain_bytes: Option<u64>,
    ) -> Result<Pruning, ReadError> {
        let policy = self.retention.policy();
        let limits = Policy {
            retain_for: retain_for.unwrap_or(policy.retain_for),
            retain_bytes: retain_bytes.unwrap_or(policy.retain_bytes),
            ..*policy
        };
        self.core.progress.wait_settled(self.core.queue.submitted())?;
        retention::pruning(&self.core, &limits, Timestamp::now())
    }

    fn stats(&self) -> Stats {
        let core = &self.core;
        let live = core.index.with_now(|view| Ok(view.live()));
        let folder = core.dir.join(names::INDEX);
        Stats {
            segments: core.segments.count(),
            journal_bytes: core.segments.bytes(),
            index_bytes: folder_bytes(&folder),
            index_blobs: blobs(&folder),
            index_lag: core.progress.lag(),
            index_ready: live.is_ok(),
            index_rebuilds: core.index.rebuilds(),
            live_deliveries: live.unwrap_or_default(),
            free_bytes: core.disk.free(&core.dir).unwrap_or_default(),
            syncs: core.counters.syncs.load(Ordering::Relaxed),
            records: core.counters.records.load(Ordering::Relaxed),
            refused_kept: core.counters.refused_kept.load(Ordering::Relaxed),
            refused_passed_over: core.counters.refused_passed_over.load(Ordering::Relaxed),
            written_bytes: core.counters.written_bytes.load(Ordering::Relaxed),
            oldest: core.segments.oldest().and_then(|oldest| oldest.created()),
            oldest_stays: self.retention.stays(),
        }
    }

    fn verify(&self) -> Result<Verified, ReadError> {
        let _no_segment_goes = self.retention.pass.lock().unwrap_or_else(PoisonError::into_inner);
        crate::verify::verify(&self.core, &|| true)
    }

    fn verify_while(&self, goes_on: &dyn Fn() -> bool) -> Result<Verified, ReadError> {
        let _no_segment_goes = self.retention.pass.lock().unwrap_or_else(PoisonError::into_inner);
        let may_go_on = || goes_on() && !retention::is_space_short(&self.core);
        crate::verify::verify(&self.core, &may_go_on)
    }

    fn close(&self, index_deadline: Duration) -> Closed {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.core.gate.close();
        self.core.queue.close();
        self.retention.stop();
        let Some(threads) = threads else {
            return self.closed();
        };
        // The filler goes on while the writer may need one more segment; without space that could be for ever.
        let deadline = Instant::now() + index_deadline;
        wait_until(deadline, || threads.writer.is_finished());
        self.core.filler.stop();
        for thread in [threads.writer, threads.filler, threads.retention] {
            let _its_fault_was_told = thread.join();
        }
        if let Some(history) = &self.core.history {
            history.wake();
        }
        for thread in [Some(threads.index), threads.history].into_iter().flatten() {
            wait_until(deadline, || thread.is_finished());
            if thread.is_finished() {
                let _its_fault_was_told = thread.join();
            }
        }
        self.closed()
    }
}

/// How often closing looks whether the index has caught up.
const CLOSE_POLL: Duration = Duration::from_millis(2);

fn wait_until(deadline: Instant, done: impl Fn() -> bool) {
    while !done() && Instant::now() < deadline {
        std::thread::park_timeout(CLOSE_POLL);
    }
}

impl JournalStore {
    fn closed(&self) -> Closed {
        let journal_synced = !self.core.failure.has_failed();
        Closed { journal_synced, index_applied: journal_synced && self.core.progress.lag() == 0 }
    }
}

impl Drop for JournalStore {
    fn drop(&mut self) {
        self.close(DROP_DEADLINE);
    }
}

impl fmt::Debug for JournalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalStore").field("dir", &self.core.dir).finish_non_exhaustive()
    }
}
