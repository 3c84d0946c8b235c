//! `ack = "after_delivery"`: what a destination answers goes to the sender.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{DiscardFrom, RefusedReason, Request, Response, Which};
use wardline_tests::message::{adt, field, framed, message};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::site::Site;
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_destinations_answer_goes_to_the_sender_as_ours,
        a_rejection_goes_to_the_sender_and_is_a_dead_letter_all_the_same,
        a_sender_that_asks_for_both_gets_ca_when_it_is_stored_and_then_the_destinations_answer,
        an_answer_that_is_late_is_aa_and_the_message_is_delivered_later,
        a_late_delivery_that_has_not_begun_is_withdrawn_and_the_sender_told_so,
        what_was_returned_is_new_to_a_listener_that_answers_copies_again_from_then_on,
        a_late_delivery_that_has_begun_is_not_withdrawn,
        what_was_promised_is_not_withdrawn_however_late_it_is,
        what_is_stored_is_known_though_its_sender_left_before_he_was_told,
        what_an_operator_discards_or_skips_is_ae,
        what_ended_undelivered_without_an_answer_to_relay_is_ae_whatever_becomes_of_late_ones,
        what_no_route_takes_to_the_destination_is_answered_when_it_is_stored,
        what_waits_for_its_answer_survives_the_process,
        a_block_is_committed_before_its_answer_is_awaited,
    ]
}

/// A listener that answers with what `lis` says, before `lis` at this address and a file for each message.
fn site(lis: SocketAddr, keys: &str) -> Site {
    site_with(lis, keys, "")
}

/// The same, with more keys of `lis`.
fn site_with(lis: SocketAddr, keys: &str, lis_keys: &str) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
ack = "after_delivery"
ack_from = "lis"
{keys}

[[routes]]
id = "admissions"
match = {{ message = ["ADT"] }}
to = ["lis"]

[[routes]]
id = "all"
match = {{}}
to = ["archive"]

[[destinations]]
id = "archive"
kind = "file"
path = "out/{{control_id}}.hl7"

[[destinations]]
id = "lis"
kind = "mllp"
address = "{lis}"
{lis_keys}
"#
        ),
    )
}

/// An answer of the sink's own, with a segment that only it can have made.
fn own_words(code: &str, arrived: &Arrived) -> Reply {
    let id = &arrived.control_id;
    let answer =
        format!("MSH|^~\\&|LIS|LAB|ENGINE|X|2026||ACK|77|P|2.5\rMSA|{code}|{id}|so\rZAK|1\r");
    Reply::Raw(framed(answer.as_bytes()))
}

fn the_destinations_answer_goes_to_the_sender_as_ours() {
    let sink = Sink::start(|arrived| own_words("AA", arrived));
    let site = site(sink.address(), "");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for id in ["1", "2", "3"] {
        let expected = format!("MSH|^~\\&|C|D|A|B|2026||ACK|77|P|2.5\rMSA|AA|{id}|so\rZAK|1\r");
        let answer = peer.exchange(&adt(id));
        assert_eq!(String::from_utf8_lossy(&answer), expected);
    }
    let counts = engine.counts("in");
    assert_eq!((counts.answers_relayed, counts.answered_aa, counts.stored), (3, 3, 3));
}

fn a_rejection_goes_to_the_sender_and_is_a_dead_letter_all_the_same() {
    let sink = Sink::start(|arrived| own_words("AR", arrived));
    let site = site(sink.address(), "");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AR");
    engine.wait_for_queue("lis", "a dead letter", |queue| queue.dead == 1);
}

fn a_sender_that_asks_for_both_gets_ca_when_it_is_stored_and_then_the_destinations_answer() {
    let sink = Sink::start(|arrived| own_words("AA", arrived));
    let site = site(sink.address(), "");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let asking = b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5|||AL|AL\rPID|1\r";
    let accept = peer.exchange(asking);
    assert_eq!((field(&accept, "MSA", 1), field(&accept, "ZAK", 1)), ("CA".into(), String::new()));
    let application = peer.read();
    assert_eq!(
        (field(&application, "MSA", 1), field(&application, "ZAK", 1)),
        ("AA".into(), "1".into())
    );
}

fn an_answer_that_is_late_is_aa_and_the_message_is_delivered_later() {
    let nobody = Nobody::new();
    let site = site(nobody.address(), "answer_within = \"50ms\"");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AA");
    assert_eq!((engine.counts("in").answers_late, engine.queue("lis").pending), (1, 1));
    let sink = Sink::in_place_of(&nobody, |_| Reply::Code("AA"));
    sink.wait_for(1);
}

fn a_late_delivery_that_has_not_begun_is_withdrawn_and_the_sender_told_so() {
    let nobody = Nobody::new();
    let site = site(nobody.address(), "answer_within = \"50ms\"\non_late = \"return\"");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AE");
    engine.wait_for_queue("lis", "empty", |queue| queue.pending == 0);
    let queue = engine.queue("lis");
    assert_eq!(queue.counts.map(|counts| (counts.returned, counts.delivered)), Some((1, 0)));
    assert_eq!(queue.dead, 0);
}

fn what_was_returned_is_new_to_a_listener_that_answers_copies_again_from_then_on() {
    let nobody = Nobody::new();
    let site = site(nobody.address(), "answer_within = \"50ms\"\non_late = \"return\"");
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("1")), "AE");
    engine.wait_for_queue("lis", "empty", |queue| queue.pending == 0);
    assert!(engine.stop().success(), "a drain");

    let before = fs::read_to_string(site.folder().join("wardline.toml")).expect("a file");
    let keys = before.lines().filter(|line| {
        !["ack_from", "answer_within", "on_late"].iter().any(|key| line.starts_with(key))
    });
    let after = keys.collect::<Vec<_>>().join("\n");
    let now = "ack = \"after_store\"\ndedup = \"replay\"";
    site.configure(&after.replace("ack = \"after_delivery\"", now));
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("1")), "AA");
    assert_eq!(engine.counts("in").duplicates_suppressed, 0);
    let sink = Sink::in_place_of(&nobody, |_| Reply::Code("AA"));
    assert_eq!(sink.wait_for(1)[0].payload, adt("1"));
}

fn a_late_delivery_that_has_begun_is_not_withdrawn() {
    let sink =
        Sink::start(|_| Reply::After(Duration::from_millis(500), Box::new(Reply::Code("AA"))));
    let site = site(sink.address(), "answer_within = \"50ms\"\non_late = \"return\"");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AE");
    let queue = engine.wait_for_queue("lis", "delivered", |queue| {
        queue.counts.is_some_and(|counts| counts.delivered == 1)
    });
    assert_eq!(queue.counts.map(|counts| counts.returned), Some(0));
}

fn what_was_promised_is_not_withdrawn_however_late_it_is() {
    let asking = |accept: &str, application: &str| {
        let msh = format!("A|B|C|D|2026||ADT^A01|1|P|2.5|||{accept}|{application}");
        format!("MSH|^~\\&|{msh}\rPID|1\r").into_bytes()
    };
    let [committed, ca, aa] = ["\x06", "CA", "AA"];
    for (mllp, payload, expected) in [
        (1, asking("AL", "SU"), &[ca, aa][..]),
        (1, asking("AL", "ER"), &[ca]),
        (1, asking("AL", "AL"), &[ca, aa]),
        (1, asking("NE", "SU"), &[aa]),
        (2, adt("1"), &[committed, aa]),
    ] {
        let nobody = Nobody::new();
        let keys = format!("mllp = {mllp}\nanswer_within = \"50ms\"\non_late = \"return\"");
        let site = site(nobody.address(), &keys);
        let engine = site.start();
        let mut peer = Peer::connect(engine.address("in"));
        peer.write(&framed(&payload));
        for word in expected {
            let answer = peer.read();
            let said = if answer == b"\x06" { "\x06".into() } else { field(&answer, "MSA", 1) };
            assert_eq!(said, *word, "mllp {mllp}: {expected:?}");
        }
        wait::until_so("it to be late", || engine.counts("in").answers_late == 1);
        let queue = engine.queue("lis");
        let returned = queue.counts.map(|counts| counts.returned);
        assert_eq!((queue.pending, returned), (1, Some(0)), "mllp {mllp}: {expected:?}");
    }
}

fn what_is_stored_is_known_though_its_sender_left_before_he_was_told() {
    let (answer_it, may_answer) = mpsc::channel();
    let may_answer = Mutex::new(may_answer);
    let sink = Sink::start(move |arrived| {
        if arrived.nth == 0 {
            may_answer.lock().expect("no panic").recv().expect("the word");
        }
        Reply::Code("AA")
    });
    let keys = "dedup = \"replay\"\nmax_in_flight_per_source = 1\nanswer_within = \"1h\"";
    let site = site(sink.address(), keys);
    let engine = site.start();
    let address = engine.address("in");
    let mut first = Peer::connect(address);
    first.write(&framed(&adt("FIRST")));
    sink.wait_for(1);
    let asking = b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|LEFT|P|2.5|||AL|AL\rPID|1\r";
    let mut leaving = Peer::connect(address);
    leaving.write(&framed(asking));
    wait::until_so("the second to wait", || engine.counts("in").slowed_in_flight == 1);
    leaving.reset();
    answer_it.send(()).expect("the sink waits");
    assert_eq!(field(&first.read(), "MSA", 1), "AA");
    wait::until_so("the second to be stored", || engine.counts("in").stored == 2);
    let accept = Peer::connect(address).exchange(asking);
    assert_eq!(field(&accept, "MSA", 1), "CA");
    assert_eq!(engine.counts("in").duplicates_suppressed, 1);
    sink.wait_for(2);
    assert_eq!(sink.control_ids(), ["FIRST", "LEFT"]);
}

fn what_an_operator_discards_or_skips_is_ae() {
    let nobody = Nobody::new();
    let site = site(nobody.address(), "answer_within = \"1h\"");
    let engine = site.start();
    let discard = Request::Discard {
        destination: "lis".into(),
        from: DiscardFrom::Queue,
        which: Which::All,
        by: "test".into(),
        reason: "no longer wanted".into(),
        dry_run: false,
    };
    let skip = Request::Skip {
        destination: "lis".into(),
        message: None,
        by: "test".into(),
        reason: "test".into(),
        dry_run: false,
    };
    for (id, word) in [("1", discard), ("2", skip)] {
        let mut peer = Peer::connect(engine.address("in"));
        peer.write(&framed(&adt(id)));
        engine.wait_for_queue("lis", "waiting", |queue| queue.pending == 1);
        wait::until("a moment between two attempts", || match engine.ask(&word) {
            Response::Refused { reason: RefusedReason::InFlight, .. } => None,
            other => Some(other),
        });
        assert_eq!(field(&peer.read(), "MSA", 1), "AE");
    }
    assert_eq!(engine.queue("lis").dead, 1, "what was skipped can be sent again");
    let counts = engine.counts("in");
    assert_eq!((counts.answers_undelivered, counts.answers_late), (2, 0));
}

fn what_ended_undelivered_without_an_answer_to_relay_is_ae_whatever_becomes_of_late_ones() {
    let ruled = "[[destinations.on_reply]]\ncode = [\"AA\"]\nthen = \"dead\"";
    let unclear = "on_unclear = \"dead\"\nretry = { max_attempts = 1 }";
    for on_late in ["accept", "return"] {
        for (lis_keys, answer) in [(ruled, None), (unclear, Some("SOMEBODY-ELSE"))] {
            let sink = Sink::start(move |arrived| match answer {
                None => own_words("AA", arrived),
                Some(id) => own_words("AE", &Arrived { control_id: id.into(), ..arrived.clone() }),
            });
            let keys = format!("on_late = \"{on_late}\"\nanswer_within = \"1h\"");
            let site = site_with(sink.address(), &keys, lis_keys);
            let engine = site.start();
            let answer = Peer::connect(engine.address("in")).exchange(&adt("1"));
            let said = [("MSA", 1), ("MSA", 2), ("ERR", 3), ("ZAK", 1)]
                .map(|(segment, number)| field(&answer, segment, number));
            let expected = ["AE", "1", "207^Application internal error^HL70357", ""];
            assert_eq!(said, expected, "{on_late}, {lis_keys}");
            let counts = engine.counts("in");
            let counts = (counts.answers_undelivered, counts.answers_late, counts.answers_relayed);
            assert_eq!(counts, (1, 0, 0), "{on_late}, {lis_keys}");
            engine.wait_for_queue("lis", "a dead letter", |queue| queue.dead == 1);
            let file = site.folder().join("out/1.hl7");
            wait::until_so("the other destination to have it", || file.exists());
        }
    }
}

fn what_no_route_takes_to_the_destination_is_answered_when_it_is_stored() {
    let nobody = Nobody::new();
    let site = site(nobody.address(), "");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&message("ORU^R01", "1")), "AA");
    assert_eq!(engine.counts("in").answers_late, 0);
}

fn what_waits_for_its_answer_survives_the_process() {
    let nobody = Nobody::new();
    let site = site(nobody.address(), "answer_within = \"1h\"");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("1")));
    engine.wait_for_queue("lis", "waiting", |queue| queue.pending == 1);
    engine.kill();
    let sink = Sink::in_place_of(&nobody, |_| Reply::Code("AA"));
    let _engine = site.start();
    assert_eq!(sink.wait_for(1)[0].payload, adt("1"));
}

fn a_block_is_committed_before_its_answer_is_awaited() {
    let sink = Sink::start(|_| Reply::Silence);
    let site = site(sink.address(), "mllp = 2\nanswer_within = \"1h\"");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("1")));
    assert_eq!(peer.read(), [0x06], "it is stored, whatever becomes of it");
    sink.wait_for(1);
}
