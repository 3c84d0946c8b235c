//! The power cuts, and what must be there afterwards.

use std::time::Duration;

use libtest_mimic::Trial;
use rustix::process::Signal;
use wardline_engine::control::protocol::{Request, Response};
use wardline_tests::requirement::Need;
use wardline_tests::site::Engine;
use wardline_tests::{trials, wait};

use crate::disk::Disk;
use crate::load::Load;
use crate::promise::Promise;

/// Cuts in a plain test run; `just power-cut 50` does more.
const CUTS: u64 = 6;
/// A disk lives through so many cuts, each after the recovery from the one before; then everything is held to account.
const CUTS_OF_A_DISK: u64 = 3;
/// Room for what a disk's lives leave behind.
const DISK: u64 = 128 * 1024 * 1024;
/// An engine lives at most this long under load, in milliseconds.
const LONGEST_LIFE: u64 = 600;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        what_was_acknowledged_survives_power_cuts =>
            [Need::Root, Need::Tool("mkfs.ext4"), Need::Tool("losetup"), Need::Tool("mount")],
    ]
}

fn what_was_acknowledged_survives_power_cuts() {
    let cuts = number_from("WARDLINE_POWER_CUTS").unwrap_or(CUTS);
    let seed = number_from("WARDLINE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{cuts} power cuts, WARDLINE_SEED={seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut survived = Survived::default();
    while survived.cuts < cuts {
        let of_this_disk = CUTS_OF_A_DISK.min(cuts - survived.cuts);
        live_and_die(of_this_disk, &mut chance, &mut survived);
    }
    let Survived { cuts, messages, rebuilt } = survived;
    println!(
        "{cuts} of {cuts} held; {messages} messages acknowledged; the index was rebuilt {rebuilt} times"
    );
}

#[derive(Default)]
struct Survived {
    cuts: u64,
    messages: usize,
    rebuilt: u64,
}

/// One disk, cut this often; the engine that comes after each cut is the next to be cut.
fn live_and_die(cuts: u64, chance: &mut fastrand::Rng, survived: &mut Survived) {
    let mut promise = Promise::new();
    let site = promise.site();
    let mut disk = Disk::new(DISK);
    disk.put_under(&site);
    let mut engine = site.start();
    for life in 0..cuts {
        let load = Load::start(life, engine.address("in"));
        std::thread::sleep(Duration::from_millis(chance.u64(..LONGEST_LIFE)));
        stand_still(&engine);
        let after = disk.cut();
        engine.kill();
        // Every acknowledgement that was read has left before the engine stood still.
        promise.add(load.end());
        disk = after.power_on();
        disk.put_under(&site);
        engine = site.start();
        promise.hold(&engine);
        survived.cuts += 1;
        survived.rebuilt += rebuilds(&engine);
    }
    promise.hold_at_last(&site, engine);
    survived.messages += promise.len();
}

/// Stops every thread of the engine where it is.
fn stand_still(engine: &Engine) {
    engine.signal(Signal::STOP);
    let threads = format!("/proc/{}/task", engine.pid());
    wait::until_so("every thread of the engine to stand still", || {
        let threads = std::fs::read_dir(&threads).expect("a running process");
        threads.flatten().all(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
        })
    });
}

fn rebuilds(engine: &Engine) -> u64 {
    match engine.ask(&Request::StoreStats) {
        Response::StoreStats(figures) => figures.index_rebuilds,
        other => panic!("asked for the store's figures, got {other:?}"),
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
