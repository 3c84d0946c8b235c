//! Several messages in one frame: kept together, answered as the listener says.

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::running;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_batch_is_split_and_each_message_arrives_byte_for_byte,
        every_segment_of_the_envelope_may_be_missing,
        a_batch_is_answered_with_a_batch_where_told_so,
        a_batch_of_errors_is_empty_where_there_are_none,
        each_message_is_answered_in_a_frame_of_its_own_where_told_so,
        one_refused_message_refuses_them_all,
        a_handler_that_does_not_take_one_message_keeps_out_all,
        a_wrong_count_is_rejected_and_nothing_is_stored,
        an_empty_batch_is_answered_aa,
        a_bare_run_of_messages_is_split_where_told_so,
        the_messages_of_a_batch_say_which_answers_they_get,
        answers_in_a_batch_are_never_acknowledged,
        a_listener_that_does_not_answer_keeps_a_batch_in_silence,
    ]
}

/// A file of one batch of these messages.
fn batch(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut payload = b"FHS|^~\\&|A|B|C|D|2026||||F1\rBHS|^~\\&|A^x|B|C|D^y|2026||||B1\r".to_vec();
    payload.extend(messages.concat());
    payload.extend(format!("BTS|{}\rFTS|1\r", messages.len()).into_bytes());
    payload
}

fn asking(control_id: &str, accept: &str, application: &str) -> Vec<u8> {
    let msh = format!("A|B|C|D|2026||ADT^A01|{control_id}|P|2.5|||{accept}|{application}");
    format!("MSH|^~\\&|{msh}\rPID|1||1\r").into_bytes()
}

/// A message without MSH-9.
fn typeless(control_id: &str) -> Vec<u8> {
    format!("MSH|^~\\&|A|B|C|D|2026|||{control_id}|P|2.5\rPID|1||1\r").into_bytes()
}

/// Waits until a message arrived, and compares it.
fn assert_arrived(site: &Site, control_id: &str, expected: &[u8]) {
    let file = site.folder().join(format!("out/{control_id}.hl7"));
    assert_eq!(wait::until("the file", || std::fs::read(&file).ok()), expected, "{control_id}");
}

/// Nothing of what was refused is kept: the next message is the first.
fn assert_nothing_stored(engine: &Engine) {
    assert_eq!(engine.counts("in").stored, 0);
    let row = engine.queue("folder");
    let attempts = row.counts.map(|counts| counts.attempts);
    assert_eq!((row.pending, attempts), (0, Some(0)), "nothing of a refused batch goes out");
}

/// The segments of an answer with this name: one field of each.
fn all(answer: &[u8], segment: &str, number: usize) -> Vec<String> {
    let lines =
        answer.split(|byte| *byte == b'\r').filter(|line| line.starts_with(segment.as_bytes()));
    lines.map(|line| field(line, segment, number)).collect()
}

/// The answers to a payload: all those that come before the answer to a message behind it.
fn answers(peer: &mut Peer, payload: &[u8]) -> Vec<Vec<u8>> {
    peer.write(&[framed(payload), framed(&adt("BEHIND"))].concat());
    let mut answers = Vec::new();
    loop {
        let answer = peer.read();
        if field(&answer, "MSA", 2) == "BEHIND" {
            return answers;
        }
        answers.push(answer);
    }
}

fn a_batch_is_split_and_each_message_arrives_byte_for_byte() {
    let (site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let messages = [
        adt("M1"),
        b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|P|2.3\rZZZ|caf\xe9|\x0b\\\r".to_vec(),
        adt("M3"),
    ];
    let found = answers(&mut peer, &batch(&messages));
    let [answer] = &found[..] else { panic!("one answer for the whole, not {}", found.len()) };
    assert_eq!((field(answer, "MSA", 1), field(answer, "MSA", 2)), ("AA".into(), "B1".into()));
    let ends: Vec<String> = (3..=6).map(|number| field(answer, "MSH", number)).collect();
    assert_eq!(ends, ["C", "D^y", "A^x", "B"], "those of the envelope, swapped");
    for (control_id, message) in ["M1", "M2", "M3"].into_iter().zip(&messages) {
        assert_arrived(&site, control_id, message);
    }
    let counts = engine.counts("in");
    assert_eq!((counts.batches, counts.frames, counts.stored), (1, 2, 4));
}

fn every_segment_of_the_envelope_may_be_missing() {
    let (site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    for (n, (before, behind, id)) in [
        ("BHS|^~\\&|A|B|C|D|2026||||ONLY-BHS\r", "", "ONLY-BHS"),
        ("FHS|^~\\&|A|B|C|D|2026||||ONLY-FHS\r", "", "ONLY-FHS"),
        ("FHS|^~\\&|A|B|C|D|2026||||NO-BHS\r", "FTS|2\r", "NO-BHS"),
        ("BHS|^~\\&|A|B|C|D|2026||||NO-COUNT\r", "BTS\r", "NO-COUNT"),
        ("\u{feff}\r\nBHS|^~\\&|A|B|C|D|2026||||BOM\r", "BTS|2\r", "BOM"),
    ]
    .into_iter()
    .enumerate()
    {
        let messages = [adt(&format!("{n}A")), adt(&format!("{n}B"))];
        let payload = [before.as_bytes(), &messages.concat(), behind.as_bytes()].concat();
        let answer = peer.exchange(&payload);
        assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AA".into(), id.into()));
        assert_arrived(&site, &format!("{n}A"), &messages[0]);
        assert_arrived(&site, &format!("{n}B"), &messages[1]);
    }
}

fn a_batch_is_answered_with_a_batch_where_told_so() {
    let (_site, engine) = running("batch_ack = \"batch\"");
    let mut peer = Peer::connect(engine.address("in"));
    let found = answers(&mut peer, &batch(&[adt("M1"), adt("M2")]));
    let [answer] = &found[..] else { panic!("one frame, not {}", found.len()) };
    assert_eq!(all(answer, "BHS", 11), ["B1"], "BHS-12 is their BHS-11");
    assert_eq!(all(answer, "MSA", 1), ["AA", "AA"]);
    assert_eq!(all(answer, "MSA", 2), ["M1", "M2"]);
    assert_eq!(
        (all(answer, "BTS", 1), all(answer, "FTS", 1)),
        (vec!["2".into()], vec!["1".into()])
    );
    let ids = all(answer, "MSH", 10);
    assert_ne!(ids[0], ids[1], "each is a message");
    assert_eq!(engine.counts("in").answered_aa, 3, "with the one behind");
}

fn a_batch_of_errors_is_empty_where_there_are_none() {
    let (site, engine) = running("batch_ack = \"errors\"");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&batch(&[adt("M1"), adt("M2")]));
    assert_eq!(all(&answer, "BHS", 11), ["B1"]);
    assert_eq!((all(&answer, "MSA", 1), all(&answer, "BTS", 1)), (vec![], vec!["0".to_owned()]));
    assert_arrived(&site, "M2", &adt("M2"));
    let answer = peer.exchange(&batch(&[adt("M3"), typeless("M4")]));
    assert_eq!(all(&answer, "MSA", 2), ["M3", "M4"], "none of them was kept");
    assert_eq!(all(&answer, "MSA", 1), ["AR", "AR"]);
}

fn each_message_is_answered_in_a_frame_of_its_own_where_told_so() {
    let (_site, engine) = running("batch_ack = \"each\"");
    let mut peer = Peer::connect(engine.address("in"));
    let found = answers(&mut peer, &batch(&[adt("M1"), adt("M2")]));
    let ids: Vec<String> = found.iter().map(|answer| field(answer, "MSA", 2)).collect();
    assert_eq!(ids, ["M1", "M2"]);
    assert!(found.iter().all(|answer| field(answer, "MSA", 1) == "AA"));
}

fn one_refused_message_refuses_them_all() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let bad = batch(&[adt("M1"), typeless("M2"), adt("M3")]);
    let answer = peer.exchange(&bad);
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "B1".into()));
    assert_eq!(field(&answer, "MSA", 3), "message 2: MSH-9 message type is missing");
    assert_eq!(field(&answer, "ERR", 2), "MSH^2^9", "the second MSH of the batch");
    assert!(field(&answer, "ERR", 3).starts_with("200^"));
    assert_nothing_stored(&engine);

    let (_site, engine) = running("batch_ack = \"batch\"");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&bad);
    assert_eq!(all(&answer, "MSA", 1), ["AR", "AR", "AR"]);
    assert_eq!(
        all(&answer, "MSA", 3),
        [
            "message 2 of the batch was refused, so none is kept",
            "MSH-9 message type is missing",
            "message 2 of the batch was refused, so none is kept",
        ]
    );
    assert_nothing_stored(&engine);
    assert_eq!(engine.counts("in").answered_ar, 3);
}

fn a_handler_that_does_not_take_one_message_keeps_out_all() {
    let (site, engine) = running("handlers = [\"misbehaving\"]");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&batch(&[adt("M1"), adt("FAIL-M2"), adt("M3")]));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AE".into(), "B1".into()));
    assert_nothing_stored(&engine);
    assert_eq!(field(&peer.exchange(&batch(&[adt("M1"), adt("M2")])), "MSA", 1), "AA");
    assert_arrived(&site, "M2", &adt("M2"));
}

fn a_wrong_count_is_rejected_and_nothing_is_stored() {
    for form in ["single", "batch", "errors", "each"] {
        let (_site, engine) = running(&format!("batch_ack = \"{form}\""));
        let mut peer = Peer::connect(engine.address("in"));
        let text = String::from_utf8(batch(&[adt("M1"), adt("M2")])).expect("text");
        for (from, to) in [("BTS|2", "BTS|3"), ("FTS|1", "FTS|2")] {
            let answer = peer.exchange(text.replace(from, to).as_bytes());
            let said = (field(&answer, "MSA", 1), field(&answer, "MSA", 2));
            assert_eq!(said, ("AR".into(), "B1".into()), "{to} with {form}");
            assert!(field(&answer, "ERR", 3).starts_with("100^"), "{to} with {form}");
        }
        assert_nothing_stored(&engine);
        assert_eq!(peer.send(&adt("FINE")), "AA", "the connection goes on");
    }
}

fn an_empty_batch_is_answered_aa() {
    for form in ["single", "batch", "errors", "each"] {
        let (_site, engine) = running(&format!("batch_ack = \"{form}\""));
        let mut peer = Peer::connect(engine.address("in"));
        let answer = peer.exchange(&batch(&[]));
        let said = (field(&answer, "MSA", 1), field(&answer, "MSA", 2));
        assert_eq!(said, ("AA".into(), "B1".into()), "with {form}");
        assert_nothing_stored(&engine);
    }
}

fn a_bare_run_of_messages_is_split_where_told_so() {
    let (site, engine) = running("multiple = \"split\"");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&[adt("M1"), adt("M2")].concat());
    let said = (field(&answer, "MSA", 1), field(&answer, "MSA", 2));
    assert_eq!(said, ("AA".into(), "M1".into()), "answered as its first");
    assert_arrived(&site, "M1", &adt("M1"));
    assert_arrived(&site, "M2", &adt("M2"));
    assert_eq!(peer.send(&adt("M3")), "AA");
    let counts = engine.counts("in");
    assert_eq!((counts.batches, counts.stored), (1, 3), "one message alone is none");
}

fn the_messages_of_a_batch_say_which_answers_they_get() {
    let asked = [asking("M1", "AL", "NE"), asking("M2", "NE", "NE"), asking("M3", "AL", "AL")];
    let (_site, engine) = running("batch_ack = \"batch\"");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&batch(&asked));
    assert_eq!(all(&answer, "MSA", 1), ["CA", "CA", "AA"]);
    assert_eq!(all(&answer, "MSA", 2), ["M1", "M3", "M3"]);
    assert_eq!(all(&answer, "BTS", 1), ["3"]);
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&batch(&asked));
    let said = (field(&answer, "MSA", 1), field(&answer, "MSA", 2));
    assert_eq!(said, ("CA".into(), "B1".into()), "the first speaks for the batch");
    let silent = batch(&[asking("M4", "NE", "NE"), asking("M5", "NE", "NE")]);
    for form in ["single", "batch", "errors", "each"] {
        let (_site, engine) = running(&format!("batch_ack = \"{form}\""));
        let mut peer = Peer::connect(engine.address("in"));
        assert!(answers(&mut peer, &silent).is_empty(), "none is due, with {form}");
        assert_eq!(engine.counts("in").stored, 3);
    }
}

fn answers_in_a_batch_are_never_acknowledged() {
    let (site, engine) = running("batch_ack = \"each\"");
    let mut peer = Peer::connect(engine.address("in"));
    let ack = b"MSH|^~\\&|A|B|C|D|2026||ACK|A1|P|2.5\rMSA|AA|X\r".to_vec();
    assert!(answers(&mut peer, &batch(std::slice::from_ref(&ack))).is_empty());
    let found = answers(&mut peer, &batch(&[ack, adt("M1")]));
    let ids: Vec<String> = found.iter().map(|answer| field(answer, "MSA", 2)).collect();
    assert_eq!(ids, ["M1"]);
    assert_arrived(&site, "M1", &adt("M1"));
    assert_eq!(engine.counts("in").answers_unmatched, 2);
}

fn a_listener_that_does_not_answer_keeps_a_batch_in_silence() {
    let (site, engine) = running("ack = \"none\"\nbatch_ack = \"each\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&batch(&[adt("M1"), adt("M2")])));
    assert_arrived(&site, "M2", &adt("M2"));
    assert_eq!(engine.counts("in").unanswered, 1);
    peer.shut_write();
    assert!(peer.is_closed(), "not one answer");
}
