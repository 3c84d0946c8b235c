//! MLLP release 2 as its receiver: a commit block for each message, below the answers of HL7.

use std::net::SocketAddr;
use std::sync::{Mutex, mpsc};

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::Site;
use wardline_tests::{trials, wait};

use crate::ours::{PROGRAM, running};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_stored_message_is_committed_below_its_answer,
        what_is_refused_is_committed_and_answered,
        where_no_answer_is_due_the_commit_still_comes,
        a_block_that_comes_again_gets_its_answer_again_and_is_stored_once,
        a_block_whose_answer_another_system_gives_is_stored_once_and_answered_alike,
        a_block_that_another_system_refused_is_decided_anew,
        a_message_that_was_not_taken_is_decided_anew,
        what_cannot_be_stored_now_is_answered_15_and_the_connection_goes_on,
        a_batch_is_one_block,
        a_message_over_the_limit_is_committed_and_its_refusal_arrives,
    ]
}

const COMMITTED: &[u8] = b"\x06";
const NOT_COMMITTED: &[u8] = b"\x15";

fn asking(control_id: &str, accept: &str, application: &str) -> Vec<u8> {
    let msh = format!("A|B|C|D|2026||ADT^A01|{control_id}|P|2.5|||{accept}|{application}");
    format!("MSH|^~\\&|{msh}\rPID|1||1\r").into_bytes()
}

/// Sends a block, reads its commit, and returns the answer behind it.
fn committed(peer: &mut Peer, payload: &[u8]) -> Vec<u8> {
    assert_eq!(peer.exchange(payload), COMMITTED);
    peer.read()
}

fn a_stored_message_is_committed_below_its_answer() {
    let (site, engine) = running("mllp = 2");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = committed(&mut peer, &adt("M1"));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AA".into(), "M1".into()));
    let accept = committed(&mut peer, &asking("M2", "AL", "AL"));
    let codes = [field(&accept, "MSA", 1), field(&peer.read(), "MSA", 1)];
    assert_eq!(codes, ["CA", "AA"], "one commit for both");
    peer.write(&[&framed(COMMITTED)[..], &framed(NOT_COMMITTED), &framed(b"")].concat());
    let answer = committed(&mut peer, &adt("M3"));
    assert_eq!(
        field(&answer, "MSA", 2),
        "M3",
        "a commit block is not answered, nor is an empty one"
    );
    let file = site.folder().join("out/M3.hl7");
    assert_eq!(wait::until("the file", || std::fs::read(&file).ok()), adt("M3"));
    assert_eq!(engine.counts("in").stored, 3);
}

fn what_is_refused_is_committed_and_answered() {
    let (_site, engine) = running("mllp = 2");
    let mut peer = Peer::connect(engine.address("in"));
    for bad in [&b"Hello World"[..], b"MSH|^~\\&|A|B|C|D|2026|||M1|P|2.5\r"] {
        let answer = committed(&mut peer, bad);
        assert_eq!(field(&answer, "MSA", 1), "AR");
    }
    assert_eq!(engine.counts("in").stored, 0);
}

fn where_no_answer_is_due_the_commit_still_comes() {
    let (_site, engine) = running("mllp = 2");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.exchange(&asking("M1", "NE", "NE")), COMMITTED);
    let ack = b"MSH|^~\\&|A|B|C|D|2026||ACK|A1|P|2.5\rMSA|AA|X\r";
    assert_eq!(peer.exchange(ack), COMMITTED, "an acknowledgement is content too");
    let answer = committed(&mut peer, &adt("M2"));
    assert_eq!(field(&answer, "MSA", 2), "M2", "and nothing else came between");
    let (_site, engine) = running("mllp = 2\nack = \"none\"");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.exchange(&adt("M1")), COMMITTED);
    assert_eq!(engine.counts("in").stored, 1);
}

fn a_block_that_comes_again_gets_its_answer_again_and_is_stored_once() {
    let (_site, engine) = running("mllp = 2");
    let mut peer = Peer::connect(engine.address("in"));
    let first = committed(&mut peer, &adt("M1"));
    assert_eq!(committed(&mut peer, &adt("M1")), first, "the same answer, its MSH-10 included");
    let mut later = Peer::connect(engine.address("in"));
    assert_eq!(committed(&mut later, &adt("M1")), first, "on the next connection too");
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.blocks_again, counts.answered_aa), (1, 2, 1));
    committed(&mut later, &adt("M2"));
    let anew = committed(&mut later, &adt("M1"));
    assert_ne!(anew, first, "behind another block it is no resend: the sender had its commit");
    assert_eq!(engine.counts("in").stored, 3);
}

/// A release 2 listener that answers with what `lis` says, at this address.
fn relaying(lis: SocketAddr) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
mllp = 2
ack = "after_delivery"
ack_from = "lis"
answer_within = "1h"

[[routes]]
id = "all"
match = {{}}
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{lis}"
"#
        ),
    )
}

fn a_block_whose_answer_another_system_gives_is_stored_once_and_answered_alike() {
    let (answer_it, may_answer) = mpsc::channel();
    let may_answer = Mutex::new(may_answer);
    let sink = Sink::start(move |_| {
        may_answer.lock().expect("no panic").recv().expect("the word");
        Reply::Code("AA")
    });
    let site = relaying(sink.address());
    let engine = site.start();
    let mut left = Peer::connect(engine.address("in"));
    left.write(&framed(&adt("M1")));
    sink.wait_for(1);
    left.reset(); // Before it has read its commit.
    let mut later = Peer::connect(engine.address("in"));
    assert_eq!(later.exchange(&adt("M1")), COMMITTED, "while the answer is awaited");
    answer_it.send(()).expect("the sink waits");
    let first = later.read();
    assert_eq!((field(&first, "MSA", 1), field(&first, "MSA", 2)), ("AA".into(), "M1".into()));
    assert_eq!(committed(&mut later, &adt("M1")), first, "and when it is there");
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.blocks_again, counts.answers_relayed), (1, 2, 1));
    assert_eq!(sink.control_ids(), ["M1"], "one delivery");
}

fn a_block_that_another_system_refused_is_decided_anew() {
    let sink = Sink::start(|arrived| Reply::Code(if arrived.nth == 0 { "AR" } else { "AA" }));
    let site = relaying(sink.address());
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let answers = [(); 2].map(|()| field(&committed(&mut peer, &adt("M1")), "MSA", 1));
    assert_eq!(answers, ["AR", "AA"]);
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.blocks_again), (2, 0));
}

fn a_message_that_was_not_taken_is_decided_anew() {
    let (_site, engine) = running("mllp = 2\nhandlers = [\"misbehaving\"]");
    let mut peer = Peer::connect(engine.address("in"));
    let first = committed(&mut peer, &adt("FAIL-M1"));
    let second = committed(&mut peer, &adt("FAIL-M1"));
    assert_eq!((field(&first, "MSA", 1), field(&second, "MSA", 1)), ("AE".into(), "AE".into()));
    assert_ne!(first, second);
    assert_eq!(engine.counts("in").blocks_again, 0);
}

fn what_cannot_be_stored_now_is_answered_15_and_the_connection_goes_on() {
    for on_unavailable in ["close", "answer"] {
        let site = Site::new(
            PROGRAM,
            &format!(
                r#"
[store]
min_free = "1000TiB"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"
mllp = 2
on_unavailable = "{on_unavailable}"
unavailable_wait = "20ms"
"#
            ),
        );
        let engine = site.start();
        let mut peer = Peer::connect(engine.address("in"));
        for _ in 0..2 {
            assert_eq!(peer.exchange(&adt("M1")), NOT_COMMITTED, "and no answer of HL7");
        }
        let answer = committed(&mut peer, b"Hello World");
        assert_eq!(field(&answer, "MSA", 1), "AR", "nothing came between");
        let counts = engine.counts("in");
        let counts = (counts.blocks_refused, counts.closed, counts.stored, counts.answered_ae);
        assert_eq!(counts, (2, 0, 0, 0));
    }
}

fn a_batch_is_one_block() {
    let (_site, engine) = running("mllp = 2\nbatch_ack = \"each\"");
    let mut peer = Peer::connect(engine.address("in"));
    let batch = [b"BHS|^~\\&|A|B|C|D|2026||||B1\r".to_vec(), adt("M1"), adt("M2")].concat();
    let first = [committed(&mut peer, &batch), peer.read()];
    assert_eq!(first.each_ref().map(|answer| field(answer, "MSA", 2)), ["M1", "M2"]);
    assert_eq!([committed(&mut peer, &batch), peer.read()], first, "both again");
    assert_eq!(engine.counts("in").stored, 2);
}

fn a_message_over_the_limit_is_committed_and_its_refusal_arrives() {
    let (_site, engine) = running("mllp = 2\nmax_message_size = \"1KiB\"");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = committed(&mut peer, &wardline_tests::message::large("M1", 4096));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "M1".into()));
    assert!(peer.is_closed());
}
