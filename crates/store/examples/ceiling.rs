//! The store beside what its disk can give, with 1, 16 and 128 producers of 700-byte messages.
//!
//! `cargo run --release -p wardline-store --example ceiling [FOLDER [SECONDS]]`
//!
//! Each round measures ceiling and store one after the other, so that both meet the same disk. The store is measured
//! twice: with deliveries that end at once, as a peer that answers makes them, and with deliveries that stay.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use wardline_store::ceiling::{self, Call, Load, Seat};
use wardline_store::{
    Accept, Change, Completion, DeliveryRef, JournalStore, NewDelivery, NewMessage, Outbox,
    Outcome, Port, Store, StoreOptions, Ticket,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = arguments.next().map_or(Ok(2.0), |seconds| seconds.parse())?;
    let duration = Duration::from_secs_f64(seconds);
    println!("{:.0} syncs/s", ceiling::syncs_per_second(&folder, duration)?);
    println!("producers  ceiling/s   ended/s  ratio   staying/s  ratio");
    for producers in [1, 16, 128] {
        let load = Load { producers, body_bytes: 700, duration };
        let ceiling = ceiling::appends_per_second(&folder, load)?;
        let ended = measure(&folder, load, true)?;
        let staying = measure(&folder, load, false)?;
        println!(
            "{producers:9}  {ceiling:9.0}  {ended:8.0}  {:5.2}  {staying:10.0}  {:5.2}",
            ended / ceiling,
            staying / ceiling
        );
    }
    Ok(())
}

/// Calls the producers whose records are durable.
struct CallingPort(Arc<[OnceLock<Call>]>);

impl Port for CallingPort {
    fn completed(&self, group: Vec<Completion>) {
        for completion in group {
            let seat = usize::try_from(completion.number).ok().and_then(|seat| self.0.get(seat));
            if let Some(call) = seat.and_then(OnceLock::get) {
                call.durable();
            }
        }
    }
}

fn measure(folder: &Path, load: Load, ends: bool) -> Result<f64, Box<dyn Error>> {
    let folder = folder.join("ceiling.store");
    let _left_by_an_earlier_run = std::fs::remove_dir_all(&folder);
    let options = StoreOptions::new(&folder, |fault| println!("{fault}"));
    let store = Arc::new(JournalStore::open(options)?);
    let calls: Arc<[OnceLock<Call>]> = (0..load.producers).map(|_| OnceLock::new()).collect();
    let port = store.open_port(Box::new(CallingPort(Arc::clone(&calls))));
    let peer = ends.then(|| Peer::start(&store));
    let rate = ceiling::drive(load, |seat: &Seat, body| {
        if let Some(call) = calls.get(seat.number()) {
            call.get_or_init(|| seat.thread());
        }
        let mut accept = accept(body.clone());
        let ticket = Ticket { port, number: seat.number() as u64 };
        while let Err(refused) = store.accept(accept, ticket) {
            accept = refused.into_accept();
            std::thread::yield_now();
        }
        seat.wait();
    });
    drop(peer);
    let stats = store.stats();
    if std::env::var_os("CEILING_STATS").is_some() {
        println!("{stats:?}");
    }
    drop(store);
    std::fs::remove_dir_all(&folder)?;
    Ok(rate)
}

/// A destination whose peer takes everything at once.
struct Peer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    fn start(store: &Arc<JournalStore>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, store) = (Arc::clone(&stop), Arc::clone(store));
        let thread = std::thread::spawn(move || {
            let this = std::thread::current();
            let outbox = store.outbox("lis", Box::new(move || this.unpark()));
            while !stopped.load(Ordering::Relaxed) {
                deliver(&*store, &outbox);
                std::thread::park_timeout(Duration::from_millis(10));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _it_only_delivers = thread.join();
        }
    }
}

fn deliver(store: &dyn Store, outbox: &Outbox) {
    loop {
        let taken = outbox.take(128);
        for pending in &taken.deliveries {
            let delivery = DeliveryRef { message: pending.id, destination: "lis".into() };
            let outcome =
                Outcome::Delivered { attempts: 1, reply_code: Some(*b"AA"), application_due: None };
            store.record(Change::Delivery { at: Timestamp::now(), delivery, outcome }, None);
            outbox.done(pending.id);
        }
        if taken.more == wardline_store::More::OnDisk {
            let _tried_again = outbox.refill();
        } else if taken.deliveries.is_empty() {
            return;
        }
    }
}

fn accept(body: bytes::Bytes) -> Accept {
    let delivery = NewDelivery::new("lis".into());
    Accept {
        received_at: Timestamp::now(),
        listener: "adt-in".into(),
        peer: "127.0.0.1:4711".into(),
        answer: None,
        messages: vec![NewMessage::new(body, vec![delivery])],
        concludes: None,
    }
}
