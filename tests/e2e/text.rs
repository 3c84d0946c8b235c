//! What a listener reads of a message beyond its header: charsets and profiles.

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_route_finds_what_stands_behind_a_character_with_a_delimiter_in_it,
        a_message_passes_through_in_its_own_charset_byte_for_byte,
        a_charset_that_is_unknown_or_not_kept_is_taken_and_counted,
        a_destination_gets_messages_in_the_charset_that_it_reads,
        a_message_that_a_destination_could_not_read_is_not_taken,
        a_batch_is_split_into_files_byte_for_byte,
        what_is_unusual_in_files_is_told_before_a_listener_counts_it,
        a_message_that_breaks_its_profile_is_taken_and_counted,
        a_message_that_breaks_its_profile_is_rejected_with_its_place_where_told_so,
    ]
}

/// A listener with these keys, and a destination for messages that have `X` in PID-6.
fn site(keys: &str, sink: &Sink) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
{keys}

[[routes]]
id = "x"
match = {{ "PID-6" = ["X"] }}
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
"#,
            sink.address()
        ),
    )
}

/// A message with these bytes in PID-5, before an `X` in PID-6.
fn named(id: &str, declared: &str, name: &[u8]) -> Vec<u8> {
    let header = format!("MSH|^~\\&|A|B|C|D|2026||ADT^A01|{id}|P|2.5||||||{declared}\r");
    [header.as_bytes(), b"PID|1||7||", name, b"|X\r"].concat()
}

/// 表 and ポ: 95 5C and 83 7C.
const SHIFT_JIS: &[u8] = b"\x95\x5c\x83\x7c";

fn a_route_finds_what_stands_behind_a_character_with_a_delimiter_in_it() {
    let sink = Sink::accepting();
    let site = site("charset = \"shift_jis\"", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&named("M1", "", SHIFT_JIS)), "AA");
    sink.wait_for(1);
    assert_eq!(engine.counts("in").unrouted, 0);
}

fn a_message_passes_through_in_its_own_charset_byte_for_byte() {
    let sink = Sink::accepting();
    let site = site("", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let sent = [
        named("M1", "SHIFT_JIS", SHIFT_JIS),
        named("M2", "~ISO IR87", b"\x1b$B5|%^\x1b(B"),
        named("M3", "GB 18030-2000", b"\x81\x7c\x81\x5c"),
        named("M4", "BIG-5", b"\xa5\x5c\xa4\x7c"),
        named("M5", "", b"Se\xe1n"),
        named("M6", "UNICODE UTF-8", "表".as_bytes()),
    ];
    for message in &sent {
        assert_eq!(peer.send(message), "AA");
    }
    let arrived = sink.wait_for(sent.len());
    let arrived: Vec<&[u8]> = arrived.iter().map(|one| one.payload.as_slice()).collect();
    assert_eq!(arrived, sent.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!(engine.counts("in").lint_message, 0);
}

fn a_charset_that_is_unknown_or_not_kept_is_taken_and_counted() {
    let sink = Sink::accepting();
    let site = site("", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for message in [
        named("M1", "UNICODE", b"Sean"),
        named("M2", "ISO IR 999", b"Sean"),
        named("M3", "ASCII", b"Se\xe1n"),
    ] {
        assert_eq!(peer.send(&message), "AA");
    }
    assert_eq!(engine.counts("in").lint_message, 3);
}

/// A folder for everything beside `lis`, which is written in another charset.
fn transcoded(unmappable: &str, sink: &Sink) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
match = {{}}
to = ["lis", "folder"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
charset = "8859/1"
{unmappable}

[[destinations]]
id = "folder"
kind = "file"
path = "out/{{control_id}}.hl7"
"#,
            sink.address()
        ),
    )
}

fn a_destination_gets_messages_in_the_charset_that_it_reads() {
    let sink = Sink::accepting();
    let site = transcoded("unmappable = \"escape\"", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let sent = named("M1", "UNICODE UTF-8", "Seán 表".as_bytes());
    assert_eq!(peer.send(&sent), "AA");
    let arrived = sink.wait_for(1);
    let expected = named("M1", "8859/1", b"Se\xe1n \\XE8A1A8\\");
    assert_eq!(arrived[0].payload, expected, "{:?}", arrived[0].payload.escape_ascii());
    engine.wait_for_queue("folder", "drained", |row| row.pending == 0);
    let kept = std::fs::read(site.folder().join("out/M1.hl7")).expect("a file");
    assert_eq!(kept, sent, "RAW-1: only the destination with a charset gets other bytes");
}

fn a_message_that_a_destination_could_not_read_is_not_taken() {
    let sink = Sink::accepting();
    let site = transcoded("", &sink);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let answer = peer.exchange(&named("M1", "UNICODE UTF-8", "Seán 表".as_bytes()));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AE".into(), "M1".into()));
    let text = "not for lis: 1 characters cannot be written in windows-1252";
    assert_eq!(field(&answer, "MSA", 3), text);
    assert_eq!(engine.counts("in").stored, 0, "ROUTE-1: to all of its destinations, or to none");
    assert_eq!(peer.send(&named("M2", "UNICODE UTF-8", "Seán".as_bytes())), "AA");
}

fn a_batch_is_split_into_files_byte_for_byte() {
    let site = Site::new(PROGRAM, "");
    let messages = [named("M1", "", b"DOE"), named("M2", "SHIFT_JIS", SHIFT_JIS)];
    let whole = [&b"BHS|^~\\&|A\r"[..], &messages.concat(), b"BTS|2\r"].concat();
    std::fs::write(site.folder().join("batch.hl7"), whole).expect("a writable folder");
    let output = site.command(["hl7", "split", "batch.hl7", "--into", "parts"]);
    assert!(output.status.success(), "{output:?}");
    for (message, number) in messages.iter().zip(1..) {
        let path = site.folder().join(format!("parts/batch-{number:04}.hl7"));
        assert_eq!(&std::fs::read(path).expect("a file"), message);
    }
    let again = site.command(["hl7", "split", "batch.hl7", "--into", "parts"]);
    assert_eq!(again.status.code(), Some(1), "no file is replaced");
}

fn what_is_unusual_in_files_is_told_before_a_listener_counts_it() {
    let site = Site::new(PROGRAM, "");
    let rule = "[[rules]]\nid = \"birth\"\nrequire = \"PID-7\"\n";
    std::fs::write(site.folder().join("adt.toml"), rule).expect("a writable folder");
    std::fs::write(site.folder().join("a.hl7"), named("M1", "ISO IR 999", b"SECRET"))
        .expect("a writable folder");
    let output = site.command(["hl7", "lint", "--strict", "--profile", "adt.toml", "a.hl7"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("unknown-charset"), "{told}");
    assert!(told.contains("PID-7 is required (rule birth)"), "{told}");
    assert!(!told.contains("SECRET"), "{told}");
}

/// An engine whose listener holds messages against a profile.
fn profiled(level: &str, sink: &Sink) -> (Site, Engine) {
    let site = site(&format!("profile = \"adt.toml\"\n{level}"), sink);
    std::fs::write(
        site.folder().join("adt.toml"),
        r#"
[[rules]]
id = "birth"
message = ["ADT"]
require = "PID-7"

[[rules]]
id = "sex"
values = { path = "PID-8", table = "0001" }

[tables]
"0001" = ["F", "M", "O", "U"]
"#,
    )
    .expect("a writable folder");
    let engine = site.start();
    (site, engine)
}

fn patient(id: &str, birth: &str, sex: &str) -> Vec<u8> {
    let header = format!("MSH|^~\\&|A|B|C|D|2026||ADT^A01|{id}|P|2.5\r");
    format!("{header}PID|1||7||DOE||{birth}|{sex}\r").into_bytes()
}

fn a_message_that_breaks_its_profile_is_taken_and_counted() {
    let sink = Sink::accepting();
    let (_site, engine) = profiled("", &sink);
    let mut peer = Peer::connect(engine.address("in"));
    for message in [patient("M1", "1970", "F"), patient("M2", "", "F"), patient("M3", "", "SECRET")]
    {
        assert_eq!(peer.send(&message), "AA");
    }
    assert_eq!(engine.counts("in").lint_profile, 2);
    let log = engine.log();
    assert_eq!(log.matches("break a rule of the profile").count(), 2, "each rule once: {log}");
    assert!(!log.contains("SECRET"), "PHI-1: {log}");
}

fn a_message_that_breaks_its_profile_is_rejected_with_its_place_where_told_so() {
    let sink = Sink::accepting();
    let (_site, engine) = profiled("profile_level = \"reject\"", &sink);
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&patient("M1", "1970", "F")), "AA");
    let answer = peer.exchange(&patient("M2", "", "F"));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "M2".into()));
    assert_eq!(field(&answer, "MSA", 3), "PID-7 is required (rule birth)");
    assert_eq!(field(&answer, "ERR", 2), "PID^1^7");
    assert!(field(&answer, "ERR", 3).starts_with("101^"));
    let answer = peer.exchange(&patient("M3", "1970", "X"));
    assert!(field(&answer, "ERR", 3).starts_with("103^"));
    assert_eq!(engine.counts("in").stored, 1);
    assert_eq!(peer.send(&adt("M4")), "AR");
}
