//! Many connections: thousands that are idle, and the busy ones between them.

use std::net::SocketAddr;
use std::thread;

use libtest_mimic::Trial;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![ten_thousand_idle_connections_cost_little_and_the_busy_ones_are_answered]
}

/// Connections that stay silent.
const IDLE: u64 = 10_000;
/// Connections that send one message after the other.
const BUSY: u64 = 128;
/// Messages of each busy connection.
const MESSAGES: usize = 20;
/// Descriptors that this process needs beside its connections, other tests' included.
const OWN: u64 = 1000;
/// Far above what a connection should cost (20 KiB): what is asserted is that none keeps a read buffer.
const MOST_BYTES: u64 = 64 * 1024;
/// Every so many idle connections, one is shown to be alive.
const SAMPLED: usize = 500;

fn ten_thousand_idle_connections_cost_little_and_the_busy_ones_are_answered() {
    let idle = IDLE.min(descriptors().saturating_sub(BUSY + OWN));
    if idle < IDLE {
        let all = std::env::var("WARDLINE_REQUIRE").is_ok_and(|wanted| wanted == "all");
        assert!(!all, "WARDLINE_REQUIRE=all, but descriptors for {idle} connections only");
        println!("descriptors for {idle} of {IDLE} idle connections");
    }
    let site = site();
    let engine = site.start();
    let address = engine.address("in");
    all_answered(&mut connected(address, BUSY));
    let before = settled(&engine);

    let mut silent = connected(address, idle);
    open_connections(&engine, idle);
    let with_idle = settled(&engine);
    let each = with_idle.saturating_sub(before) / idle.max(1);
    println!("{idle} idle connections: {each} bytes of resident memory each");

    let mut busy = connected(address, BUSY);
    open_connections(&engine, idle + BUSY);
    all_answered(&mut busy);
    println!(
        "{before} bytes resident before, {with_idle} with the idle ones, {} after {} messages on {BUSY} more",
        engine.resident_bytes(),
        BUSY * MESSAGES as u64
    );
    for peer in silent.iter_mut().step_by(SAMPLED) {
        assert_eq!(peer.send(&adt("AWAKE")), "AA", "an idle connection is alive");
    }
    assert!(each < MOST_BYTES, "BOUND-1: {each} bytes for an idle connection");
}

fn connected(address: SocketAddr, count: u64) -> Vec<Peer> {
    (0..count).map(|_| Peer::connect(address)).collect()
}

/// Every peer sends its messages, all at the same time; each is answered AA.
fn all_answered(peers: &mut [Peer]) {
    thread::scope(|scope| {
        for (peer, number) in peers.iter_mut().zip(0..) {
            scope.spawn(move || {
                for message in 0..MESSAGES {
                    assert_eq!(peer.send(&adt(&format!("B{number}-{message}"))), "AA");
                }
            });
        }
    });
}

fn open_connections(engine: &Engine, count: u64) {
    wait::until(&format!("{count} open connections"), || {
        let status = engine.status();
        let listener = status.listeners.iter().find(|row| row.id == "in")?;
        (listener.connections == count).then_some(())
    });
}

/// Resident memory when nothing of what was sent is on its way any more.
fn settled(engine: &Engine) -> u64 {
    engine.wait_for_queue("folder", "empty", |row| row.pending == 0);
    engine.resident_bytes()
}

/// How many descriptors this process may have, having asked for as many as it can get.
fn descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("the soft limit may go up to the hard one");
    limit.maximum.unwrap_or(u64::MAX)
}

fn site() -> Site {
    Site::new(
        PROGRAM,
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
max_connections = 10200

[[routes]]
id = "all"
to = ["folder"]

[[destinations]]
id = "folder"
kind = "file"
path = "out/{control_id}.hl7"
"#,
    )
}
