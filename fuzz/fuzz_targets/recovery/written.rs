//! A small journal as the store writes it: groups of one record and of several, of one block and of many, in several
//! segments, the last one with room; messages that came, that were replayed, and that were refused.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_store::{
    Accept, Change, Completion, DeliveryRef, JournalStore, MessageId, NewDelivery, NewMessage,
    Origin, Outcome, Port, PortId, RefusedMessage, Store, StoreOptions, Ticket,
};

use super::memory::Contents;

/// The smallest the store makes.
const SEGMENT: u64 = 256 * 1024;
/// Two of them fill most of a segment, so that a start reads little else.
const LARGE: usize = 110 * 1024;
const LARGE_MESSAGES: usize = 4;
/// Handed over at once, so that they share groups, each with its outcome.
const SMALL_MESSAGES: usize = 12;
/// Kept beside the small ones: some whole, some of which the end is not kept.
const REFUSED_MESSAGES: usize = 6;
/// As many as are handed over below.
pub(crate) const RECORDS: usize = LARGE_MESSAGES + 3 * SMALL_MESSAGES + REFUSED_MESSAGES;

struct Told(Sender<Completion>);

impl Port for Told {
    fn completed(&self, group: Vec<Completion>) {
        for completion in group {
            self.0.send(completion).expect("it is waited for");
        }
    }
}

struct Scribe {
    store: JournalStore,
    port: PortId,
    told: Receiver<Completion>,
}

/// Its files.
pub(crate) fn journal() -> Contents {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("store");
    let options = StoreOptions {
        segment_size: SEGMENT,
        min_free: 0,
        ..StoreOptions::new(dir.clone(), |fault| panic!("{fault}"))
    };
    let (teller, told) = mpsc::channel();
    let store = JournalStore::open(options).expect("a store");
    let port = store.open_port(Box::new(Told(teller)));
    let scribe = Scribe { store, port, told };
    let mut replayed = None;
    for n in 0..SMALL_MESSAGES {
        scribe.hand_over(vec![b'a'; 40 * n], replayed);
        let message = scribe.wait();
        scribe.delivered(message);
        replayed = Some(Origin { job: 1, message });
    }
    for n in 0..REFUSED_MESSAGES {
        scribe.refused(300 * n);
    }
    for _ in 0..LARGE_MESSAGES {
        scribe.hand_over(vec![b'l'; LARGE], None);
        scribe.wait();
    }
    for n in 0..SMALL_MESSAGES {
        scribe.hand_over(vec![b's'; 400 * n], None);
    }
    for _ in 0..SMALL_MESSAGES {
        scribe.wait();
    }
    scribe.store.close(Duration::from_secs(10));
    let files =
        std::fs::read_dir(dir).expect("a store").map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "journal"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, Arc::new(std::fs::read(&path).expect("readable")))
        })
        .collect()
}

impl Scribe {
    fn ticket(&self) -> Ticket {
        Ticket { port: self.port, number: 1 }
    }

    fn hand_over(&self, body: Vec<u8>, origin: Option<Origin>) {
        let own = Some(Bytes::from_static(b"its own"));
        let delivery = |name: &str, body| NewDelivery { body, ..NewDelivery::new(name.into()) };
        let deliveries = vec![delivery("lis", None), delivery("pacs", own)];
        let accept = Accept {
            received_at: Timestamp::UNIX_EPOCH,
            listener: "adt-in".into(),
            peer: "127.0.0.1:1".into(),
            answer: None,
            messages: vec![NewMessage { origin, ..NewMessage::new(body.into(), deliveries) }],
            concludes: None,
        };
        self.store.accept(accept, self.ticket()).expect("it is open");
    }

    fn wait(&self) -> MessageId {
        let completion = self.told.recv().expect("the store lives");
        completion.result.expect("there is space").first
    }

    /// Nobody is told when it is kept; what is waited for afterwards stands behind it.
    fn refused(&self, size: usize) {
        self.store.keep_refused(RefusedMessage {
            at: Timestamp::UNIX_EPOCH,
            listener: "adt-in".into(),
            peer: "127.0.0.1:1".into(),
            code: *b"AR",
            cause: "not-allowed".into(),
            size: 1000,
            body: vec![b'r'; size.min(1000)].into(),
        });
    }

    fn delivered(&self, message: MessageId) {
        let delivery = DeliveryRef { message, destination: "lis".into() };
        let outcome = Outcome::Delivered { attempts: 1, reply_code: None, application_due: None };
        let change = Change::Delivery { at: Timestamp::UNIX_EPOCH, delivery, outcome };
        self.store.record(change, Some(self.ticket()));
        self.wait();
    }
}
