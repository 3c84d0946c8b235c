//! Who may connect, and how much of a listener one source may have: nobody is refused for being fast.

use std::io::Write;
use std::net::SocketAddr;
use std::thread;

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, framed, large};
use wardline_tests::peer::Peer;
use wardline_tests::site::Site;
use wardline_tests::{trials, wait};

use crate::ours::{PROGRAM, inbox, running};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        who_is_in_no_network_of_the_list_is_turned_away_counted_and_told_of_once,
        a_source_over_its_rate_is_slowed_and_never_refused,
        a_source_over_its_rate_keeps_no_memory_from_others,
        a_source_over_its_rate_waits_however_often_it_connects,
        a_source_has_so_many_messages_in_hand_and_others_are_not_held_up,
        a_peer_that_sends_without_waiting_keeps_nobody_else_waiting,
    ]
}

/// Another source on this machine: all of 127.0.0.0/8 is its own.
const ANOTHER: &str = "127.0.0.2:0";

fn from(source: &str, to: SocketAddr) -> Peer {
    Peer::from(source.parse().expect("an address"), to)
}

fn who_is_in_no_network_of_the_list_is_turned_away_counted_and_told_of_once() {
    let (site, engine) = running("allow = [\"127.0.0.2\", \"10.0.0.0/8\"]");
    let address = engine.address("in");
    for _ in 0..3 {
        assert!(Peer::connect(address).is_closed());
    }
    assert_eq!(from(ANOTHER, address).send(&adt("ALLOWED")), "AA");
    let counts = engine.counts("in");
    assert_eq!((counts.refused_not_allowed, counts.opened, counts.stored), (3, 1, 1));
    let told = engine.log().matches("connection refused: not from a network").count();
    assert_eq!(told, 1, "{}", engine.log());
    let status = site.command(["--config", "wardline.toml", "status"]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("  REFUSED\n") && status.contains("  3\n"), "{status}");
}

fn a_source_over_its_rate_is_slowed_and_never_refused() {
    let (_site, engine) = running("rate = \"20/s\"");
    let address = engine.address("in");
    let mut fast = Peer::connect(address);
    for number in 0..30 {
        fast.write(&framed(&adt(&format!("FAST{number}"))));
    }
    for number in 0..30 {
        let answer = fast.read();
        assert_eq!(field(&answer, "MSA", 1), "AA");
        assert_eq!(field(&answer, "MSA", 2), format!("FAST{number}"));
    }
    let slowed = engine.counts("in").slowed_rate;
    assert!(slowed > 0, "a second's worth may come at once, thirty are more");
    assert_eq!(from(ANOTHER, address).send(&adt("OTHER")), "AA");
    assert_eq!(engine.counts("in").slowed_rate, slowed, "the other source is under its rate");
}

fn a_source_over_its_rate_keeps_no_memory_from_others() {
    let site = Site::new(
        PROGRAM,
        "[engine]\ndata_dir = \"data\"\nmax_buffered = \"1MiB\"\n\
         [[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nunrouted = \"discard\"\nrate = \"1/h\"\n",
    );
    let engine = site.start();
    let address = engine.address("in");
    let mut slowed = Peer::connect(address);
    let mut pouring = slowed.stream().try_clone().expect("a socket");
    let poured = thread::spawn(move || {
        let frames = [framed(&adt("FIRST")), framed(&large("SECOND", 8 << 20))].concat();
        // As much of it as is read before the engine ends.
        let _broken_off = pouring.write_all(&frames);
    });
    assert_eq!(field(&slowed.read(), "MSA", 2), "FIRST");
    wait::until_so("the second to wait", || engine.counts("in").slowed_rate == 1);
    let other = from(ANOTHER, address).send(&large("OTHER", 8 << 20));
    assert_eq!(other, "AA", "one larger than all the room there is");
    assert_eq!(engine.counts("in").frames, 2, "the second of the slow source is not in hand");
    assert!(engine.stop().success(), "a drain waits for nobody's rest");
    poured.join().expect("no panic");
}

fn a_source_over_its_rate_waits_however_often_it_connects() {
    let (_site, engine) = running("rate = \"1/h\"");
    let address = engine.address("in");
    assert_eq!(Peer::connect(address).send(&adt("FIRST")), "AA");
    let mut next = Peer::connect(address);
    next.write(&framed(&adt("SECOND")));
    wait::until_so("the second to wait", || engine.counts("in").slowed_rate == 1);
    assert_eq!(from(ANOTHER, address).send(&adt("OTHER")), "AA");
    assert_eq!(engine.counts("in").frames, 2, "the second was not read");
}

fn a_source_has_so_many_messages_in_hand_and_others_are_not_held_up() {
    let site = inbox(
        "max_in_flight_per_source = 1\nhandlers = [\"misbehaving\"]\nhandler_timeout = \"4s\"\n\
         [handlers.misbehaving]\ninstances = 4",
    );
    let engine = site.start();
    let address = engine.address("in");
    let mut first = Peer::connect(address);
    first.write(&framed(&adt("SLEEP")));
    wait::until_so("the first message in hand", || engine.counts("in").frames == 1);
    let mut second = Peer::connect(address);
    second.write(&framed(&adt("BEHIND")));
    wait::until_so("the second to wait", || engine.counts("in").slowed_in_flight == 1);
    assert_eq!(from(ANOTHER, address).send(&adt("OTHER")), "AA", "another source goes by");
    assert_eq!(engine.counts("in").answered_ae, 0, "while the first is still in hand");
    assert_eq!(field(&second.read(), "MSA", 2), "BEHIND", "its turn came");
}

fn a_peer_that_sends_without_waiting_keeps_nobody_else_waiting() {
    const MANY: usize = 50_000;
    let site = Site::new(
        PROGRAM,
        "[engine]\ndata_dir = \"data\"\narbiters = 1\n\
         [[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nunrouted = \"discard\"\n",
    );
    let engine = site.start();
    let address = engine.address("in");
    let mut flood = Peer::connect(address);
    let mut pouring = flood.stream().try_clone().expect("a socket");
    let poured = thread::spawn(move || {
        let frames = framed(&adt("FLOOD")).repeat(MANY);
        pouring.write_all(&frames).expect("the engine reads");
    });
    let answered = thread::spawn(move || (0..MANY).for_each(|_| drop(flood.read())));
    let mut patient = Peer::connect(address);
    wait::until_so("the flood", || engine.counts("in").frames > 0);
    assert_eq!(patient.send(&adt("PATIENT")), "AA");
    let frames = engine.counts("in").frames;
    assert!(frames < MANY as u64, "answered among {frames} of {MANY}");
    poured.join().expect("all was read");
    answered.join().expect("all was answered");
}
