//! Destinations that are leaving: what was in hand or in flight when they went ends once, and before anybody else comes to
//! their queue.

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use libtest_mimic::Trial;
use rustix::process::Signal;
use wardline_engine::control::protocol::{QueueMove, RefusedReason, Reload, Request, Response};
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_parked_destination_that_is_back_waits_for_what_was_in_flight_and_is_held,
        a_message_in_hand_since_before_the_last_reload_but_one_is_delivered,
        a_queue_that_moves_waits_for_nobody_who_has_nothing_in_hand,
        whoever_asks_for_a_reload_while_the_engine_drains_is_told_so,
    ]
}

fn configuration(to: &str, more: &str, destinations: &[(&str, &Sink)]) -> String {
    let destination = |(id, sink): &(&str, &Sink)| {
        let address = sink.address();
        format!("[[destinations]]\nid = \"{id}\"\nkind = \"mllp\"\naddress = \"{address}\"\n")
    };
    let destinations: String = destinations.iter().map(destination).collect();
    format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nhandlers = [\"misbehaving\"]\n\
         handler_timeout = \"60s\"\n{more}\n[[routes]]\nid = \"all\"\nto = [\"{to}\"]\n{destinations}"
    )
}

fn asked(engine: &Engine, park: &[&str]) -> Response {
    let park = park.iter().map(ToString::to_string).collect();
    engine.ask(&Request::Reload {
        dry_run: false,
        moves: Vec::new(),
        park,
        expected: None,
        by: "test".into(),
    })
}

fn reloaded(engine: &Engine, park: &[&str]) -> Reload {
    match asked(engine, park) {
        Response::Reloaded(reload) => *reload,
        other => panic!("asked to reload, got {other:?}\n{}", engine.log()),
    }
}

fn refused(engine: &Engine) -> RefusedReason {
    match asked(engine, &[]) {
        Response::Refused { reason, .. } => reason,
        other => panic!("asked to reload what cannot be, got {other:?}"),
    }
}

/// Answers once for each word.
fn thoughtful() -> (Sink, Sender<()>) {
    let (answers, asked) = channel();
    let asked = Mutex::new(asked);
    let sink = Sink::start(move |_| {
        let _over_is_a_word = asked.lock().map(|asked| asked.recv());
        Reply::Code("AA")
    });
    (sink, answers)
}

fn a_parked_destination_that_is_back_waits_for_what_was_in_flight_and_is_held() {
    let ((lis, answers), lab) = (thoughtful(), Sink::accepting());
    let site = Site::new(PROGRAM, &configuration("lis", "", &[("lis", &lis)]));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in ["1", "2", "3"] {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
    lis.wait_for(1);
    site.configure(&configuration("lab", "", &[("lab", &lab)]));
    reloaded(&engine, &["lis"]);
    assert_eq!(engine.queue("lis").state, "held", "as soon as it is answered");
    site.configure(&configuration("lab", "", &[("lab", &lab), ("lis", &lis)]));
    assert_eq!(refused(&engine), RefusedReason::InFlight);
    answers.send(()).expect("a sink");
    reloaded(&engine, &[]);
    let row = engine.queue("lis");
    assert_eq!((row.state.as_str(), row.pending), ("held", 2), "nobody has decided yet");
    drop(answers);
    engine.ask(&Request::Retry { destination: "lis".into(), by: "test".into() });
    engine.wait_for_queue("lis", "nothing waits", |row| row.pending == 0);
    assert_eq!(lis.control_ids(), ["1", "2", "3"], "END-1, ORDER-1");
}

fn a_message_in_hand_since_before_the_last_reload_but_one_is_delivered() {
    let (lis, lab) = (Sink::accepting(), Sink::accepting());
    let site = Site::new(PROGRAM, &configuration("lis", "", &[("lis", &lis)]));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("AWAIT-1")));
    let begun = site.folder().join("AWAIT-1.begun");
    wait::until_so("the message to be in hand", || begun.exists());
    let more = "[[listeners]]\nid = \"more\"\nbind = \"127.0.0.1:0\"";
    site.configure(&configuration("lis", more, &[("lis", &lis)]));
    reloaded(&engine, &[]);
    site.configure(&configuration("lab", more, &[("lab", &lab)]));
    reloaded(&engine, &[]);
    fs::write(site.folder().join("AWAIT-1.go"), "").expect("a writable folder");
    assert_eq!(field(&peer.read(), "MSA", 1), "AA");
    lis.wait_for(1);
    assert_eq!((lis.control_ids(), lab.arrived().len()), (vec!["AWAIT-1".to_owned()], 0));
}

fn a_queue_that_moves_waits_for_nobody_who_has_nothing_in_hand() {
    let ((lis, answers), lab) = (thoughtful(), Sink::accepting());
    let more = "[[listeners]]\nid = \"gone\"\nbind = \"127.0.0.1:0\"";
    let site = Site::new(PROGRAM, &configuration("lis", more, &[("lis", &lis)]));
    let engine = site.start();
    let [mut idle, mut within] = ["gone", "in"].map(|id| Peer::connect(engine.address(id)));
    for control_id in ["1", "2"] {
        assert_eq!(idle.send(&adt(control_id)), "AA");
    }
    lis.wait_for(1);
    drop(answers);
    let frame = framed(&adt("3"));
    let (begins, ends) = frame.split_at(frame.len() / 2);
    within.write(begins);
    site.configure(&configuration("lab", "", &[("lab", &lab)]));
    let moves = vec![QueueMove { from: "lis".to_owned(), to: "lab".to_owned() }];
    let park = Vec::new();
    match engine.ask(&Request::Reload {
        dry_run: false,
        moves,
        park,
        expected: None,
        by: "test".into(),
    }) {
        Response::Reloaded(reload) => assert_eq!(reload.queues[0].left, 0, "{reload:?}"),
        other => panic!("asked to reload, got {other:?}\n{}", engine.log()),
    }
    assert!(!engine.log().contains("in hand still"), "{}", engine.log());
    within.write(ends);
    assert_eq!(field(&within.read(), "MSA", 1), "AA");
    wait::until_so("all to arrive", || lis.arrived().len() + lab.arrived().len() == 3);
    let arrived = [lis.control_ids(), lab.control_ids()].concat();
    assert_eq!(arrived, ["1", "2", "3"]);
    assert!(lab.control_ids().contains(&"3".to_owned()), "it is decided by what is there now");
}

fn whoever_asks_for_a_reload_while_the_engine_drains_is_told_so() {
    let (lis, answers) = thoughtful();
    let site = Site::new(PROGRAM, &configuration("lis", "", &[("lis", &lis)]));
    let mut engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("1")), "AA");
    lis.wait_for(1);
    engine.signal(Signal::TERM);
    wait::until_so("the drain", || engine.log().contains("draining"));
    assert_eq!(refused(&engine), RefusedReason::Draining);
    drop(answers);
    assert_eq!(engine.wait().code(), Some(0));
}
