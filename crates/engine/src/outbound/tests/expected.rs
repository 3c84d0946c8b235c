//! What is awaited follows the bytes sent: MSH-15 and MSH-16.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wardline_config::{ConnectionMode, Destination};
use wardline_flow::ExpectAck;
use wardline_mllp::encoded_len;
use wardline_store::DeliveryState;

use super::sink::{Act, Sink};
use super::site::{Site, mllp, until, with};
use crate::outbound::testing::{asking, framed_reply};

/// Longer than any test: whoever waits for it fails.
const NEVER: Duration = Duration::from_hours(1);

fn patient(destination: Destination) -> Destination {
    with(destination, |mllp| mllp.ack_timeout = NEVER)
}

#[actix::test]
async fn what_wants_no_answer_is_delivered_when_it_is_written() {
    let sink = Sink::start(|_, _| Act::Ignore).await;
    let site = Site::new(patient(mllp(sink.address)));
    site.start();
    for control_id in ["M1", "M2", "M3"] {
        site.accept_body(asking(control_id, "NE", "NE")).await;
    }
    site.delivered(3).await;
    until(|| sink.log.len() == 3).await;
    assert_eq!(sink.connections(), [1, 1, 1]);
    assert_eq!(site.counters.replies_positive.get(), 0);
}

#[actix::test]
async fn an_answer_that_nobody_wanted_costs_nothing() {
    let sink = Sink::good().await;
    let site = Site::new(patient(mllp(sink.address)));
    site.start();
    for (nth, control_id) in (1..).zip(["M1", "M2", "M3"]) {
        site.accept_body(asking(control_id, "NE", "NE")).await;
        site.delivered(nth).await;
        until(|| site.counters.replies_stale.get() == nth).await;
    }
    assert_eq!(sink.connections(), [1, 1, 1]);
}

#[actix::test]
async fn silence_delivers_where_only_a_no_was_asked_for() {
    let sink = Sink::start(|_, _| Act::Ignore).await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept_body(asking("M1", "ER", "NE")).await;
    site.accept_body(asking("M2", "NE", "ER")).await;
    site.delivered(2).await;
    assert_eq!((sink.ids(), sink.connections()), (vec!["M1".into(), "M2".into()], vec![1, 1]));
    assert_eq!(site.counters.ack_timeouts.get(), 0);
}

#[actix::test]
async fn a_no_ends_the_silence() {
    let sink = Sink::start(|got, _| match got.control_id.as_str() {
        "M1" => Act::Answer("CR"),
        _ => Act::Answer("AR"),
    })
    .await;
    let site = Site::new(patient(mllp(sink.address)));
    site.start();
    site.accept_body(asking("M1", "ER", "NE")).await;
    site.accept_body(asking("M2", "NE", "ER")).await;
    until(|| site.counters.dead.get() == 2).await;
    let dead = site.rows(DeliveryState::Dead).await;
    assert!(dead.iter().all(|row| row.cause.as_deref() == Some("rejected")));
}

#[actix::test]
async fn silence_is_an_error_where_only_a_yes_was_asked_for() {
    let sink = Sink::start(|_, before| if before == 0 { Act::Ignore } else { Act::Answer("CA") });
    let sink = sink.await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept_body(asking("M1", "SU", "NE")).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M1"]);
    assert_eq!((site.counters.retried.get(), site.counters.ack_timeouts.get()), (1, 0));
}

#[actix::test]
async fn a_commit_accept_delivers_and_what_the_application_says_later_is_no_one_else_s() {
    let sink = Sink::start(|got, _| {
        let both = [framed_reply("CA", &got.control_id), framed_reply("AE", &got.control_id)];
        Act::Write(both.concat())
    })
    .await;
    let site = Site::new(patient(mllp(sink.address)));
    site.start();
    site.accept_body(asking("M1", "AL", "AL")).await;
    site.accept_body(asking("M2", "AL", "AL")).await;
    site.delivered(2).await;
    assert_eq!((sink.ids(), sink.connections()), (vec!["M1".into(), "M2".into()], vec![1, 1]));
    assert_eq!(site.counters.retried.get(), 0, "never sent again behind a CA");
}

#[actix::test]
async fn the_application_is_awaited_where_it_alone_was_asked() {
    let sink = Sink::start(|got, before| {
        let code = if before == 0 { "AE" } else { "AA" };
        let both = [framed_reply("CA", &got.control_id), framed_reply(code, &got.control_id)];
        Act::Write(both.concat())
    })
    .await;
    let site = Site::new(patient(mllp(sink.address)));
    site.start();
    site.accept_body(asking("M1", "NE", "AL")).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M1"]);
    assert_eq!(site.counters.replies_error.get(), 1);
}

#[actix::test]
async fn the_destination_may_know_better_than_the_message() {
    let sink = Sink::start(|_, _| Act::Ignore).await;
    let never = with(patient(mllp(sink.address)), |mllp| mllp.expect_ack = ExpectAck::Never);
    let site = Site::new(never);
    site.start();
    site.accept(2).await;
    site.delivered(2).await;

    let sink = Sink::start(|_, before| Act::Answer(if before == 0 { "AE" } else { "AA" })).await;
    let always = with(patient(mllp(sink.address)), |mllp| mllp.expect_ack = ExpectAck::Always);
    let site = Site::new(always);
    site.start();
    site.accept_body(asking("M1", "NE", "NE")).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M1"]);
}

/// A message that wants no answer, larger than what a peer that reads slowly has room for.
fn large(control_id: &str) -> Bytes {
    let observation = format!("OBX|1|TX|||{}\r", "x".repeat(LARGE));
    [asking(control_id, "NE", "NE"), observation.into()].concat().into()
}

const LARGE: usize = 256 * 1024;
/// What the peer's system takes in before the peer reads.
const SMALL_WINDOW: usize = 4 * 1024;

/// Reads one connection to its end, a little at a time, and answers on end, wanted or not. How many bytes came.
async fn read_slowly(listener: &TcpListener) -> usize {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let (mut came, mut landing) = (0, [0; SMALL_WINDOW]);
    while let Ok(read @ 1..) = stream.read(&mut landing).await {
        came += read;
        let _closed_already = stream.write_all(&framed_reply("AA", "M1")).await;
    }
    came
}

#[actix::test]
async fn what_counts_as_delivered_when_it_is_written_survives_the_end_of_its_connection() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(SMALL_WINDOW).expect("set");
    socket.set_nonblocking(true).expect("set");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a port");
    socket.listen(8).expect("listening");
    let listener = TcpListener::from_std(socket.into()).expect("a listener");
    let address = listener.local_addr().expect("bound");
    let each_alone = with(patient(mllp(address)), |mllp| mllp.mode = ConnectionMode::PerMessage);
    let site = Site::new(each_alone);
    site.start();
    for (nth, control_id) in (1..).zip(["M1", "M2", "M3"]) {
        let message = large(control_id);
        let framed = encoded_len(message.len());
        site.accept_body(message).await;
        assert_eq!(read_slowly(&listener).await, framed, "to its last byte");
        site.delivered(nth).await;
    }
}

#[actix::test]
async fn a_drain_waits_until_the_peer_has_what_counts_as_delivered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let site = Site::new(patient(mllp(listener.local_addr().expect("bound"))));
    let pool = site.start();
    site.accept_body(asking("M1", "NE", "NE")).await;
    let (mut peer, _) = listener.accept().await.expect("a connection");
    site.delivered(1).await;
    site.drain();
    let mut came = Vec::new();
    let end = peer.read_to_end(&mut came).await;
    assert!(end.is_ok() && !came.is_empty(), "the end, and no reset: {end:?}");
    // What is closed answers the first with a reset, and takes no other.
    for _ in 0..3 {
        peer.write_all(&framed_reply("AA", "M1")).await.expect("our side is still there");
        tokio::task::yield_now().await;
    }
    drop(peer);
    pool.drained().await;
}
