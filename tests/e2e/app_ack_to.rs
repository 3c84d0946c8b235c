//! The application's answers of the enhanced mode by a destination: durable, delivered like any message, never
//! acknowledged.

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_accept_answer_stays_and_the_applications_goes_by_the_destination,
        a_refusal_goes_both_ways_too,
        the_original_mode_has_one_way,
        an_answer_that_is_owed_survives_a_kill,
        each_message_of_a_batch_has_its_answer_there,
        what_is_discarded_is_answered_there_as_well,
        the_answer_to_a_test_is_kept_from_production,
        where_nothing_can_be_stored_neither_answer_leaves,
    ]
}

/// A listener whose applications answer by `back`, at this address.
fn configuration(back: &str, listener_keys: &str, back_keys: &str) -> String {
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
app_ack_to = "back"
{listener_keys}

[[routes]]
id = "all"
match = {{ message = ["ADT"] }}
to = ["folder"]

[[destinations]]
id = "folder"
kind = "file"
path = "out/{{control_id}}.hl7"

[[destinations]]
id = "back"
kind = "mllp"
address = "{back}"
{back_keys}
"#
    )
}

/// A system that takes answers and, as it should, never answers them.
fn silent() -> Sink {
    Sink::start(|_| Reply::Silence)
}

fn running(sink: &Sink, listener_keys: &str, back_keys: &str) -> (Site, Engine, Peer) {
    let back = sink.address().to_string();
    let site = Site::new(PROGRAM, &configuration(&back, listener_keys, back_keys));
    let engine = site.start();
    let peer = Peer::connect(engine.address("in"));
    (site, engine, peer)
}

fn asking(control_id: &str, accept: &str, application: &str) -> Vec<u8> {
    let msh = format!("A|B|C|D|2026||ADT^A01|{control_id}|P|2.5|||{accept}|{application}");
    format!("MSH|^~\\&|{msh}\rPID|1||1\r").into_bytes()
}

/// MSA-1 and MSA-2 of what arrived.
fn said(arrived: &[Arrived]) -> Vec<(String, String)> {
    let msa = |number, one: &Arrived| field(&one.payload, "MSA", number);
    arrived.iter().map(|one| (msa(1, one), msa(2, one))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(code, id)| ((*code).to_owned(), (*id).to_owned())).collect()
}

fn the_accept_answer_stays_and_the_applications_goes_by_the_destination() {
    let sink = silent();
    let (_site, engine, mut peer) = running(&sink, "", "");
    assert_eq!(peer.send(&asking("M1", "AL", "AL")), "CA");
    peer.write(&wardline_tests::message::framed(&asking("M2", "NE", "AL")));
    assert_eq!(peer.send(&asking("M3", "AL", "NE")), "CA", "and nothing came for M2 here");
    let arrived = sink.wait_for(2);
    assert_eq!(said(&arrived), pairs(&[("AA", "M1"), ("AA", "M2")]));
    let answer = &arrived[0].payload;
    let header: Vec<String> = (3..=6).map(|number| field(answer, "MSH", number)).collect();
    assert_eq!(header, ["C", "D", "A", "B"], "both ends swapped");
    assert_eq!(field(answer, "MSH", 9), "ACK^A01^ACK");
    assert!(field(answer, "MSH", 15).is_empty(), "nobody is to acknowledge it");
    engine.wait_for_queue("back", "written is delivered", |row| {
        row.pending == 0 && row.counts.is_some_and(|counts| counts.delivered == 2)
    });
    assert_eq!(sink.control_ids().len(), 2, "each once");
    let counts = engine.counts("in");
    let counts = (counts.answered_ca, counts.answered_aa, counts.answered_elsewhere, counts.stored);
    assert_eq!(counts, (2, 0, 2, 3));
}

fn a_refusal_goes_both_ways_too() {
    let sink = silent();
    let (_site, engine, mut peer) = running(&sink, "accept = { processing_id = [\"T\"] }", "");
    assert_eq!(peer.send(&asking("M1", "AL", "AL")), "CR");
    let arrived = sink.wait_for(1);
    assert_eq!(said(&arrived), pairs(&[("AR", "M1")]));
    assert!(field(&arrived[0].payload, "ERR", 3).starts_with("202^"), "with its reason");
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.answered_elsewhere), (0, 1));
}

fn the_original_mode_has_one_way() {
    let sink = silent();
    let (_site, engine, mut peer) = running(&sink, "", "");
    assert_eq!(peer.send(&adt("M1")), "AA");
    assert_eq!(engine.counts("in").answered_elsewhere, 0);
}

fn an_answer_that_is_owed_survives_a_kill() {
    let nobody = Nobody::new();
    let site = Site::new(PROGRAM, &configuration(&nobody.address().to_string(), "", ""));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&asking("M1", "AL", "AL")), "CA");
    engine.kill();
    let sink = Sink::in_place_of(&nobody, |_| Reply::Silence);
    let engine = site.start();
    assert_eq!(said(&sink.wait_for(1)), pairs(&[("AA", "M1")]));
    engine.wait_for_queue("back", "delivered", |row| row.pending == 0);
}

fn each_message_of_a_batch_has_its_answer_there() {
    let sink = silent();
    let (_site, _engine, mut peer) = running(&sink, "batch_ack = \"batch\"", "");
    let messages = [asking("M1", "AL", "AL"), asking("M2", "NE", "AL"), asking("M3", "AL", "NE")];
    let batch = [b"BHS|^~\\&|A|B|C|D|2026||||B1\r".to_vec(), messages.concat()].concat();
    let answer = String::from_utf8_lossy(&peer.exchange(&batch)).into_owned();
    let accepted: Vec<&str> = answer.split('\r').filter(|line| line.starts_with("MSA")).collect();
    assert_eq!(accepted, ["MSA|CA|M1", "MSA|CA|M3"]);
    assert_eq!(said(&sink.wait_for(2)), pairs(&[("AA", "M1"), ("AA", "M2")]));
}

fn what_is_discarded_is_answered_there_as_well() {
    let sink = silent();
    let (_site, engine, mut peer) = running(&sink, "unrouted = \"discard\"", "");
    let unrouted = String::from_utf8(asking("M1", "AL", "AL")).expect("text");
    assert_eq!(peer.send(unrouted.replace("ADT^A01", "MFN^M02").as_bytes()), "CA");
    assert_eq!(said(&sink.wait_for(1)), pairs(&[("AA", "M1")]));
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.discarded, counts.answered_elsewhere), (0, 1, 1));
}

fn the_answer_to_a_test_is_kept_from_production() {
    let sink = silent();
    let (_site, engine, mut peer) = running(&sink, "", "processing_id = \"P\"");
    let test = String::from_utf8(asking("T1", "AL", "AL")).expect("text").replace("|P|", "|T|");
    assert_eq!(peer.send(test.as_bytes()), "CA");
    assert_eq!(peer.send(&asking("M1", "AL", "AL")), "CA");
    assert_eq!(said(&sink.wait_for(1)), pairs(&[("AA", "M1")]), "the test's would have come first");
    assert_eq!(engine.queue("back").withheld, 1);
}

fn where_nothing_can_be_stored_neither_answer_leaves() {
    let sink = silent();
    let keys = "unavailable_wait = \"20ms\"\naccept = { processing_id = [\"P\"] }";
    let back = sink.address().to_string();
    let store = "[store]\nmin_free = \"1000TiB\"\n";
    let site = Site::new(PROGRAM, &format!("{store}{}", configuration(&back, keys, "")));
    let engine = site.start();
    let refused = String::from_utf8(asking("M2", "AL", "AL")).expect("text").replace("|P|", "|T|");
    for message in [asking("M1", "AL", "AL"), refused.into_bytes()] {
        let mut peer = Peer::connect(engine.address("in"));
        peer.write(&wardline_tests::message::framed(&message));
        assert!(peer.is_closed(), "silence makes the sender send it again");
    }
    let counts = engine.counts("in");
    assert_eq!((counts.closed_unavailable, counts.answered_elsewhere), (2, 0));
    assert!(sink.arrived().is_empty());
}
