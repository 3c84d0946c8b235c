//! The client with a peer whose every byte the test writes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use wardline_mllp::{
    Client, ClientError, ClientOptions, DecodeError, Exchange, Operation, Timeouts, Verify,
};

/// How much the pipe holds in each direction, in bytes.
const PIPE: usize = 1024;
const M1: &[u8] = b"MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M1|P|2.5\r";
const AA_M1: &[u8] = b"\x0bMSH|^~\\&|C|D|A|B|||ACK|1|P|2.5\rMSA|AA|M1\r\x1c\r";
const AA_M2: &[u8] = b"\x0bMSH|^~\\&|C|D|A|B|||ACK|1|P|2.5\rMSA|AA|M2\r\x1c\r";

fn connected(options: ClientOptions) -> (Client<DuplexStream>, DuplexStream) {
    let (ours, peer) = duplex(PIPE);
    (Client::over(ours, options), peer)
}

fn default() -> (Client<DuplexStream>, DuplexStream) {
    connected(ClientOptions::default())
}

/// Waits no longer than a moment for what must not come.
fn impatient(verify: Verify) -> ClientOptions {
    let timeouts = Timeouts::each(Duration::from_millis(20));
    ClientOptions { timeouts, verify, ..ClientOptions::default() }
}

#[tokio::test]
async fn a_message_goes_out_as_one_frame_and_its_answer_comes_back() {
    let (mut client, mut peer) = default();
    client.send(M1).await.unwrap();
    let mut sent = vec![0; M1.len() + 3];
    peer.read_exact(&mut sent).await.unwrap();
    assert_eq!(sent, [b"\x0b", M1, b"\x1c\r"].concat());
    peer.write_all(AA_M1).await.unwrap();
    let answer = client.receive().await.unwrap();
    assert_eq!(&answer.payload[..], &AA_M1[1..AA_M1.len() - 2]);
    assert!(answer.lost.is_empty());
}

#[tokio::test]
async fn one_connection_carries_any_number_of_messages() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut frame = [0; 8];
        for _ in 0..3 {
            stream.read_exact(&mut frame[..4]).await.unwrap();
            stream.write_all(&frame[..4]).await.unwrap();
        }
        assert_eq!(stream.read(&mut frame).await.unwrap(), 0, "closed with a farewell");
    });
    let mut client = Client::connect(address, ClientOptions::default()).await.unwrap();
    for payload in [b"1", b"2", b"3"] {
        assert_eq!(&client.exchange(payload).await.unwrap().payload[..], payload);
    }
    client.close().await;
    peer.await.unwrap();
}

#[tokio::test]
async fn bytes_before_the_frame_are_handed_to_the_caller() {
    let (mut client, mut peer) = default();
    client.send(b"hello").await.unwrap();
    peer.write_all(b"junk\r\n\x0bworld\x1c\r").await.unwrap();
    let answer = client.receive().await.unwrap();
    assert_eq!((&answer.payload[..], &answer.lost[..]), (&b"world"[..], &b"junk\r\n"[..]));
}

#[tokio::test]
async fn bytes_behind_the_frame_are_kept_for_the_next_call() {
    let (mut client, mut peer) = default();
    client.send(b"hello").await.unwrap();
    peer.write_all(b"\x0bfirst\x1c\r\x0bsec").await.unwrap();
    assert_eq!(&client.receive().await.unwrap().payload[..], b"first");
    peer.write_all(b"ond\x1c\r").await.unwrap();
    assert_eq!(&client.receive().await.unwrap().payload[..], b"second");
}

#[tokio::test]
async fn a_second_message_waits_for_the_answer_to_the_first() {
    let (mut client, mut peer) = default();
    client.send(b"one").await.unwrap();
    assert!(matches!(client.send(b"two").await, Err(ClientError::InFlight)));
    peer.write_all(b"\x0banswer\x1c\r").await.unwrap();
    client.receive().await.unwrap();
    client.send(b"two").await.unwrap();
}

#[tokio::test]
async fn stale_bytes_before_a_message_close_the_client() {
    for stale in [&b"\x0blate\x1c\r"[..], b"\x0bhalf a fra", b"noise"] {
        let (mut client, mut peer) = default();
        client.send(b"one").await.unwrap();
        peer.write_all(&[b"\x0banswer\x1c\r", stale].concat()).await.unwrap();
        client.receive().await.unwrap();
        let refused = client.send(b"two").await;
        let Err(ClientError::Desynchronised { bytes }) = refused else {
            panic!("{stale:?}: {refused:?}")
        };
        assert_eq!(bytes, stale.len());
        assert!(!client.is_open());
        assert_eq!(client.send(b"three").await.unwrap_err().to_string(), "not connected");
        let mut sent = Vec::new();
        peer.read_to_end(&mut sent).await.unwrap();
        assert_eq!(sent, b"\x0bone\x1c\r", "nothing of the second message went out");
    }
}

#[tokio::test]
async fn line_ends_between_frames_are_no_stale_bytes() {
    let (mut client, mut peer) = default();
    client.send(b"one").await.unwrap();
    peer.write_all(b"\x0banswer\x1c\r\r\n").await.unwrap();
    client.receive().await.unwrap();
    client.send(b"two").await.unwrap();
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout_and_closes() {
    let (mut client, mut peer) = connected(impatient(Verify::AnyMessage));
    client.send(b"one").await.unwrap();
    let error = client.receive().await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { operation: Operation::Receive }));
    assert_eq!(error.to_string(), "timeout");
    // The late answer finds nobody who could take it for the answer to another message.
    let _closed = peer.write_all(b"\x0blate\x1c\r").await;
    assert!(matches!(client.send(b"two").await, Err(ClientError::NotConnected)));
}

#[tokio::test]
async fn waiting_for_what_the_peer_sends_by_itself_costs_no_connection() {
    let (mut client, mut peer) = connected(impatient(Verify::VerifiedAcknowledgement));
    assert!(matches!(client.receive().await, Err(ClientError::Timeout { .. })));
    peer.write_all(b"\x0bby itself\x1c\r").await.unwrap();
    assert_eq!(&client.receive().await.unwrap().payload[..], b"by itself");
}

#[tokio::test]
async fn a_call_can_have_a_limit_of_its_own() {
    let (mut client, _peer) = default();
    let waited = client.exchange_within(b"one", Duration::from_millis(20)).await;
    assert!(matches!(waited, Err(ClientError::Timeout { operation: Operation::Receive })));
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_a_timeout_of_the_sending() {
    let (mut client, _peer) = connected(impatient(Verify::AnyMessage));
    let error = client.send(&[b'x'; 2 * PIPE]).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { operation: Operation::Send }));
    assert!(!client.is_open(), "half a frame is on the wire");
}

#[tokio::test]
async fn a_send_that_is_given_up_half_way_closes_the_client() {
    let (mut client, _peer) = default();
    let given_up =
        tokio::time::timeout(Duration::from_millis(20), client.send(&[b'x'; 2 * PIPE])).await;
    assert!(given_up.is_err());
    assert!(matches!(client.send(b"two").await, Err(ClientError::NotConnected)));
}

#[tokio::test]
async fn the_end_of_the_connection_is_told_from_a_cut_frame() {
    let (mut client, peer) = default();
    client.send(b"one").await.unwrap();
    drop(peer);
    assert!(matches!(client.receive().await, Err(ClientError::Closed)));
    assert!(matches!(client.receive().await, Err(ClientError::NotConnected)));

    let (mut client, mut peer) = default();
    client.send(b"one").await.unwrap();
    peer.write_all(b"\x0bcut").await.unwrap();
    drop(peer);
    let error = client.receive().await.unwrap_err();
    let ClientError::Framing(DecodeError::UnexpectedEnd { bytes: 3 }) = error else {
        panic!("{error:?}")
    };
}

#[tokio::test]
async fn a_connection_that_ended_between_messages_is_noticed_before_one_is_sent() {
    let (mut client, peer) = default();
    drop(peer);
    assert!(matches!(client.send(b"one").await, Err(ClientError::Closed)));
}

#[tokio::test]
async fn an_answer_that_ends_in_fs_alone_is_taken_after_silence_and_at_the_end() {
    let (mut client, mut peer) = default();
    client.send(b"one").await.unwrap();
    peer.write_all(b"\x0banswer\x1c").await.unwrap();
    assert_eq!(&client.receive().await.unwrap().payload[..], b"answer");

    client.send(b"two").await.unwrap();
    peer.write_all(b"\x0blast\x1c").await.unwrap();
    drop(peer);
    assert_eq!(&client.receive().await.unwrap().payload[..], b"last");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused() {
    let options = ClientOptions { max_answer: 4, ..ClientOptions::default() };
    let (mut client, mut peer) = connected(options);
    client.send(b"one").await.unwrap();
    peer.write_all(b"\x0bfive5\x1c\r").await.unwrap();
    let error = client.receive().await.unwrap_err();
    assert!(matches!(error, ClientError::Framing(DecodeError::TooLarge { limit: 4, .. })));
}

#[tokio::test]
async fn a_peer_that_never_begins_a_frame_is_given_up() {
    let (mut client, mut peer) = default();
    client.send(b"one").await.unwrap();
    let noise = tokio::spawn(async move { while peer.write_all(&[b'x'; PIPE]).await.is_ok() {} });
    assert!(matches!(client.receive().await, Err(ClientError::NoFrame { .. })));
    noise.await.unwrap();
}

#[tokio::test]
async fn a_verified_acknowledgement_is_for_this_message_or_the_client_closes() {
    let (mut client, mut peer) = connected(impatient(Verify::VerifiedAcknowledgement));
    client.send(M1).await.unwrap();
    peer.write_all(AA_M1).await.unwrap();
    client.receive().await.unwrap();

    client.send(M1).await.unwrap();
    peer.write_all(AA_M2).await.unwrap();
    assert!(matches!(client.receive().await, Err(ClientError::AnotherMessage)));
    assert!(!client.is_open());
}

#[tokio::test]
async fn any_acknowledgement_will_do_where_told_so_but_no_other_message() {
    let (mut client, mut peer) = connected(impatient(Verify::AnyAcknowledgement));
    client.send(M1).await.unwrap();
    peer.write_all(AA_M2).await.unwrap();
    client.receive().await.unwrap();

    client.send(M1).await.unwrap();
    peer.write_all(&[b"\x0b", M1, b"\x1c\r"].concat()).await.unwrap();
    assert!(matches!(client.receive().await, Err(ClientError::NotAnAcknowledgement)));
}

#[tokio::test]
async fn a_message_that_cannot_be_verified_is_not_sent() {
    let (mut client, _peer) = connected(impatient(Verify::VerifiedAcknowledgement));
    assert!(matches!(client.send(b"hello").await, Err(ClientError::Unverifiable)));
    assert!(client.is_open());
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_of_the_connection() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = Client::connect(free, ClientOptions::default()).await;
    assert!(matches!(refused, Err(ClientError::Connection(_))));
}

#[tokio::test]
async fn nothing_shown_of_a_client_or_an_answer_is_content() {
    let (mut client, mut peer) = connected(impatient(Verify::VerifiedAcknowledgement));
    client.send(M1).await.unwrap();
    assert!(!format!("{client:?}").contains("M1"));
    peer.write_all(AA_M1).await.unwrap();
    let answer = client.receive().await.unwrap();
    let shown = format!("Answer {{ payload_bytes: {}, lost_bytes: 0 }}", AA_M1.len() - 3);
    assert_eq!(format!("{answer:?}"), shown);
}
