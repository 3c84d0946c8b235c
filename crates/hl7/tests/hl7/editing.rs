//! Editing a message: the element named changes, every other byte is copied.

use wardline_hl7::{EditError, Message, Path};

const ADT: &str = "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\r\nPID|1||12^^^H~34^^^I||DOE^JANE\r\n\r\nOBX|1||X\rOBX|2||Y^Z\r";

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

fn adt() -> Message {
    Message::parse(ADT.into()).expect("a message")
}

fn shown(edited: Result<Message, EditError>) -> String {
    String::from_utf8(edited.expect("the edit is possible").bytes().to_vec()).expect("UTF-8")
}

#[test]
fn only_the_element_named_changes() {
    for (text, value, from, to) in [
        ("MSH-5", "LAB", "|C|", "|LAB|"),
        ("MSH-10", "M2", "|M1|", "|M2|"),
        ("PID-3", "7", "12^^^H~34^^^I", "7"),
        ("PID-3.1", "7", "12^^^H~", "7^^^H~"),
        ("PID-3[2].1", "7", "~34^", "~7^"),
        ("PID-3[2]", "7", "~34^^^I", "~7"),
        ("PID-3[3].2", "7", "34^^^I|", "34^^^I~^7|"),
        ("PID-5.2.2", "ANN", "JANE", "JANE&ANN"),
        ("PID-8", "F", "JANE\r", "JANE|||F\r"),
        ("PID-8.2", "F", "JANE\r", "JANE|||^F\r"),
        ("OBX[2]-3.2", "W", "Y^Z", "Y^W"),
        ("MSH-15", "AL", "|2.5\r", "|2.5|||AL\r"),
        ("PID-5.1", "O|B^C", "DOE", "O\\F\\B\\S\\C"),
        ("PID-5.1", "a\nb", "DOE", "a\\.br\\b"),
    ] {
        assert_eq!(shown(adt().set(&path(text), value)), ADT.replacen(from, to, 1), "{text}");
    }
}

#[test]
fn a_star_edits_every_one_that_is_there() {
    assert_eq!(
        shown(adt().set(&path("PID-3[*].4"), "K")),
        ADT.replace("^^^H", "^^^K").replace("^^^I", "^^^K")
    );
    assert_eq!(
        shown(adt().set(&path("OBX[*]-3.1"), "Q")),
        ADT.replace("||X", "||Q").replace("||Y", "||Q")
    );
    assert_eq!(shown(adt().set(&path("NK1[*]-2"), "Q")), ADT);
}

#[test]
fn clearing_empties_and_never_adds() {
    assert_eq!(shown(adt().clear(&path("PID-5.1"))), ADT.replace("DOE", ""));
    assert_eq!(shown(adt().clear(&path("PID-30"))), ADT);
    assert_eq!(shown(adt().set(&path("PID-30"), "")), ADT);
}

#[test]
fn a_raw_value_may_hold_the_levels_below_it_and_no_other() {
    assert_eq!(
        shown(adt().set_raw(&path("PID-3"), b"1^^^A~2^^^B")),
        ADT.replace("12^^^H~34^^^I", "1^^^A~2^^^B")
    );
    assert_eq!(shown(adt().set_raw(&path("PID-5.1"), b"A&B")), ADT.replace("DOE", "A&B"));
    for (text, value) in [
        ("PID-3", &b"1|2"[..]),
        ("PID-3", b"1\rOBX"),
        ("PID-3[1]", b"1~2"),
        ("PID-3.1", b"1^2"),
        ("PID-3.1", b"1~2"),
        ("PID-5.2.1", b"1&2"),
    ] {
        let refused = adt().set_raw(&path(text), value).err();
        assert_eq!(refused, Some(EditError::BreaksOut { path: path(text) }), "{text}");
    }
}

#[test]
fn a_line_feed_cannot_end_a_segment_of_a_message_that_lf_ends() {
    let message = Message::parse("MSH|^~\\&|A\nPID|1\n".into()).expect("a message");
    let refused = message.set_raw(&path("PID-1"), b"x\nOBX").err();
    assert_eq!(refused, Some(EditError::BreaksOut { path: path("PID-1") }));
}

#[test]
fn what_cannot_be_edited_is_refused_with_its_reason() {
    let refused = |text: &str| adt().set(&path(text), "x").err();
    assert_eq!(refused("NK1-2"), Some(EditError::NoSegment { path: path("NK1-2") }));
    assert_eq!(refused("OBX[3]-1"), Some(EditError::NoSegment { path: path("OBX[3]-1") }));
    assert_eq!(refused("MSH-1"), Some(EditError::Delimiters { path: path("MSH-1") }));
    assert_eq!(refused("MSH-2"), Some(EditError::Delimiters { path: path("MSH-2") }));

    let bare = Message::parse("MSH|^|A\rPID|1\r".into()).expect("a message");
    let unreachable = path("PID-1[2]");
    assert_eq!(
        bare.set(&unreachable, "x").err(),
        Some(EditError::NoSeparator { path: unreachable })
    );
}

#[test]
fn a_text_is_written_in_the_charset_of_its_message() {
    let latin = Message::parse(b"MSH|^~\\&|A\rPID|||||Se\xe1n|\r"[..].into()).expect("a message");
    let edited = latin.set(&path("PID-6"), "Zoë").expect("windows-1252 has it");
    assert_eq!(&edited.bytes()[..], b"MSH|^~\\&|A\rPID|||||Se\xe1n|Zo\xeb\r");
    let lacking = latin.set(&path("PID-6"), "患者").err();
    assert_eq!(lacking, Some(EditError::Charset { path: path("PID-6") }));
    // Its two bytes alone would read as "é".
    let mistaken = latin.set(&path("PID-5"), "Ã©").err();
    assert_eq!(mistaken, Some(EditError::Charset { path: path("PID-5") }));
}

#[test]
fn a_removed_segment_takes_its_end_with_it_whatever_that_is() {
    for (payload, expected) in [
        ("MSH|^~\\&|A\rNTE|1\rPID|1", "MSH|^~\\&|A\rPID|1"),
        ("MSH|^~\\&|A\r\nNTE|1\r\nPID|1\r\n", "MSH|^~\\&|A\r\nPID|1\r\n"),
        ("MSH|^~\\&|A\nPID|1\nNTE|1\n", "MSH|^~\\&|A\nPID|1\n"),
        ("MSH|^~\\&|A\rNTEX|1\r", "MSH|^~\\&|A\rNTEX|1\r"),
    ] {
        let message = Message::parse(payload.to_owned().into()).unwrap();
        let removed = message.remove_segments(&"NTE[*]".parse().unwrap()).unwrap();
        assert_eq!(removed.bytes(), expected.as_bytes());
    }
}

#[test]
fn a_plural_path_stands_for_the_places_that_are_there() {
    let payload = "MSH|^~\\&|A\rOBX|1||a~b\rOBX|2\rOBX|3||c\r";
    let message = Message::parse(payload.to_owned().into()).unwrap();
    let places = |text: &str| -> Vec<String> {
        message.places(&text.parse().unwrap()).iter().map(ToString::to_string).collect()
    };
    assert_eq!(places("OBX[*]-3[*].1"), ["OBX-3[1].1", "OBX-3[2].1", "OBX[3]-3[1].1"]);
    assert_eq!(places("OBX[*]-1"), ["OBX-1", "OBX[2]-1", "OBX[3]-1"]);
    assert_eq!(places("PID-3"), ["PID-3"]);
    assert!(places("PID[*]-3").is_empty());
}
