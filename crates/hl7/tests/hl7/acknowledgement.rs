//! The bytes of our answers.

use wardline_hl7::ack::{AckBuilder, AckError, AckRequest, Original, build};
use wardline_hl7::{AckCode, EditError, ErrorCode, Message};

const TIME: &str = "20260403120000";

fn request(original: Original<'_>, code: AckCode) -> AckRequest<'_> {
    AckRequest {
        original,
        code,
        control_id: "W1",
        time: TIME,
        text: None,
        error: None,
        acknowledgement_type: None,
        err_before_2_5: false,
    }
}

fn message(payload: &[u8]) -> Message {
    Message::parse(payload.to_vec().into()).expect("a message")
}

fn answered(payload: &[u8], code: AckCode) -> String {
    shown(&request(Original::Message(&message(payload)), code))
}

fn shown(request: &AckRequest<'_>) -> String {
    String::from_utf8_lossy(&build(request)).into_owned()
}

/// A refusal with everything that may be in one.
fn refusal<'a>(original: Original<'a>, text: &'a str) -> AckRequest<'a> {
    AckRequest {
        text: Some(text),
        error: Some(AckError {
            location: Some("PID-3[2].1"),
            code: ErrorCode::RequiredFieldMissing,
            user_text: Some("ask the ward"),
        }),
        ..request(original, AckCode::AR)
    }
}

#[test]
fn whoever_builds_an_answer_may_override_any_of_it() {
    let original = message(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.3\r");
    let path = |text: &str| text.parse().expect("a path");
    let error =
        AckError { location: None, code: ErrorCode::ApplicationRecordLocked, user_text: None };
    let answer = AckBuilder::new(&original, AckCode::AR, "W1", TIME)
        .text("locked")
        .error(error)
        .acknowledgement_type("ACK")
        .field(path("MSA-2"), "M2")
        .field(path("MSH-3.2"), "1.2|3")
        .build();
    assert_eq!(
        answer.as_deref(),
        Ok(&b"MSH|^~\\&|C^1.2\\F\\3|D|A|B|20260403120000||ACK|W1|P|2.3\rMSA|AR|M2|locked\r\
             ERR|^^^206&Application record locked&HL70357\r"[..])
    );
    let refused = AckBuilder::new(&original, AckCode::AA, "W1", TIME).field(path("PID-3"), "7");
    assert_eq!(refused.build(), Err(EditError::NoSegment { path: path("PID-3") }));
}

#[test]
fn a_positive_answer_is_msh_and_msa() {
    assert_eq!(
        answered(
            b"MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M1|P|2.5\rPID|1||1^^^H\r",
            AckCode::AA
        ),
        "MSH|^~\\&|C|D|A|B|20260403120000||ACK^A01^ACK|W1|P|2.5\rMSA|AA|M1\r"
    );
}

#[test]
fn a_positive_answer_carries_neither_text_nor_error() {
    let message = message(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\r");
    let request =
        AckRequest { code: AckCode::AA, ..refusal(Original::Message(&message), "unused") };
    assert!(shown(&request).ends_with("\rMSA|AA|M1\r"));
}

#[test]
fn sender_and_receiver_are_swapped_with_all_their_components() {
    let answer = answered(
        b"MSH|^~\\&|A^1.2^ISO|B^x&y|C~C2|D\\T\\D^3|2026||ADT^A01|M1|T^A|2.5.1^USA\r",
        AckCode::CA,
    );
    assert!(answer.starts_with("MSH|^~\\&|C~C2|D\\T\\D^3|A^1.2^ISO|B^x&y|"), "{answer}");
    assert!(answer.contains("|W1|T^A|2.5.1^USA\rMSA|CA|M1\r"), "{answer}");
}

#[test]
fn the_answer_has_the_senders_delimiters() {
    assert_eq!(
        answered(b"MSH@~&#\\@A@B@C@D@2026@@ADT~A01@M|1@P@2.5\r", AckCode::AA),
        "MSH@~&#\\@C@D@A@B@20260403120000@@ACK~A01~ACK@W1@P@2.5\rMSA@AA@M|1\r"
    );
}

#[test]
fn the_answers_type_follows_the_version() {
    for (code_and_version, expected) in [
        ("ADT^A01|M1|P|2.1", "ACK"),
        ("ADT^A01|M1|P|2.2", "ACK"),
        ("ADT^A01|M1|P|2.3", "ACK^A01"),
        ("ADT^A01|M1|P|2.3.1", "ACK^A01^ACK"),
        ("ADT^A01|M1|P|2.8", "ACK^A01^ACK"),
        ("ADT|M1|P|2.5", "ACK"),
        ("ADT^A01|M1|P", "ACK^A01^ACK"),
    ] {
        let answer = answered(
            format!("MSH|^~\\&|A|B|C|D|2026||{code_and_version}\r").as_bytes(),
            AckCode::AA,
        );
        assert_eq!(answer.split('|').nth(8), Some(expected), "{code_and_version}");
    }
}

#[test]
fn the_type_may_be_overridden() {
    let message = message(b"MSH|*~\\&|A|B|C|D|2026||ADT*A01|M1|P|2.5\r");
    let request = AckRequest {
        acknowledgement_type: Some("ACK^A08"),
        ..request(Original::Message(&message), AckCode::AA)
    };
    assert_eq!(shown(&request).split('|').nth(8), Some("ACK*A08"));
}

#[test]
fn an_absent_processing_id_and_version_get_their_defaults() {
    let answer = answered(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1\r", AckCode::AA);
    assert!(answer.ends_with("|W1|P|2.5.1\rMSA|AA|M1\r"), "{answer}");
}

#[test]
fn a_negative_answer_of_2_5_tells_where_and_why() {
    let message = message(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\r");
    let answer = shown(&refusal(Original::Message(&message), "PID-3 is required"));
    assert!(
        answer.ends_with(
            "\rMSA|AR|M1|PID-3 is required\r\
             ERR||PID^1^3^2^1|101^Required field missing^HL70357|E||||ask the ward\r"
        ),
        "{answer}"
    );
}

#[test]
fn a_negative_answer_up_to_2_4_has_err_only_on_wish() {
    let message = message(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.4\r");
    let plain = refusal(Original::Message(&message), "no");
    assert!(shown(&plain).ends_with("\rMSA|AR|M1|no\r"));
    let with_err = AckRequest { err_before_2_5: true, ..plain };
    assert!(shown(&with_err).ends_with("\rERR|PID^1^3^101&Required field missing&HL70357\r"));
}

#[test]
fn a_place_that_is_no_path_is_left_out() {
    let place = |version: &str| {
        let message =
            message(format!("MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|{version}\r").as_bytes());
        let error = AckError {
            location: Some("the header"),
            code: ErrorCode::SegmentSequenceError,
            user_text: None,
        };
        let request = AckRequest {
            error: Some(error),
            err_before_2_5: true,
            ..request(Original::Message(&message), AckCode::AE)
        };
        shown(&request).split('\r').nth(2).map(str::to_owned)
    };
    assert_eq!(place("2.5").as_deref(), Some("ERR|||100^Segment sequence error^HL70357|E"));
    assert_eq!(place("2.4").as_deref(), Some("ERR|^^^100&Segment sequence error&HL70357"));
}

#[test]
fn the_text_is_escaped_and_cut_between_characters() {
    let message = message(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.3\r");
    let text = |text: &str| {
        let answer = shown(&refusal(Original::Message(&message), text));
        answer.split('|').next_back().map(|text| text.trim_end_matches('\r').to_owned())
    };
    assert_eq!(text("a|b\rc").as_deref(), Some("a\\F\\b\\X0D\\c"));
    assert_eq!(text(&"x".repeat(100)), Some("x".repeat(80)));
    // The escape sequence would end at 81.
    assert_eq!(text(&format!("{}|", "x".repeat(78))), Some("x".repeat(78)));
}

#[test]
fn a_charset_is_declared_only_where_the_answer_is_not_ascii() {
    let charset = |payload: &[u8]| {
        let answer = answered(payload, AckCode::AA);
        let header = answer.split('\r').next().unwrap_or_default().to_owned();
        header.split('|').nth(17).map(str::to_owned)
    };
    assert_eq!(charset(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5||||||8859/1\r"), None);
    assert_eq!(
        charset("MSH|^~\\&|Ä|B|C|D|2026||ADT^A01|M1|P|2.5\r".as_bytes()).as_deref(),
        Some("UNICODE UTF-8")
    );
    assert_eq!(
        charset(b"MSH|^~\\&|\xc4|B|C|D|2026||ADT^A01|M1|P|2.5\r").as_deref(),
        Some("8859/1")
    );
    assert_eq!(
        charset(b"MSH|^~\\&|\xc4|B|C|D|2026||ADT^A01|M1|P|2.5||||||8859/15\r").as_deref(),
        Some("8859/15")
    );
    assert_eq!(
        charset(b"MSH|^~\\&|\x1b$B4\x1b(B|B|C|D|2026||ADT^A01|M1|P|2.5||||||~ISO IR87\r")
            .as_deref(),
        Some("~ISO IR87")
    );
}

#[test]
fn an_unreadable_payload_is_answered_with_what_could_be_read_of_it() {
    assert_eq!(
        shown(&request(
            Original::Unreadable(b"MSH|SENDER|A|B|C|D|2026||ADT^A01|M1|P|2.5\rPID|1"),
            AckCode::AR
        )),
        "MSH|^~\\&|||||20260403120000||ACK|W1|P|2.5.1\rMSA|AR|M1\r"
    );
    assert_eq!(
        shown(&request(Original::Unreadable(b"GET / HTTP/1.1\r\n\r\n"), AckCode::AR)),
        "MSH|^~\\&|||||20260403120000||ACK|W1|P|2.5.1\rMSA|AR|\r"
    );
}

#[test]
fn a_line_feed_in_the_header_brings_nothing_else_into_the_answer() {
    let answer =
        answered(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\nPID|1||SECRET\rPV1|1\r", AckCode::AA);
    assert!(answer.ends_with("|W1|P|2.5\rMSA|AA|M1\r"), "{answer}");
}

#[test]
fn debug_shows_no_content() {
    let message = message(b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\rPID|1||SECRET\r");
    let shown = format!("{:?} {:?}", Original::Message(&message), Original::Unreadable(b"SECRET"));
    assert!(!shown.contains("SECRET"), "{shown}");
}
