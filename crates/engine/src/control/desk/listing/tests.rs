//! Lists over several queues of a real store.

use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;
use wardline_store::{
    Accept, Completion, JournalStore, NewDelivery, NewMessage, Port, StoreOptions, Ticket,
};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// Nobody waits for what is stored: a query does.
struct Deaf;

impl Port for Deaf {
    fn completed(&self, _: Vec<Completion>) {}
}

/// A store in which each of these messages waits for those destinations.
fn store(messages: &[&[&str]]) -> (JournalStore, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = JournalStore::open(StoreOptions {
        dir: folder.path().join("store"),
        segment_size: 1024 * 1024,
        retain_for: MINUTE,
        retain_bytes: 64 * 1024 * 1024,
        min_free: 0,
        max_index_lag: 64 * 1024 * 1024,
        dead_letter_retention: None,
        history: None,
        tick: wardline_store::limits::TICK,
        on_fatal: Box::new(|fault| panic!("the store failed: {fault}")),
        on_intake: Box::new(|_| {}),
    })
    .expect("a store");
    let port = store.open_port(Box::new(Deaf));
    for (destinations, number) in messages.iter().zip(0..) {
        let to = |name: &&str| NewDelivery::new(Arc::from(*name));
        let deliveries = destinations.iter().map(to).collect();
        let body = Bytes::from_static(b"MSH|^~\\&|");
        let accept = Accept {
            received_at: Timestamp::now(),
            listener: Arc::from("in"),
            peer: Arc::from(""),
            answer: None,
            messages: vec![NewMessage::new(body, deliveries)],
            concludes: None,
        };
        store.accept(accept, Ticket { port, number }).expect("it is open");
    }
    (store, folder)
}

/// All pages of all queues, one behind the other, as `message/destination`.
fn read_all(
    store: &JournalStore,
    limit: usize,
    change: impl Fn(&mut Listing<'_>),
) -> (Vec<String>, Vec<usize>) {
    let (mut all, mut pages) = (Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let destinations = store.destinations().expect("readable");
        let names = destinations.into_iter().map(|state| state.destination).collect();
        let pending = DeliveryState::Pending;
        let mut listing = Listing::new(store, names, pending, after.as_ref(), limit);
        change(&mut listing);
        let (rows, next) = listing.read().expect("readable");
        pages.push(rows.len());
        all.extend(rows.iter().map(|row| format!("{}/{}", row.message, row.destination)));
        match next {
            Some(_) => assert!(pages.len() < 100, "it comes to an end: {all:?}"),
            None => return (all, pages),
        }
        after = next;
    }
}

const MESSAGES: &[&[&str]] =
    &[&["b"], &["a", "b", "c"], &["c"], &["a"], &["a", "b"], &["b", "c"], &["c"]];
const EXPECTED: &[&str] =
    &["1/b", "2/a", "2/b", "2/c", "3/c", "4/a", "5/a", "5/b", "6/b", "6/c", "7/c"];

#[test]
fn pages_of_several_queues_show_each_delivery_once_and_the_oldest_first() {
    let (store, _folder) = store(MESSAGES);
    for limit in 1..=EXPECTED.len() + 1 {
        for piece in [1, 2, PIECE] {
            let (all, pages) = read_all(&store, limit, |listing| listing.piece = piece);
            assert_eq!(all, EXPECTED, "{limit} rows a page, read {piece} at once");
            assert!(pages.iter().all(|&rows| rows <= limit), "{pages:?}");
        }
    }
    store.close(MINUTE);
}

#[test]
fn a_page_whose_time_is_over_goes_on_where_it_stopped() {
    let (store, _folder) = store(MESSAGES);
    let (all, pages) = read_all(&store, 100, |listing| {
        listing.piece = 1;
        listing.deadline = Instant::now();
    });
    assert_eq!(all, EXPECTED);
    assert!(pages.len() > 1, "{pages:?}");
    store.close(MINUTE);
}
