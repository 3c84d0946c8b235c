//! Messages that come again, from senders that heard no answer and from senders that never get on.

use std::time::Duration;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{Request, Response};
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::{PROGRAM, running};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_copy_is_processed_and_marked_by_default,
        a_copy_gets_the_stored_answer_again_and_is_delivered_once_where_told_so,
        a_copy_that_was_answered_again_is_shown_and_can_be_released,
        what_was_kept_before_a_restart_is_known_after_it,
        each_message_of_a_batch_is_known_for_itself,
        a_copy_of_a_message_in_hand_waits_for_its_answer,
        what_was_refused_is_processed_anew,
        another_message_with_the_same_id_is_processed_and_told_of_loudly,
        a_message_without_an_id_is_never_a_copy,
        nothing_is_recognised_where_told_so,
        a_sender_that_repeats_itself_is_slowed_down_and_told_of_once,
        a_sender_that_repeats_what_is_refused_is_slowed_down_as_well,
        a_connection_that_rests_has_nothing_in_hand,
    ]
}

/// A listener with these keys before this destination.
fn site(listener_keys: &str, sink: &Sink) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
{listener_keys}

[[routes]]
id = "all"
match = {{}}
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
"#,
            sink.address()
        ),
    )
}

fn copies(engine: &Engine) -> (u64, u64, u64) {
    let counts = engine.counts("in");
    (counts.duplicates, counts.duplicates_suppressed, counts.duplicates_other_bytes)
}

fn a_copy_is_processed_and_marked_by_default() {
    let sink = Sink::accepting();
    let site = site("", &sink);
    let engine = site.start();
    for _ in 0..2 {
        // Senders come back on a new connection.
        assert_eq!(Peer::connect(engine.address("in")).send(&adt("1")), "AA");
    }
    assert_eq!(sink.wait_for(2).len(), 2);
    assert_eq!(copies(&engine), (1, 0, 0));
}

fn a_copy_gets_the_stored_answer_again_and_is_delivered_once_where_told_so() {
    let sink = Sink::accepting();
    let site = site("dedup = \"replay\"", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&adt("1"));
    for _ in 0..2 {
        assert_eq!(
            Peer::connect(engine.address("in")).exchange(&adt("1")),
            answer,
            "word for word"
        );
    }
    assert_eq!(peer.send(&adt("2")), "AA");
    sink.wait_for(2);
    assert_eq!(sink.control_ids(), ["1", "2"]);
    assert_eq!(copies(&engine), (0, 2, 0));
    let status = site.command(["--config", "wardline.toml", "status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("came again: in: 2 answered again"));
}

fn a_copy_that_was_answered_again_is_shown_and_can_be_released() {
    let sink = Sink::accepting();
    let site = site("dedup = \"replay\"", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for id in ["M1", "M1", "M2"] {
        assert_eq!(peer.send(&adt(id)), "AA");
    }
    sink.wait_for(2);
    let Response::Copies { copies } = engine.ask(&Request::Copies { limit: 10 }) else {
        panic!("copies")
    };
    let shown: Vec<_> = copies.iter().map(|copy| (&*copy.control_id, &*copy.listener)).collect();
    assert_eq!(shown, [("M1", "in")], "the copy and no other");
    let number = copies[0].message.to_string();
    let run =
        |arguments: &[&str]| site.command([&["--config", "wardline.toml"], arguments].concat());
    let listed = run(&["copies", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.contains("M1") && listed.contains("ADT^A01") && listed.contains(&number));
    let released = run(&["copies", "release", &number]);
    assert!(released.status.success(), "{}", String::from_utf8_lossy(&released.stderr));
    let arrived = sink.wait_for(3);
    assert_eq!(sink.control_ids(), ["M1", "M2", "M1"]);
    assert_eq!(arrived[2].payload, adt("M1"), "the copy's own bytes");
    assert_eq!(engine.counts("in").duplicates_released, 1);
    let first = run(&["copies", "release", "1"]);
    assert_eq!(first.status.code(), Some(6), "what was delivered is no copy to be released");
    assert_eq!(peer.send(&adt("M1")), "AA");
    assert_eq!(engine.counts("in").duplicates_suppressed, 2, "it is known as ever");
}

fn what_was_kept_before_a_restart_is_known_after_it() {
    let sink = Sink::accepting();
    let site = site("dedup = \"replay\"", &sink);
    let engine = site.start();
    let answer = Peer::connect(engine.address("in")).exchange(&adt("1"));
    engine.kill();
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).exchange(&adt("1")), answer);
    assert_eq!(copies(&engine), (0, 1, 0));
}

fn each_message_of_a_batch_is_known_for_itself() {
    for (dedup, expected, copied) in [
        ("replay", &["M1", "M2", "M3"][..], (0, 3, 0)),
        ("flag", &["M1", "M2", "M1", "M2", "M1", "M3"], (3, 0, 0)),
    ] {
        let sink = Sink::accepting();
        let site = site(&format!("dedup = \"{dedup}\"\nbatch_ack = \"each\""), &sink);
        let engine = site.start();
        let mut peer = Peer::connect(engine.address("in"));
        let mut batch = |messages: &[&str]| {
            let bodies = messages.iter().flat_map(|id| adt(id));
            let bhs = b"BHS|^~\\&|A|B|C|D|2026||||B1\r".iter().copied();
            peer.write(&framed(&bhs.chain(bodies).collect::<Vec<u8>>()));
            for id in messages {
                let answer = peer.read();
                let said = (field(&answer, "MSA", 1), field(&answer, "MSA", 2));
                assert_eq!(said, ("AA".into(), (*id).into()), "{dedup}");
            }
        };
        batch(&["M1", "M2"]);
        batch(&["M1", "M2", "M1", "M3"]);
        sink.wait_for(expected.len());
        assert_eq!(sink.control_ids(), expected, "{dedup}");
        assert_eq!(copies(&engine), copied, "{dedup}");
    }
}

fn a_copy_of_a_message_in_hand_waits_for_its_answer() {
    let slow =
        Sink::start(|_| Reply::After(Duration::from_millis(300), Box::new(Reply::Code("AA"))));
    let keys = "dedup = \"replay\"\nack = \"after_delivery\"\nack_from = \"lis\"";
    let site = site(keys, &slow);
    let engine = site.start();
    let (mut first, mut copy) =
        (Peer::connect(engine.address("in")), Peer::connect(engine.address("in")));
    first.write(&framed(&adt("1")));
    slow.wait_for(1);
    copy.write(&framed(&adt("1")));
    for peer in [&mut first, &mut copy] {
        let answer = peer.read();
        assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AA".into(), "1".into()));
    }
    assert_eq!((slow.arrived().len(), copies(&engine)), (1, (0, 1, 0)));
}

fn what_was_refused_is_processed_anew() {
    let sink = Sink::start(|arrived| Reply::Code(if arrived.nth == 0 { "AR" } else { "AA" }));
    let keys = "dedup = \"replay\"\nack = \"after_delivery\"\nack_from = \"lis\"";
    let site = site(keys, &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let codes: Vec<String> = (0..3).map(|_| peer.send(&adt("1"))).collect();
    assert_eq!(codes, ["AR", "AA", "AA"]);
    assert_eq!((sink.arrived().len(), copies(&engine)), (2, (0, 1, 0)));
}

fn another_message_with_the_same_id_is_processed_and_told_of_loudly() {
    let sink = Sink::accepting();
    let site = site("dedup = \"replay\"", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let other = [&adt("1")[..], b"PV1|1|I\r"].concat();
    assert_eq!((peer.send(&adt("1")), peer.send(&other)), ("AA".into(), "AA".into()));
    let arrived = sink.wait_for(2);
    assert_eq!(arrived[1].payload, other);
    assert_eq!(copies(&engine), (0, 0, 1));
    assert_eq!(engine.log().matches("other bytes under an id that came before").count(), 1);
    for number in 0..20 {
        let another = [&adt("1")[..], format!("PV1|{number}\r").as_bytes()].concat();
        assert_eq!(peer.send(&another), "AA");
    }
    assert_eq!(engine.counts("in").storms, 0, "a sender with one id for all gets on");
}

fn a_message_without_an_id_is_never_a_copy() {
    let (_site, engine) = running("dedup = \"replay\"\nheader = { control_id = \"accept\" }");
    let mut peer = Peer::connect(engine.address("in"));
    for _ in 0..2 {
        assert_eq!(peer.send(&adt("")), "AA");
    }
    assert_eq!((engine.counts("in").stored, copies(&engine)), (2, (0, 0, 0)));
}

fn nothing_is_recognised_where_told_so() {
    let (_site, engine) = running("dedup = \"off\"");
    let mut peer = Peer::connect(engine.address("in"));
    for _ in 0..2 {
        assert_eq!(peer.send(&adt("1")), "AA");
    }
    assert_eq!((engine.counts("in").stored, copies(&engine)), (2, (0, 0, 0)));
}

fn a_sender_that_repeats_itself_is_slowed_down_and_told_of_once() {
    let (_site, engine) = running("dedup = \"replay\"");
    let mut peer = Peer::connect(engine.address("in"));
    for _ in 0..11 {
        assert_eq!(peer.send(&adt("AGAIN")), "AA", "never refused");
    }
    assert_eq!(engine.counts("in").storms, 1);
    assert_eq!(engine.log().matches("sends the same message again and again").count(), 1);
    assert_eq!(
        Peer::connect(engine.address("in")).send(&adt("OTHER")),
        "AA",
        "others are not slowed down"
    );
}

fn a_sender_that_repeats_what_is_refused_is_slowed_down_as_well() {
    let (_site, engine) = running("handlers = [\"misbehaving\"]");
    let mut peer = Peer::connect(engine.address("in"));
    for _ in 0..9 {
        assert_eq!(peer.send(&adt("REJECT-1")), "AR");
    }
    assert_eq!(engine.counts("in").storms, 0);
    for _ in 0..2 {
        assert_eq!(peer.send(&adt("REJECT-1")), "AR");
    }
    assert_eq!(engine.counts("in").storms, 1);
}

fn a_connection_that_rests_has_nothing_in_hand() {
    // On one arbiter, nobody else comes between an answer and the rest behind it.
    let (_site, engine) =
        running("max_in_flight_per_source = 1\n[engine]\ndata_dir = \"data\"\narbiters = 1");
    let mut storming = Peer::connect(engine.address("in"));
    for _ in 0..10 {
        assert_eq!(storming.send(&adt("AGAIN")), "AA");
    }
    assert_eq!(engine.counts("in").storms, 1);
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("OTHER")), "AA");
    assert_eq!(engine.counts("in").slowed_in_flight, 0, "the place was free");
}
