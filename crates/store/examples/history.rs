//! One message among many: how long a search takes, how far the history is behind, and what both cost.
//!
//! `cargo run --release -p wardline-store --example history [FOLDER [MESSAGES]]`
//!
//! Each message has 700 bytes, six keys and one delivery that ends at once. It is stored twice, without a history and
//! with one, so that the rates can be held against each other.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use wardline_store::history::{
    History, HistoryOptions, KeyKind, KeyMatch, Match, Search, SearchKey, StateFilter, TakeKeys,
};
use wardline_store::{
    Accept, Change, Completion, DeliveryRef, JournalStore, NewDelivery, NewMessage, Outcome, Port,
    Store, StoreOptions, Ticket,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let messages = arguments.next().map_or(Ok(1_000_000), |messages| messages.parse())?;
    let folder = folder.join("history.store");
    let _left_by_an_earlier_run = std::fs::remove_dir_all(&folder);
    let plain = fill(&open(&folder, false)?, messages);
    std::fs::remove_dir_all(&folder)?;
    let store = open(&folder, true)?;
    let kept = fill(&store, messages);
    println!("stored      {plain:.0}/s without, {kept:.0}/s with a history ({:.2})", kept / plain);
    let history = store.history().ok_or("no history")?;
    report(&history, &store);
    println!("first page  {:.1} ms", milliseconds(&history, &Search::default()));
    measure(&history, messages);
    drop(store);
    let begun = Instant::now();
    let store = open(&folder, true)?;
    let history = store.history().ok_or("no history")?;
    let search = Search { keys: vec![exact(KeyKind::Visit, "V000000007")], ..Search::default() };
    println!("after a start, opened and found in {:.1} ms", milliseconds(&history, &search));
    println!("              {:.1} ms in all", begun.elapsed().as_secs_f64() * 1e3);
    drop(store);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn measure(history: &History, messages: u64) {
    let keyed = |kind, value: &str| Search { keys: vec![exact(kind, value)], ..Search::default() };
    for (share, name) in [(1, "newest"), (2, "middle"), (messages, "oldest")] {
        let nth = messages / share;
        let visit = format!("V{nth:09}");
        let search = keyed(KeyKind::Visit, &visit);
        println!("one key     {:.1} ms, {name}", milliseconds(history, &search));
    }
    let prefix = KeyMatch { how: Match::Prefix, ..exact(KeyKind::Visit, "V00000001") };
    let search = Search { keys: vec![prefix], ..Search::default() };
    println!("a prefix    {:.1} ms", milliseconds(history, &search));
    let search = keyed(KeyKind::MessageType, "ADT^A08");
    println!("a common key {:.1} ms", milliseconds(history, &search));
    let both = vec![exact(KeyKind::PatientId, "P000007"), exact(KeyKind::MessageType, "ADT^A08")];
    let search = Search { keys: both, ..Search::default() };
    println!("two keys    {:.1} ms", milliseconds(history, &search));
    let search = Search { state: Some(StateFilter::Dead), ..Search::default() };
    println!("one state   {:.1} ms", milliseconds(history, &search));
    println!("memory      {} MiB", resident() >> 20);
}

fn report(history: &History, store: &JournalStore) {
    let lag = history.figures().lag;
    let begun = Instant::now();
    while history.figures().lag > 0 || history.figures().runs > store.stats().segments {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let figures = history.figures();
    println!("behind      {} MiB, caught up in {:.1} s", lag >> 20, begun.elapsed().as_secs_f64());
    println!(
        "kept        {} messages in {} runs, {} MiB beside {} MiB of journal",
        figures.messages,
        figures.runs,
        figures.bytes >> 20,
        store.stats().journal_bytes >> 20
    );
    println!("memory      {} MiB", resident() >> 20);
}

fn exact(kind: KeyKind, value: &str) -> KeyMatch {
    KeyMatch { kind, value: Bytes::copy_from_slice(value.as_bytes()), how: Match::Exact }
}

/// The slowest of a few: the first is the one that reads the disk.
fn milliseconds(history: &History, search: &Search) -> f64 {
    let times = (0..3).map(|_| {
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(60);
        let found = history.search(&Search { deadline, ..search.clone() });
        let rows = found.map_or(0, |page| page.rows.len());
        (begun.elapsed(), rows)
    });
    let (slowest, rows) = times.max().unwrap_or_default();
    print!("{rows:3} rows  ");
    slowest.as_secs_f64() * 1e3
}

fn open(folder: &Path, with_history: bool) -> Result<Arc<JournalStore>, Box<dyn Error>> {
    let history = with_history.then(|| HistoryOptions { keys: Arc::new(SixWords) });
    let options =
        StoreOptions { history, ..StoreOptions::new(folder, |fault| println!("{fault}")) };
    Ok(Arc::new(JournalStore::open(options)?))
}

/// The words of the first line are the keys.
struct SixWords;

impl TakeKeys for SixWords {
    fn take(&self, _listener: &str, body: &[u8]) -> Vec<SearchKey> {
        let line = body.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let kinds = [
            KeyKind::ControlId,
            KeyKind::MessageType,
            KeyKind::Sender,
            KeyKind::PatientId,
            KeyKind::Visit,
            KeyKind::Order,
        ];
        let words = line.split(|byte| *byte == b'|');
        kinds.into_iter().zip(words).map(|(kind, word)| SearchKey::new(kind, word)).collect()
    }

    fn fingerprint(&self) -> u64 {
        1
    }
}

fn body(nth: u64) -> Bytes {
    let mut body = format!(
        "C{nth:09}|ADT^A08|APP{}|P{:06}|V{nth:09}|O{:09}\r",
        nth % 20,
        nth % 50_000,
        nth / 2
    )
    .into_bytes();
    body.resize(700, b'x');
    body.into()
}

/// Stores so many, as many at once as a busy engine has; gives the rate.
fn fill(store: &Arc<JournalStore>, messages: u64) -> f64 {
    let flow = Arc::new(Flow::default());
    let port =
        store.open_port(Box::new(Ended { store: Arc::downgrade(store), flow: Arc::clone(&flow) }));
    let begun = Instant::now();
    for nth in 1..=messages {
        flow.wait_below(512);
        let mut accept = accept(nth);
        while let Err(refused) = store.accept(accept, Ticket { port, number: nth }) {
            accept = refused.into_accept();
            std::thread::yield_now();
        }
    }
    flow.wait_below(1);
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = messages as f64 / begun.elapsed().as_secs_f64();
    rate
}

/// How many are on their way.
#[derive(Default)]
struct Flow {
    open: AtomicU64,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Flow {
    fn wait_below(&self, most: u64) {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.open.load(Ordering::Relaxed) >= most {
            let waited = self.changed.wait_timeout(guard, Duration::from_millis(5));
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        if most == 1 {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A peer that takes everything at once.
struct Ended {
    store: Weak<JournalStore>,
    flow: Arc<Flow>,
}

impl Port for Ended {
    fn completed(&self, group: Vec<Completion>) {
        let Some(store) = self.store.upgrade() else { return };
        for completion in &group {
            let Ok(stored) = completion.result else { continue };
            let delivery = DeliveryRef { message: stored.first, destination: "lis".into() };
            let outcome =
                Outcome::Delivered { attempts: 1, reply_code: Some(*b"AA"), application_due: None };
            store.record(Change::Delivery { at: Timestamp::now(), delivery, outcome }, None);
        }
        self.flow.open.fetch_sub(group.len() as u64, Ordering::Relaxed);
        self.flow.changed.notify_all();
    }
}

fn accept(nth: u64) -> Accept {
    let delivery = NewDelivery::new("lis".into());
    Accept {
        received_at: Timestamp::now(),
        listener: "adt-in".into(),
        peer: "127.0.0.1:4711".into(),
        answer: None,
        messages: vec![NewMessage::new(body(nth), vec![delivery])],
        concludes: None,
    }
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<u64> = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or_default() * 4096
}
