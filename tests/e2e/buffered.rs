//! `[engine] max_buffered`: many large messages at once take no more memory than they may, and all of them end.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, framed, large};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        memory_stays_bounded_while_large_messages_wait_and_all_are_answered,
        who_finds_no_room_in_time_is_closed_unanswered_and_counted,
        the_clocks_of_a_frame_stand_still_while_it_waits_for_room,
        a_drain_does_not_wait_for_room,
    ]
}

const MIB: usize = 1024 * 1024;
/// A scanned document.
const SIZE: usize = 12 * MIB;
/// What all of them may take.
const MAX_BUFFERED: usize = 4 * MIB;
/// What each connection takes without asking, and what is kept of the memory that was given back.
const KEPT: usize = 24 * MIB;

fn site(listener_keys: &str) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            "[engine]\ndata_dir = \"data\"\nmax_buffered = \"4MiB\"\n\
             [[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nunrouted = \"discard\"\n{listener_keys}\n"
        ),
    )
}

/// One that has all the room there is, and keeps it until it sends its last two bytes.
fn hold_all(engine: &Engine) -> Peer {
    let mut peer = Peer::connect(engine.address("in"));
    let frame = framed(&large("FIRST", SIZE));
    peer.write(&frame[..frame.len() - 2]);
    wait::until_so("the first to have more than there is", || {
        engine.counts("in").slowed_memory == 1 && engine.resident_bytes() > SIZE as u64
    });
    peer
}

fn send_large(address: SocketAddr, control_id: String) -> JoinHandle<Peer> {
    thread::spawn(move || {
        let mut peer = Peer::connect(address);
        // Fails where the engine closes first.
        let _written = peer.try_write(&framed(&large(&control_id, SIZE)));
        peer
    })
}

fn memory_stays_bounded_while_large_messages_wait_and_all_are_answered() {
    const PEERS: usize = 15;
    let site = site("unavailable_wait = \"60s\"");
    let engine = site.start();
    let bytes = || usize::try_from(engine.resident_bytes()).expect("a size");
    let most = bytes() + SIZE + MAX_BUFFERED + KEPT;
    let mut first = hold_all(&engine);
    let address = engine.address("in");
    let others: Vec<_> =
        (0..PEERS).map(|number| send_large(address, format!("LARGE{number}"))).collect();
    wait::until_so("all to wait", || engine.counts("in").slowed_memory == 1 + PEERS as u64);
    let resident = bytes();
    println!("{PEERS} messages of {} MiB wait: {} MiB resident", SIZE / MIB, resident / MIB);
    assert!(resident < most, "{resident} bytes resident");
    let mut small = Peer::connect(address);
    assert_eq!(small.send(&adt("SMALL")), "AA", "what is small always has its place");

    first.write(b"\x1c\r");
    assert_eq!(field(&first.read(), "MSA", 2), "FIRST");
    for (number, other) in others.into_iter().enumerate() {
        let mut other = other.join().expect("a peer");
        assert_eq!(field(&other.read(), "MSA", 2), format!("LARGE{number}"));
    }
    let resident = bytes();
    assert!(resident < most, "{resident} bytes resident at the end");
    assert_eq!(engine.counts("in").closed_no_room, 0);
}

fn who_finds_no_room_in_time_is_closed_unanswered_and_counted() {
    let site = site("unavailable_wait = \"300ms\"");
    let engine = site.start();
    let mut first = hold_all(&engine);
    let mut second = send_large(engine.address("in"), "SECOND".into()).join().expect("a peer");
    assert!(second.is_closed());
    wait::until_so("the closed connection", || engine.counts("in").closed_no_room == 1);
    assert!(engine.log().contains("no-room"), "{}", engine.log());
    first.write(b"\x1c\r");
    assert_eq!(field(&first.read(), "MSA", 1), "AA", "one at a time may always finish");
    let mut again = send_large(engine.address("in"), "SECOND".into()).join().expect("a peer");
    assert_eq!(field(&again.read(), "MSA", 2), "SECOND", "what was sent again had room");
}

fn the_clocks_of_a_frame_stand_still_while_it_waits_for_room() {
    let keys = "frame_timeout = \"2s\"\nframe_idle_timeout = \"1s\"";
    let (patient, strict) = ("[[listeners]]\nid = \"strict\"\nbind = \"127.0.0.1:0\"\n", keys);
    let site = site(&format!(
        "unavailable_wait = \"60s\"\n{patient}unrouted = \"discard\"\nunavailable_wait = \"60s\"\n{strict}"
    ));
    let engine = site.start();
    let mut first = hold_all(&engine);
    let waiting = send_large(engine.address("strict"), "WAITING".into());
    wait::until_so("it to wait", || engine.counts("strict").slowed_memory == 1);
    let mut stalled = Peer::connect(engine.address("strict"));
    stalled.write(b"\x0bMSH|^~\\&|");
    assert!(stalled.is_closed(), "the clocks of a frame that is read run");
    first.write(b"\x1c\r");
    assert_eq!(field(&first.read(), "MSA", 1), "AA");
    let mut waiting = waiting.join().expect("a peer");
    assert_eq!(field(&waiting.read(), "MSA", 2), "WAITING");
    assert_eq!(engine.counts("strict").closed_frame_timeout, 1, "the stalled one alone");
}

fn a_drain_does_not_wait_for_room() {
    let site = site("unavailable_wait = \"60s\"");
    let engine = site.start();
    let _first = hold_all(&engine);
    let waiting = send_large(engine.address("in"), "WAITING".into());
    wait::until_so("it to wait", || engine.counts("in").slowed_memory == 2);
    assert!(engine.stop().success());
    assert!(waiting.join().expect("a peer").is_closed());
}
