//! The examples of `docs/hl7.md` are what happens.

use wardline_hl7::{Charset, Message};

const PAGE: &str = include_str!("../../../../docs/hl7.md");

/// The examples of one box: what stands left and right of each arrow.
fn examples(kind: &str) -> Vec<(&'static str, &'static str)> {
    let (_, boxed) = PAGE.split_once(&format!("```{kind}\n")).expect("a box of this kind");
    let (lines, _) = boxed.split_once("```").expect("its end");
    let examples = lines.lines().map(|line| line.split_once('→').expect("an arrow"));
    examples.map(|(left, right)| (left.trim_end(), right.trim())).collect()
}

/// The text of PID-5 with these bytes, in a message that declares this charset.
fn text(declared: &str, name: &[u8]) -> String {
    let head = format!("MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5||||||{declared}\rPID|1||||");
    let message = Message::parse([head.as_bytes(), name, b"|X\r"].concat().into());
    let message = message.expect("a message");
    assert_eq!(message.text(&"PID-6".parse().expect("a path")).as_deref(), Some("X"));
    message.text(&"PID-5".parse().expect("a path")).expect("a text").into_owned()
}

#[test]
fn every_escape_sequence_reads_as_documented() {
    let examples = examples("escapes");
    assert!(examples.len() >= 10, "{examples:?}");
    for (raw, expected) in examples {
        assert_eq!(text("", raw.as_bytes()).replace('\n', "⏎"), expected, "{raw}");
    }
}

#[test]
fn every_charset_reads_as_documented() {
    let examples = examples("charsets");
    assert!(examples.len() >= 15, "{examples:?}");
    for (left, expected) in examples {
        let (declared, bytes) = left.split_once("  ").expect("a charset and its bytes");
        let bytes: Vec<u8> = bytes
            .split_whitespace()
            .map(|byte| u8::from_str_radix(byte, 16).expect("a byte"))
            .collect();
        let declared = if declared == "MSH-18 empty" { "" } else { declared };
        assert_eq!(text(declared, &bytes), expected, "{left}");
    }
}

#[test]
fn every_charset_is_in_the_table_with_its_name_in_msh_18() {
    let rows: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| ")).collect();
    for charset in Charset::all() {
        let (key, declared) = (charset.as_str(), charset.standard_name());
        let has = |row: &&&str| {
            let family = key.starts_with("iso-8859-") && row.contains("iso-8859-2 to -9, -15");
            family || (row.contains(key) && row.contains(declared))
        };
        assert!(rows.iter().any(|row| has(&row)), "{key}");
    }
}
