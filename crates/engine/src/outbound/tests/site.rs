//! A pool with a store of its own.

use std::cell::Cell;
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;
use wardline_config::{Destination, DestinationKind, MllpDestination, Order};
use wardline_flow::{DestinationId, KeyOrder};
use wardline_hl7::Message;
use wardline_store::{
    Accept, Change, DeliveryRef, DeliveryRow, DeliveryState, JournalStore, MessageId, NewDelivery,
    NewMessage, Outcome, Query, Store, StoreOptions,
};

use crate::drain::{Drain, Phase, PhaseSender};
use crate::inbound::completions::Completions;
use crate::observe::{DestinationCounters, Moment};
use crate::ordering::Orders;
use crate::outbound::testing::{id, message};
use crate::outbound::{Delivering, PoolDoor, Turn, start};
use crate::replies::Apart;
use crate::ways::Ways;

/// How long a test waits for what must come.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

pub(super) struct Site {
    pub(super) store: Arc<dyn Store>,
    pub(super) counters: Arc<DestinationCounters>,
    pub(super) completions: Completions,
    pub(super) phase: PhaseSender,
    pub(super) delivering: Delivering,
    destination: Arc<str>,
    next: Cell<u64>,
    /// Goes with the site.
    folder: TempDir,
}

/// An MLLP destination whose waits are short enough for a test.
pub(super) fn mllp(address: std::net::SocketAddr) -> Destination {
    destination(DestinationKind::Mllp(Box::new(MllpDestination {
        ack_timeout: Duration::from_millis(300),
        write_timeout: Duration::from_millis(300),
        ..MllpDestination::new(address.to_string())
    })))
}

pub(super) fn destination(kind: DestinationKind) -> Destination {
    let mut destination = Destination::new(DestinationId::from("lis"), kind);
    destination.policy.retry.first = Duration::from_millis(40);
    destination.policy.retry.max = Duration::from_millis(160);
    destination
}

/// The same with other settings of its kind.
pub(super) fn with(
    mut destination: Destination,
    change: impl FnOnce(&mut MllpDestination),
) -> Destination {
    if let DestinationKind::Mllp(mllp) = &mut destination.kind {
        change(mllp);
    }
    destination
}

/// Without order, over so many connections.
pub(super) fn unordered(destination: Destination, connections: usize) -> Destination {
    let connections = NonZeroUsize::new(connections).expect("some");
    let destination = with(destination, |mllp| mllp.connections = connections);
    Destination { order: Order::None, ..destination }
}

/// In the order of each patient, over so many connections.
pub(super) fn by_patient(destination: Destination, connections: usize) -> Destination {
    let by = KeyOrder::new("PID-3".parse().expect("a path"), "MR");
    Destination { order: Order::ByKey(by), ..unordered(destination, connections) }
}

pub(super) fn max_attempts(mut destination: Destination, attempts: u32) -> Destination {
    destination.policy.retry.max_attempts = NonZeroU32::new(attempts);
    destination
}

impl Site {
    pub(super) fn new(destination: Destination) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> =
            Arc::new(JournalStore::open(options(&folder)).expect("a store"));
        let (phase, drain) = Drain::new();
        let counters = Arc::new(DestinationCounters::default());
        let completions = Completions::open(&*store, &Arbiter::current());
        let name = destination.id.arc();
        let apart = Apart::of(&destination, Arc::clone(&counters));
        let delivering = Delivering {
            destination,
            store: Arc::clone(&store),
            completions: completions.clone(),
            counters: Arc::clone(&counters),
            last_delivered: Arc::new(Moment::default()),
            drain,
            ways: watch::channel(Ways::none()).1,
            turn: Turn::default(),
            ends: None,
            connector: None,
            apart,
            reception: None,
        };
        let next = Cell::new(0);
        Self { store, counters, completions, phase, delivering, destination: name, next, folder }
    }

    /// Starts the pool.
    pub(super) fn start(&self) -> PoolDoor {
        start(self.delivering.clone(), &Arbiter::current()).0
    }

    pub(super) fn drain(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Stores the messages M1, M2… going on where the last call ended.
    pub(super) async fn accept(&self, count: usize) -> Vec<MessageId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            self.next.set(self.next.get() + 1);
            ids.push(self.accept_body(message(&format!("M{}", self.next.get()))).await);
        }
        ids
    }

    pub(super) async fn accept_body(&self, body: Bytes) -> MessageId {
        self.accept_record(vec![body]).await
    }

    /// Stores these in one record.
    pub(super) async fn accept_bodies(&self, bodies: Vec<Bytes>) {
        self.accept_record(bodies).await;
    }

    /// Stores so many messages in one record.
    pub(super) async fn accept_at_once(&self, count: usize) {
        self.accept_record(vec![message("SAME"); count]).await;
    }

    /// The first so many deliveries are held.
    pub(super) async fn hold_first(&self, count: u64) {
        let held = |number: u64| {
            let destination = Arc::clone(&self.destination);
            let delivery = DeliveryRef { message: id(number), destination };
            let outcome =
                Outcome::Held { attempts: 1, cause: "unclear-no-msa".into(), reply: None };
            Change::Delivery { at: Timestamp::now(), delivery, outcome }
        };
        (1..count).for_each(|number| self.store.record(held(number), None));
        let (ticket, stored) = self.completions.ticket();
        self.store.record(held(count), Some(ticket));
        stored.stored().await.expect("stored");
    }

    async fn accept_record(&self, bodies: Vec<Bytes>) -> MessageId {
        let destination = &self.delivering.destination;
        let orders = Orders::of(std::slice::from_ref(destination));
        let new = |body: Bytes| {
            let message = Message::parse(body.clone()).expect("a message");
            let (lane, also) = orders.lanes(&destination.id, &message);
            let delivery = NewDelivery { lane, also, ..NewDelivery::new(destination.id.arc()) };
            NewMessage::new(body, vec![delivery])
        };
        let accept = Accept {
            received_at: Timestamp::now(),
            listener: Arc::from("adt-in"),
            peer: Arc::from("127.0.0.1:1"),
            answer: None,
            messages: bodies.into_iter().map(new).collect(),
            concludes: None,
        };
        let (ticket, stored) = self.completions.ticket();
        self.store.accept(accept, ticket).expect("it is open");
        stored.stored().await.expect("stored").first
    }

    /// Changes a byte of what is stored, where this stands for the first time.
    pub(super) fn damage(&self, text: &[u8]) {
        let store = std::fs::read_dir(self.folder.path().join("store")).expect("a store");
        let segment = store
            .map(|entry| entry.expect("an entry").path())
            .find(|path| path.extension().is_some_and(|end| end == "journal"))
            .expect("a segment");
        let bytes = std::fs::read(&segment).expect("readable");
        let at = bytes.windows(text.len()).position(|window| window == text).expect("it is there");
        let file = std::fs::OpenOptions::new().write(true).open(segment).expect("a segment");
        FileExt::write_all_at(&file, &[bytes[at] ^ 1], at as u64).expect("written");
    }

    /// The deliveries of the destination in this state.
    pub(super) async fn rows(&self, state: DeliveryState) -> Vec<DeliveryRow> {
        let query = Query {
            destination: Arc::clone(&self.destination),
            state: Some(state),
            after: None,
            limit: 100,
        };
        let store = Arc::clone(&self.store);
        let page = tokio::task::spawn_blocking(move || store.query(&query)).await;
        page.expect("read").expect("readable").deliveries
    }

    /// The answer that is kept with a delivery.
    pub(super) async fn reply(&self, message: MessageId) -> Option<Bytes> {
        let delivery = DeliveryRef { message, destination: Arc::clone(&self.destination) };
        let store = Arc::clone(&self.store);
        let detail = tokio::task::spawn_blocking(move || store.delivery(&delivery)).await;
        detail.expect("read").expect("readable").expect("there").reply
    }

    /// Waits until so many were delivered, and nothing is left.
    pub(super) async fn delivered(&self, count: u64) {
        until(|| self.counters.delivered.get() >= count).await;
        assert_eq!(self.counters.delivered.get(), count, "END-1: each once");
        assert_eq!(self.rows(DeliveryState::Pending).await, [], "END-1: nothing is left");
    }
}

impl Drop for Site {
    /// The store ends before its folder does; pools may still hold on to it.
    fn drop(&mut self) {
        self.store.close(Duration::ZERO);
    }
}

/// Waits for a condition.
pub(super) async fn until(condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(DEADLINE, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("it comes true within the deadline");
}

fn options(folder: &TempDir) -> StoreOptions {
    StoreOptions {
        dir: folder.path().join("store"),
        segment_size: 1024 * 1024,
        retain_for: Duration::from_hours(1),
        retain_bytes: 64 * 1024 * 1024,
        min_free: 0,
        max_index_lag: 64 * 1024 * 1024,
        dead_letter_retention: None,
        history: None,
        tick: wardline_store::limits::TICK,
        on_fatal: Box::new(|fault| panic!("the store failed: {fault}")),
        on_intake: Box::new(|_| {}),
    }
}
