//! What may come in, by its header.

use std::borrow::Cow;

use super::*;

fn check(intake: &Intake, header: &str) -> Result<IntakeLints, (u16, Option<&'static str>)> {
    let text = format!("MSH|^~\\&|A|B|C|D|20260403120000||{header}\r");
    let message = Message::parse(text.into()).expect("a message");
    intake.check(&message).map_err(|refusal| {
        assert_eq!(refusal.code, AckCode::AR);
        assert!(refusal.text.chars().count() <= 80);
        let place = refusal.location.map(|place| match place {
            Cow::Borrowed(place) => place,
            Cow::Owned(place) => unreachable!("{place} is about the header"),
        });
        (refusal.error.number(), place)
    })
}

fn strict() -> Intake {
    Intake { version: Presence::Require, processing_id: Presence::Require, ..Intake::default() }
}

fn without(field: HeaderField) -> IntakeLints {
    [field].into_iter().collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn a_whole_header_comes_in_without_a_lint() {
    assert_eq!(check(&strict(), "ADT^A01|M1|P|2.5"), Ok(IntakeLints::default()));
}

#[test]
fn a_missing_message_type_is_refused_unless_relaxed() {
    let relaxed = Intake { message_type: Presence::Accept, ..Intake::default() };
    assert_eq!(check(&Intake::default(), "|M1|P|2.5"), Err((200, Some("MSH-9"))));
    assert_eq!(check(&relaxed, "|M1|P|2.5"), Ok(without(HeaderField::MessageType)));
}

#[test]
fn a_missing_control_id_is_refused_unless_relaxed() {
    let relaxed = Intake { control_id: Presence::Accept, ..Intake::default() };
    assert_eq!(check(&Intake::default(), "ADT^A01||P|2.5"), Err((101, Some("MSH-10"))));
    assert_eq!(check(&relaxed, "ADT^A01||P|2.5"), Ok(without(HeaderField::ControlId)));
}

#[test]
fn a_missing_version_is_taken_for_2_3_unless_strict() {
    let only_2_3 = Intake { accept_versions: words(&["2.3"]), ..Intake::default() };
    let only_2_5 = Intake { accept_versions: words(&["2.5"]), ..Intake::default() };
    let lint = without(HeaderField::Version);
    assert_eq!(check(&Intake::default(), "ADT^A01|M1|P"), Ok(lint));
    assert_eq!(check(&only_2_3, "ADT^A01|M1|P"), Ok(lint));
    assert_eq!(check(&only_2_5, "ADT^A01|M1|P"), Err((203, Some("MSH-12"))));
    assert_eq!(check(&strict(), "ADT^A01|M1|P"), Err((203, Some("MSH-12"))));
}

#[test]
fn a_missing_processing_id_is_taken_for_production_unless_strict() {
    let only_tests = Intake { accept_processing_ids: words(&["T", "D"]), ..Intake::default() };
    let lint = without(HeaderField::ProcessingId);
    assert_eq!(check(&Intake::default(), "ADT^A01|M1||2.5"), Ok(lint));
    assert_eq!(check(&only_tests, "ADT^A01|M1||2.5"), Err((202, Some("MSH-11"))));
    assert_eq!(check(&strict(), "ADT^A01|M1||2.5"), Err((202, Some("MSH-11"))));
}

#[test]
fn what_is_not_in_a_list_is_refused_with_its_own_code() {
    let intake = Intake {
        accept_messages: vec![
            "ADT^A01".parse().expect("a pattern"),
            "ORU".parse().expect("a pattern"),
        ],
        accept_versions: words(&["2.5", "2.5.1"]),
        accept_processing_ids: words(&["P"]),
        ..Intake::default()
    };
    for (header, expected) in [
        ("ADT^A01|M1|P|2.5", Ok(IntakeLints::default())),
        ("ORU^R01|M1|P|2.5.1^NLD", Ok(IntakeLints::default())),
        ("SIU^S12|M1|P|2.5", Err((200, Some("MSH-9.1")))),
        ("ADT^A08|M1|P|2.5", Err((201, Some("MSH-9.2")))),
        ("ADT^A01|M1|P|2.3", Err((203, Some("MSH-12")))),
        ("ADT^A01|M1|T|2.5", Err((202, Some("MSH-11")))),
    ] {
        assert_eq!(check(&intake, header), expected, "{header}");
    }
}

#[test]
fn two_headers_in_one_frame_are_refused() {
    let twice = "ADT^A01|M1|P|2.5\rPID|1\rMSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M2|P|2.5";
    assert_eq!(check(&Intake::default(), twice), Err((100, Some("MSH[2]-1"))));
}

#[test]
fn what_is_no_message_is_refused_with_its_reason() {
    for payload in ["", "HELLO", "MSH|", "FHS|^~\\&|A\r"] {
        let error = Message::parse(payload.to_owned().into()).expect_err("no message");
        let refusal = Refusal::unreadable(&error);
        assert_eq!((refusal.code, refusal.error.number()), (AckCode::AR, 100), "{payload:?}");
        assert!(refusal.text.chars().count() <= 80, "{}", refusal.text);
    }
}

#[test]
fn every_place_of_a_refusal_is_a_path() {
    for refusal in
        [NO_MESSAGE_TYPE, NO_CONTROL_ID, NO_VERSION, UNWANTED_TYPE, UNWANTED_TRIGGER_EVENT]
    {
        let place = refusal.location.expect("a place");
        assert!(place.parse::<wardline_hl7::Path>().is_ok(), "{place}");
    }
}

#[test]
fn lints_name_each_missing_field() {
    let lints = check(&Intake::default(), "ADT^A01|M1").expect("accepted");
    assert_eq!(lints.iter().collect::<Vec<_>>(), [HeaderField::ProcessingId, HeaderField::Version]);
    assert!(!lints.is_empty());
}
