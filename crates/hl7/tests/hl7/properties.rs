//! What holds for whatever a peer sends and whatever an operator asks for.

use bytes::Bytes;
use proptest::prelude::*;
use wardline_hl7::ack::{AckError, AckRequest, Original, Reply, build};
use wardline_hl7::{
    AckCode, EditError, ErrorCode, Lint, Message, ParseOptions, Path, SegmentEnds, Value,
};

use crate::oracle::{Place, leaves};

/// Bytes that are likely to mean something to a parser.
fn telling_bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let telling = proptest::sample::select(
        b"|^~\\&#\r\n\"\"MSHPIDFHBEVN123.X \x0b\x1c\xe9\xc3\xa9\xff\0".to_vec(),
    );
    proptest::collection::vec(prop_oneof![9 => telling, 1 => any::<u8>()], 0..most)
}

/// A payload that is a message more often than not.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let starts: [&[u8]; 8] = [
        b"MSH|^~\\&|A^1^ISO|B|C|D|2026||ADT^A01^ADT_A01|M1|P|2.5\rPID|1||7^^^H~8||DOE^J&K\r",
        b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|M1|P|2.3\nOBX|1||",
        b"\xef\xbb\xbf\r\nMSH|^~\\\\&|",
        b"MSH@~&#\\@",
        b"MSH|^|",
        b"MSH|",
        b"BHS|^~\\&|",
        b"",
    ];
    (proptest::sample::select(starts.to_vec()), telling_bytes(200))
        .prop_map(|(start, rest)| [start, &rest[..]].concat())
}

fn options() -> impl Strategy<Value = ParseOptions> {
    proptest::sample::select(vec![SegmentEnds::Auto, SegmentEnds::Cr, SegmentEnds::Lf])
        .prop_map(|segments| ParseOptions { segments, ..ParseOptions::default() })
}

/// A message with one CR after each segment and nothing odd, under delimiters of its own.
fn tidy_message() -> impl Strategy<Value = Vec<u8>> {
    let delimiters =
        proptest::sample::select(vec!["|^~\\&", "|^~\\&#", "@~&#\\", "!*%?$", "|^~\\", "$.:;,"]);
    let name = proptest::sample::select(vec!["PID", "OBX", "OBX", "ZX1", "EVN"]);
    let field = "[a-zA-Z0-9 \"éü^~&]{0,12}";
    let segment = (name, proptest::collection::vec(field, 0..8));
    (delimiters, proptest::collection::vec(field, 0..14), proptest::collection::vec(segment, 0..6))
        .prop_map(|(delimiters, header, segments)| {
            let own = |text: &str| -> String {
                text.chars().map(|c| translated(c, delimiters)).collect()
            };
            let (separator, encoding) = delimiters.split_at(1);
            let mut message = format!("MSH{separator}{encoding}{separator}");
            message.push_str(&own(&header.join("|")));
            message.push('\r');
            for (name, fields) in segments {
                message.push_str(name);
                for field in fields {
                    message.push_str(separator);
                    message.push_str(&own(&field));
                }
                message.push('\r');
            }
            message.into_bytes()
        })
}

/// The separator of these delimiters at the level of the usual one.
fn translated(c: char, delimiters: &str) -> char {
    match "|^~\\&".find(c) {
        Some(level) => delimiters.chars().nth(level).unwrap_or('x'),
        None if delimiters.contains(c) => 'x',
        None => c,
    }
}

fn path() -> impl Strategy<Value = Path> {
    let segment = proptest::sample::select(vec!["MSH", "PID", "OBX", "ZX1", "EVN", "NK1"]);
    let index = || proptest::sample::select(vec!["", "[1]", "[2]", "[3]", "[*]"]);
    let parts = proptest::sample::select(vec!["", ".1", ".2", ".4", ".1.1", ".1.2", ".3.2"]);
    (segment, index(), 1_u16..12, index(), parts).prop_map(
        |(segment, occurrence, field, repetition, parts)| {
            format!("{segment}{occurrence}-{field}{repetition}{parts}").parse().expect("a path")
        },
    )
}

fn single_path() -> impl Strategy<Value = Path> {
    path().prop_filter("names one place", |path| !path.is_plural())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_on_any_bytes(payload in payload(), options in options(), path in path(), text in ".{0,20}") {
        if let Ok(message) = Message::parse_with(payload.clone().into(), options) {
            let shown = format!("{message:?} {:?} {:?}", message.header(), message.header().identity());
            prop_assert!(!shown.is_empty());
            prop_assert!(message.segments().count() >= 1);
            for segment in message.segments() {
                prop_assert!(segment.fields().count() <= segment.bytes().len());
            }
            prop_assert!(message.message_headers() >= 1);
            let _ = (message.text(&path), message.get(&path), message.lints());
            let _ = (message.set(&path, &text), message.set_raw(&path, text.as_bytes()), message.clear(&path));
        }
        let _ = Reply::read(&payload);
    }

    #[test]
    fn what_was_accepted_is_kept_byte_for_byte(payload in payload(), options in options()) {
        if let Ok(message) = Message::parse_with(payload.clone().into(), options) {
            prop_assert_eq!(&message.bytes()[..], &payload[..]);
            let mut joined = Vec::new();
            for segment in message.segments() {
                let between = &payload[joined.len()..segment.range().start];
                let is_between = between.iter().all(|byte| byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(byte));
                prop_assert!(is_between, "between segments stands {:?}", between);
                joined.extend_from_slice(between);
                joined.extend_from_slice(segment.bytes());
            }
            let behind = &payload[joined.len()..];
            prop_assert!(behind.iter().all(u8::is_ascii_whitespace), "behind the last stands {:?}", behind);
            joined.extend_from_slice(behind);
            prop_assert_eq!(joined, payload);
        }
    }

    #[test]
    fn every_leaf_reads_as_splitting_gives_it(payload in tidy_message()) {
        let message = Message::parse(payload.clone().into()).expect("a tidy message");
        for (place, bytes) in leaves(&payload, message.delimiters()) {
            let path: Path = place.path().parse().expect("a path");
            prop_assert_eq!(message.get(&path).raw(), &bytes[..], "{}", path);
        }
        let lints = message.lints();
        prop_assert!(!lints.contains(Lint::LfEnds) && !lints.contains(Lint::OddSegment), "{:?}", lints);
    }

    #[test]
    fn a_text_that_was_set_is_read_again_and_all_else_stays(
        payload in tidy_message(), path in single_path(), text in "[a-z é|^~\\\\&#\"@!$.%\r\n\t\u{b}\u{1c}患]{1,16}",
    ) {
        let message = Message::parse(payload.clone().into()).expect("a tidy message");
        match message.set(&path, &text) {
            Ok(edited) => {
                let read = edited.text(&path);
                // Where nothing can be escaped, separators were given up for spaces.
                if message.delimiters().escape.is_some() {
                    prop_assert_eq!(read.as_deref(), Some(&*text));
                }
                let before = elsewhere(&payload, &message, &path);
                let after = elsewhere(edited.bytes(), &edited, &path);
                prop_assert_eq!(before, after);
            }
            Err(EditError::Delimiters { path }) => prop_assert!(path.to_string().starts_with("MSH")),
            Err(EditError::NoSegment { .. }) => prop_assert_eq!(message.get(&path), Value::Absent),
            Err(EditError::NoSeparator { .. }) => prop_assert!(message.delimiters().subcomponent.is_none()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }

    #[test]
    fn setting_what_is_there_changes_nothing(payload in tidy_message(), path in single_path()) {
        let message = Message::parse(payload.into()).expect("a tidy message");
        if let (Value::Present(raw), false) = (message.get(&path), path.to_string().starts_with("MSH")) {
            let edited = message.set_raw(&path, raw).expect("the value fits where it stands");
            prop_assert_eq!(edited.bytes(), message.bytes());
        }
    }

    #[test]
    fn every_payload_gets_an_answer_that_reads_as_one(
        payload in payload(), code in proptest::sample::select(AckCode::ALL.to_vec()), text in ".{0,120}",
        acknowledgement_type in proptest::option::of("[A-Z^|]{0,9}"), err_before_2_5 in any::<bool>(),
    ) {
        let message = Message::parse(payload.clone().into());
        let answer = build(&AckRequest {
            original: message.as_ref().map_or(Original::Unreadable(&payload), Original::Message),
            code,
            control_id: "W1",
            time: "20260403120000",
            text: Some(&text),
            error: Some(AckError {
                location: Some("PID-3[2].1"), code: ErrorCode::TableValueNotFound, user_text: Some(&text),
            }),
            acknowledgement_type: acknowledgement_type.as_deref(),
            err_before_2_5,
        });
        prop_assert!(is_whole(&answer), "{:?}", answer);
        let reply = Reply::read(&answer).expect("an answer");
        prop_assert_eq!(reply.code(), Some(code));
        prop_assert_eq!(reply.message().message_headers(), 1);
        prop_assert_eq!(reply.reports(ErrorCode::TableValueNotFound), reply.errors().count() == 1);
        if let Ok(message) = message {
            let asked = message.header().control_id();
            let until_line_end = asked.split(|byte| matches!(byte, b'\r' | b'\n')).next();
            prop_assert_eq!(Some(reply.acknowledged()), until_line_end);
        }
    }
}

/// MSH, MSA and perhaps ERR, each with its CR; nothing that could end a frame or begin one.
fn is_whole(answer: &Bytes) -> bool {
    let segments: Vec<&[u8]> = answer.split_inclusive(|byte| *byte == b'\r').collect();
    let names = [&b"MSH"[..], b"MSA", b"ERR"];
    (2..=3).contains(&segments.len())
        && segments
            .iter()
            .zip(names)
            .all(|(segment, name)| segment.starts_with(name) && segment.ends_with(b"\r"))
}

/// Every leaf that an edit of this path must leave alone.
fn elsewhere(payload: &[u8], message: &Message, path: &Path) -> Vec<(Place, Vec<u8>)> {
    let path = path.to_string();
    let leaves = leaves(payload, message.delimiters());
    leaves.into_iter().filter(|(place, _)| !is_within(place, &path)).collect()
}

/// Whether a leaf lies in the element that this path names.
fn is_within(place: &Place, path: &str) -> bool {
    let Place { segment, occurrence, field, repetition, component, subcomponent } = place;
    let starts: Vec<String> = if *occurrence == 1 {
        vec![format!("{segment}-{field}"), format!("{segment}[1]-{field}")]
    } else {
        vec![format!("{segment}[{occurrence}]-{field}")]
    };
    starts.iter().any(|start| {
        let repetitions = [format!("[{repetition}]"), String::new()];
        let whole_field = path == start;
        whole_field
            || repetitions.iter().filter(|text| !text.is_empty() || *repetition == 1).any(
                |repetition| {
                    [String::new(), format!(".{component}"), format!(".{component}.{subcomponent}")]
                        .iter()
                        .any(|rest| *path == format!("{start}{repetition}{rest}"))
                },
            )
    })
}
