//! What comes back, and what it means (BEHAVIOUR of the peer, MATCH-1, ORDER-1, END-1).

use std::time::Duration;

use wardline_flow::{ReplyOutcome, ReplyRule};
use wardline_store::DeliveryState;

use super::sink::{Act, Sink};
use super::site::{Site, max_attempts, mllp, unordered, until, with};
use crate::outbound::testing::{framed, framed_reply, message};

#[actix::test]
async fn a_lane_is_delivered_in_order_over_one_connection() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept(300).await;
    site.delivered(300).await;
    let expected: Vec<_> = (1..=300).map(|number| format!("M{number}")).collect();
    assert_eq!(sink.ids(), expected);
    assert!(sink.connections().iter().all(|&connection| connection == 1));
    assert_eq!(site.counters.attempts.get(), 300);
}

#[actix::test]
async fn what_was_queued_before_the_start_is_delivered_after_it() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    site.accept(3).await;
    site.start();
    site.delivered(3).await;
    assert_eq!(sink.ids(), ["M1", "M2", "M3"]);
}

#[actix::test]
async fn an_error_is_retried_with_growing_waits_and_then_delivered_once_in_order() {
    let sink = Sink::start(|_, before| Act::Answer(if before < 3 { "AE" } else { "AA" })).await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept(2).await;
    site.delivered(2).await;
    assert_eq!(sink.ids(), ["M1", "M1", "M1", "M1", "M2"]);
    let got = sink.log.all();
    for (pair, plain) in got.windows(2).zip([40, 80, 160]) {
        let wait = pair[1].at.duration_since(pair[0].at);
        assert!(wait >= Duration::from_millis(plain) * 4 / 5, "{wait:?} for {plain} ms");
    }
    assert_eq!(site.counters.replies_error.get(), 3);
}

#[actix::test]
async fn match_1_the_same_bytes_again_go_over_a_fresh_connection() {
    let sink = Sink::start(|_, before| Act::Answer(if before == 0 { "AE" } else { "AA" })).await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!(sink.connections(), [1, 2]);
}

#[actix::test]
async fn a_rejection_is_a_dead_letter_after_one_attempt_and_the_lane_goes_on() {
    let sink = Sink::start(|_, before| Act::Answer(if before == 0 { "AR" } else { "AA" })).await;
    let site = Site::new(mllp(sink.address));
    site.start();
    let ids = site.accept(2).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M2"]);
    let dead = site.rows(DeliveryState::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].message, dead[0].attempts), (ids[0], 1));
    assert_eq!(dead[0].cause.as_deref(), Some("rejected"));
    assert!(site.reply(ids[0]).await.expect("kept").ends_with(b"MSA|AR|M1\r"));
}

#[actix::test]
async fn a_rule_holds_what_a_code_would_retry_and_only_for_that_message() {
    let sink =
        Sink::start(|got, _| Act::Answer(if got.control_id == "M1" { "AE" } else { "AA" })).await;
    let rule = ReplyRule {
        codes: vec!["AE".into()],
        errors: Vec::new(),
        text: None,
        then: ReplyOutcome::Hold,
    };
    let site = Site::new(with(mllp(sink.address), |mllp| mllp.on_reply = vec![rule]));
    site.start();
    site.accept(1).await;
    until(|| site.counters.held.get() == 1).await;
    assert_eq!(sink.ids(), ["M1"], "asked once");
    let held = site.rows(DeliveryState::Held).await;
    assert_eq!((held[0].cause.as_deref(), held[0].attempts), (Some("ruled"), 1));
}

#[actix::test]
async fn errors_that_outlast_their_sends_are_dead_and_the_lane_goes_on() {
    let sink =
        Sink::start(|got, _| Act::Answer(if got.control_id == "M1" { "AE" } else { "AA" })).await;
    let site = Site::new(max_attempts(mllp(sink.address), 2));
    site.start();
    site.accept(2).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M1", "M2"]);
    assert_eq!(site.rows(DeliveryState::Dead).await[0].cause.as_deref(), Some("error"));
}

#[actix::test]
async fn the_answer_to_a_delivery_that_is_retried_is_there_to_be_seen() {
    let sink = Sink::start(|_, _| Act::Answer("AE")).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    let ids = site.accept(1).await;
    until(|| site.counters.retried.get() >= 1).await;
    let reply = pool.last_reply(ids[0]).await.expect("kept");
    assert!(reply.ends_with(b"MSA|AE|M1\r"));
    assert_eq!(site.reply(ids[0]).await, None, "the store learns of it when it has ended");
}

#[actix::test]
async fn match_1_a_late_answer_is_skipped_and_the_connection_replaced_after_ours() {
    let sink = Sink::start(|got, _| match got.control_id.as_str() {
        "M2" => Act::Write([framed_reply("AE", "M1"), framed_reply("AA", "M2")].concat()),
        _ => Act::Answer("AA"),
    })
    .await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept(3).await;
    site.delivered(3).await;
    assert_eq!(sink.connections(), [1, 1, 2]);
    assert_eq!(site.counters.replies_stale.get(), 1);
    assert_eq!(site.counters.retried.get(), 0);
}

#[actix::test]
async fn match_1_only_late_answers_are_no_answer() {
    let sink = Sink::start(|got, before| match (got.control_id.as_str(), before) {
        ("M2", 1) => Act::Write(framed_reply("AA", "M1")),
        _ => Act::Answer("AA"),
    })
    .await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept(2).await;
    site.delivered(2).await;
    assert_eq!(sink.ids(), ["M1", "M2", "M2"]);
    assert_eq!(site.counters.ack_timeouts.get(), 1);
}

#[actix::test]
async fn match_1_an_answer_for_another_id_is_never_a_delivery_and_stops_the_lane() {
    let sink = Sink::start(|got, _| match got.control_id.as_str() {
        "M1" => Act::Write(framed_reply("AA", "OTHER")),
        _ => Act::Answer("AA"),
    })
    .await;
    let site = Site::new(max_attempts(mllp(sink.address), 3));
    let pool = site.start();
    site.accept(2).await;
    until(|| site.counters.held.get() == 1).await;
    assert_eq!(sink.ids(), ["M1", "M1", "M1"]);
    assert_eq!(sink.connections(), [1, 2, 3], "the socket is closed each time");
    let held = site.rows(DeliveryState::Held).await;
    assert_eq!(held[0].cause.as_deref(), Some("unclear-unknown-id"));
    let state = pool.describe().await;
    assert_eq!((state.state, state.reason.as_deref()), ("held", Some("unclear-unknown-id")));
}

#[actix::test]
async fn answers_without_sense_are_unclear() {
    for bytes in [framed("nonsense"), framed(""), framed("MSH|^~\\&|||||||ACK|1|P|2.5\r")] {
        let sink = Sink::start(move |_, before| match before {
            0 => Act::Write(bytes.clone()),
            _ => Act::Answer("AA"),
        })
        .await;
        let site = Site::new(mllp(sink.address));
        site.start();
        site.accept(1).await;
        site.delivered(1).await;
        assert_eq!(sink.connections(), [1, 2]);
        assert_eq!(site.counters.replies_unclear.get(), 1);
    }
}

#[actix::test]
async fn an_answer_beyond_its_limit_closes_the_socket() {
    let sink = Sink::start(|_, before| match before {
        0 => Act::Write([b"\x0B".as_slice(), &[b'x'; 5000]].concat()),
        _ => Act::Answer("AA"),
    })
    .await;
    let site = Site::new(with(mllp(sink.address), |mllp| mllp.max_reply_size = 4096));
    site.start();
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!(site.counters.replies_unclear.get(), 1);
}

#[actix::test]
async fn match_1_neighbours_with_the_same_id_never_share_a_connection() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    site.start();
    for id in ["SAME", "SAME", "", ""] {
        site.accept_body(message(id)).await;
    }
    site.delivered(4).await;
    assert_eq!(sink.connections(), [1, 2, 3, 4]);
    assert_eq!(site.counters.retried.get(), 0);
}

#[actix::test]
async fn without_order_all_connections_work_at_once() {
    let sink =
        Sink::start(|_, before| if before < 3 { Act::Ignore } else { Act::Answer("AA") }).await;
    let site = Site::new(unordered(mllp(sink.address), 4));
    site.start();
    site.accept(4).await;
    until(|| sink.log.len() >= 4).await;
    let mut connections = sink.connections()[..4].to_vec();
    connections.sort_unstable();
    assert_eq!(connections, [1, 2, 3, 4]);
    site.delivered(4).await;
}

#[actix::test]
async fn one_connection_a_message_where_that_is_asked_for() {
    let sink = Sink::good().await;
    let per_message = wardline_config::ConnectionMode::PerMessage;
    let site = Site::new(with(mllp(sink.address), |mllp| mllp.mode = per_message));
    site.start();
    site.accept(3).await;
    site.delivered(3).await;
    assert_eq!(sink.connections(), [1, 2, 3]);
}

#[actix::test]
async fn a_message_larger_than_any_socket_buffer_arrives_whole() {
    let sink = Sink::good().await;
    let site =
        Site::new(with(mllp(sink.address), |mllp| mllp.ack_timeout = Duration::from_secs(9)));
    site.start();
    let large =
        format!("MSH|^~\\&|A|B|C|D|||ORU^R01|BIG|P|2.5\rOBX|1|ED|||{}\r", "A".repeat(6_000_000));
    site.accept_body(large.into()).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["BIG"]);
}
