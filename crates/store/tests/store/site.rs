//! A store in a folder of its own, on a disk that can fail.

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;
use wardline_store::faults::FaultyDisk;
use wardline_store::{
    Accept, Change, Completion, DeliveryRef, DeliveryRow, DestinationState, Fault, Intake,
    JournalStore, MessageId, More, NewDelivery, NewMessage, NotStored, OpenError, Outbox, Outcome,
    Pending, Port, PortId, Query, Refused, Store, StoreOptions, Stored, Ticket,
};

/// What anything in a test may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Small enough that a test fills several.
pub(crate) const SEGMENT: u64 = 256 * 1024;

/// A folder, a disk, and what the store said of faults.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) disk: FaultyDisk,
    pub(crate) faults: Arc<Mutex<Vec<String>>>,
    pub(crate) intakes: Arc<Mutex<Vec<Intake>>>,
}

/// An open store and a port into it.
pub(crate) struct Open {
    pub(crate) store: Arc<JournalStore>,
    pub(crate) port: PortId,
    pub(crate) done: Arc<Completions>,
    next_ticket: AtomicU64,
}

/// What the port was told.
#[derive(Default)]
pub(crate) struct Completions {
    told: Mutex<HashMap<u64, Result<Stored, NotStored>>>,
    changed: Condvar,
}

struct CollectingPort(Arc<Completions>);

impl Port for CollectingPort {
    fn completed(&self, group: Vec<Completion>) {
        let mut told = self.0.told.lock().expect("not poisoned");
        for completion in group {
            let twice = told.insert(completion.number, completion.result);
            assert!(twice.is_none(), "ticket {} was completed twice", completion.number);
        }
        self.0.changed.notify_all();
    }
}

impl Completions {
    pub(crate) fn get(&self, ticket: u64) -> Option<Result<Stored, NotStored>> {
        self.told.lock().expect("not poisoned").get(&ticket).copied()
    }

    pub(crate) fn count(&self) -> usize {
        self.told.lock().expect("not poisoned").len()
    }

    pub(crate) fn wait(&self, ticket: u64) -> Result<Stored, NotStored> {
        let deadline = Instant::now() + PATIENCE;
        let mut told = self.told.lock().expect("not poisoned");
        loop {
            if let Some(result) = told.get(&ticket) {
                return *result;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "ticket {ticket} was never completed");
            told = self.changed.wait_timeout(told, left).expect("not poisoned").0;
        }
    }
}

/// In memory where there is such a place: what a power cut loses is the faulty disk's work, and the tests' own syncs
/// would only make them slow.
fn folder() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            folder: folder(),
            disk: FaultyDisk::new(),
            faults: Arc::default(),
            intakes: Arc::default(),
        }
    }

    pub(crate) fn options(&self) -> StoreOptions {
        let faults = Arc::clone(&self.faults);
        let intakes = Arc::clone(&self.intakes);
        let on_fatal = move |fault: &Fault| {
            faults.lock().expect("not poisoned").push(fault.to_string());
        };
        StoreOptions {
            segment_size: SEGMENT,
            min_free: 0,
            on_intake: Box::new(move |intake| intakes.lock().expect("not poisoned").push(intake)),
            ..StoreOptions::new(self.folder.path().join("store"), on_fatal)
        }
    }

    pub(crate) fn try_open(&self, options: StoreOptions) -> Result<Open, OpenError> {
        let store = JournalStore::open_on(Arc::new(self.disk.clone()), options)?;
        let done = Arc::new(Completions::default());
        let port = store.open_port(Box::new(CollectingPort(Arc::clone(&done))));
        Ok(Open { store: Arc::new(store), port, done, next_ticket: AtomicU64::new(1) })
    }

    pub(crate) fn open(&self) -> Open {
        self.try_open(self.options()).expect("the store opens")
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().expect("not poisoned").clone()
    }

    /// The segments' files, oldest first.
    pub(crate) fn segment_files(&self) -> Vec<std::path::PathBuf> {
        let folder = self.folder.path().join("store");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("the store's folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|end| end == "journal"))
            .collect();
        files.sort();
        files
    }
}

impl Drop for Open {
    /// A busy machine gets more time than a store that is merely dropped: its index has the lock until it has caught up.
    fn drop(&mut self) {
        self.store.close(PATIENCE);
    }
}

impl Open {
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket { port: self.port, number: self.next_ticket.fetch_add(1, Ordering::Relaxed) }
    }

    /// Hands over without waiting.
    #[expect(clippy::result_large_err, reason = "the store's own")]
    pub(crate) fn hand_over(&self, accept: Accept) -> Result<u64, Refused> {
        let ticket = self.ticket();
        self.store.accept(accept, ticket).map(|()| ticket.number)
    }

    pub(crate) fn accept(&self, accept: Accept) -> MessageId {
        let ticket = self.hand_over(accept).expect("the store takes messages");
        let id = self.done.wait(ticket).expect("there is space").first;
        self.settle();
        id
    }

    /// Waits until everything handed over has reached the outboxes, which follows its completion.
    pub(crate) fn settle(&self) {
        eventually("everything is settled", || self.store.backlog() == 0);
    }

    pub(crate) fn message(&self, body: &str, destinations: &[&str]) -> MessageId {
        self.accept(message(body.as_bytes().to_vec(), destinations))
    }

    /// Records an outcome and waits until it is durable.
    pub(crate) fn conclude(&self, message: MessageId, destination: &str, outcome: Outcome) {
        let ticket = self.ticket();
        self.store.record(change(message, destination, outcome), Some(ticket));
        self.done.wait(ticket.number).expect("outcomes always have space");
        self.settle();
    }

    pub(crate) fn outbox(&self, destination: &str) -> Arc<Outbox> {
        self.store.outbox(destination, Box::new(|| {}))
    }

    pub(crate) fn queue(&self, destination: &str) -> DestinationState {
        let all = self.store.destinations().expect("readable");
        all.into_iter().find(|queue| &*queue.destination == destination).expect("a queue")
    }

    pub(crate) fn rows(&self, destination: &str) -> Vec<DeliveryRow> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let query = Query { destination: destination.into(), state: None, after, limit: 100 };
            let page = self.store.query(&query).expect("readable");
            rows.extend(page.deliveries);
            match page.next {
                Some(next) => after = Some(next),
                None => return rows,
            }
        }
    }
}

/// Everything an outbox has, refilled until there is no more; nothing is done with it.
pub(crate) fn drain(outbox: &Outbox) -> Vec<Pending> {
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    loop {
        let taken = outbox.take(100);
        let nothing = taken.deliveries.is_empty();
        for pending in taken.deliveries {
            assert!(seen.insert(pending.id), "{} came twice", pending.id);
            outbox.done(pending.id);
            all.push(pending);
        }
        match taken.more {
            More::OnDisk => assert_eq!(outbox.refill().expect("readable"), None),
            More::Nothing if nothing => return all,
            More::Nothing | More::NoRoom { .. } => {}
        }
    }
}

pub(crate) fn message(body: impl Into<Bytes>, destinations: &[&str]) -> Accept {
    let deliveries = destinations.iter().map(|destination| NewDelivery::new((*destination).into()));
    Accept {
        received_at: Timestamp::now(),
        listener: "adt-in".into(),
        peer: "127.0.0.1:4711".into(),
        answer: None,
        messages: vec![NewMessage::new(body.into(), deliveries.collect())],
        concludes: None,
    }
}

pub(crate) fn change(message: MessageId, destination: &str, outcome: Outcome) -> Change {
    let delivery = DeliveryRef { message, destination: destination.into() };
    Change::Delivery { at: Timestamp::now(), delivery, outcome }
}

pub(crate) fn delivered() -> Outcome {
    Outcome::Delivered { attempts: 1, reply_code: Some(*b"AA"), application_due: None }
}

pub(crate) fn dead(reply: Option<&'static str>) -> Outcome {
    let reply = reply.map(|reply| Bytes::from_static(reply.as_bytes()));
    Outcome::Dead { attempts: 2, cause: "rejected".into(), reply }
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Copies a folder with everything in it.
pub(crate) fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.metadata().expect("metadata").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Changes the first byte of what stands so in the journal, where that is found first.
pub(crate) fn damage(site: &Site, text: &str) {
    let file = site.segment_files().pop().expect("a segment");
    let bytes = std::fs::read(&file).expect("readable");
    let mut windows = bytes.windows(text.len());
    let at = windows.position(|window| window == text.as_bytes()).expect("stored as it came");
    let file = OpenOptions::new().write(true).open(file).expect("a file");
    FileExt::write_all_at(&file, &[bytes[at] ^ 1], at as u64).expect("written");
}
