//! A peer's answers, as they come in the field.

use wardline_hl7::ack::{Reply, ReplyError};
use wardline_hl7::{AckCode, ErrorCode, ParseError};

fn read(payload: &[u8]) -> Reply {
    Reply::read(payload).expect("an answer")
}

#[test]
fn an_answer_tells_its_code_the_message_and_the_text() {
    let reply = read(b"MSH|^~\\&|C|D|A|B|2026||ACK^A01^ACK|9|P|2.5\rMSA|AE|M1|busy \\T\\ tired\r");
    assert_eq!((reply.code(), reply.acknowledged()), (Some(AckCode::AE), &b"M1"[..]));
    assert_eq!(reply.text().as_deref(), Some("busy & tired"));
    assert_eq!(reply.errors().count(), 0);
}

#[test]
fn error_codes_are_read_from_both_shapes_of_err() {
    let newer = read(
        b"MSH|^~\\&|||||2026||ACK|9|P|2.5\rMSA|AR|M1\rERR||PID^1^3|206^locked^HL70357|E\rERR|||101|E\r",
    );
    assert!(
        newer.reports(ErrorCode::ApplicationRecordLocked)
            && newer.reports(ErrorCode::RequiredFieldMissing)
    );
    let earlier =
        read(b"MSH|^~\\&|||||2026||ACK|9|P|2.3\rMSA|AR|M1\rERR|PID^1^3^206&locked~PV1^1^2^207\r");
    assert_eq!(earlier.errors().collect::<Vec<_>>(), [&b"206"[..], b"207"]);
    assert!(!earlier.reports(ErrorCode::UnsupportedMessageType));
}

#[test]
fn whatever_ends_the_segments_the_answer_is_found() {
    for payload in [
        &b"MSH|^~\\&|||||2026||ACK|9|P|2.5\r\nMSA|AA|M1\r\n"[..],
        b"MSH|^~\\&|||||2026||ACK|9|P|2.5\nMSA|AA|M1\n",
        b"MSH|^~\\&|||||2026||ACK|9|P|2.5\nMSA|AA|M1\r",
        b" \r\nMSH|^~\\&|||||2026||ACK|9|P|2.5\rMSA|AA|M1",
        b"\xef\xbb\xbfMSH|^~\\&|||||2026||ACK|9|P|2.5\r\rMSA| AA |M1\r",
    ] {
        let reply = read(payload);
        assert_eq!((reply.code(), reply.acknowledged()), (Some(AckCode::AA), &b"M1"[..]));
    }
}

#[test]
fn an_unknown_code_and_a_missing_id_are_no_reason_to_fail() {
    let reply = read(b"MSH|^~\\&|||||2026||ACK|9|P|2.5\rMSA|OK\r");
    assert_eq!((reply.code(), reply.acknowledged()), (None, &b""[..]));
    assert_eq!(read(b"MSH|^~\\&|\rMSA|AA|\"\"\r").acknowledged(), b"\"\"");
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let error = |payload: &[u8]| Reply::read(payload).err();
    assert_eq!(error(b""), Some(ReplyError::Empty));
    assert_eq!(error(b" \r\n"), Some(ReplyError::Empty));
    assert_eq!(error(b"\x06"), Some(ReplyError::Unreadable(ParseError::NoHeader)));
    assert_eq!(error(b"MSH|^~\\&|||||2026||ACK|9|P|2.5\r"), Some(ReplyError::NoMsa));
}

#[test]
fn debug_shows_codes_and_no_text() {
    let shown = format!(
        "{:?}",
        read(b"MSH|^~\\&|||||2026||ACK|9|P|2.5\rMSA|AR|M1|SECRET\rERR|||207^SECRET\r")
    );
    assert!(shown.contains("M1") && shown.contains("AR") && !shown.contains("SECRET"), "{shown}");
}
