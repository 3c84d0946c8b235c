//! Any cut of any stream gives the same frames, and they are the ones that [`reference`](crate::reference) finds.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use wardline_mllp::{Decoder, DecoderOptions, FrameEnd};

use crate::reference::{self, Found};

/// Pieces of streams, the ones that decide something far more often than chance would have them.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let decisive: &[&[u8]] = &[
        b"\x0B",
        b"\x0B",
        b"\x1C",
        b"\x1C\r",
        b"\x1C\r",
        b"\r",
        b"\n",
        b"\0",
        b" ",
        b"\x0BMSH",
        b"MSH",
        b"FHS",
        b"BHS",
        b"M",
        b"S",
        b"H",
        b"\xEF",
        b"\xBB",
        b"\xEF\xBB\xBF",
    ];
    let piece = prop_oneof![
        8 => proptest::sample::select(decisive).prop_map(<[u8]>::to_vec),
        2 => vec(any::<u8>(), 0..4),
        1 => (proptest::sample::select(&b"x\r"[..]), 55..75usize).prop_map(|(byte, times)| vec![byte; times]),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn options() -> impl Strategy<Value = DecoderOptions> {
    let limits = prop_oneof![0..40usize, Just(100_000)];
    let ends = proptest::sample::select(&[FrameEnd::Auto, FrameEnd::FsCr, FrameEnd::Fs][..]);
    (limits, ends).prop_map(|(max_payload, frame_end)| DecoderOptions { max_payload, frame_end })
}

/// Decodes `stream` in reads of these sizes, over and over. What a read leaves unconsumed is moved to a buffer of its
/// own, as the engine does it.
fn decode_cut(stream: &[u8], reads: &[usize], options: DecoderOptions) -> Vec<Found> {
    let mut decoder = Decoder::new(options);
    let mut found = Vec::new();
    let mut unconsumed = BytesMut::new();
    let mut rest = stream;
    for &read in reads.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (bytes, later) = rest.split_at(read.min(rest.len()));
        rest = later;
        let mut buffer = BytesMut::from(&unconsumed[..]);
        buffer.extend_from_slice(bytes);
        while reference::note(&mut found, decoder.decode(&mut buffer)) {}
        unconsumed = buffer;
    }
    while reference::note(&mut found, decoder.end(&mut unconsumed)) {}
    assert!(unconsumed.is_empty(), "the end leaves nothing behind");
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_any_stream_gives_what_the_whole_gives(
        stream in streams(), reads in vec(1..12usize, 1..8), options in options(),
    ) {
        let expected = reference::decode(&stream, options);
        prop_assert_eq!(&decode_cut(&stream, &[stream.len().max(1)], options), &expected, "whole");
        prop_assert_eq!(&decode_cut(&stream, &[1], options), &expected, "byte by byte");
        prop_assert_eq!(&decode_cut(&stream, &reads, options), &expected, "in reads of {:?}", reads);
    }

    #[test]
    fn no_more_is_kept_than_the_limit_and_what_decides_at_its_edge(stream in streams(), max_payload in 0..40usize) {
        // The longest lead before a header, the VT before it and all but the last byte of what would decide.
        const UNDECIDED: usize = 1 + 64 + 3;
        let mut decoder = Decoder::new(DecoderOptions { max_payload, ..DecoderOptions::default() });
        let mut buffer = BytesMut::new();
        for byte in stream {
            buffer.extend_from_slice(&[byte]);
            while let Ok(Some(_)) = decoder.decode(&mut buffer) {}
            prop_assert!(buffer.len() <= max_payload + UNDECIDED, "{} bytes are kept", buffer.len());
        }
    }
}

#[test]
fn every_single_cut_of_a_stream_of_faults_gives_what_the_whole_gives() {
    let stream = b"junk\r\n\x0Bone\x1C\r\n\x0Btwo\x1C\x0BMSH|cut\x0B\xEF\xBB\xBF\r\nMSH|three\x0Bx\x1C!\x1C\n\x1C\r\x0B\x1C\rmore\x0Blast\x1C";
    let options = DecoderOptions::default();
    let expected = reference::decode(stream, options);
    assert_eq!(expected.len(), 8, "the stream holds what it is meant to: {expected:?}");
    for cut in 1..stream.len() {
        assert_eq!(decode_cut(stream, &[cut, stream.len()], options), expected, "cut at {cut}");
    }
}
