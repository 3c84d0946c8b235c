//! Any stream, cut into reads of any size, gives the frames that the plain decoder of the property tests finds in it.
//!
//! The input: one byte for the frame's end, one for the limit, one for the size of the reads, then the stream.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use wardline_mllp::{Decoder, DecoderOptions, FrameEnd};

#[path = "../../crates/mllp/tests/framing/reference.rs"]
mod reference;

use reference::Found;

/// Above this byte the limit is none that a stream of the fuzzer's reaches.
const LARGEST_SMALL_LIMIT: u8 = 127;

fuzz_target!(|input: &[u8]| {
    let [frame_end, limit, read, stream @ ..] = input else { return };
    let options = DecoderOptions {
        frame_end: match frame_end % 3 {
            0 => FrameEnd::Auto,
            1 => FrameEnd::FsCr,
            _ => FrameEnd::Fs,
        },
        max_payload: if *limit > LARGEST_SMALL_LIMIT { usize::MAX } else { usize::from(*limit) },
    };
    let expected = reference::decode(stream, options);
    assert_eq!(decode(stream, usize::from(*read).max(1), options), expected);
});

fn decode(stream: &[u8], read: usize, options: DecoderOptions) -> Vec<Found> {
    let mut decoder = Decoder::new(options);
    let mut buffer = BytesMut::new();
    let mut found = Vec::new();
    for bytes in stream.chunks(read) {
        buffer.extend_from_slice(bytes);
        while reference::note(&mut found, decoder.decode(&mut buffer)) {}
    }
    while reference::note(&mut found, decoder.end(&mut buffer)) {}
    assert!(buffer.is_empty());
    found
}
