//! Peers with a port for each direction: the answer to what is sent comes in through a listener.

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{Request, Response};
use wardline_tests::message::{adt, answer, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::deliveries::{QUICK, send};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        answers_come_through_the_listener_that_the_destination_names_and_no_other,
        a_reload_leaves_what_is_in_flight_the_answer_that_comes_through_the_listener,
    ]
}

fn configuration(sink: &Sink, ack_timeout: &str) -> String {
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[listeners]]
id = "acks"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
from = ["in"]
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
ack_connection = "acks"
ack_timeout = "{ack_timeout}"
{QUICK}
"#,
        sink.address()
    )
}

fn answers_come_through_the_listener_that_the_destination_names_and_no_other() {
    let sink = Sink::start(|_| Reply::Silence);
    let site = Site::new(PROGRAM, &configuration(&sink, "1h"));
    let engine = site.start();
    send(&engine, &["1", "2"]);
    sink.wait_for(1);
    let mut elsewhere = Peer::connect(engine.address("in"));
    elsewhere.write(&framed(&answer("AA", "1")));
    assert_eq!(elsewhere.send(&adt("3")), "AA", "the answer before it was not acknowledged");
    assert_eq!(engine.counts("in").answers_unmatched, 1);
    assert_eq!(sink.control_ids(), ["1"], "it counts for nobody there");

    let mut answers = Peer::connect(engine.address("acks"));
    for (nth, (code, control_id)) in (2..).zip([("AA", "1"), ("AE", "2"), ("AA", "2")]) {
        answers.write(&framed(&answer(code, control_id)));
        sink.wait_for(nth);
    }
    answers.write(&[framed(&answer("AA", "OTHER")), framed(&answer("AA", "3"))].concat());
    let row = engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    assert_eq!(sink.control_ids(), ["1", "2", "2", "3"], "ORDER-1, and AE is retried");
    let counts = row.counts.expect("a running engine");
    assert_eq!((counts.delivered, counts.replies_error, counts.replies_unclear), (3, 1, 0));
    assert_eq!(answers.send(&adt("BEHIND")), "AA", "no answer was acknowledged");
    let counts = engine.counts("acks");
    assert_eq!((counts.answers_matched, counts.answers_unmatched), (4, 1));
}

fn a_reload_leaves_what_is_in_flight_the_answer_that_comes_through_the_listener() {
    let sink = Sink::start(|_| Reply::Silence);
    let site = Site::new(PROGRAM, &configuration(&sink, "1h"));
    let engine = site.start();
    send(&engine, &["1", "2"]);
    sink.wait_for(1);
    site.configure(&configuration(&sink, "2h"));
    let (moves, park, by) = (Vec::new(), Vec::new(), "test".to_owned());
    let answer_to_it =
        engine.ask(&Request::Reload { dry_run: false, moves, park, expected: None, by });
    assert!(matches!(answer_to_it, Response::Reloaded(_)), "{answer_to_it:?}");
    let mut answers = Peer::connect(engine.address("acks"));
    answers.write(&framed(&answer("AA", "1")));
    sink.wait_for(2);
    answers.write(&framed(&answer("AA", "2")));
    let row = engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    assert_eq!(row.counts.map(|counts| counts.delivered), Some(2));
    assert_eq!(sink.control_ids(), ["1", "2"], "each once");
}
