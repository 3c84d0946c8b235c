//! What is answered, and why: BEHAVIOUR of answers.

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, message};
use wardline_tests::peer::Peer;
use wardline_tests::site::Site;
use wardline_tests::{trials, wait};

use crate::ours::{PROGRAM, running};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_stored_message_is_answered_aa_with_ends_swapped,
        the_answer_has_the_message_type_of_its_version,
        the_senders_delimiters_are_used_in_the_answer,
        what_is_no_hl7_is_rejected_with_its_reason,
        a_header_that_is_cut_short_is_rejected,
        two_messages_in_one_frame_are_rejected,
        a_message_without_type_or_control_id_is_rejected,
        a_message_without_version_or_processing_id_is_taken_and_counted,
        a_strict_listener_rejects_a_missing_version_and_processing_id,
        a_relaxed_listener_takes_messages_without_type_and_control_id,
        types_versions_and_processing_ids_not_listed_are_rejected,
        an_error_segment_says_where_from_version_2_5_on,
        an_unrouted_message_is_kept_and_counted,
        an_unrouted_message_is_rejected_where_told_so,
        an_unrouted_message_is_discarded_where_told_so,
        a_listener_that_does_not_answer_still_stores,
        every_bad_payload_leaves_the_connection_usable,
    ]
}

fn msh(fields: &str) -> Vec<u8> {
    format!("MSH|^~\\&|{fields}\rPID|1||1\r").into_bytes()
}

fn a_stored_message_is_answered_aa_with_ends_swapped() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&msh("A^1.2^ISO|B|C|D^3.4^ISO|20260403||ADT^A01^ADT_A01|M1|T|2.5"));
    let header: Vec<String> = (3..=6).map(|number| field(&answer, "MSH", number)).collect();
    assert_eq!(header, ["C", "D^3.4^ISO", "A^1.2^ISO", "B"], "whole fields change places");
    assert_eq!(field(&answer, "MSH", 7).len(), 14);
    assert_eq!(field(&answer, "MSH", 9), "ACK^A01^ACK");
    assert_eq!((field(&answer, "MSH", 11), field(&answer, "MSH", 12)), ("T".into(), "2.5".into()));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AA".into(), "M1".into()));
    assert!(answer.ends_with(b"\r"));
    assert_eq!(answer.iter().filter(|&&byte| byte == b'\r').count(), 2, "MSH and MSA only");
    let ours = field(&answer, "MSH", 10);
    assert!((1..=20).contains(&ours.len()) && ours != "M1");
    let next = peer.exchange(&adt("M2"));
    assert_ne!(field(&next, "MSH", 10), ours, "a control id of ours is used once");
}

fn the_answer_has_the_message_type_of_its_version() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let rows = [
        ("ADT^A01", "2.2", "ACK"),
        ("ADT^A01", "2.3", "ACK^A01"),
        ("ADT^A01", "2.3.1", "ACK^A01^ACK"),
        ("ADT^A01^ADT_A01", "2.8", "ACK^A01^ACK"),
        ("ADT", "2.5", "ACK"),
    ];
    for (message_type, version, expected) in rows {
        let answer = peer.exchange(&msh(&format!("A|B|C|D|2026||{message_type}|M|P|{version}")));
        assert_eq!(field(&answer, "MSH", 9), expected, "{message_type} of version {version}");
    }
}

fn the_senders_delimiters_are_used_in_the_answer() {
    let (_site, engine) = running("");
    let answer = Peer::connect(engine.address("in"))
        .exchange(b"MSH#*~\\&#A*1#B#C#D#2026##ADT*A01#M#P#2.5\rPID#1\r");
    assert!(answer.starts_with(b"MSH#*~\\&#C#D#A*1#B#"), "{}", String::from_utf8_lossy(&answer));
    assert!(String::from_utf8_lossy(&answer).contains("#ACK*A01*ACK#"));
}

fn what_is_no_hl7_is_rejected_with_its_reason() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(b"Hello World");
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), String::new()));
    assert!(field(&answer, "ERR", 3).starts_with("100^"), "{}", String::from_utf8_lossy(&answer));
    assert!(!field(&answer, "MSA", 3).is_empty());
    let utf16: Vec<u8> = "MSH|^~\\&|A|B|C|D|2026||ADT^A01|WIDE|P|2.5\r"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let answer = peer.exchange(&utf16);
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "WIDE".into()));
    assert_eq!(engine.counts("in").answered_ar, 2);
    assert_eq!(engine.counts("in").stored, 0);
    assert_eq!(peer.send(&adt("NEXT")), "AA");
}

fn a_header_that_is_cut_short_is_rejected() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    for payload in ["MSH", "MSH|", "MSH|^~\\&", "MSHXX"] {
        let answer = peer.exchange(payload.as_bytes());
        assert_eq!(field(&answer, "MSA", 1), "AR", "{payload}");
    }
    assert_eq!(peer.send(&adt("NEXT")), "AA");
}

fn two_messages_in_one_frame_are_rejected() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&[adt("FIRST"), adt("SECOND")].concat());
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "FIRST".into()));
    assert!(field(&answer, "ERR", 3).starts_with("100^"));
    assert_eq!(engine.counts("in").stored, 0);
}

fn a_message_without_type_or_control_id_is_rejected() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&msh("A|B|C|D|2026|||M1|P|2.5"));
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert!(field(&answer, "ERR", 3).starts_with("200^"));
    let answer = peer.exchange(&msh("A|B|C|D|2026||ADT^A01||P|2.5"));
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert!(field(&answer, "ERR", 3).starts_with("101^"));
    assert_eq!(engine.counts("in").answered_ar, 2);
}

fn a_message_without_version_or_processing_id_is_taken_and_counted() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&msh("A|B|C|D|2026||ADT^A01|M1|P|"));
    assert_eq!(field(&answer, "MSA", 1), "AA");
    let answer = peer.exchange(&msh("A|B|C|D|2026||ADT^A01|M2||2.5"));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSH", 11)), ("AA".into(), "P".into()));
    assert_eq!(engine.counts("in").lint_header, 2);
}

fn a_strict_listener_rejects_a_missing_version_and_processing_id() {
    let (_site, engine) =
        running("header = { version = \"require\", processing_id = \"require\" }");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&msh("A|B|C|D|2026||ADT^A01|M2||2.5"));
    assert!(field(&answer, "ERR", 3).starts_with("202^"), "{}", String::from_utf8_lossy(&answer));
    let answer = peer.exchange(&msh("A|B|C|D|2026||ADT^A01|M1|P|"));
    // Without a version the answer is written for 2.5.1.
    assert!(field(&answer, "ERR", 3).starts_with("203^"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(peer.send(&adt("NEXT")), "AA");
}

fn a_relaxed_listener_takes_messages_without_type_and_control_id() {
    let (_site, engine) =
        running("header = { message_type = \"accept\", control_id = \"accept\" }");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&msh("A|B|C|D|2026||||P|2.5"));
    assert_eq!(field(&answer, "MSA", 1), "AA");
    assert_eq!(engine.counts("in").unrouted, 1);
}

fn types_versions_and_processing_ids_not_listed_are_rejected() {
    let (_site, engine) = running(
        "accept = { message = [\"ADT^A01\", \"ADT^A08\"], version = [\"2.5\"], processing_id = [\"P\"] }",
    );
    let mut peer = Peer::connect(engine.address("in"));
    let rows = [
        ("ORU^R01", "P", "2.5", "200^"),
        ("ADT^A02", "P", "2.5", "201^"),
        ("ADT^A01", "T", "2.5", "202^"),
        ("ADT^A01", "P", "2.6", "203^"),
    ];
    for (message_type, processing_id, version, expected) in rows {
        let fields = format!("A|B|C|D|2026||{message_type}|M|{processing_id}|{version}");
        let answer = peer.exchange(&msh(&fields));
        assert_eq!(field(&answer, "MSA", 1), "AR");
        assert!(field(&answer, "ERR", 3).starts_with(expected), "{fields}");
    }
    assert_eq!(peer.send(&adt("NEXT")), "AA");
}

fn an_error_segment_says_where_from_version_2_5_on() {
    let (_site, engine) = running("accept = { message = [\"ORU\"] }");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&msh("A|B|C|D|2026||ADT^A01|M|P|2.5"));
    assert_eq!(field(&answer, "ERR", 2), "MSH^1^9^1^1");
    assert_eq!(field(&answer, "ERR", 3), "200^Unsupported message type^HL70357");
    assert_eq!(field(&answer, "ERR", 4), "E");
    assert!(!field(&answer, "MSA", 3).is_empty(), "the text stands in MSA-3 in every version");
    let answer = peer.exchange(&msh("A|B|C|D|2026||ADT^A01|M|P|2.4"));
    assert!(!String::from_utf8_lossy(&answer).contains("ERR"), "no ERR below 2.5 unless asked for");
    assert!(!field(&answer, "MSA", 3).is_empty());
}

fn an_unrouted_message_is_kept_and_counted() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&message("MFN^M02", "NOWHERE")), "AA");
    assert_eq!(peer.send(&message("MFN^M02", "NOWHERE-EITHER")), "AA");
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.unrouted, counts.discarded), (2, 2, 0));
    assert_eq!(engine.status().unrouted, 2);
    assert_eq!(engine.log().matches("MFN^M02").count(), 1, "an unrouted type is told once");
}

fn an_unrouted_message_is_rejected_where_told_so() {
    let (_site, engine) = running("unrouted = \"reject\"");
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&message("MFN^M02", "NOWHERE"));
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert!(field(&answer, "ERR", 3).starts_with("200^"));
    assert_eq!(engine.counts("in").stored, 0);
}

fn an_unrouted_message_is_discarded_where_told_so() {
    let (_site, engine) = running("unrouted = \"discard\"");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&message("MFN^M02", "NOWHERE")), "AA");
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.discarded), (0, 1));
}

fn a_listener_that_does_not_answer_still_stores() {
    let (site, engine) = running("ack = \"none\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&wardline_tests::message::framed(&adt("QUIET")));
    peer.write(&wardline_tests::message::framed(b"no message"));
    peer.shut_write();
    assert!(peer.is_closed(), "no answer of any kind");
    let file = site.folder().join("out/QUIET.hl7");
    assert_eq!(wait::until("the file", || std::fs::read(&file).ok()), adt("QUIET"));
    assert_eq!(engine.counts("in").unanswered, 2);
}

fn every_bad_payload_leaves_the_connection_usable() {
    let site = Site::new(PROGRAM, "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let bad: [&[u8]; 7] = [
        b"\xff\xfe\x00",
        b"FHS|^~\\&|A\rBHS|^~\\&|A\rPID|1||1\r",
        b"BHS^|~\\&^A\rBTS^1\r",
        b"MSH\r\r\r",
        b"MSH||||||||||||||",
        b"PID|1||1",
        &[0xff; 4096],
    ];
    for (n, payload) in bad.into_iter().enumerate() {
        assert_eq!(field(&peer.exchange(payload), "MSA", 1), "AR", "payload {n}");
        assert_eq!(peer.send(&adt("FINE")), "AA", "after payload {n}");
    }
    assert_eq!(engine.counts("in").answered_ar, 7);
}
