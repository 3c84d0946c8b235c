//! What comes back from a destination, and what becomes of the message: BEHAVIOUR of sending.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{DeliveryRow, DeliveryState, Request, Response};
use wardline_tests::message::{adt, answer, framed, message};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_payload_arrives_byte_for_byte,
        a_persistent_connection_is_used_for_all_messages,
        one_connection_a_message_where_told_so,
        ae_is_retried_with_back_off_until_aa_and_the_lane_waits,
        ae_beyond_its_time_is_a_dead_letter_and_the_lane_goes_on,
        ae_beyond_its_time_holds_the_lane_where_told_so,
        ar_is_sent_once_and_the_lane_goes_on,
        a_locked_record_is_retried,
        five_rejections_in_a_row_hold_the_destination,
        a_destination_that_is_down_is_retried_for_ever_in_order,
        no_answer_in_time_closes_the_socket_and_sends_again,
        a_late_answer_is_not_taken_for_the_next_message,
        an_answer_given_twice_is_skipped,
        an_answer_for_an_unknown_message_is_never_a_delivery,
        answers_that_stay_unclear_hold_the_delivery_until_an_operator_retries,
        answers_that_stay_unclear_are_dead_where_told_so,
        an_answer_without_msa_unreadable_or_empty_is_unclear,
        a_peer_that_closes_instead_of_answering_gets_it_again,
        a_peer_that_resets_instead_of_answering_gets_it_again,
        a_peer_that_restarts_between_messages_costs_nothing,
        a_peer_that_never_reads_is_closed_and_tried_again,
        an_answer_in_pieces_with_junk_around_it_counts,
        two_neighbours_with_the_same_control_id_never_share_a_connection,
        a_dead_destination_does_not_stop_another,
        an_unordered_destination_goes_on_past_a_failing_message,
        a_large_message_arrives_whole,
    ]
}

/// A listener `in` before one destination `lis`, with more keys.
pub(crate) fn site_for(address: std::net::SocketAddr, keys: &str) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
{keys}
"#
        ),
    )
}

/// The same, running, before this sink.
pub(crate) fn running(sink: &Sink, keys: &str) -> (Site, Engine) {
    let site = site_for(sink.address(), keys);
    let engine = site.start();
    (site, engine)
}

/// Sends messages with these control ids; each is answered AA.
pub(crate) fn send(engine: &Engine, control_ids: &[&str]) {
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in control_ids {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
}

/// The dead letters of `lis`.
pub(crate) fn dead_letters(engine: &Engine) -> Vec<DeliveryRow> {
    let request = Request::Deliveries {
        destination: Some("lis".into()),
        state: DeliveryState::Dead,
        after: None,
        limit: 100,
    };
    match engine.ask(&request) {
        Response::Deliveries { deliveries, .. } => deliveries,
        other => panic!("asked for dead letters, got {other:?}"),
    }
}

/// Waits that are short enough for a test.
pub(crate) const QUICK: &str = "retry = { first = \"50ms\", max = \"200ms\" }";

fn the_payload_arrives_byte_for_byte() {
    let sink = Sink::accepting();
    let (_site, engine) = running(&sink, "");
    let mut payload =
        b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|RAW|P|2.5\r\n\r\nPID|1||\xe4\xff\x00\x0b\n".to_vec();
    payload.extend_from_slice(b"ZZZ|\\X0D\\|\"\"|~~^^");
    assert_eq!(Peer::connect(engine.address("in")).send(&payload), "AA");
    assert_eq!(sink.wait_for(1)[0].payload, payload, "RAW-1");
    engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
}

fn a_persistent_connection_is_used_for_all_messages() {
    let sink = Sink::accepting();
    let (_site, engine) = running(&sink, "");
    send(&engine, &["1", "2", "3", "4", "5"]);
    sink.wait_for(5);
    assert_eq!(sink.control_ids(), ["1", "2", "3", "4", "5"], "ORDER-1");
    assert_eq!(sink.connections(), 1);
}

fn one_connection_a_message_where_told_so() {
    let sink = Sink::accepting();
    let (_site, engine) = running(&sink, "mode = \"per_message\"");
    send(&engine, &["1", "2", "3"]);
    sink.wait_for(3);
    assert_eq!(
        (sink.control_ids(), sink.connections()),
        (vec!["1".into(), "2".into(), "3".into()], 3)
    );
}

fn ae_is_retried_with_back_off_until_aa_and_the_lane_waits() {
    let failures = AtomicUsize::new(0);
    let sink = Sink::start(move |arrived| {
        if arrived.control_id == "SLOW" && failures.fetch_add(1, Ordering::Relaxed) < 4 {
            Reply::Code("AE")
        } else {
            Reply::Code("AA")
        }
    });
    let (_site, engine) = running(&sink, "retry = { first = \"40ms\", max = \"10s\" }");
    send(&engine, &["SLOW", "NEXT"]);
    let arrived = sink.wait_for(6);
    assert_eq!(sink.control_ids(), ["SLOW", "SLOW", "SLOW", "SLOW", "SLOW", "NEXT"], "ORDER-1");
    let pauses: Vec<Duration> = arrived[..5].windows(2).map(|two| two[1].at - two[0].at).collect();
    // Each doubles, spread by a fifth either way: the fourth is at least 8 × 0.8 × 40 ms.
    assert!(pauses[3] >= Duration::from_millis(256), "{pauses:?}");
    let row = engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    let counts = row.counts.expect("a running engine");
    assert_eq!((counts.delivered, counts.retried, counts.replies_error), (2, 4, 4));
}

fn ae_beyond_its_time_is_a_dead_letter_and_the_lane_goes_on() {
    let sink = Sink::start(|arrived| match arrived.control_id.as_str() {
        "BAD" => Reply::Code("AE"),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) =
        running(&sink, "retry = { first = \"20ms\", max = \"50ms\", for = \"300ms\" }");
    send(&engine, &["BAD", "GOOD"]);
    engine.wait_for_queue("lis", "a dead letter", |row| row.dead == 1 && row.pending == 0);
    assert_eq!(sink.control_ids().last().map(String::as_str), Some("GOOD"));
    let dead = dead_letters(&engine);
    assert_eq!((dead[0].control_id.as_str(), dead[0].cause.as_deref()), ("BAD", Some("error")));
    assert!(dead[0].attempts >= 2);
}

fn ae_beyond_its_time_holds_the_lane_where_told_so() {
    let sink = Sink::start(|_| Reply::Code("AE"));
    let (_site, engine) = running(
        &sink,
        "retry = { first = \"20ms\", max = \"50ms\", for = \"200ms\" }\non_exhausted = \"block\"",
    );
    send(&engine, &["BAD", "GOOD"]);
    let row = engine.wait_for_queue("lis", "held", |row| row.held == 1);
    assert_eq!((row.pending, row.dead), (1, 0));
    assert!(sink.control_ids().iter().all(|id| id == "BAD"));
}

fn ar_is_sent_once_and_the_lane_goes_on() {
    let sink = Sink::start(|arrived| match arrived.control_id.as_str() {
        "WRONG" => Reply::Code("AR"),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(&sink, "");
    send(&engine, &["1", "WRONG", "2"]);
    engine.wait_for_queue("lis", "done", |row| row.dead == 1 && row.pending == 0);
    assert_eq!(sink.control_ids(), ["1", "WRONG", "2"], "one attempt");
    let dead = dead_letters(&engine);
    assert_eq!((dead.len(), dead[0].attempts, dead[0].cause.as_deref()), (1, 1, Some("rejected")));
    let detail = engine.ask(&Request::Delivery {
        destination: "lis".into(),
        message: dead[0].message,
        content: true,
    });
    let Response::Message(detail) = detail else { panic!("asked for a delivery, got {detail:?}") };
    assert_eq!(detail.body.as_deref(), Some(adt("WRONG").as_slice()), "kept with its message");
    assert_eq!(detail.reply.as_deref(), Some(answer("AR", "WRONG").as_slice()), "and its answer");
}

fn a_locked_record_is_retried() {
    let sink = Sink::start(|arrived| {
        if arrived.nth > 0 {
            return Reply::Code("AA");
        }
        let mut locked = answer("AR", &arrived.control_id);
        locked.extend_from_slice(b"ERR||PID^1|206^Application record locked^HL70357|E\r");
        Reply::Raw(framed(&locked))
    });
    let (_site, engine) = running(&sink, QUICK);
    send(&engine, &["LOCKED"]);
    sink.wait_for(2);
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(row.dead, 0);
}

fn five_rejections_in_a_row_hold_the_destination() {
    let sink = Sink::start(|_| Reply::Code("AR"));
    let (_site, engine) = running(&sink, "");
    send(&engine, &["1", "2", "3", "4", "5", "6", "7", "8"]);
    let held = "held, with the rest queued";
    engine.wait_for_queue("lis", held, |row| {
        row.state == "held" && (row.dead, row.pending) == (5, 3)
    });
    assert_eq!(sink.control_ids(), ["1", "2", "3", "4", "5"]);
}

fn a_destination_that_is_down_is_retried_for_ever_in_order() {
    let nobody = Nobody::new();
    let site = site_for(
        nobody.address(),
        "retry = { first = \"20ms\", max = \"100ms\", for = \"50ms\", max_attempts = 2 }",
    );
    let engine = site.start();
    send(&engine, &["1", "2", "3"]);
    let row = engine.wait_for_queue("lis", "its reason", |row| {
        row.counts.is_some_and(|counts| counts.connect_failures >= 5)
    });
    assert_eq!((row.pending, row.dead), (3, 0), "a peer that is away has judged nothing");
    assert_eq!(row.reason.as_deref(), Some("refused"));
    assert!(row.oldest.is_some());
    let sink = Sink::in_place_of(&nobody, |_| Reply::Code("AA"));
    sink.wait_for(3);
    assert_eq!(sink.control_ids(), ["1", "2", "3"]);
}

fn no_answer_in_time_closes_the_socket_and_sends_again() {
    let sink = Sink::start(|arrived| match arrived.nth {
        0 => Reply::Silence,
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(&sink, &format!("ack_timeout = \"200ms\"\n{QUICK}"));
    send(&engine, &["1", "2"]);
    let arrived = sink.wait_for(3);
    assert_eq!(sink.control_ids(), ["1", "1", "2"]);
    assert_eq!(arrived[0].payload, arrived[1].payload, "same bytes, same MSH-10");
    assert_ne!(arrived[0].connection, arrived[1].connection, "MATCH-1: the socket was closed");
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(row.counts.expect("a running engine").ack_timeouts, 1);
}

fn a_late_answer_is_not_taken_for_the_next_message() {
    // The answer to the first comes after its timeout; were it taken for the second, that would count as delivered
    // without having been answered.
    let sink = Sink::start(|arrived| match arrived.nth {
        0 => Reply::After(Duration::from_millis(600), Box::new(Reply::Code("AA"))),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(&sink, &format!("ack_timeout = \"200ms\"\n{QUICK}"));
    send(&engine, &["1", "2"]);
    engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(sink.control_ids(), ["1", "1", "2"]);
}

fn an_answer_given_twice_is_skipped() {
    let sink = Sink::start(|arrived| {
        let once = framed(&answer("AA", &arrived.control_id));
        Reply::Raw([once.clone(), once].concat())
    });
    let (_site, engine) = running(&sink, &format!("ack_timeout = \"5s\"\n{QUICK}"));
    send(&engine, &["1", "2", "3"]);
    sink.wait_for(3);
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(sink.control_ids(), ["1", "2", "3"], "each once");
    assert_eq!((row.dead, row.counts.expect("a running engine").delivered), (0, 3));
}

fn an_answer_for_an_unknown_message_is_never_a_delivery() {
    let sink = Sink::start(|arrived| match arrived.nth {
        0 => Reply::Raw(framed(&answer("AA", "SOMEBODY-ELSE"))),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(&sink, QUICK);
    send(&engine, &["1"]);
    let arrived = sink.wait_for(2);
    assert_eq!(sink.control_ids(), ["1", "1"]);
    assert_ne!(arrived[0].connection, arrived[1].connection, "MATCH-1: the socket was closed");
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(row.counts.expect("a running engine").replies_unclear, 1);
}

fn answers_that_stay_unclear_hold_the_delivery_until_an_operator_retries() {
    let clear = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let cleared = std::sync::Arc::clone(&clear);
    let sink = Sink::start(move |_| {
        if cleared.load(Ordering::Acquire) {
            Reply::Code("AA")
        } else {
            Reply::Raw(framed(&answer("AA", "SOMEBODY-ELSE")))
        }
    });
    let keys = "retry = { first = \"10ms\", max = \"20ms\", max_attempts = 3 }";
    let (_site, engine) = running(&sink, keys);
    send(&engine, &["1", "2"]);
    let row = engine.wait_for_queue("lis", "held as unclear", |row| row.held == 1);
    assert_eq!((row.pending, row.dead), (1, 0), "its lane is stopped");
    assert_eq!(sink.control_ids(), ["1", "1", "1"], "the sends counted, the first included");
    clear.store(true, Ordering::Release);
    let done = engine.ask(&Request::Retry { destination: "lis".into(), by: "test".into() });
    assert!(matches!(done, Response::Done { .. }), "{done:?}");
    engine.wait_for_queue("lis", "done", |row| row.pending == 0 && row.held == 0);
    assert_eq!(sink.control_ids(), ["1", "1", "1", "1", "2"]);
}

fn answers_that_stay_unclear_are_dead_where_told_so() {
    let sink = Sink::start(|arrived| match arrived.control_id.as_str() {
        "ODD" => Reply::Raw(framed(b"MSH|^~\\&|X|Y\r")),
        _ => Reply::Code("AA"),
    });
    let keys =
        "retry = { first = \"10ms\", max = \"20ms\", max_attempts = 2 }\non_unclear = \"dead\"";
    let (_site, engine) = running(&sink, keys);
    send(&engine, &["ODD", "GOOD"]);
    engine.wait_for_queue("lis", "done", |row| row.dead == 1 && row.pending == 0);
    assert_eq!(dead_letters(&engine)[0].cause.as_deref(), Some("unclear-no-msa"));
}

fn an_answer_without_msa_unreadable_or_empty_is_unclear() {
    let sink = Sink::start(|arrived| match arrived.nth {
        0 => Reply::Raw(framed(b"")),
        1 => Reply::Raw(framed(b"OK")),
        2 => Reply::Raw(framed(b"MSH|^~\\&|X|Y|Z|A|2026||ACK|1|P|2.5\r")),
        3 => Reply::Raw(framed(&answer("XX", &arrived.control_id))),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(&sink, "retry = { first = \"10ms\", max = \"20ms\" }");
    send(&engine, &["1"]);
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(row.counts.expect("a running engine").replies_unclear, 4);
    assert_eq!(sink.control_ids(), ["1"; 5]);
}

fn a_peer_that_closes_instead_of_answering_gets_it_again() {
    peer_that_leaves(Reply::Close);
}

fn a_peer_that_resets_instead_of_answering_gets_it_again() {
    peer_that_leaves(Reply::Reset);
}

fn peer_that_leaves(how: Reply) {
    let sink = Sink::start(move |arrived| match arrived.nth {
        0 => how.clone(),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(&sink, QUICK);
    send(&engine, &["1", "2"]);
    sink.wait_for(3);
    engine.wait_for_queue("lis", "done", |row| row.pending == 0 && row.dead == 0);
    assert_eq!(sink.control_ids(), ["1", "1", "2"]);
}

fn a_peer_that_restarts_between_messages_costs_nothing() {
    let sink = Sink::accepting();
    let (_site, engine) = running(&sink, "retry = { first = \"30s\", max = \"60s\" }");
    send(&engine, &["1"]);
    engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    sink.drop_connections();
    engine.wait_for_queue("lis", "the lost connection", |row| {
        row.counts.is_some_and(|counts| counts.disconnects == 1)
    });
    send(&engine, &["2"]);
    sink.wait_for(2);
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(
        row.counts.expect("a running engine").retried,
        0,
        "noticed before the message was written"
    );
}

fn a_peer_that_never_reads_is_closed_and_tried_again() {
    let sink = Sink::start(|arrived| match arrived.connection {
        0 => Reply::After(Duration::ZERO, Box::new(Reply::StopReading)),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) =
        running(&sink, &format!("write_timeout = \"300ms\"\nack_timeout = \"300ms\"\n{QUICK}"));
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("FIRST")), "AA");
    let large = wardline_tests::message::large("LARGE", 16 * 1024 * 1024);
    assert_eq!(peer.send(&large), "AA");
    engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    let ids = sink.control_ids();
    assert_eq!(ids.last().map(String::as_str), Some("LARGE"));
}

fn an_answer_in_pieces_with_junk_around_it_counts() {
    let sink = Sink::start(|arrived| {
        let mut dirty = b"\r\njunk".to_vec();
        dirty.extend_from_slice(&framed(
            String::from_utf8_lossy(&answer("AA", &arrived.control_id))
                .replace('\r', "\r\n")
                .as_bytes(),
        ));
        dirty.extend_from_slice(b"\r\n");
        Reply::Raw(dirty)
    });
    let (_site, engine) = running(&sink, "");
    send(&engine, &["1", "2"]);
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    let counts = row.counts.expect("a running engine");
    assert_eq!((counts.delivered, counts.retried), (2, 0));
    assert!(counts.lint_reply >= 1);
}

fn two_neighbours_with_the_same_control_id_never_share_a_connection() {
    let sink = Sink::accepting();
    let (_site, engine) = running(&sink, "");
    send(&engine, &["SAME", "SAME", "OTHER"]);
    let arrived = sink.wait_for(3);
    assert_ne!(arrived[0].connection, arrived[1].connection, "MATCH-1");
}

fn a_dead_destination_does_not_stop_another() {
    let nobody = Nobody::new();
    let good = Sink::accepting();
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "both"
to = ["dead", "good"]

[[destinations]]
id = "dead"
kind = "mllp"
address = "{}"

[[destinations]]
id = "good"
kind = "mllp"
address = "{}"
"#,
            nobody.address(),
            good.address()
        ),
    );
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    // More than the window of a pool, so that the dead one's queue has to wait on the disk.
    for n in 0..600 {
        assert_eq!(peer.send(&message("ORU^R01", &format!("N{n}"))), "AA");
    }
    good.wait_for(600);
    assert_eq!(engine.queue("dead").pending, 600);
    engine.wait_for_queue("good", "done", |row| row.pending == 0);
}

fn an_unordered_destination_goes_on_past_a_failing_message() {
    let sink = Sink::start(|arrived| match arrived.control_id.as_str() {
        "BAD" => Reply::Code("AE"),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(
        &sink,
        "order = \"none\"\nconnections = 2\nretry = { first = \"20s\", max = \"60s\" }",
    );
    send(&engine, &["BAD", "1", "2", "3"]);
    sink.wait_for(4);
    let row = engine.wait_for_queue("lis", "one left", |row| row.pending == 1);
    assert_eq!((row.dead, row.held), (0, 0));
}

fn a_large_message_arrives_whole() {
    let sink = Sink::accepting();
    let (_site, engine) = running(&sink, "");
    let large = wardline_tests::message::large("LARGE", 5 * 1024 * 1024);
    assert_eq!(Peer::connect(engine.address("in")).send(&large), "AA");
    assert!(sink.wait_for(1)[0].payload == large, "RAW-1");
}
