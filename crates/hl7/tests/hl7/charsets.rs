//! Messages in the charsets of table 0211: what is split where, read as what, and written how.

use proptest::prelude::*;
use wardline_hl7::{
    Charset, CharsetRule, EditError, Lint, Message, ParseOptions, Path, ReencodeError, Unmappable,
};

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

fn under(rule: CharsetRule, payload: Vec<u8>) -> Message {
    let options = ParseOptions { charset: rule, ..ParseOptions::default() };
    Message::parse_with(payload.into(), options).expect("a message")
}

/// A message that declares a charset and has these bytes in PID-5.
fn message(declared: &str, name: &[u8]) -> Message {
    let head =
        format!("MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5||||||{declared}\rPID|1||7^^^H~8^^^I||");
    let payload = [head.as_bytes(), name, b"|X|19700101\rPV1|1|I\r"].concat();
    under(CharsetRule::default(), payload)
}

fn fixed(charset: Charset) -> CharsetRule {
    CharsetRule { fixed: Some(charset), ..CharsetRule::default() }
}

/// Characters whose second byte is a delimiter, as family and given name.
const OVERLAPPING: [(&str, &[u8], &str, &str); 7] = [
    ("SHIFT_JIS", b"\x95\x5c\x83\x7c^\x83\x5e\x83\x7e", "表ポ", "タミ"),
    ("BIG-5", b"\xa5\x5c\xa4\x7c^\xa4\x5e", "功弋", "乞"),
    ("GB 18030-2000", b"\x81\x7c\x81\x5c^\x81\x7e", "亅乗", "亊"),
    ("GBK", b"\x81\x30\x81\x30^\x81\x5e", "\u{80}", "乛"),
    ("~ISO IR87", b"\x1b$B5|%^\x1b(B^\x1b$B%&%\\\x1b(B", "亨マ", "ウボ"),
    ("~ISO IR87~ISO IR159", b"\x1b$(D0|\x1b(B^\x1b$(D0^0&\x1b(B", "侁", "伱丟"),
    ("KS X 1001", b"\xb1\xe8^\x8c\x63", "김", "똠"),
];

#[test]
fn characters_that_hold_delimiters_are_not_split() {
    for (declared, name, family, given) in OVERLAPPING {
        let message = message(declared, name);
        assert_eq!(message.text(&path("PID-5.1")).as_deref(), Some(family), "{declared}");
        assert_eq!(message.text(&path("PID-5.2")).as_deref(), Some(given), "{declared}");
        assert_eq!(message.get(&path("PID-5")).raw(), name, "{declared}");
        assert_eq!(message.text(&path("PID-6")).as_deref(), Some("X"), "{declared}");
        assert_eq!(message.text(&path("PID-3[2].4")).as_deref(), Some("I"), "{declared}");
        assert_eq!(message.all(&path("PID-5[*]")).count(), 1, "{declared}");
        assert!(message.lints().is_empty(), "{declared}: {:?}", message.lints());
    }
}

#[test]
fn an_edit_leaves_every_other_byte_of_them() {
    for (declared, name, ..) in OVERLAPPING {
        let message = message(declared, name);
        let edited = message.set(&path("PID-7"), "1980").expect("an edit");
        let expected = String::from_utf8_lossy(message.bytes()).replace("19700101", "1980");
        assert_eq!(String::from_utf8_lossy(edited.bytes()), expected, "{declared}");
        assert_eq!(edited.get(&path("PID-5")).raw(), name, "{declared}");
    }
}

#[test]
fn a_text_is_written_in_the_charset_of_the_message() {
    for (declared, text, bytes) in [
        ("SHIFT_JIS", "表|ソ", &b"\x95\x5c\\F\\\x83\x5c"[..]),
        ("~ISO IR87", "患a", b"\x1b$B45\x1b(Ba"),
        ("BIG-5", "功", b"\xa5\x5c"),
        ("GB 18030-2000", "张", b"\xd5\xc5"),
        ("KS X 1001", "김", b"\xb1\xe8"),
        ("8859/2", "Łódź", b"\xa3\xf3d\xbc"),
        ("UNICODE UTF-8", "患", "患".as_bytes()),
        ("", "患", "患".as_bytes()),
    ] {
        let edited = message(declared, b"X").set(&path("PID-5.1"), text).expect("an edit");
        assert_eq!(edited.get(&path("PID-5.1")).raw(), bytes, "{declared}");
        assert_eq!(edited.text(&path("PID-5.1")).as_deref(), Some(text), "{declared}");
        assert_eq!(edited.text(&path("PID-6")).as_deref(), Some("X"), "{declared}");
    }
    let error = message("8859/1", b"X").set(&path("PID-5.1"), "患").err();
    assert_eq!(error, Some(EditError::Charset { path: path("PID-5.1") }));
}

#[test]
fn raw_bytes_with_half_a_character_like_a_delimiter_do_not_break_out() {
    let message = message("SHIFT_JIS", b"X");
    let edited = message.set_raw(&path("PID-5.1"), b"\x83\x7c").expect("an edit");
    assert_eq!(edited.text(&path("PID-5")).as_deref(), Some("ポ"));
    let error = message.set_raw(&path("PID-5.1"), b"\x83\x7c|").err();
    assert_eq!(error, Some(EditError::BreaksOut { path: path("PID-5.1") }));
}

#[test]
fn escapes_are_found_between_characters() {
    let message = message("SHIFT_JIS", b"\x95\x5cF\x95\x5c\\T\\\x83\x5c\\X82A0\\");
    assert_eq!(message.text(&path("PID-5")).as_deref(), Some("表F表&ソあ"));
}

#[test]
fn the_header_may_hold_them_before_it_says_which_charset_it_is() {
    for (declared, facility, text) in [
        ("SHIFT_JIS", &b"\x83\x7c\x83\x5e"[..], "ポタ"),
        ("BIG-5", b"\xa4\x7c", "弋"),
        ("~ISO IR87", b"\x1b$B5|%^\x1b(B", "亨マ"),
    ] {
        let head =
            [&b"MSH|^~\\&|A|"[..], facility, b"^9|C|D|2026||ADT^A01|M1|P|2.5||||||"].concat();
        let payload = [&head, declared.as_bytes(), b"\rPID|1\r"].concat();
        let message = under(CharsetRule::default(), payload);
        assert_eq!(message.header().control_id(), b"M1", "{declared}");
        assert_eq!(message.header().message_code(), "ADT^A01", "{declared}");
        assert_eq!(message.header().sending_facility(), facility, "{declared}");
        assert_eq!(message.text(&path("MSH-4.1")).as_deref(), Some(text), "{declared}");
    }
}

#[test]
fn the_listener_decides_where_the_message_does_not_tell() {
    let payload = b"MSH|^~\\&|A|\x83\x7c|C|D|2026||ADT^A01|M1\rPID|1||||\x95\x5c|X\r".to_vec();
    let fallback = CharsetRule { fixed: None, fallback: Charset::ShiftJis };
    for rule in [fixed(Charset::ShiftJis), fallback] {
        let message = under(rule, payload.clone());
        assert_eq!(message.header().control_id(), b"M1");
        assert_eq!(message.text(&path("PID-5")).as_deref(), Some("表"));
        assert_eq!(message.text(&path("PID-6")).as_deref(), Some("X"));
    }
    let utf8 = under(fallback, "MSH|^~\\&|A\rPID|1||||表|X\r".as_bytes().to_vec());
    assert_eq!(utf8.text(&path("PID-5")).as_deref(), Some("表"));
}

#[test]
fn what_a_message_says_of_its_charset_and_does_not_keep_is_a_lint() {
    for (declared, name, expected) in [
        ("", &b"Se\xe1n"[..], None),
        ("8859/1", b"Se\xe1n", None),
        ("ASCII", b"Sean", None),
        ("ASCII", b"Se\xe1n", Some(Lint::UndeclaredBytes)),
        ("UNICODE UTF-8", b"Se\xe1n", Some(Lint::UndeclaredBytes)),
        ("~ISO IR87", b"Se\xe1n", Some(Lint::UndeclaredBytes)),
        ("UNICODE", b"Sean", Some(Lint::UnknownCharset)),
        ("ISO IR 999", b"Se\xe1n", Some(Lint::UnknownCharset)),
    ] {
        let message = message(declared, name);
        let text = String::from_utf8_lossy(name).replace('\u{fffd}', "á");
        assert_eq!(message.text(&path("PID-5")).as_deref(), Some(&*text), "{declared}");
        assert_eq!(message.lints().iter().next(), expected, "{declared}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let message = under(CharsetRule::default(), "\u{feff}MSH|^~\\&|É|B\r".as_bytes().to_vec());
    assert_eq!(message.text(&path("MSH-3")).as_deref(), Some("É"));
}

/// Every charset, and names that are none.
fn declared() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "ASCII",
        "8859/1",
        "8859/15",
        "~ISO IR87",
        "SHIFT_JIS",
        "BIG-5",
        "GB 18030-2000",
        "KS X 1001",
        "UNICODE UTF-8",
        "UNICODE",
        "ISO IR 999",
        "EUC-JP",
    ])
}

/// What a receiver in this charset gets.
fn reencoded(payload: &str, to: Charset, unmappable: Unmappable) -> Result<Message, ReencodeError> {
    let message = under(CharsetRule::default(), payload.as_bytes().to_vec());
    let bytes = message.reencode(to, unmappable)?;
    Ok(under(CharsetRule::default(), bytes.to_vec()))
}

#[test]
fn a_message_is_written_in_another_charset_and_says_so() {
    let payload = "\u{feff}MSH|^~\\&|É|B\rPID|1||7||表ソ^a\\T\\b\r";
    for (to, name, declared) in [
        (Charset::ShiftJis, &b"\x95\x5c\x83\x5c^a\\T\\b"[..], &b"SHIFT_JIS"[..]),
        (Charset::Gb18030, b"\xb1\xed\xa5\xbd^a\\T\\b", b"GB 18030-2000"),
        (Charset::Iso2022Jp, b"\x1b$BI=%=\x1b(B^a\\T\\b", b"~ISO IR87"),
        (Charset::Utf8, "表ソ^a\\T\\b".as_bytes(), b"UNICODE UTF-8"),
    ] {
        let written =
            reencoded(&payload.replace('É', "A"), to, Unmappable::Fail).expect("writable");
        assert_eq!(written.charset(), to);
        assert_eq!(written.header().character_set(), declared, "{to}");
        assert_eq!(written.get(&path("PID-5")).raw(), name, "{to}");
        assert_eq!(written.text(&path("PID-5.2")).as_deref(), Some("a&b"), "{to}");
        assert!(written.lints().iter().all(|lint| lint == Lint::Bom), "{to}");
    }
}

#[test]
fn a_character_that_is_lacking_fails_or_is_replaced_or_escaped() {
    let payload = "MSH|^~\\&|A|B\rPID|1||7||É表\rPID|2||7||ソ\r";
    let to = |unmappable| reencoded(payload, Charset::Windows1252, unmappable);
    let error = ReencodeError::Lacking {
        charset: Charset::Windows1252,
        count: 2,
        first: Some(path("PID-5")),
    };
    assert_eq!(to(Unmappable::Fail).err(), Some(error));
    let replaced = to(Unmappable::Replace).expect("writable");
    assert_eq!(replaced.get(&path("PID-5")).raw(), b"\xc9?");
    let escaped = to(Unmappable::Escape).expect("writable");
    assert_eq!(escaped.get(&path("PID-5")).raw(), b"\xc9\\XE8A1A8\\");
    assert_eq!(escaped.text(&path("PID-5")).as_deref(), Some("É表"));
    assert_eq!(escaped.text(&path("PID[2]-5")).as_deref(), Some("ソ"));
}

#[test]
fn a_message_is_shown_in_utf_8_with_the_same_parts() {
    for (declared, name, family, given) in OVERLAPPING {
        let message = message(declared, name);
        let shown = message.in_utf8();
        assert_eq!(shown.get(&path("PID-5.1")).raw(), family.as_bytes(), "{declared}");
        assert_eq!(shown.get(&path("PID-5.2")).raw(), given.as_bytes(), "{declared}");
        assert_eq!(shown.header().character_set(), declared.as_bytes());
        assert_eq!(shown.segments().count(), message.segments().count());
    }
}

#[test]
fn what_is_in_the_charset_already_stays_as_it_is() {
    for payload in [
        "MSH|^~\\&|A|B\rPID|1\r",
        "MSH|^~\\&|A|B||||||||||||||ASCII\rPID|1\r",
        "MSH|^~\\&|A|B||||||||||||||UNICODE UTF-8\rPID|1||7||表\r",
    ] {
        let message = under(CharsetRule::default(), payload.as_bytes().to_vec());
        let written = message.reencode(Charset::Utf8, Unmappable::Fail);
        assert_eq!(written.as_ref(), Ok(message.bytes()), "{payload}");
    }
    let declared = "MSH|^~\\&|A|B||||||||||||||8859/1\rPID|1\r";
    let written = reencoded(declared, Charset::Utf8, Unmappable::Fail).expect("writable");
    assert_eq!(written.header().character_set(), b"UNICODE UTF-8");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_in_ascii_reads_the_same_whatever_it_declares(declared in declared(), name in "[ -~]{0,30}") {
        let plain = message("", name.as_bytes());
        let declaring = message(declared, name.as_bytes());
        for place in ["PID-5", "PID-5.1", "PID-5.2", "PID-5[2].1", "PID-5.1.2", "PID-6", "PV1-2"] {
            prop_assert_eq!(plain.text(&path(place)), declaring.text(&path(place)), "{}", place);
        }
    }

    #[test]
    fn any_bytes_can_be_read_and_edited_in_any_charset(
        name in proptest::collection::vec(any::<u8>(), 0..40),
        charset in proptest::sample::select(Charset::all().collect::<Vec<_>>()),
    ) {
        let payload = [&b"MSH|^~\\&|"[..], &name, b"|B\rPID|1||7||", &name, b"|X\r"].concat();
        if let Ok(message) = Message::parse_with(
            payload.into(), ParseOptions { charset: fixed(charset), ..ParseOptions::default() },
        ) {
            prop_assert!(message.segments().count() >= 1);
            for segment in message.segments() {
                let fields: Vec<_> = segment.fields().collect();
                prop_assert!(fields.len() <= segment.bytes().len());
            }
            let _ = (message.text(&path("PID-5")), message.lints(), message.header().identity());
            if let Ok(edited) = message.set(&path("PID-1"), "9") {
                prop_assert_eq!(edited.get(&path("PID-5")), message.get(&path("PID-5")));
            }
        }
    }

    #[test]
    fn what_was_encoded_is_decoded_again(
        text in "[a-z|^~\\\\&患者表ソタポ功弋ｱｲ김é]{0,20}",
        charset in proptest::sample::select(Charset::all().collect::<Vec<_>>()),
    ) {
        let message = under(fixed(charset), b"MSH|^~\\&|A\rPID|1|\r".to_vec());
        match message.set(&path("PID-2"), &text) {
            Ok(edited) => {
                let read = edited.text(&path("PID-2"));
                prop_assert_eq!(read.as_deref(), Some(&*text));
            }
            Err(error) => prop_assert_eq!(error, EditError::Charset { path: path("PID-2") }),
        }
    }
}

#[test]
fn what_somebody_types_is_in_the_charset_that_it_names_or_that_its_reader_fixes() {
    let typed = |header: &str, fixed: Option<Charset>| {
        let charset = CharsetRule { fixed, ..CharsetRule::default() };
        let text = format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5{header}\rPID|1||||Seán\r");
        Message::typed(&text, ParseOptions { charset, ..ParseOptions::default() })
    };
    assert!(typed("", None).ends_with("Seán\r".as_bytes()), "it names none");
    assert!(typed("||||||UNICODE UTF-8", None).ends_with("Seán\r".as_bytes()));
    assert!(typed("||||||8859/1", None).ends_with(b"Se\xe1n\r"));
    assert!(typed("", Some(Charset::Windows1252)).ends_with(b"Se\xe1n\r"));
    assert!(typed("", Some(Charset::Windows1251)).ends_with(b"Se?n\r"), "what it lacks is `?`");
    assert_eq!(Message::typed("Seán", ParseOptions::default()), "Seán", "no message at all");
}
