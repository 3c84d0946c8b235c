//! Whatever a frame holds can be read, edited and answered, and each of these keeps its word.
//!
//! The input: a path, a line feed, a text to write there, a line feed, the payload.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_target};
use wardline_hl7::ack::{self, AckError, AckRequest, Original, Reply};
use wardline_hl7::batch::Batch;
use wardline_hl7::{
    AckCode, EditError, ErrorCode, Message, ParseOptions, Path, SegmentEnds, Value,
};
use wardline_mllp::{END_BLOCK, survives_framing};

/// How many places of one kind are read by path in one run; more of them would teach nothing.
const MOST_PLACES: usize = 4;

fuzz_target!(|input: &[u8]| -> Corpus {
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let (Some(path), Some(text), Some(payload)) = (parts.next(), parts.next(), parts.next()) else {
        return Corpus::Reject;
    };
    let (Ok(path), Ok(text)) = (std::str::from_utf8(path), std::str::from_utf8(text)) else {
        return Corpus::Reject;
    };
    let path: Option<Path> = path.parse().ok();
    let payload = Bytes::copy_from_slice(payload);
    answer(&Original::Unreadable(&payload), &payload);
    let _ = Reply::read(&payload);
    for segments in [SegmentEnds::Auto, SegmentEnds::Cr, SegmentEnds::Lf] {
        if let Ok(batch) = Batch::split(&payload, segments) {
            answer(&Original::Batch(&batch), &payload);
            let messages: usize = batch.messages().map(Bytes::len).sum();
            assert!(messages <= payload.len(), "no byte is in two messages");
        }
        let options = ParseOptions { segments, ..ParseOptions::default() };
        let Ok(message) = Message::parse_with(payload.clone(), options) else {
            continue;
        };
        assert_eq!(message.bytes(), &payload);
        answer(&Original::Message(&message), &payload);
        read_everything(&message);
        if let Some(path) = &path {
            edit(&message, path, text);
        }
    }
    Corpus::Keep
});

fn read_everything(message: &Message) {
    let _ = (
        message.lints(),
        message.message_headers(),
        message.header().identity(),
        format!("{message:?}"),
    );
    for segment in message.segments().take(MOST_PLACES) {
        assert_eq!(segment.bytes(), &message.bytes()[segment.range()]);
        let fields = segment.fields().zip(1..).take(MOST_PLACES);
        for (value, field) in fields {
            let Ok(name) = std::str::from_utf8(segment.name()) else { continue };
            for below in ["", "[1]", "[2].1", "[*].2", ".1.1", ".2.2"] {
                // A name that no path can have is no fault: any three characters may stand in a payload.
                let Ok(path) = format!("{name}[*]-{field}{below}").parse::<Path>() else {
                    continue;
                };
                for value in message.all(&path).take(MOST_PLACES) {
                    let _ = message.text_of(value);
                }
            }
            let _ = message.text_of(value);
        }
    }
}

fn edit(message: &Message, path: &Path, text: &str) {
    assert_eq!(path.to_string().parse().as_ref(), Ok(path));
    let before = message.get(path);
    let edited =
        [message.set(path, text), message.set_raw(path, text.as_bytes()), message.clear(path)];
    if path.is_plural() || matches!(edited[2], Err(EditError::Delimiters { .. })) {
        return;
    }
    // Where a listener says that LF ends segments, a CR is data, and still refused in what is written.
    if !before.is_absent() && !before.raw().contains(&b'\r') {
        let same = message.set_raw(path, before.raw()).expect("what stands there can stand there");
        assert_eq!(same.bytes(), message.bytes(), "every byte is copied");
    }
    if let Ok(set) = &edited[0]
        && message.delimiters().escape.is_some()
    {
        assert_eq!(set.text(path).unwrap_or_default(), text);
    }
    if let Ok(set) = &edited[1] {
        assert_eq!(set.get(path).raw(), text.as_bytes());
    }
    if let Ok(cleared) = &edited[2] {
        assert!(matches!(cleared.get(path), Value::Absent | Value::Empty));
    }
}

/// Answers both ways, and reads the answers as the sender would.
fn answer(original: &Original<'_>, payload: &[u8]) {
    let error = AckError {
        location: Some("MSH-9"),
        code: ErrorCode::UnsupportedMessageType,
        user_text: Some("a|b"),
    };
    for (code, error) in [(AckCode::AA, None), (AckCode::AR, Some(error))] {
        let answer = ack::build(&AckRequest {
            original: *original,
            code,
            control_id: "20260403120000000001",
            time: "20260403120000",
            text: Some("what ^ is | wrong"),
            error,
            acknowledgement_type: None,
            err_before_2_5: true,
        });
        if survives_framing(payload) {
            assert!(survives_framing(&answer), "an answer goes out in one frame");
        }
        let reply = Reply::read(&answer).expect("our own answers can be read");
        assert_eq!(reply.code(), Some(code));
        if let Original::Message(message) = original {
            let control_id = message.header().control_id();
            // A line end, or FS before one, would end the segment or the frame of the answer.
            let mut lines = control_id.split(|byte| *byte == b'\r' || *byte == b'\n');
            let line = lines.next().unwrap_or_default();
            let kept = line.iter().rposition(|byte| *byte != END_BLOCK).map_or(0, |last| last + 1);
            assert_eq!(reply.acknowledged(), &line[..kept], "MATCH-1 at the sender");
        }
    }
}
