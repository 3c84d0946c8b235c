//! Peers that are away, go away, or say nothing: the same bytes again, for ever, in order.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use wardline_config::PeerEndpoint;
use wardline_store::DeliveryState;

use super::sink::{Act, Sink};
use super::site::{DEADLINE, Site, mllp, until, with};
use crate::outbound::testing::{framed_reply, message};

/// The first message meets this, later ones are answered.
async fn first_meets(act: Act) -> (Sink, Site) {
    let first = move |_: &_, before| if before == 0 { act.clone() } else { Act::Answer("AA") };
    let sink = Sink::start(first).await;
    let site = Site::new(mllp(sink.address));
    site.start();
    site.accept(2).await;
    site.delivered(2).await;
    (sink, site)
}

#[actix::test]
async fn no_answer_closes_the_socket_and_the_same_message_goes_again() {
    let (sink, site) = first_meets(Act::Ignore).await;
    assert_eq!(sink.ids(), ["M1", "M1", "M2"]);
    assert_eq!(sink.connections(), [1, 2, 2]);
    assert_eq!(site.counters.ack_timeouts.get(), 1);
}

#[actix::test]
async fn a_close_or_a_reset_instead_of_an_answer_is_retried() {
    for act in [Act::Close, Act::Reset, Act::HalfClose] {
        let (sink, site) = first_meets(act.clone()).await;
        assert_eq!(sink.ids(), ["M1", "M1", "M2"], "{act:?}");
        assert_eq!(sink.connections(), [1, 2, 2], "{act:?}");
        assert_eq!(site.counters.retried.get(), 1, "{act:?}");
        assert_eq!(site.counters.disconnects.get(), 1, "{act:?}");
    }
}

#[actix::test]
async fn a_peer_that_hung_up_is_noticed_before_anything_is_written_to_it() {
    let sink = Sink::start(|got, _| match got.control_id.as_str() {
        "M1" => Act::AnswerAndClose,
        _ => Act::Answer("AA"),
    })
    .await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    site.accept(1).await;
    site.delivered(1).await;
    until(|| site.counters.disconnects.get() == 1).await;
    site.accept(1).await;
    site.delivered(2).await;
    assert_eq!(sink.connections(), [1, 2]);
    assert_eq!((site.counters.attempts.get(), site.counters.retried.get()), (2, 0));
    assert_eq!(pool.describe().await.last_close, Some("closed-by-peer"));
}

/// A port whose connections take little before somebody reads them.
fn narrow_port() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("set");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("bound");
    socket.listen(8).expect("listening")
}

fn large_message() -> bytes::Bytes {
    let dictated = "A".repeat(6_000_000);
    format!("MSH|^~\\&|A|B|C|D|||ORU^R01|BIG|P|2.5\rOBX|{dictated}\r").into()
}

#[actix::test]
async fn an_answer_before_the_message_is_written_counts_and_ends_the_connection() {
    let listener = narrow_port();
    let site = Site::new(mllp(listener.local_addr().expect("bound")));
    site.start();
    site.accept_body(large_message()).await;
    let (mut hasty, _) = listener.accept().await.expect("a connection");
    let mut first = [0; 4];
    hasty.read_exact(&mut first).await.expect("it has begun");
    hasty.write_all(&framed_reply("AR", "BIG")).await.expect("written");
    until(|| site.counters.dead.get() == 1).await;
    site.accept(1).await;
    let (mut next, _) = listener.accept().await.expect("another connection");
    next.read_exact(&mut first).await.expect("read");
    assert_eq!(&first, b"\x0BMSH", "a frame begins at its beginning");
}

#[actix::test]
async fn match_1_taken_said_of_half_a_message_is_no_delivery() {
    let listener = narrow_port();
    let patient = |mllp: &mut wardline_config::MllpDestination| mllp.write_timeout = DEADLINE;
    let site = Site::new(with(mllp(listener.local_addr().expect("bound")), patient));
    site.start();
    site.accept_body(large_message()).await;
    let (mut hasty, _) = listener.accept().await.expect("a connection");
    let mut first = [0; 4];
    hasty.read_exact(&mut first).await.expect("it has begun");
    hasty.write_all(&framed_reply("AA", "BIG")).await.expect("written");
    until(|| site.counters.retried.get() == 1).await;
    assert_eq!(site.counters.delivered.get(), 0);
    let row = site.rows(DeliveryState::Pending).await.remove(0);
    assert_eq!(row.cause.as_deref(), Some("unclear-early"));
    let (mut next, _) = listener.accept().await.expect("another connection");
    next.read_exact(&mut first).await.expect("read");
    assert_eq!(&first, b"\x0BMSH", "the whole message goes again");
}

#[actix::test]
async fn a_message_that_a_frame_cannot_carry_is_dead_at_once_and_never_sent() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    site.start();
    let cut = |id: &str| [&message(id)[..], b"OBX|1|ED|||{\\rtf\x1C\rMSH|"].concat().into();
    let first = site.accept_body(cut("CUT1")).await;
    until(|| site.counters.dead.get() == 1).await;
    assert_eq!(site.counters.connects.get(), 0, "for nothing to send nobody is called");
    site.accept(1).await;
    let second = site.accept_body(cut("CUT2")).await;
    site.accept(1).await;
    site.delivered(2).await;
    assert_eq!(sink.ids(), ["M1", "M2"]);
    assert_eq!(sink.connections(), [1, 1]);
    let dead = site.rows(DeliveryState::Dead).await;
    let told = dead.iter().map(|row| (row.message, row.attempts, row.cause.as_deref()));
    let expected = [first, second].map(|id| (id, 0, Some("unframeable")));
    assert!(told.eq(expected));
}

#[actix::test]
async fn a_peer_that_talks_without_end_is_left_before_anything_is_written_to_it() {
    let listener = narrow_port();
    let site = Site::new(mllp(listener.local_addr().expect("bound")));
    let pool = site.start();
    actix_rt::spawn(async move {
        while let Ok((mut talker, _)) = listener.accept().await {
            actix_rt::spawn(async move { while talker.write_all(&[b'x'; 9000]).await.is_ok() {} });
        }
    });
    site.accept(1).await;
    let left = async {
        while pool.describe().await.last_close.is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, left).await.expect("the talker is left");
    assert_eq!(site.counters.delivered.get(), 0);
}

#[actix::test]
async fn a_peer_that_never_reads_is_given_up_after_the_write_timeout() {
    let listener = narrow_port();
    let site = Site::new(mllp(listener.local_addr().expect("bound")));
    let pool = site.start();
    site.accept_body(large_message()).await;
    until(|| site.counters.retried.get() >= 1).await;
    let state = pool.describe().await;
    assert_eq!(state.reason.as_deref(), Some("write-timeout"));
    assert_eq!(site.rows(DeliveryState::Pending).await.len(), 1);
    drop(listener);
}

#[actix::test]
async fn a_refused_connection_is_tried_until_somebody_listens_and_is_no_send() {
    let reserved = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = reserved.local_addr().expect("bound");
    drop(reserved);
    let site = Site::new(mllp(address));
    let pool = site.start();
    site.accept(2).await;
    until(|| site.counters.connect_failures.get() >= 3).await;
    let state = pool.describe().await;
    assert_eq!((state.state, state.reason.as_deref()), ("down", Some("refused")));
    assert!(state.head_attempts >= 3);
    assert_eq!(site.rows(DeliveryState::Pending).await[0].attempts, 0);

    let listener = TcpListener::bind(address).await.expect("the port again");
    let sink = Sink::serve(listener, |_, _| Act::Answer("AA"));
    site.delivered(2).await;
    assert_eq!(sink.ids(), ["M1", "M2"]);
    assert_eq!(pool.describe().await.state, "up");
}

#[actix::test]
async fn a_name_without_an_address_is_told_as_such() {
    let unresolved = |mllp: &mut wardline_config::MllpDestination| {
        mllp.endpoint = PeerEndpoint::dialled("no-such-host.invalid:2575");
        mllp.connect_timeout = Duration::from_secs(5);
    };
    let site = Site::new(with(mllp("127.0.0.1:1".parse().expect("an address")), unresolved));
    let pool = site.start();
    site.accept(1).await;
    until(|| site.counters.connect_failures.get() >= 1).await;
    let reason = pool.describe().await.reason;
    assert!(matches!(reason.as_deref(), Some("unresolved" | "connect-timeout")), "{reason:?}");
}

#[actix::test]
async fn five_rejections_in_a_row_hold_the_destination_and_keep_the_rest() {
    let sink = Sink::start(|_, before| Act::Answer(if before < 5 { "AR" } else { "AA" })).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    site.accept(8).await;
    until(|| site.counters.destination_held.get() == 1).await;
    assert_eq!(site.rows(DeliveryState::Dead).await.len(), 5);
    assert_eq!(site.rows(DeliveryState::Pending).await.len(), 3);
    let state = pool.describe().await;
    assert_eq!(state.state, "held");
    assert_eq!(state.reason.as_deref(), Some("wardline: 5 dead letters in a row"));
    assert_eq!(sink.log.len(), 5);

    pool.retry("ann").await.expect("released");
    site.delivered(3).await;
    assert_eq!(sink.ids()[5..], ["M6", "M7", "M8"]);
}

#[actix::test]
async fn a_hold_of_one_dead_letter_is_possible() {
    let sink = Sink::start(|_, _| Act::Answer("AR")).await;
    let mut destination = mllp(sink.address);
    destination.max_consecutive_dead = NonZeroU32::MIN;
    let site = Site::new(destination);
    site.start();
    site.accept(2).await;
    until(|| site.counters.destination_held.get() == 1).await;
    assert_eq!(sink.ids(), ["M1"]);
}
