//! The codec under `Framed`, over a pipe in memory, with the streams that other codecs fail on.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::codec::{Decoder, Framed};
use wardline_mllp::{CodecError, DecodeError, DecoderOptions, MllpCodec, encode};

/// How many bytes the pipe holds: less than most streams here, so that they come in several reads.
const PIPE: usize = 16;

/// Sends `stream` and the end of it to a codec; every payload it yields, and its last error.
async fn receive(stream: &[u8]) -> (Vec<BytesMut>, Option<CodecError>, MllpCodec) {
    let (mut peer, ours) = duplex(PIPE);
    let mut framed = Framed::new(ours, MllpCodec::new());
    let read = async {
        let mut payloads = Vec::new();
        let mut failure = None;
        while let Some(item) = framed.next().await {
            match item {
                Ok(payload) => payloads.push(payload),
                Err(error) => failure = Some(error),
            }
        }
        (payloads, failure)
    };
    let write = async {
        peer.write_all(stream).await.expect("the codec reads to the end");
        drop(peer);
    };
    let ((payloads, failure), ()) = tokio::join!(read, write);
    (payloads, failure, framed.codec().clone())
}

/// The payloads of a stream that ends cleanly.
async fn receive_clean(stream: &[u8]) -> (Vec<BytesMut>, MllpCodec) {
    let (payloads, failure, codec) = receive(stream).await;
    assert!(failure.is_none(), "{failure:?}");
    (payloads, codec)
}

#[tokio::test]
async fn an_end_before_any_start_yields_nothing_and_harms_nothing() {
    let (payloads, codec) = receive_clean(b"\x1C\r\x0BMSH|\x1C\r").await;
    assert_eq!(payloads, [&b"MSH|"[..]]);
    assert_eq!(codec.lost_bytes(), 0);
}

#[test]
fn a_lone_end_and_start_wait_for_more() {
    let mut codec = MllpCodec::new();
    assert!(codec.decode(&mut BytesMut::from(&b"\x1C\r\x0B"[..])).unwrap().is_none());
}

#[test]
fn two_frames_in_one_read_are_two_payloads() {
    let mut codec = MllpCodec::default();
    let mut buffer = BytesMut::from(&b"\x0Bone\x1C\r\x0Btwo\x1C\r"[..]);
    assert_eq!(codec.decode(&mut buffer).unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(&buffer[..], b"\x0Btwo\x1C\r", "the second is left alone until it is asked for");
    assert_eq!(codec.decode(&mut buffer).unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(codec.decode(&mut buffer).unwrap(), None);
}

#[tokio::test]
async fn junk_between_two_frames_is_dropped_and_counted() {
    let (payloads, codec) = receive_clean(b"\x0Bone\x1C\rgarbage\x0Btwo\x1C\r").await;
    assert_eq!(payloads, [&b"one"[..], b"two"]);
    assert_eq!(codec.lost_bytes(), 7);
}

#[tokio::test]
async fn data_behind_the_last_frame_does_no_harm() {
    let (payloads, codec) = receive_clean(b"\x0BTest Data\x1C\rMore Data").await;
    assert_eq!(payloads, [&b"Test Data"[..]]);
    assert_eq!(codec.lost_bytes(), 9);
}

#[tokio::test]
async fn the_end_of_the_stream_inside_a_frame_is_an_error() {
    let (payloads, failure, _) = receive(b"\x0Bone\x1C\r\x0Bcut").await;
    assert_eq!(payloads, [&b"one"[..]]);
    let Some(CodecError::Framing(error)) = failure else { panic!("{failure:?}") };
    assert_eq!(error, DecodeError::UnexpectedEnd { bytes: 3 });
}

#[tokio::test]
async fn the_end_of_the_stream_behind_the_end_block_ends_the_frame() {
    let (payloads, _) = receive_clean(b"\x0Bone\x1C").await;
    assert_eq!(payloads, [&b"one"[..]]);
}

#[tokio::test]
async fn an_empty_a_tiny_and_any_other_payload_pass() {
    let (payloads, _) = receive_clean(b"\x0B\x1C\r\x0B\x06\x1C\r\x0BHello World\x1C\r").await;
    assert_eq!(payloads, [&b""[..], b"\x06", b"Hello World"]);
}

#[tokio::test]
async fn a_frame_abandoned_for_a_new_one_is_counted() {
    let (payloads, codec) = receive_clean(b"\x0BMSH|cut o\x0BMSH|whole\x1C\r").await;
    assert_eq!(payloads, [&b"MSH|whole"[..]]);
    assert_eq!(codec.abandoned_frames(), 1);
}

#[test]
fn a_peer_that_never_starts_a_frame_costs_no_memory() {
    const READS: u64 = 10_000;
    let mut codec = MllpCodec::new();
    let mut buffer = BytesMut::new();
    for _ in 0..READS {
        buffer.extend_from_slice(&[b'x'; 1024]);
        assert!(codec.decode(&mut buffer).unwrap().is_none());
        assert!(buffer.is_empty());
    }
    assert_eq!(codec.lost_bytes(), READS * 1024);
    assert!(buffer.capacity() <= 64 * 1024, "the buffer grew to {} bytes", buffer.capacity());
}

#[tokio::test]
async fn a_large_frame_in_small_reads_comes_whole() {
    let payload = vec![b'x'; 100 * 1024];
    let mut wire = BytesMut::new();
    encode(&payload, &mut wire);
    let (payloads, _) = receive_clean(&wire).await;
    assert_eq!(payloads, [payload]);
}

#[tokio::test]
async fn a_payload_beyond_the_limit_is_an_error_and_the_rest_is_dropped() {
    let (mut peer, ours) = duplex(PIPE);
    let codec =
        MllpCodec::with_options(DecoderOptions { max_payload: 4, ..DecoderOptions::default() });
    let mut framed = Framed::new(ours, codec);
    peer.write_all(b"\x0B12345\x1C\r\x0B1\x1C\r").await.unwrap();
    drop(peer);
    let Some(Err(CodecError::Framing(DecodeError::TooLarge { limit: 4, .. }))) =
        framed.next().await
    else {
        panic!("the payload is one byte too large");
    };
    assert!(framed.next().await.is_none());
    assert!(framed.next().await.is_none());
}

#[test]
fn errors_become_io_errors_of_a_fitting_kind() {
    let kind = |error: CodecError| io::Error::from(error).kind();
    assert_eq!(kind(DecodeError::UnexpectedEnd { bytes: 1 }.into()), io::ErrorKind::UnexpectedEof);
    assert_eq!(
        kind(DecodeError::TooLarge { limit: 1, head: Bytes::new() }.into()),
        io::ErrorKind::InvalidData
    );
    assert_eq!(kind(io::Error::from(io::ErrorKind::BrokenPipe).into()), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn every_kind_of_buffer_can_be_sent() {
    let (mut peer, ours): (DuplexStream, _) = duplex(1024);
    let mut framed = Framed::new(ours, MllpCodec::new());
    framed.send(&b"slice"[..]).await.unwrap();
    framed.send(Bytes::from_static(b"bytes")).await.unwrap();
    framed.send(BytesMut::from(&b"mutable"[..])).await.unwrap();
    drop(framed);
    let mut wire = Vec::new();
    peer.read_to_end(&mut wire).await.unwrap();
    assert_eq!(wire, b"\x0Bslice\x1C\r\x0Bbytes\x1C\r\x0Bmutable\x1C\r");
}
