//! simple-hl7, node-hl7-client and node-hl7-server: clients to a listener, servers behind a destination.

use libtest_mimic::Trial;
use wardline_tests::message::field;
use wardline_tests::nobody::Nobody;
use wardline_tests::requirement::Need;
use wardline_tests::trials;

use crate::foreign::{Foreign, deliver, delivering_to, node, printed, receiving, stored};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        simple_hl7_gets_an_answer_for_each_message
            => [Need::Tool("node"), Need::Interop("node/node_modules/simple-hl7")],
        node_hl7_client_gets_an_answer_for_each_message
            => [Need::Tool("node"), Need::Interop("node/node_modules/node-hl7-client")],
        the_server_of_simple_hl7_takes_what_is_delivered
            => [Need::Tool("node"), Need::Interop("node/node_modules/simple-hl7")],
        node_hl7_server_takes_what_is_delivered_although_it_answers_twice
            => [Need::Tool("node"), Need::Interop("node/node_modules/node-hl7-server")],
    ]
}

const IDS: [&str; 3] = ["N1", "N2", "N3"];

/// A client sends three messages on one connection and prints what it reads in the answers.
fn each_is_answered(client: &str) {
    let (site, engine) = receiving();
    let port = engine.address("in").port().to_string();
    let told = printed(node(client).arg(port).args(IDS));
    assert_eq!(String::from_utf8_lossy(&told), "AA N1\nAA N2\nAA N3\n");
    for control_id in IDS {
        assert_eq!(field(&stored(&site, control_id), "MSH", 10), control_id);
    }
}

fn simple_hl7_gets_an_answer_for_each_message() {
    each_is_answered("simple_hl7_client.js");
}

fn node_hl7_client_gets_an_answer_for_each_message() {
    each_is_answered("node_hl7_client.js");
}

/// A server takes three messages on one connection; what it prints of them.
fn delivered(server: &str) -> (Foreign, Vec<String>) {
    let place = Nobody::new();
    let port = place.address().port().to_string();
    let mut server = Foreign::start(node(server).arg(port));
    let (_site, engine) = delivering_to(server.address());
    deliver(&engine, &IDS);
    let mut taken = Vec::new();
    while taken.last().is_none_or(|last| last != "N3") {
        taken.push(server.line());
    }
    (server, taken)
}

fn the_server_of_simple_hl7_takes_what_is_delivered() {
    let (_server, taken) = delivered("simple_hl7_server.js");
    assert_eq!(taken, IDS);
}

/// It keeps each message in its buffer until the next one has come and then handles both, so that every answer but the
/// first comes behind another one for the message before: a late answer, which is skipped (MATCH-1).
fn node_hl7_server_takes_what_is_delivered_although_it_answers_twice() {
    let (_server, mut taken) = delivered("node_hl7_server.js");
    taken.dedup();
    assert_eq!(taken, IDS);
}
