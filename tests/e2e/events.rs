//! The events that an embedding program hears: in order, with their measurements, and without a word of a message.

use std::fs;

use libtest_mimic::Trial;
use wardline_tests::message::{adt, large};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::inbox;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_connection_and_its_messages_are_told_in_order_with_their_measurements,
        a_subscriber_that_panics_costs_no_connection,
        the_log_has_the_events_where_it_is_asked_for_them,
    ]
}

fn running(environment: &[(&str, &str)]) -> (Site, Engine) {
    let keys =
        "handlers = [\"misbehaving\"]\nhandler_timeout = \"3s\"\nmax_message_size = \"64KiB\"";
    let site = inbox(keys);
    let mut engine = site.spawn(environment);
    engine.wait_until_up();
    (site, engine)
}

fn told(site: &Site) -> Vec<String> {
    let text = fs::read_to_string(site.folder().join("events")).expect("the events");
    text.lines().map(str::to_owned).collect()
}

/// What is expected of one line: how it begins, and what stands in it.
fn assert_told(lines: &[String], expected: &[(&str, &str)]) {
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, (event, part)) in lines.iter().zip(expected) {
        let begins = line.starts_with(&format!("{event} {{ reference: ConnectionRef(1), "));
        assert!(begins && line.contains(part), "{event} with {part}: {line}");
    }
}

fn a_connection_and_its_messages_are_told_in_order_with_their_measurements() {
    let (site, engine) = running(&[("WARDLINE_TEST_EVENTS", "events")]);
    let mut peer = Peer::connect(engine.address("in"));
    let accepted = peer.exchange(&adt("GOOD"));
    for control_id in ["PANIC-1", "FAIL-1", "SLEEP-1"] {
        assert_eq!(peer.send(&adt(control_id)), "AE");
    }
    peer.write(&wardline_tests::message::framed(&large("BIG", 100 * 1024)));
    peer.read();
    assert!(peer.is_closed());
    wait::until_so("the end of the connection", || engine.counts("in").closed == 1);
    let came = format!("message_size: {}", adt("GOOD").len());
    let answered = format!("response_size: {}", accepted.len() + 3);
    let lines = told(&site);
    assert_told(
        &lines,
        &[
            ("ConnectionStart", "listener: \"in\", peer: 127.0.0.1:"),
            ("MessageStart", &came),
            ("MessageStop", &answered),
            ("MessageStart", "system_time: "),
            ("MessageException", "reason: HandlerCrash"),
            ("MessageStart", "message_size: "),
            ("MessageException", "reason: HandlerError"),
            ("MessageStart", "message_size: "),
            ("MessageException", "reason: HandlerTimeout"),
            ("MessageException", "duration: 0ns, reason: TooLarge"),
            ("ConnectionStop", "reason: MessageTooLarge"),
        ],
    );
    assert!(!lines.concat().contains("DOE"), "PHI-1");
}

fn a_subscriber_that_panics_costs_no_connection() {
    let (site, engine) = running(&[("WARDLINE_TEST_EVENTS", "events")]);
    let mut neighbour = Peer::connect(engine.address("in"));
    assert_eq!(neighbour.send(&adt("ONE")), "AA");
    drop(Peer::connect(engine.address("in")));
    wait::until_so("the end of a connection", || engine.counts("in").closed == 1);
    let lines = told(&site).len();
    assert_eq!(neighbour.send(&adt("TWO")), "AA");
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("THREE")), "AA");
    assert_eq!(told(&site).len(), lines, "it is not called again");
    assert!(engine.log().contains("the subscriber of events panicked"));
}

fn the_log_has_the_events_where_it_is_asked_for_them() {
    let site = inbox("");
    let text = fs::read_to_string(site.folder().join("wardline.toml")).expect("the configuration");
    site.configure(&format!("{text}\n[log]\nfilter = \"info,wardline::events=debug\"\n"));
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("ONE")), "AA");
    wait::until_so("the end of the connection", || engine.counts("in").closed == 1);
    for event in ["connection start", "message start", "message stop", "connection stop"] {
        assert!(engine.log().contains(event), "{event}: {}", engine.log());
    }
}
