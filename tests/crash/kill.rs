//! The kills, and what is held against what the sinks got.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use libtest_mimic::Trial;
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::load::{Load, recognise};

/// Connections that send at the same time.
const SENDERS: usize = 16;
/// Kills in a plain test run; `just crash 100` does more.
const KILLS: u64 = 12;
/// An engine lives at most this long under load, in milliseconds.
const LONGEST_LIFE: u64 = 400;
/// The slower sink's pause before each answer: its queue grows, so that kills find deliveries under way.
const SLOW: Duration = Duration::from_micros(200);

pub(crate) fn trials() -> Vec<Trial> {
    trials![what_was_acknowledged_is_delivered_whatever_is_killed_when]
}

fn what_was_acknowledged_is_delivered_whatever_is_killed_when() {
    let kills = number_from("WARDLINE_CRASH_KILLS").unwrap_or(KILLS);
    let seed = number_from("WARDLINE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{kills} kills, WARDLINE_SEED={seed}");
    let mut chance = fastrand::Rng::with_seed(seed);

    let fast = Sink::accepting();
    let slow = Sink::start(|_| Reply::After(SLOW, Box::new(Reply::Code("AA"))));
    let site = site(&fast, &slow);
    let load = Load::start(SENDERS);
    for _ in 0..kills {
        let engine = site.start();
        load.engine_at(engine.address("in"));
        load.wait_for(1);
        std::thread::sleep(Duration::from_millis(chance.u64(..LONGEST_LIFE)));
        engine.kill();
    }
    let engine = site.start();
    load.engine_at(engine.address("in"));
    load.wait_for(1);
    let acknowledged = load.stop();
    for queue in ["fast", "slow"] {
        engine.wait_for_queue(queue, "drained", |row| row.pending == 0);
        let row = engine.queue(queue);
        assert_eq!((row.dead, row.held), (0, 0), "END-1: {queue}");
    }
    println!("{} messages acknowledged", acknowledged.iter().sum::<u64>());
    for (name, sink) in [("fast", &fast), ("slow", &slow)] {
        let duplicates = hold_against(name, &acknowledged, &sink.arrived());
        println!("{name}: {duplicates} duplicates, each with its own MSH-10");
    }
}

/// A listener before two destinations, on a store so small that segments change and are copied forward all the time.
fn site(fast: &Sink, slow: &Sink) -> Site {
    Site::new(
        env!("CARGO_BIN_EXE_wardline-under-test"),
        &format!(
            r#"
[store]
min_free = "1MiB"
segment_size = "1MiB"
retain_bytes = "4MiB"
retain_for = "1s"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "both"
to = ["fast", "slow"]

[[destinations]]
id = "fast"
kind = "mllp"
address = "{}"
retry = {{ first = "20ms", max = "100ms" }}

[[destinations]]
id = "slow"
kind = "mllp"
address = "{}"
retry = {{ first = "20ms", max = "100ms" }}
"#,
            fast.address(),
            slow.address()
        ),
    )
}

/// Panics unless each acknowledged message arrived whole and each sender's messages in order; returns the number of
/// messages that came again.
fn hold_against(sink: &str, acknowledged: &[u64], arrived: &[Arrived]) -> usize {
    let mut firsts: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let mut times: HashMap<(usize, u64), usize> = HashMap::new();
    for one in arrived {
        let id = recognise(&one.payload)
            .unwrap_or_else(|| panic!("RAW-1: {sink} got half a message: {}", one.control_id));
        let seen = times.entry(id).or_default();
        if *seen == 0 {
            firsts.entry(id.0).or_default().push(id.1);
        }
        *seen += 1;
    }
    for (sender, &count) in acknowledged.iter().enumerate() {
        let first = firsts.remove(&sender).unwrap_or_default();
        assert!(first.is_sorted(), "ORDER-1: {sink} got sender {sender}'s messages out of order");
        let missing: Vec<u64> =
            (0..count).filter(|number| first.binary_search(number).is_err()).collect();
        assert!(missing.is_empty(), "ACK-1: {sink} never got {missing:?} of sender {sender}");
    }
    times.values().map(|&count| count - 1).sum()
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
