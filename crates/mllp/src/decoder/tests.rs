//! What single streams give. That the cut of a stream does not matter is shown in `tests/framing`.

use std::cell::Cell;

use super::*;

thread_local! {
    /// How many bytes this test's decoders have searched.
    static SEARCHED: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count_searched(bytes: usize) {
    SEARCHED.with(|searched| searched.set(searched.get() + bytes));
}

fn searched() -> usize {
    SEARCHED.with(Cell::get)
}

fn decoder(frame_end: FrameEnd) -> Decoder {
    Decoder::new(DecoderOptions { frame_end, ..DecoderOptions::default() })
}

fn limited_to(max_payload: usize) -> Decoder {
    Decoder::new(DecoderOptions { max_payload, ..DecoderOptions::default() })
}

/// All that `decoder` finds in `bytes`, and what it leaves unconsumed.
fn decode_all(decoder: &mut Decoder, bytes: &[u8]) -> (Vec<Decoded>, BytesMut) {
    let mut buffer = BytesMut::from(bytes);
    let mut found = Vec::new();
    while let Some(decoded) = decoder.decode(&mut buffer).unwrap() {
        found.push(decoded);
    }
    (found, buffer)
}

fn frame(payload: &[u8], ended: Ended) -> Decoded {
    Decoded::Frame(Frame { payload: BytesMut::from(payload), ended, inner_vt: 0 })
}

fn lost(bytes: &[u8]) -> Decoded {
    Decoded::Lost(BytesMut::from(bytes))
}

#[test]
fn several_frames_in_one_read_come_one_at_a_time() {
    let (found, rest) =
        decode_all(&mut decoder(FrameEnd::Auto), b"\x0Bone\x1C\r\x0Btwo\x1C\r\x0Bthr");
    assert_eq!(found, [frame(b"one", Ended::FsCr), frame(b"two", Ended::FsCr)]);
    assert_eq!(&rest[..], b"thr");
}

#[test]
fn junk_between_frames_is_handed_out_apart_from_them() {
    let (found, _) = decode_all(
        &mut decoder(FrameEnd::Auto),
        b"\x0Bone\x1C\rjunk\r\n\x0Btwo\x1C\r\r\n\0 \x1C\r",
    );
    assert_eq!(found, [frame(b"one", Ended::FsCr), lost(b"junk\r\n"), frame(b"two", Ended::FsCr)]);
}

#[test]
fn a_stray_end_before_a_start_does_no_harm() {
    let mut decoder = decoder(FrameEnd::Auto);
    assert_eq!(decode_all(&mut decoder, b"\x1C\r\x0B").0, []);
    assert_eq!(decode_all(&mut decoder, b"x\x1C\r").0, [frame(b"x", Ended::FsCr)]);
}

#[test]
fn any_payload_passes_the_empty_one_included() {
    let (found, _) =
        decode_all(&mut decoder(FrameEnd::Auto), b"\x0B\x1C\r\x0B\x06\x1C\r\x0BHello World\x1C\r");
    assert_eq!(
        found,
        [b"".as_slice(), b"\x06", b"Hello World"].map(|payload| frame(payload, Ended::FsCr))
    );
}

#[test]
fn auto_takes_the_ends_that_are_seen_in_the_field() {
    let (found, rest) = decode_all(
        &mut decoder(FrameEnd::Auto),
        b"\x0Ba\x1C\n\x0Bb\x1C\x0Bc\x1C\r\n\x0Bd\x1Ce\x1C\x1C\r",
    );
    assert_eq!(
        found,
        [
            frame(b"a", Ended::FsLf),
            frame(b"b", Ended::FsVt),
            frame(b"c", Ended::FsCr),
            frame(b"d\x1Ce\x1C", Ended::FsCr)
        ]
    );
    assert!(rest.is_empty());
}

#[test]
fn the_strict_end_takes_every_other_block_end_for_payload() {
    let (found, _) = decode_all(&mut decoder(FrameEnd::FsCr), b"\x0Ba\x1C\nb\x1C\x0Bc\x1C\r");
    let Some(Decoded::Frame(only)) = found.first() else { panic!("one frame is whole") };
    assert_eq!(
        (&only.payload[..], only.ended, only.inner_vt),
        (&b"a\x1C\nb\x1C\x0Bc"[..], Ended::FsCr, 1)
    );
}

#[test]
fn the_lone_end_takes_any_block_end() {
    let (found, _) = decode_all(&mut decoder(FrameEnd::Fs), b"\x0Ba\x1C\r\x0Bb\x1C\x0Bc\x1C");
    assert_eq!(found, [b"a", b"b", b"c"].map(|payload| frame(payload, Ended::Fs)));
}

#[test]
fn only_the_ends_that_were_not_asked_for_are_lints() {
    let all =
        [Ended::FsCr, Ended::Fs, Ended::FsVt, Ended::FsLf, Ended::FsSilence, Ended::FsEndOfStream];
    assert_eq!(all.map(Ended::is_lint), [false, false, true, true, true, true]);
}

#[test]
fn silence_after_a_block_end_ends_the_frame_and_a_late_cr_is_silent() {
    let mut decoder = decoder(FrameEnd::Auto);
    let (found, mut buffer) = decode_all(&mut decoder, b"\x0Ba\x1C");
    assert_eq!((found, decoder.position()), (vec![], Position::AfterBlockEnd { bytes: 1 }));
    assert_eq!(
        decoder.silence(&mut buffer).map(Decoded::Frame),
        Some(frame(b"a", Ended::FsSilence))
    );
    assert_eq!((buffer.len(), decoder.position()), (0, Position::Between));
    assert_eq!(decode_all(&mut decoder, b"\r\x0Bb\x1C\r").0, [frame(b"b", Ended::FsCr)]);
}

#[test]
fn silence_elsewhere_ends_nothing() {
    for (frame_end, stream) in [
        (FrameEnd::Auto, &b""[..]),
        (FrameEnd::Auto, b"\x0Bab"),
        (FrameEnd::Auto, b"\x0Ba\x0B"),
        (FrameEnd::FsCr, b"\x0Ba\x1C"),
    ] {
        let mut decoder = decoder(frame_end);
        let (_, mut buffer) = decode_all(&mut decoder, stream);
        let before = (buffer.clone(), decoder.position());
        assert_eq!(decoder.silence(&mut buffer), None, "{stream:?}");
        assert_eq!((buffer, decoder.position()), before, "{stream:?}");
    }
}

#[test]
fn bytes_that_came_in_time_break_the_silence() {
    let mut decoder = decoder(FrameEnd::Auto);
    let (_, mut buffer) = decode_all(&mut decoder, b"\x0Ba\x1C");
    buffer.extend_from_slice(b"b\x1C\r");
    assert_eq!(decoder.silence(&mut buffer), None);
    assert_eq!(decoder.decode(&mut buffer), Ok(Some(frame(b"a\x1Cb", Ended::FsCr))));
}

#[test]
fn the_position_tells_how_much_of_a_frame_has_come() {
    let mut decoder = decoder(FrameEnd::Auto);
    assert_eq!(decoder.position(), Position::Between);
    let (_, mut buffer) = decode_all(&mut decoder, b"\r\n\x0Babc\x0BMS");
    assert_eq!(decoder.position(), Position::Inside { bytes: 6 });
    buffer.extend_from_slice(b"X\x1C");
    assert_eq!(decoder.decode(&mut buffer), Ok(None));
    assert_eq!(decoder.position(), Position::AfterBlockEnd { bytes: 7 });
    buffer.extend_from_slice(b"x");
    assert_eq!(decoder.decode(&mut buffer), Ok(None));
    assert_eq!(decoder.position(), Position::Inside { bytes: 9 });
}

#[test]
fn a_message_that_begins_inside_a_frame_abandons_the_unfinished_one() {
    let (found, _) =
        decode_all(&mut decoder(FrameEnd::Auto), b"\x0BMSH|cut of\x0B\r\nMSH|whole\x1C\r");
    assert_eq!(found, [Decoded::Abandoned { bytes: 10 }, frame(b"\r\nMSH|whole", Ended::FsCr)]);
}

#[test]
fn any_other_start_block_inside_a_frame_is_payload_and_counted() {
    let (found, _) =
        decode_all(&mut decoder(FrameEnd::Auto), b"\x0BMSH|\x0Bone\x0B\x1C\r\x0Btwo\x1C\r");
    let Some(Decoded::Frame(first)) = found.first() else { panic!("two frames are whole") };
    assert_eq!((&first.payload[..], first.inner_vt), (&b"MSH|\x0Bone\x0B"[..], 2));
    assert_eq!(
        found.get(1),
        Some(&frame(b"two", Ended::FsCr)),
        "the count begins anew with each frame"
    );
}

#[test]
fn an_undecided_start_block_does_not_hold_back_the_frame_that_ends_behind_it() {
    let mut decoder = decoder(FrameEnd::Auto);
    let (found, mut buffer) = decode_all(&mut decoder, b"\x0Ba\x0BMS");
    assert_eq!(found, []);
    buffer.extend_from_slice(b"\x1C\r");
    let Ok(Some(Decoded::Frame(frame))) = decoder.decode(&mut buffer) else {
        panic!("the frame is whole")
    };
    assert_eq!((&frame.payload[..], frame.inner_vt), (&b"a\x0BMS"[..], 1));
}

#[test]
fn a_payload_as_large_as_the_limit_passes() {
    let mut decoder = limited_to(4);
    assert_eq!(decode_all(&mut decoder, b"\x0Bfour\x1C\r").0, [frame(b"four", Ended::FsCr)]);
    assert_eq!(
        decode_all(&mut decoder, b"\x0Bfour\x1C").0,
        [],
        "the end block is not part of the payload"
    );
}

#[test]
fn a_payload_beyond_the_limit_is_refused_with_its_head_before_it_ends() {
    let mut decoder = limited_to(MAX_HEAD + 1);
    let mut buffer = BytesMut::from(&b"\x0BMSH|"[..]);
    buffer.resize(1 + MAX_HEAD + 1, b'x');
    assert_eq!(decoder.decode(&mut buffer), Ok(None));
    buffer.extend_from_slice(b"y");
    let Err(DecodeError::TooLarge { limit, head }) = decoder.decode(&mut buffer) else {
        panic!("one byte too many")
    };
    assert_eq!((limit, head.len(), &head[..5]), (MAX_HEAD + 1, MAX_HEAD, &b"MSH|x"[..]));
}

#[test]
fn after_a_refusal_everything_is_dropped() {
    let mut decoder = limited_to(2);
    let mut buffer = BytesMut::from(&b"\x0Babc"[..]);
    assert!(decoder.decode(&mut buffer).is_err());
    buffer.extend_from_slice(b"\x1C\r\x0Bd\x1C\r");
    assert_eq!((decoder.decode(&mut buffer), buffer.len()), (Ok(None), 0));
    assert_eq!(decoder.end(&mut buffer), Ok(None));
}

#[test]
fn the_end_of_the_stream_ends_a_frame_behind_a_block_end() {
    let mut decoder = decoder(FrameEnd::Auto);
    let mut buffer = BytesMut::from(&b"\x0Ba\x1C\r\x0Bb\x1C"[..]);
    assert_eq!(decoder.end(&mut buffer), Ok(Some(frame(b"a", Ended::FsCr))));
    assert_eq!(decoder.end(&mut buffer), Ok(Some(frame(b"b", Ended::FsEndOfStream))));
    assert_eq!(decoder.end(&mut buffer), Ok(None));
}

#[test]
fn the_end_of_the_stream_inside_a_frame_is_an_error() {
    for (frame_end, stream, bytes) in [
        (FrameEnd::Auto, &b"\x0B"[..], 0),
        (FrameEnd::Auto, b"\x0Bab\x0BMS", 5),
        (FrameEnd::FsCr, b"\x0Ba\x1C", 2),
    ] {
        let mut buffer = BytesMut::from(stream);
        let ended = decoder(frame_end).end(&mut buffer);
        assert_eq!(
            (ended, buffer.len()),
            (Err(DecodeError::UnexpectedEnd { bytes }), 0),
            "{stream:?}"
        );
    }
}

#[test]
fn each_byte_of_a_long_frame_is_searched_once_whatever_the_reads() {
    const PAYLOAD: usize = 100 * 1024;
    let mut wire = BytesMut::new();
    crate::encode(&vec![b'x'; PAYLOAD], &mut wire);
    for read in [1, 7, 1460, wire.len()] {
        let before = searched();
        let mut decoder = decoder(FrameEnd::Auto);
        let mut buffer = BytesMut::new();
        let mut frames = 0;
        for bytes in wire.chunks(read) {
            buffer.extend_from_slice(bytes);
            frames += usize::from(decoder.decode(&mut buffer).unwrap().is_some());
        }
        assert_eq!(frames, 1, "reads of {read}");
        // The FS may be found a second time, when the CR behind it has come.
        assert!(
            searched() - before <= PAYLOAD + 2,
            "reads of {read} searched {} bytes",
            searched() - before
        );
    }
}

#[test]
fn undecided_framing_bytes_do_not_make_the_search_start_over() {
    let payload = b"\x1Cx\x0BM\x0B\r".repeat(10_000);
    let before = searched();
    let mut decoder = decoder(FrameEnd::Auto);
    let mut buffer = BytesMut::from(&b"\x0B"[..]);
    for byte in &payload {
        buffer.extend_from_slice(&[*byte]);
        assert_eq!(decoder.decode(&mut buffer), Ok(None));
    }
    assert_eq!(buffer.len(), payload.len());
    assert!(
        searched() - before <= 3 * payload.len(),
        "searched {} bytes of {}",
        searched() - before,
        payload.len()
    );
}

#[test]
fn what_is_shown_for_debugging_never_holds_a_byte_of_a_payload() {
    let secret = b"\x0BDOE^JANE\x1C\rDOE^JANE\x0BDOE^JANE";
    let mut decoder = limited_to(8);
    let (found, mut buffer) = decode_all(&mut decoder, secret);
    buffer.extend_from_slice(b"DOE^JANE");
    let refused = decoder.decode(&mut buffer).unwrap_err();
    let shown = format!("{found:?} {decoder:?} {refused:?} {refused}");
    assert!(!shown.contains("DOE") && !shown.contains("68, 79"), "{shown}");
    assert!(shown.contains("payload_bytes: 8") && shown.contains("head_bytes: 8"), "{shown}");
}
