//! What a `match` table wants, key by key.

use super::*;

const ADMISSION: &str = "MSH|^~\\&|ADT1^1.2.3^ISO|ST-E|LIS|LAB|20260403120000||ADT^A01^ADT_A01|M1|P|2.5\r\
    EVN|A01|20260403120000\rPID|1||7^^^H^MRN~8^^^S^SS||Doe\rPV1|1|I\r";

fn message(text: &str) -> Message {
    Message::parse(text.to_owned().into()).expect("a message")
}

fn path(path: &str, values: &[&str]) -> Matcher {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Matcher {
        paths: vec![MatchedPath { path: path.parse().expect("a path"), values }],
        ..Matcher::default()
    }
}

fn wants(pattern: &str, text: &str) -> bool {
    pattern.parse::<MessagePattern>().expect("a pattern").matches(&message(text))
}

#[test]
fn a_table_without_keys_wants_every_message() {
    assert!(Matcher::default().matches(&message(ADMISSION)));
    assert!(Matcher::default().matches(&message("MSH|^~\\&|\r")));
}

#[test]
fn a_pattern_wants_type_and_trigger_event() {
    for (pattern, wanted) in [
        ("ADT^A01", true),
        ("ADT^*", true),
        ("ADT", true),
        ("*^A01", true),
        ("*", true),
        ("ADT^A08", false),
        ("ORU", false),
    ] {
        assert_eq!(wants(pattern, ADMISSION), wanted, "{pattern}");
    }
}

#[test]
fn the_event_segment_serves_where_the_header_has_no_trigger_event() {
    let without = "MSH|^~\\&|A|B|C|D|||ADT|M1|P|2.1\rEVN|A04\r";
    assert!(wants("ADT^A04", without));
    assert!(!wants("ADT^A01", without));
}

#[test]
fn every_key_must_hold_and_one_value_of_each_is_enough() {
    let both = Matcher {
        sending_facilities: vec!["OTHER".to_owned(), "ST-E".to_owned()],
        receiving_applications: vec!["LIS".to_owned()],
        ..Matcher::default()
    };
    assert!(both.matches(&message(ADMISSION)));
    let one_fails = Matcher { receiving_facilities: vec!["WARD".to_owned()], ..both };
    assert!(!one_fails.matches(&message(ADMISSION)));
}

#[test]
fn an_application_is_compared_by_its_namespace_id() {
    let by =
        |name: &str| Matcher { sending_applications: vec![name.to_owned()], ..Matcher::default() };
    assert!(by("ADT1").matches(&message(ADMISSION)));
    assert!(!by("1.2.3").matches(&message(ADMISSION)));
}

#[test]
fn any_path_can_be_asked_for() {
    for (at, value, wanted) in [
        ("PV1-2", "I", true),
        ("PV1-2", "O", false),
        ("PID-3.1", "7", true),
        ("PID-3.1", "8", false),
        ("PID-3[2].1", "8", true),
        ("PID-3[*].5", "SS", true),
        ("OBX-1", "1", false),
    ] {
        assert_eq!(path(at, &[value]).matches(&message(ADMISSION)), wanted, "{at} = {value}");
    }
}

#[test]
fn an_empty_value_finds_what_is_absent_or_empty() {
    assert!(path("PID-8", &[""]).matches(&message(ADMISSION)));
    assert!(path("OBX-1", &[""]).matches(&message(ADMISSION)));
    assert!(!path("PV1-2", &[""]).matches(&message(ADMISSION)));
}

#[test]
fn the_first_key_that_keeps_a_message_out_is_told_as_it_is_written() {
    let message = Message::parse(
        "MSH|^~\\&|LAB|ST-E|LIS|HOSP|1||ORU^R01|1|P|2.5\rPID|1||77^^^MRN\r".to_owned().into(),
    )
    .expect("a message");
    let facility = |facility: &str| Matcher {
        messages: vec!["ORU".parse().expect("a pattern")],
        sending_facilities: vec![facility.to_owned()],
        paths: vec![MatchedPath {
            path: "PID-3.4".parse().expect("a path"),
            values: vec!["SSN".to_owned()],
        }],
        ..Matcher::default()
    };
    let adt = Matcher { messages: vec!["ADT".parse().expect("a pattern")], ..Matcher::default() };
    assert_eq!(adt.misses(&message).as_deref(), Some("message"));
    assert_eq!(facility("ELSE").misses(&message).as_deref(), Some("sending_facility"));
    assert_eq!(facility("ST-E").misses(&message).as_deref(), Some("PID-3.4"));
    assert_eq!(Matcher::default().misses(&message), None);
}
