//! Which answers leave, by MSH-15 and MSH-16; and answers that come in as messages.

use libtest_mimic::Trial;
use wardline_tests::message::{field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::{PROGRAM, running};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_sender_says_which_answers_it_gets,
        a_refusal_is_said_at_each_level_that_is_due,
        a_value_outside_the_table_is_answered_in_original_mode_and_counted,
        the_listener_may_decide_the_mode_itself,
        what_is_not_to_be_answered_is_kept_and_a_resend_raises_an_alarm,
        what_cannot_be_stored_now_is_answered_ce_where_told_so,
        an_answer_that_comes_in_is_never_acknowledged,
        an_answer_that_a_route_names_is_delivered_and_not_acknowledged,
    ]
}

/// A message that asks for these answers.
fn asking(control_id: &str, accept: &str, application: &str) -> Vec<u8> {
    let msh = format!("A|B|C|D|2026||ADT^A01|{control_id}|P|2.5|||{accept}|{application}");
    format!("MSH|^~\\&|{msh}\rPID|1||1\r").into_bytes()
}

fn ack(control_id: &str, accept: &str, code: &str) -> Vec<u8> {
    format!("MSH|^~\\&|A|B|C|D|2026||ACK|{control_id}|P|2.5|||{accept}\rMSA|{code}|M1\r")
        .into_bytes()
}

/// The codes of the answers to a message: all those that come before the answer to one behind it.
fn answers(peer: &mut Peer, payload: &[u8]) -> Vec<Vec<u8>> {
    peer.write(&[framed(payload), framed(&asking("BEHIND", "", "AL"))].concat());
    let mut answers = Vec::new();
    loop {
        let answer = peer.read();
        if field(&answer, "MSA", 2) == "BEHIND" {
            return answers;
        }
        answers.push(answer);
    }
}

fn codes(peer: &mut Peer, payload: &[u8]) -> Vec<String> {
    answers(peer, payload).iter().map(|answer| field(answer, "MSA", 1)).collect()
}

fn the_sender_says_which_answers_it_gets() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    for (accept, application, expected) in [
        ("", "", &["AA"][..]),
        ("AL", "", &["CA"]),
        ("AL", "NE", &["CA"]),
        ("NE", "AL", &["AA"]),
        ("ER", "SU", &["AA"]),
        ("SU", "ER", &["CA"]),
        ("ER", "ER", &[]),
        ("AL", "AL", &["CA", "AA"]),
    ] {
        let found = codes(&mut peer, &asking("M1", accept, application));
        assert_eq!(found, expected, "{accept} and {application}");
    }
    let both = answers(&mut peer, &asking("M2", "AL", "AL"));
    assert!(both.iter().all(|answer| field(answer, "MSA", 2) == "M2"));
    assert_ne!(field(&both[0], "MSH", 10), field(&both[1], "MSH", 10), "each is a message");
    let asks = both.iter().map(|answer| field(answer, "MSH", 15) + &field(answer, "MSH", 16));
    assert!(asks.into_iter().all(|asks| asks.is_empty()), "nobody is to acknowledge an answer");
    let counts = engine.counts("in");
    assert_eq!((counts.answered_ca, counts.unanswered), (5, 1));
}

fn a_refusal_is_said_at_each_level_that_is_due() {
    let (_site, engine) = running("accept = { processing_id = [\"P\"] }");
    let mut peer = Peer::connect(engine.address("in"));
    let refused = |accept, application| {
        let message = String::from_utf8(asking("M1", accept, application)).expect("text");
        message.replace("|P|2.5", "|T|2.5").into_bytes()
    };
    for (accept, application, expected) in [
        ("AL", "NE", &["CR"][..]),
        ("ER", "AL", &["CR", "AR"]),
        ("SU", "ER", &["AR"]),
        ("NE", "SU", &[]),
    ] {
        let found = codes(&mut peer, &refused(accept, application));
        assert_eq!(found, expected, "{accept} and {application}");
    }
    let answer = peer.exchange(&refused("AL", "NE"));
    assert!(field(&answer, "ERR", 3).starts_with("202^"), "the reason stands in a CR too");
    let counts = engine.counts("in");
    assert_eq!((counts.answered_cr, counts.answered_ar), (3, 2));
}

fn a_value_outside_the_table_is_answered_in_original_mode_and_counted() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(codes(&mut peer, &asking("M1", "ACCEPT", "NE")), ["AA"]);
    assert_eq!(engine.counts("in").lint_ack_condition, 1);
}

fn the_listener_may_decide_the_mode_itself() {
    let (_site, engine) = running("ack_mode = \"original\"");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(codes(&mut peer, &asking("M1", "AL", "NE")), ["AA"]);
    assert_eq!(codes(&mut peer, &asking("M2", "NE", "NE")), ["AA"]);
    let (_site, engine) = running("ack_mode = \"enhanced\"");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(codes(&mut peer, &asking("M1", "", "")), ["CA"]);
    assert_eq!(codes(&mut peer, &asking("M2", "AL", "AL")), ["CA", "AA"]);
}

fn what_is_not_to_be_answered_is_kept_and_a_resend_raises_an_alarm() {
    let (site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    assert!(codes(&mut peer, &asking("QUIET", "NE", "NE")).is_empty());
    let file = site.folder().join("out/QUIET.hl7");
    wait::until("the file", || std::fs::read(&file).ok());
    assert_eq!(engine.counts("in").unasked_resends, 0);
    for _ in 0..2 {
        assert!(codes(&mut peer, &asking("QUIET", "NE", "NE")).is_empty());
    }
    assert_eq!(engine.counts("in").unasked_resends, 2);
    let alarm = "the sender waits for an ACK that it did not ask for; set ack_mode";
    assert_eq!(engine.log().matches(alarm).count(), 1);
}

fn what_cannot_be_stored_now_is_answered_ce_where_told_so() {
    let site = Site::new(
        PROGRAM,
        r#"
[store]
min_free = "1000TiB"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"
on_unavailable = "answer"
unavailable_wait = "20ms"
"#,
    );
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&asking("M1", "AL", "NE"));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("CE".into(), "M1".into()));
    assert!(field(&answer, "ERR", 3).starts_with("207^"));
    peer.write(&framed(&asking("M2", "NE", "NE")));
    assert!(peer.is_closed(), "where no answer is due, silence alone tells the sender");
    let counts = engine.counts("in");
    assert_eq!((counts.answered_ce, counts.closed_unavailable, counts.stored), (1, 1, 0));
}

fn an_answer_that_comes_in_is_never_acknowledged() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    for answer in [ack("1", "", "AA"), ack("2", "", "AR"), ack("3", "AL", "CA")] {
        assert!(answers(&mut peer, &answer).is_empty());
    }
    assert_eq!(engine.counts("in").answers_unmatched, 3);
    assert_eq!(codes(&mut peer, &ack("4", "AL", "AA")), ["CA"], "this one asks for it");
}

fn an_answer_that_a_route_names_is_delivered_and_not_acknowledged() {
    let (site, engine) = with_a_route_for_answers();
    let mut peer = Peer::connect(engine.address("in"));
    assert!(answers(&mut peer, &ack("NAMED", "", "AA")).is_empty());
    let file = site.folder().join("acks/NAMED.hl7");
    assert_eq!(wait::until("the file", || std::fs::read(&file).ok()), ack("NAMED", "", "AA"));
    assert_eq!(engine.counts("in").answers_unmatched, 0);
}

fn with_a_route_for_answers() -> (Site, Engine) {
    let site = Site::new(
        PROGRAM,
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "answers"
match = { message = ["ACK"] }
to = ["acks"]

[[destinations]]
id = "acks"
kind = "file"
path = "acks/{control_id}.hl7"
"#,
    );
    let engine = site.start();
    (site, engine)
}
