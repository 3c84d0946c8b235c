//! Random histories against a model, with power cuts, restarts and harm to the index.
//!
//! A cut loses a random subset of the blocks that no sync covers. What was completed before it must be there; of what
//! was only handed over, any number from the front may be there, and nothing else. So after each cut the store must
//! equal the model after some number of the open operations.
//!
//! The threads behind the writer look around all the time, so that segments are sealed, carried out of and deleted, and
//! sled written, within these short lives; the test counts that it was so.
//!
//! `WARDLINE_SEEDS=from..to` runs other seeds than the usual ones.

use std::collections::BTreeMap;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use wardline_store::{
    Change, DeliveryRef, DeliveryState, Lane, MessageId, Outcome, Store, StoreOptions,
};

use crate::site::{Open, Site, change, copy_folder, drain, message};

const SEEDS: std::ops::Range<u64> = 0..1000;
/// Histories mostly wait for threads of their stores.
const AT_ONCE: usize = 6;

const DESTINATIONS: [&str; 3] = ["lis", "archive", "pacs"];

/// Where the model thinks a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    lane: Lane,
    state: DeliveryState,
    attempts: u32,
    cause: Option<&'static str>,
    reply: Option<Vec<u8>>,
    body: Vec<u8>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model {
    last_number: u64,
    deliveries: BTreeMap<(&'static str, u64), Standing>,
    held: BTreeMap<&'static str, bool>,
}

/// One thing done to the store.
#[derive(Debug, Clone)]
enum Operation {
    Accept { body: Vec<u8>, lane: Lane, destinations: Vec<&'static str> },
    Deliver { destination: &'static str, number: u64 },
    Defer { destination: &'static str, number: u64, attempts: u32 },
    Bury { destination: &'static str, number: u64, reply: Option<Vec<u8>> },
    Hold { destination: &'static str, number: u64 },
    Revive { destination: &'static str, number: u64 },
    Discard { destination: &'static str, number: u64 },
    HoldDestination { destination: &'static str, held: bool },
}

/// What is in the last lane is in others as well.
fn beside(lane: Lane) -> Vec<Lane> {
    if lane == Lane(2) { vec![Lane(1), Lane::ALL] } else { Vec::new() }
}

impl Model {
    fn apply(&mut self, operation: &Operation) {
        self.last_number += 1;
        let mut stop = |key, state, attempts, cause, reply: Option<Vec<u8>>| {
            if let Some(standing) = self.deliveries.get_mut(&key) {
                let (lane, body) = (standing.lane, std::mem::take(&mut standing.body));
                *standing = Standing { lane, state, attempts, cause, reply, body };
            }
        };
        match operation {
            Operation::Accept { body, lane, destinations } => {
                for destination in destinations {
                    let standing = Standing {
                        lane: *lane,
                        state: DeliveryState::Pending,
                        attempts: 0,
                        cause: None,
                        reply: None,
                        body: body.clone(),
                    };
                    self.deliveries.insert((destination, self.last_number), standing);
                }
            }
            Operation::Deliver { destination, number }
            | Operation::Discard { destination, number } => {
                self.deliveries.remove(&(*destination, *number));
            }
            Operation::Defer { destination, number, attempts } => {
                let key = (*destination, *number);
                stop(key, DeliveryState::Pending, *attempts, Some("refused"), None);
            }
            Operation::Bury { destination, number, reply } => {
                let key = (*destination, *number);
                stop(key, DeliveryState::Dead, 1, Some("rejected"), reply.clone());
            }
            Operation::Hold { destination, number } => {
                stop((*destination, *number), DeliveryState::Held, 10, Some("unclear"), None);
            }
            Operation::Revive { destination, number } => {
                stop((*destination, *number), DeliveryState::Pending, 0, None, None);
            }
            Operation::HoldDestination { destination, held } => {
                self.held.insert(destination, *held);
            }
        }
    }

    /// The model as a store shows it. Carried records take numbers too, so the last one is not compared.
    fn of(open: &Open) -> Self {
        let mut model = Self::default();
        for queue in open.store.destinations().expect("readable") {
            let name = known(&queue.destination);
            if queue.hold.is_some() {
                model.held.insert(name, true);
            }
            let rows = open.rows(name);
            let of = |state| rows.iter().filter(|row| row.state == state).count() as u64;
            assert_eq!(queue.pending, of(DeliveryState::Pending), "counts");
            assert_eq!(queue.dead, of(DeliveryState::Dead), "counts");
            assert_eq!(queue.held, of(DeliveryState::Held), "counts");
            for row in rows {
                assert_eq!(row.also, beside(row.lane), "the lanes that an accept was given");
                let delivery =
                    DeliveryRef { message: row.message, destination: row.destination.clone() };
                let detail = open.store.delivery(&delivery).expect("readable").expect("there");
                let standing = Standing {
                    lane: row.lane,
                    state: row.state,
                    attempts: row.attempts,
                    cause: row.cause.as_deref().map(cause),
                    reply: detail.reply.map(Vec::from),
                    body: detail.body.map(Vec::from).expect("no cut damages a body"),
                };
                model.deliveries.insert((name, row.message.get()), standing);
            }
        }
        model
    }

    fn shows_as(&self, other: &Self) -> bool {
        let held = |model: &Self| -> Vec<_> {
            model.held.iter().filter(|(_, held)| **held).map(|(name, _)| *name).collect()
        };
        self.deliveries == other.deliveries && held(self) == held(other)
    }
}

fn known(name: &str) -> &'static str {
    DESTINATIONS.into_iter().find(|known| *known == name).expect("one of ours")
}

fn cause(code: &str) -> &'static str {
    ["refused", "rejected", "unclear"].into_iter().find(|known| *known == code).expect("ours")
}

/// A random operation that makes sense to the model.
fn random_operation(model: &Model, random: &mut fastrand::Rng) -> Operation {
    let of_state = |random: &mut fastrand::Rng, dead: bool| {
        let matching: Vec<_> = model
            .deliveries
            .iter()
            .filter(|(_, standing)| (standing.state != DeliveryState::Pending) == dead)
            .map(|(key, _)| *key)
            .collect();
        random.choice(matching)
    };
    match random.u8(0..20) {
        0..8 => {}
        8..12 => {
            if let Some((destination, number)) = of_state(random, false) {
                return Operation::Deliver { destination, number };
            }
        }
        12 => {
            if let Some((destination, number)) = of_state(random, false) {
                return Operation::Defer { destination, number, attempts: random.u32(1..5) };
            }
        }
        13 | 14 => {
            if let Some((destination, number)) = of_state(random, false) {
                let reply = random.bool().then(|| b"MSA|AR".repeat(random.usize(1..50)));
                return Operation::Bury { destination, number, reply };
            }
        }
        15 => {
            if let Some((destination, number)) = of_state(random, false) {
                return Operation::Hold { destination, number };
            }
        }
        16 | 17 => {
            if let Some((destination, number)) = of_state(random, true) {
                return Operation::Revive { destination, number };
            }
        }
        18 => {
            if let Some((destination, number)) = of_state(random, true) {
                return Operation::Discard { destination, number };
            }
        }
        _ => {
            let destination = DESTINATIONS[random.usize(..DESTINATIONS.len())];
            return Operation::HoldDestination { destination, held: random.bool() };
        }
    }
    let length = match random.u8(0..40) {
        0 => random.usize(200_000..400_000),
        1..8 => random.usize(4000..30_000),
        _ => random.usize(0..2000),
    };
    let mut body = vec![0; length];
    random.fill(&mut body);
    let destinations = DESTINATIONS.into_iter().filter(|_| random.u8(0..3) > 0).collect();
    let lane = Lane(random.u64(0..3));
    Operation::Accept { body, lane, destinations }
}

/// Hands an operation over; gives its ticket.
fn perform(open: &Open, operation: &Operation) -> Option<u64> {
    let outcome = |destination: &str, number: u64, outcome: Outcome| {
        let message = MessageId::from_number(number).expect("not 0");
        change(message, destination, outcome)
    };
    let by = || "ann".into();
    let (at, reason) = (Timestamp::now(), || "a test".into());
    let recorded = match operation {
        Operation::Accept { body, lane, destinations } => {
            let mut accept = message(body.clone(), destinations);
            for delivery in &mut accept.messages[0].deliveries {
                delivery.lane = *lane;
                delivery.also = beside(*lane);
            }
            return open.hand_over(accept).ok();
        }
        Operation::Deliver { destination, number } => outcome(
            destination,
            *number,
            Outcome::Delivered { attempts: 1, reply_code: Some(*b"AA"), application_due: None },
        ),
        Operation::Defer { destination, number, attempts } => outcome(
            destination,
            *number,
            Outcome::Deferred {
                attempts: *attempts,
                first_attempt: None,
                due: at,
                cause: "refused".into(),
            },
        ),
        Operation::Bury { destination, number, reply } => {
            let reply = reply.clone().map(Into::into);
            let dead = Outcome::Dead { attempts: 1, cause: "rejected".into(), reply };
            outcome(destination, *number, dead)
        }
        Operation::Hold { destination, number } => {
            let held = Outcome::Held { attempts: 10, cause: "unclear".into(), reply: None };
            outcome(destination, *number, held)
        }
        Operation::Revive { destination, number } => {
            outcome(destination, *number, Outcome::Revived { by: by() })
        }
        Operation::Discard { destination, number } => {
            outcome(destination, *number, Outcome::Discarded { by: by(), reason: reason() })
        }
        Operation::HoldDestination { destination, held: true } => Change::DestinationHeld {
            at,
            destination: (*destination).into(),
            by: by(),
            reason: reason(),
        },
        Operation::HoldDestination { destination, held: false } => {
            Change::DestinationReleased { at, destination: (*destination).into(), by: by() }
        }
    };
    let ticket = open.ticket();
    open.store.record(recorded, Some(ticket));
    Some(ticket.number)
}

/// Does something to sled's folder that the journal must make good.
fn harm_index(folder: &Path, random: &mut fastrand::Rng) {
    let index = folder.join("store/index");
    let db = index.join("db");
    match random.u8(0..8) {
        0 => fs::remove_dir_all(&index).unwrap_or_default(),
        1 => {
            let bytes = fs::read(&db).unwrap_or_default();
            fs::write(&db, &bytes[..random.usize(0..=bytes.len())]).unwrap_or_default();
        }
        2 => {
            let mut bytes = fs::read(&db).unwrap_or_default();
            if !bytes.is_empty() {
                let at = random.usize(..bytes.len());
                let end = (at + random.usize(1..5000)).min(bytes.len());
                random.fill(&mut bytes[at..end]);
                fs::write(&db, &bytes).unwrap_or_default();
            }
        }
        3 => {
            let earlier = folder.join("earlier");
            if earlier.is_dir() {
                fs::remove_dir_all(&index).expect("removed");
                copy_folder(&earlier, &index);
            }
        }
        4 => {
            let earlier = folder.join("earlier");
            fs::remove_dir_all(&earlier).unwrap_or_default();
            if index.is_dir() {
                copy_folder(&index, &earlier);
            }
        }
        _ => {}
    }
}

fn options(site: &Site, forgetful: bool) -> StoreOptions {
    let mut options = site.options();
    options.tick = Duration::from_millis(1);
    if forgetful {
        options.retain_bytes = 0;
    }
    options
}

/// One life of a store: operations, some of them waited for, then its end. Gives what is still open then.
fn live(
    open: &Open,
    model: &mut Model,
    random: &mut fastrand::Rng,
    numbers_known: bool,
) -> Vec<Operation> {
    model.last_number = open.message("to learn the number", &[]).get();
    let mut in_flight: Vec<(u64, Operation, Model)> = Vec::new();
    for _ in 0..random.usize(1..30) {
        let mut ahead =
            in_flight.last().map_or_else(|| model.clone(), |(_, _, after)| after.clone());
        let operation = random_operation(&ahead, random);
        ahead.apply(&operation);
        let Some(ticket) = perform(open, &operation) else { continue };
        in_flight.push((ticket, operation, ahead));
        if random.u8(0..4) == 0 || !numbers_known {
            for (ticket, operation, after) in in_flight.drain(..) {
                let number = open.done.wait(ticket).expect("there is space").first.get();
                assert!(number >= after.last_number, "numbers go back");
                assert!(number == after.last_number || !numbers_known, "numbers have gaps");
                model.last_number = number - 1;
                model.apply(&operation);
            }
        }
    }
    in_flight.into_iter().map(|(_, operation, _)| operation).collect()
}

/// After a cut: the model after as many of the open operations as are there.
fn settle(model: &mut Model, in_flight: &[Operation], found: &Model, seed: u64) {
    let mut candidate = model.clone();
    let mut candidates = vec![candidate.clone()];
    for operation in in_flight {
        candidate.apply(operation);
        candidates.push(candidate.clone());
    }
    let matching = candidates.into_iter().rev().find(|candidate| candidate.shows_as(found));
    let Some(matching) = matching else {
        panic!(
            "seed {seed}: after the cut the store shows {} deliveries, the model {} and {} open \
             operations, and no number of them explains it",
            found.deliveries.len(),
            model.deliveries.len(),
            in_flight.len()
        );
    };
    *model = matching;
}

/// Lives at whose end something had been done behind the writer.
#[derive(Default)]
struct Done {
    written_down: AtomicU64,
    sealed: AtomicU64,
    deleted: AtomicU64,
    carried: AtomicU64,
}

impl Done {
    fn look_at(&self, site: &Site, open: &Open, model: &Model) {
        let stats = open.store.stats();
        let files = site.segment_files();
        // Only a table ends inside a block.
        let sealed = |file: &PathBuf| file.metadata().is_ok_and(|file| file.len() % 4096 != 0);
        let deleted = files.first().is_some_and(|file| !file.ends_with("000000000001.journal"));
        let note = |so, count: &AtomicU64| count.fetch_add(u64::from(so), Ordering::Relaxed);
        note(stats.records > 0 && stats.index_lag == 0, &self.written_down);
        note(files.iter().any(sealed), &self.sealed);
        note(deleted, &self.deleted);
        // The first numbers stood in the first segment: what still lives of them was carried out of it.
        note(deleted && model.deliveries.keys().any(|(_, number)| *number < 3), &self.carried);
    }
}

fn history(seed: u64, done: &Done) {
    let mut random = fastrand::Rng::with_seed(seed);
    let site = Site::new();
    let mut model = Model::default();
    let forgetful = random.u8(0..4) == 0;
    for life in 0..random.usize(2..6) {
        let open = site.try_open(options(&site, forgetful)).unwrap_or_else(|error| {
            panic!("seed {seed}, life {life}: {error}: {:?}", std::error::Error::source(&error))
        });
        let found = Model::of(&open);
        assert!(model.shows_as(&found), "seed {seed}, life {life}: the store forgot or made up");
        for destination in DESTINATIONS {
            let pending: Vec<_> =
                drain(&open.outbox(destination)).into_iter().map(|p| p.id.get()).collect();
            let expected: Vec<_> = model
                .deliveries
                .iter()
                .filter(|((name, _), s)| *name == destination && s.state == DeliveryState::Pending)
                .map(|((_, number), _)| *number)
                .collect();
            assert_eq!(pending, expected, "seed {seed}, life {life}: {destination}");
        }
        let in_flight = live(&open, &mut model, &mut random, !forgetful);
        done.look_at(&site, &open, &model);
        if random.u8(0..3) == 0 {
            drop(open);
            for operation in &in_flight {
                model.apply(operation);
            }
        } else {
            site.disk.power_off();
            drop(open);
            site.disk.cut_and_restore(random.u64(..)).expect("restored");
            let open = site.try_open(options(&site, false)).unwrap_or_else(|error| {
                panic!("seed {seed}: after a cut: {error}: {:?}", std::error::Error::source(&error))
            });
            settle(&mut model, &in_flight, &Model::of(&open), seed);
        }
        harm_index(site.folder.path(), &mut random);
    }
}

#[test]
fn whatever_a_power_cut_loses_what_was_completed_is_there_and_nothing_is_made_up() {
    let seeds = match std::env::var("WARDLINE_SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").expect("from..to");
            from.parse().expect("a number")..to.parse().expect("a number")
        }
        Err(_) => SEEDS,
    };
    let usual = seeds == SEEDS;
    let next = AtomicU64::new(seeds.start);
    let done = Done::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let lived = std::panic::catch_unwind(AssertUnwindSafe(|| history(seed, &done)));
                    if let Err(panic) = lived {
                        println!("seed {seed} failed: WARDLINE_SEEDS={seed}..{}", seed + 1);
                        std::panic::resume_unwind(panic);
                    }
                }
            });
        }
    });
    let Done { written_down, sealed, deleted, carried } = done;
    let counts = [written_down, sealed, deleted, carried].map(AtomicU64::into_inner);
    println!("lives with sled written, segments sealed, deleted, carried out of: {counts:?}");
    assert!(!usual || counts.iter().all(|&lives| lives >= 20), "too few: {counts:?}");
}
