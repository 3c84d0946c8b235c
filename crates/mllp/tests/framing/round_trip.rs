//! What is encoded comes back as it was.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use wardline_mllp::{
    Decoded, Decoder, DecoderOptions, Ended, Frame, encode, encoded_len, survives_framing,
};

/// Payloads in which framing bytes and headers are frequent.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let decisive: &[&[u8]] = &[b"\x0B", b"\x1C", b"\r", b"\n", b"MSH", b"BHS", b"\xEF\xBB\xBF"];
    let piece = prop_oneof![
        3 => proptest::sample::select(decisive).prop_map(<[u8]>::to_vec),
        2 => vec(any::<u8>(), 0..20),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn frames_in(wire: &mut BytesMut) -> Vec<Frame> {
    let mut decoder = Decoder::new(DecoderOptions::default());
    let mut frames = Vec::new();
    while let Some(decoded) = decoder.decode(wire).expect("the payloads are small") {
        if let Decoded::Frame(frame) = decoded {
            frames.push(frame);
        }
    }
    frames
}

proptest! {
    #[test]
    fn payloads_that_survive_framing_come_back_and_no_others_do(payload in payloads()) {
        let mut wire = BytesMut::new();
        encode(&payload, &mut wire);
        prop_assert_eq!(wire.len(), encoded_len(payload.len()));
        let frames = frames_in(&mut wire);
        let came_back = matches!(&frames[..], [only] if only.payload == payload && only.ended == Ended::FsCr);
        prop_assert_eq!(came_back, survives_framing(&payload));
    }

    #[test]
    fn frames_sent_one_after_the_other_come_back_in_order(payloads in vec(payloads(), 0..6)) {
        let whole: Vec<_> = payloads.into_iter().filter(|payload| survives_framing(payload)).collect();
        let mut wire = BytesMut::new();
        for payload in &whole {
            encode(payload, &mut wire);
        }
        let received: Vec<_> = frames_in(&mut wire).into_iter().map(|frame| frame.payload.to_vec()).collect();
        prop_assert_eq!(received, whole);
    }
}
