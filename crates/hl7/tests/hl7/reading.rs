//! Reading a message: what the bytes say, and what they don't.

use wardline_hl7::{Lint, Message, ParseError, ParseOptions, Path, SegmentEnds, Value};

const ORU: &[u8] = b"MSH|^~\\&|LAB^2.16^ISO|ST-E|EHR||20260403120000||ORU^R01^ORU_R01|M7|P^A|2.5.1^USA|||AL|NE||8859/1\r\
    PID|1||12^^^H^MR~34^^^I^PI||DOE^JANE&ANN||\"\"|F\r\
    OBX|1|NM|GLU^Glucose||5.4|mmol/l\r\
    OBX|2|FT|NOTE||first\\.br\\second \\T\\ \\X41\\\\Z9\\||||||\r";

fn message(payload: &[u8]) -> Message {
    Message::parse(payload.to_vec().into()).expect("a message")
}

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

fn all(message: &Message, text: &str) -> Vec<String> {
    message.all(&path(text)).filter_map(|value| message.text_of(value)).map(Into::into).collect()
}

#[test]
fn the_header_is_typed() {
    let message = message(ORU);
    let header = message.header();
    assert_eq!(header.sending_application(), b"LAB");
    assert_eq!(header.sending_facility(), b"ST-E");
    assert_eq!(header.receiving_application(), b"EHR");
    assert_eq!(header.receiving_facility(), b"");
    assert_eq!(header.time(), b"20260403120000");
    assert_eq!((header.message_type(), header.trigger_event()), (&b"ORU"[..], &b"R01"[..]));
    assert_eq!((header.structure(), header.message_code().as_str()), (&b"ORU_R01"[..], "ORU^R01"));
    assert_eq!(
        (header.control_id(), header.processing_id(), header.version()),
        (&b"M7"[..], &b"P"[..], &b"2.5.1"[..])
    );
    assert_eq!(header.accept_acknowledgement(), b"AL");
    assert_eq!(header.application_acknowledgement(), b"NE");
    assert_eq!(header.character_set(), b"8859/1");
}

#[test]
fn a_path_names_fields_repetitions_components_and_subcomponents() {
    let message = message(ORU);
    for (text, expected) in [
        ("MSH-1", "|"),
        ("MSH-2", "^~\\&"),
        ("MSH-3", "LAB^2.16^ISO"),
        ("MSH-9.2", "R01"),
        ("PID-3", "12^^^H^MR~34^^^I^PI"),
        ("PID-3.1", "12"),
        ("PID-3[2]", "34^^^I^PI"),
        ("PID-3[2].5", "PI"),
        ("PID-5.2", "JANE&ANN"),
        ("PID-5.2.2", "ANN"),
        ("OBX[2]-3.1", "NOTE"),
    ] {
        let raw = message.get(&path(text)).raw();
        assert_eq!(String::from_utf8_lossy(raw), expected, "{text}");
    }
}

#[test]
fn a_star_names_every_one() {
    let message = message(ORU);
    assert_eq!(all(&message, "PID-3[*].4"), ["H", "I"]);
    assert_eq!(all(&message, "OBX[*]-3.1"), ["GLU", "NOTE"]);
    assert_eq!(all(&message, "OBX[*]-3.2"), ["Glucose"]);
    assert_eq!(all(&message, "NK1[*]-2"), [""; 0]);
}

#[test]
fn a_star_names_what_the_numbers_name() {
    let message =
        message(b"MSH|^~\\&|A|B~C\rPID|1||12^^^H~~34^^^\"\"~\"\"|~|5^a&b~6^&c&~|x^y\rPID\rPID||\r");
    for place in
        ["MSH-1", "MSH-2", "MSH-2.2", "MSH-4", "PID-1", "PID-3", "PID-3.1", "PID-3.4", "PID-4"]
    {
        assert_star_is_every_number(&message, place);
    }
    for place in
        ["PID-4.1", "PID-5", "PID-5.2", "PID-5.2.1", "PID-5.2.2", "PID-6.2", "PID-9", "PID-9.1"]
    {
        assert_star_is_every_number(&message, place);
    }
}

fn assert_star_is_every_number(message: &Message, place: &str) {
    let (field, inside) = place
        .split_once('.')
        .map_or((place, String::new()), |(field, inside)| (field, format!(".{inside}")));
    let numbered = (1..=5).map(|n| message.get(&path(&format!("{field}[{n}]{inside}"))));
    let numbered: Vec<_> = numbered.filter(|value| !value.is_absent()).collect();
    let starred: Vec<_> = message.all(&path(&format!("{field}[*]{inside}"))).collect();
    assert_eq!(starred, numbered, "{place}");
}

#[test]
fn a_million_repetitions_and_fields_are_walked_once() {
    const MANY: usize = 1_000_000;
    let repetitions =
        [b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\rPID|1||", &*b"1^^^H~".repeat(MANY)].concat();
    let message_of_repetitions = message(&repetitions);
    let every = path("PID-3[*].4");
    // Each found from the start again, this would take hours.
    assert_eq!(message_of_repetitions.all(&every).filter(Value::is_present).count(), MANY);
    let fields = [b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\rZZZ", &*b"|1".repeat(MANY)].concat();
    let message_of_fields = message(&fields);
    let last = message_of_fields.segments().last().expect("a segment");
    assert_eq!(last.fields().count(), MANY);
}

#[test]
fn the_fields_of_a_segment_are_those_that_its_numbers_name() {
    let message = message(b"MSH|^~\\&|A|B~C|\rPID|1||12^^^H~34|\"\"\rZZZ\rZZ1|\rMSHX|Y\r");
    for segment in message.segments() {
        let numbered = (1..).map(|number| segment.field(number));
        let numbered: Vec<_> = numbered.take_while(|value| !value.is_absent()).collect();
        assert_eq!(segment.fields().collect::<Vec<_>>(), numbered, "{segment:?}");
    }
}

#[test]
fn absent_empty_and_null_are_told_apart() {
    let message = message(ORU);
    for (text, expected) in [
        ("PID-7", Value::Null),
        ("PID-6", Value::Empty),
        ("PID-2.1", Value::Empty),
        ("PID-2.2", Value::Absent),
        ("PID-9", Value::Absent),
        ("PID-3[3]", Value::Absent),
        ("OBX[3]-1", Value::Absent),
        ("ZZZ-1", Value::Absent),
        ("MSH-6", Value::Empty),
        ("MSH-19", Value::Absent),
        ("MSH-2.2", Value::Absent),
    ] {
        assert_eq!(message.get(&path(text)), expected, "{text}");
    }
    assert_eq!(message.text(&path("PID-7")).as_deref(), Some("\"\""));
    assert_eq!(message.text(&path("PID-9")), None);
}

#[test]
fn escapes_stay_in_the_raw_value_and_are_resolved_in_the_text() {
    let message = message(ORU);
    let note = path("OBX[2]-5");
    assert_eq!(message.get(&note).raw(), b"first\\.br\\second \\T\\ \\X41\\\\Z9\\");
    assert_eq!(message.text(&note).as_deref(), Some("first\nsecond & A\\Z9\\"));
}

#[test]
fn the_event_of_evn_serves_where_msh_has_none() {
    let message = message(b"MSH|^~\\&|A|B|C|D|2026||ADT|M1|P|2.1\rEVN|A04|2026\r");
    assert_eq!(message.header().trigger_event(), b"A04");
    assert_eq!(message.header().message_code(), "ADT^A04");
}

#[test]
fn a_message_code_is_short_and_on_one_line_whatever_a_sender_put_there() {
    let long = "W".repeat(1000);
    let message = message(format!("MSH|^~\\&|A|B|C|D|2026||A\x07T^{long}|M1|P|2.5\r").as_bytes());
    let code = message.header().message_code();
    assert!(code.starts_with("A\u{fffd}T^W"), "{code}");
    assert_eq!(code.chars().count(), 64);
}

#[test]
fn a_repetition_of_a_header_field_is_not_taken_for_its_components() {
    let message = message(b"MSH|^~\\&|A~X^Y|B|C|D|2026||ADT~ORU^R01|M1|P|2.5\r");
    assert_eq!(message.header().message_type(), b"ADT");
    assert_eq!(message.header().trigger_event(), b"");
}

#[test]
fn delimiters_are_those_of_the_message() {
    let message =
        message(b"MSH@~&#\\@A@B@C@D@2026@@ADT~A01@M1@P@2.5\rPID@1@@7~~~H&8@@O#S#B~J\\K\r");
    assert_eq!(message.header().message_code(), "ADT^A01");
    assert_eq!(message.get(&path("PID-3[2]")).raw(), b"8");
    assert_eq!(message.get(&path("PID-5.2.2")).raw(), b"K");
    assert_eq!(message.text(&path("PID-5.1")).as_deref(), Some("O~B"));
}

#[test]
fn one_cr_makes_every_lf_data() {
    let message = message(b"MSH|^~\\&|A\rNTE|1||line\nline\r\nPID|1\r");
    assert_eq!(message.segments().count(), 3);
    assert_eq!(message.get(&path("NTE-3")).raw(), b"line\nline");
    assert!(message.lints().contains(Lint::LfAsData));
}

#[test]
fn without_a_cr_lf_ends_segments() {
    let message = message(b"MSH|^~\\&|A\nPID|1\nPV1|1\n");
    assert_eq!(message.segments().count(), 3);
    assert!(message.lints().contains(Lint::LfEnds));
}

#[test]
fn leading_segments_are_the_first_of_all() {
    for payload in [
        &b"MSH|^~\\&|A\r\n\r\nPID|1\r\nPV1|1"[..],
        b"\xef\xbb\xbfMSH|^~\\&|A\n \nPID|1\nPV1|1\n",
        b"MSH|^~\\&|A",
    ] {
        let message = message(payload);
        let all: Vec<_> = message.segments().map(|segment| segment.range()).collect();
        for most in 0..4 {
            let leading: Vec<_> =
                message.leading_segments(most).map(|segment| segment.range()).collect();
            assert_eq!(leading, all[..most.min(all.len())]);
        }
    }
}

#[test]
fn a_listener_may_decide_where_segments_end() {
    let payload = b"MSH|^~\\&|A\r\nPID|x\ry\nPV1|1\r";
    let read = |segments| {
        let options = ParseOptions { segments, ..ParseOptions::default() };
        Message::parse_with(payload[..].into(), options).expect("a message")
    };
    assert_eq!(read(SegmentEnds::Lf).get(&path("PID-1")).raw(), b"x\ry");
    assert_eq!(read(SegmentEnds::Lf).get(&path("PV1-1")).raw(), b"1");
    assert_eq!(read(SegmentEnds::Cr).get(&path("PID-1")).raw(), b"x");
    assert_eq!(read(SegmentEnds::Cr).get(&path("PV1-1")), Value::Absent);
}

#[test]
fn lints_name_what_is_unusual_and_nothing_else() {
    for (payload, expected) in [
        (&b"MSH|^~\\&|A\rPID|1\r"[..], &[][..]),
        (b"MSH|^~\\&|A\rPID|1", &[Lint::NoLastEnd]),
        (b"MSH|^~\\&|A\r\nPID|1\r\n", &[Lint::LfEnds]),
        (b"MSH|^~\\&|A\nPID|1\n", &[Lint::LfEnds]),
        (b"MSH|^~\\&|A\r\rPID|1\r", &[Lint::EmptyLine]),
        (b"MSH|^~\\&|A\r\n\r\nPID|1\r\n", &[Lint::LfEnds, Lint::EmptyLine]),
        (b"\rMSH|^~\\&|A\r", &[Lint::EmptyLine]),
        (b"MSH|^~\\&|A\rPID|1\r ", &[Lint::EmptyLine]),
        (b"\xef\xbb\xbfMSH|^~\\&|A\r", &[Lint::Bom]),
        (b"MSH|^~\\&|A\rpid|1\r", &[Lint::OddSegment]),
        (b"MSH|^~\\&|A\rZX9\r", &[]),
        (b"MSH|^~\\&|A\rNTE|a\nb\r", &[Lint::LfAsData]),
        (b"MSH|^~\\\\&|A\r", &[Lint::RepeatedDelimiter]),
    ] {
        let found: Vec<Lint> = message(payload).lints().iter().collect();
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(payload));
    }
}

#[test]
fn a_strict_reader_refuses_every_lint() {
    let read = |payload: &[u8]| {
        let options = ParseOptions { strict: true, ..ParseOptions::default() };
        Message::parse_with(payload.to_vec().into(), options).map(|message| message.bytes().clone())
    };
    let sound = b"MSH|^~\\&|A\rPID|1\r";
    assert_eq!(read(sound).as_deref(), Ok(&sound[..]));
    for (payload, lint) in [
        (&b"MSH|^~\\&|A\rPID|1"[..], Lint::NoLastEnd),
        (b"MSH|^~\\&|A\nPID|1\n", Lint::LfEnds),
        (b"MSH|^~\\&|A\r\rPID|1\r", Lint::EmptyLine),
        (b"MSH|^~\\&|A\rpid|1\r", Lint::OddSegment),
        (b"\xef\xbb\xbfMSH|^~\\&|A\r", Lint::Bom),
        (b"MSH|^~\\&|A\rNTE|a\nb\r", Lint::LfAsData),
    ] {
        assert_eq!(read(payload), Err(ParseError::Unusual(lint)));
    }
}

#[test]
fn several_headers_in_one_payload_are_counted() {
    assert_eq!(message(b"MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\r").message_headers(), 2);
    assert_eq!(message(b"MSH|^~\\&|A\r\nMSH|^~\\&|B\r\n").message_headers(), 2);
    assert_eq!(message(b"MSH|^~\\&|A\nMSH|^~\\&|B\n").message_headers(), 2);
    assert_eq!(message(b"MSH|^~\\&|A MSH|\rNTE|MSH|\nMSH|x\r").message_headers(), 1);
}

#[test]
fn latin_1_is_read_where_the_bytes_are_not_utf_8() {
    assert_eq!(
        message(b"MSH|^~\\&|A\rPID|||||Se\xe1n").text(&path("PID-5")).as_deref(),
        Some("Seán")
    );
    assert_eq!(
        message("MSH|^~\\&|A\rPID|||||Seán".as_bytes()).text(&path("PID-5")).as_deref(),
        Some("Seán")
    );
}

#[test]
fn debug_shows_ids_and_no_content() {
    let message = message(ORU);
    let shown =
        format!("{message:?} {:?} {:?}", message.segments().last(), message.get(&path("PID-5")));
    assert!(shown.contains("ORU^R01") && shown.contains("M7"), "{shown}");
    assert!(!shown.contains("DOE") && !shown.contains("second"), "{shown}");
}
