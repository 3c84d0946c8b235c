//! How fast frames are made and found: `cargo bench --package wardline-mllp`.

use bytes::BytesMut;
use divan::Bencher;
use divan::counter::BytesCount;
use wardline_mllp::{Decoder, DecoderOptions, encode};

/// A short acknowledgement, an ordinary message, a result with a report, a scanned document. In bytes.
const PAYLOADS: [usize; 4] = [100, 1_000, 100_000, 10_000_000];
/// What one read of a socket gives, in bytes.
const READ: usize = 16 * 1024;

fn main() {
    divan::main();
}

fn payload(size: usize) -> Vec<u8> {
    let mut payload = b"MSH|^~\\&|A|B|C|D|20260403120000||ORU^R01|M1|P|2.5\rOBX|1|TX|".to_vec();
    payload.resize(size, b'x');
    payload
}

fn frame(size: usize) -> BytesMut {
    let mut frame = BytesMut::new();
    encode(&payload(size), &mut frame);
    frame
}

#[divan::bench(args = PAYLOADS)]
fn encode_a_payload(bencher: Bencher, size: usize) {
    let payload = payload(size);
    let mut buffer = BytesMut::new();
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        buffer.clear();
        encode(divan::black_box(&payload), &mut buffer);
    });
}

#[divan::bench(args = PAYLOADS)]
fn decode_a_whole_frame(bencher: Bencher, size: usize) {
    let frame = frame(size);
    bencher.counter(BytesCount::new(size)).with_inputs(|| frame.clone()).bench_local_values(
        |mut buffer| {
            let decoded = Decoder::new(DecoderOptions::default()).decode(&mut buffer);
            assert!(matches!(decoded, Ok(Some(_))));
            decoded
        },
    );
}

#[divan::bench(args = PAYLOADS)]
fn decode_a_frame_in_reads(bencher: Bencher, size: usize) {
    let frame = frame(size);
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        let mut decoder = Decoder::new(DecoderOptions::default());
        let mut buffer = BytesMut::new();
        let mut frames = 0;
        for read in frame.chunks(READ) {
            buffer.extend_from_slice(read);
            while let Ok(Some(_)) = decoder.decode(&mut buffer) {
                frames += 1;
            }
        }
        assert_eq!(frames, 1);
    });
}
