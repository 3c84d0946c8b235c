//! `wardline ping`: what it asks, what it stores (nothing, unless told to send), how it ends.

use libtest_mimic::Trial;
use wardline_tests::certificates::Authority;
use wardline_tests::message::adt;
use wardline_tests::nobody::Nobody;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::{inbox, running};
use crate::shipped::command;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_ping_connects_and_leaves_nothing_behind,
        a_ping_with_a_message_is_answered_and_stored,
        a_ping_over_tls_shakes_hands_and_says_why_it_could_not,
        a_ping_ends_with_the_number_of_what_went_wrong,
    ]
}

/// Runs it; its line and its exit code.
fn ping(site: &Site, arguments: &[&str]) -> (String, Option<i32>) {
    let output = command(site, &[&["ping"], arguments].concat());
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

fn with_message(site: &Site, to: &str, more: &[&str]) -> (String, Option<i32>) {
    std::fs::write(site.folder().join("m1.hl7"), adt("M1")).expect("a writable folder");
    ping(site, &[&[to, "--message", "m1.hl7"], more].concat())
}

fn a_ping_connects_and_leaves_nothing_behind() {
    let (site, engine) = running("");
    let address = engine.address("in").to_string();
    let (told, code) = ping(&site, &[&address, "--count", "2"]);
    assert_eq!(code, Some(0), "{told}");
    let tries: Vec<&str> = told.lines().collect();
    assert_eq!(tries.len(), 2);
    assert!(tries[0].starts_with(&format!("open  {address}  connected in ")), "{told}");
    let counts = engine.counts("in");
    assert_eq!((counts.frames, counts.stored), (0, 0));
}

fn a_ping_with_a_message_is_answered_and_stored() {
    let (site, engine) = running("");
    let (told, code) = with_message(&site, &engine.address("in").to_string(), &[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("AA  ") && told.contains("  answered in "), "{told}");
    assert_eq!(engine.counts("in").stored, 1);
    let (json, _) = with_message(&site, &engine.address("in").to_string(), &["--json"]);
    assert!(
        json.contains("\"code\":\"AA\"") && json.contains("\"connect_microseconds\":"),
        "{json}"
    );
}

fn a_ping_over_tls_shakes_hands_and_says_why_it_could_not() {
    let site = inbox("tls = { certificate = \"server.pem\", key = \"server.key\" }");
    let authority = Authority::new("Hospital CA");
    authority.issue(&["localhost"]).write(site.folder(), "server");
    std::fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a writable folder");
    std::fs::write(site.folder().join("other.pem"), Authority::new("Other CA").pem())
        .expect("a writable folder");
    let engine = site.start();
    let address = engine.address("in").to_string();
    let named = ["--server-name", "localhost"];
    let trusting = [&named[..], &["--ca", "ca.pem"]].concat();
    let (told, code) = with_message(&site, &address, &trusting);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("AA  ") && told.contains("  shook hands in "), "{told}");
    let (told, code) = ping(&site, &[&[address.as_str()], &trusting[..]].concat());
    assert!(code == Some(0) && told.starts_with("open  "), "{told}");
    let (told, code) =
        ping(&site, &[&[address.as_str(), "--ca", "other.pem"], &named[..]].concat());
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("no TLS with the peer: "), "{told}");
    let (told, code) = ping(&site, &[&address]);
    assert_eq!(code, Some(0), "a connection without TLS is one all the same: {told}");
}

fn a_ping_ends_with_the_number_of_what_went_wrong() {
    let (site, _engine) = running("");
    let nobody = Nobody::new();
    assert_eq!(ping(&site, &[&nobody.address().to_string()]).1, Some(4));
    let (told, missing) = ping(&site, &["localhost:1", "--message", "nothing.hl7"]);
    assert_eq!(missing, Some(6), "{told}");
    let answers: [(fn() -> Reply, i32); 4] = [
        (|| Reply::Code("AE"), 20),
        (|| Reply::Silence, 21),
        (|| Reply::Raw(b"\x0bMSH|^~\\&|\rMSA|AA|OTHER\r\x1c\r".to_vec()), 22),
        (|| Reply::Close, 1),
    ];
    for (reply, expected) in answers {
        let sink = Sink::start(move |_| reply());
        let to = sink.address().to_string();
        let (told, code) = with_message(&site, &to, &["--timeout", "500ms"]);
        assert_eq!(code, Some(expected), "{told}");
    }
}
