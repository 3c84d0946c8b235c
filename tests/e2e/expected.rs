//! What a destination awaits, by MSH-15 and MSH-16 of what it is sent.

use libtest_mimic::Trial;
use wardline_tests::message::{answer, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::deliveries::{QUICK, dead_letters};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        what_is_awaited_follows_msh_15_and_msh_16,
        what_wants_no_answer_is_delivered_when_it_is_written,
        a_destination_may_await_answers_whatever_the_messages_say,
    ]
}

/// A listener that answers AA to all before a destination with these keys.
pub(crate) fn running(sink: &Sink, keys: &str) -> (Site, Engine) {
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
ack_mode = "original"

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
{keys}
"#,
            sink.address()
        ),
    );
    let engine = site.start();
    (site, engine)
}

/// Takes in a message that asks its destination for these answers.
pub(crate) fn send(engine: &Engine, control_id: &str, accept: &str, application: &str) {
    let msh = format!("A|B|C|D|2026||ADT^A01|{control_id}|P|2.5|||{accept}|{application}");
    let message = format!("MSH|^~\\&|{msh}\rPID|1||1\r").into_bytes();
    assert_eq!(Peer::connect(engine.address("in")).send(&message), "AA");
}

/// A sink that answers a message with the codes in its control id: `CA-AE-1` with two answers.
fn as_told() -> Sink {
    Sink::start(|arrived| {
        let parts = arrived.control_id.split('-').filter(|part| part.starts_with(['A', 'C']));
        let answers = parts.flat_map(|code| framed(&answer(code, &arrived.control_id)));
        Reply::Raw(answers.collect())
    })
}

fn what_is_awaited_follows_msh_15_and_msh_16() {
    let sink = as_told();
    let keys = format!("ack_timeout = \"300ms\"\nmax_consecutive_dead = 9\n{QUICK}");
    let (_site, engine) = running(&sink, &keys);
    for (nth, (control_id, accept, application)) in (1..).zip([
        ("CA-1", "AL", "NE"),
        ("CA-2", "AL", "AL"),
        ("CA-AE-3", "AL", "AL"),
        ("AA-4", "NE", "AL"),
        ("CA-AA-5", "NE", "AL"),
        ("AA-6", "", "AL"),
        ("AA-7", "", ""),
        ("silence-8", "ER", "NE"),
        ("silence-9", "NE", "ER"),
        ("CA-10", "SU", "NE"),
        ("AA-11", "NE", "SU"),
        ("silence-12", "NE", "NE"),
    ]) {
        send(&engine, control_id, accept, application);
        let row = engine.wait_for_queue("lis", control_id, |row| row.pending == 0);
        let counts = row.counts.expect("a running engine");
        assert_eq!((counts.delivered, counts.attempts), (nth, nth), "{control_id}");
    }
    for (nth, (control_id, accept, application)) in (1..).zip([
        ("CR-1", "AL", "NE"),
        ("CR-2", "ER", "NE"),
        ("AR-3", "NE", "AL"),
        ("CA-AR-4", "NE", "AL"),
        ("AR-5", "NE", "ER"),
    ]) {
        send(&engine, control_id, accept, application);
        let row = engine.wait_for_queue("lis", control_id, |row| row.dead == nth);
        assert_eq!(row.pending, 0, "{control_id}");
    }
    send(&engine, "silence-SU", "SU", "NE");
    let row = engine.wait_for_queue("lis", "retrying", |row| row.head_attempts > 1);
    assert_eq!(row.reason.as_deref(), Some("silence"));
    assert_eq!(dead_letters(&engine).len(), 5);
}

fn what_wants_no_answer_is_delivered_when_it_is_written() {
    let sink = Sink::start(|_| Reply::Silence);
    let (_site, engine) = running(&sink, "ack_timeout = \"1h\"");
    for control_id in ["1", "2", "3"] {
        send(&engine, control_id, "NE", "NE");
    }
    engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    assert_eq!(sink.wait_for(3).len(), 3);
    assert_eq!(sink.connections(), 1);
}

fn a_destination_may_await_answers_whatever_the_messages_say() {
    let sink = Sink::start(|arrived| Reply::Code(if arrived.nth == 0 { "AE" } else { "AA" }));
    let (_site, engine) = running(&sink, &format!("expect_ack = \"always\"\n{QUICK}"));
    send(&engine, "1", "NE", "NE");
    engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    assert_eq!(sink.control_ids(), ["1", "1"]);

    let sink = Sink::start(|_| Reply::Silence);
    let (site, engine) = running(&sink, "expect_ack = \"never\"\nack_timeout = \"1h\"");
    send(&engine, "1", "", "");
    let row = engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    let warning = "expect_ack = \"never\": what is written counts as delivered";
    assert_eq!(row.warnings, [warning]);
    let shown = site.command(["status", "--config", "wardline.toml"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains(warning));
}
