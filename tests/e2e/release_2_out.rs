//! MLLP release 2 as a sender.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use wardline_tests::message::{answer, framed};
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::trials;

use crate::deliveries::{QUICK, running, send};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_message_is_delivered_by_its_answer_behind_the_commit_and_the_answer_is_committed,
        nothing_goes_out_before_the_commit,
        a_refused_block_is_sent_again_at_once_but_not_without_a_pause_for_ever,
    ]
}

const COMMITTED: &[u8] = b"\x06";
const REFUSED: &[u8] = b"\x15";

fn is_commit(arrived: &Arrived) -> bool {
    arrived.payload == COMMITTED
}

/// A commit, and the answer AA behind it.
fn taken(arrived: &Arrived) -> Reply {
    Reply::Raw([framed(COMMITTED), framed(&answer("AA", &arrived.control_id))].concat())
}

fn a_message_is_delivered_by_its_answer_behind_the_commit_and_the_answer_is_committed() {
    let sink =
        Sink::start(|arrived| if is_commit(arrived) { Reply::Silence } else { taken(arrived) });
    let (_site, engine) = running(&sink, "mllp = 2");
    send(&engine, &["1", "2"]);
    let row = engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    assert_eq!(row.counts.expect("a running engine").delivered, 2);
    let blocks: Vec<_> = sink.wait_for(4).iter().map(|block| block.control_id.clone()).collect();
    assert_eq!(blocks, ["1", "", "2", ""], "each answer is committed before the next message");
    assert_eq!(sink.connections(), 1);
}

fn nothing_goes_out_before_the_commit() {
    let sink = Sink::start(|arrived| match arrived.nth {
        0 => Reply::Silence,
        _ if is_commit(arrived) => Reply::Silence,
        _ => taken(arrived),
    });
    let (_site, engine) = running(&sink, &format!("mllp = 2\nack_timeout = \"300ms\"\n{QUICK}"));
    send(&engine, &["1", "2"]);
    engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    let messages: Vec<_> = sink.control_ids().into_iter().filter(|id| !id.is_empty()).collect();
    assert_eq!(messages, ["1", "1", "2"]);
}

fn a_refused_block_is_sent_again_at_once_but_not_without_a_pause_for_ever() {
    let sink = Sink::start(|_| Reply::Raw(framed(REFUSED)));
    let (_site, engine) = running(&sink, &format!("mllp = 2\n{QUICK}"));
    send(&engine, &["1", "2"]);
    let row = engine.wait_for_queue("lis", "retrying", |row| row.head_attempts == 2);
    assert_eq!(row.reason.as_deref(), Some("not-committed"));
    assert_eq!((row.pending, row.dead), (2, 0), "nothing is given up");
    let arrived = sink.wait_for(8);
    let by_connection = |number| arrived.iter().filter(|one| one.connection == number).count();
    assert_eq!((by_connection(0), by_connection(1)), (4, 4), "the same block four times");
    let bodies: BTreeSet<_> = arrived.iter().map(|one| &one.payload).collect();
    assert_eq!(bodies.len(), 1, "the same bytes, and nothing before them");
}
