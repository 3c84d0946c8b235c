//! One message of a hundred megabytes, and the memory it costs: BOUND-1 at its largest.
//!
//! What is bounded is the engine's peak, as the kernel counts it, and it is printed. The buffer in which a message is
//! received is the only one that holds it: the record for the journal and the frame for the destination are written
//! from there.

use std::fs;

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_message_of_100_mb_passes_and_memory_stays_bounded,
        one_byte_over_the_limit_is_refused_before_it_is_buffered_and_the_refusal_is_read,
    ]
}

const MIB: usize = 1024 * 1024;
/// What is sent: 100 MB as people say it.
const SIZE: usize = 100_000_000;
/// A limit just below.
const LIMIT: usize = 95 * MIB;
/// What the engine takes for itself, whatever it carries, in bytes.
const ENGINE: usize = 64 * MIB;

/// A message of exactly this size.
fn message(control_id: &str, size: usize) -> Vec<u8> {
    let mut message = adt(control_id);
    message.extend_from_slice(b"OBX|1|ED|DOCUMENT||");
    message.resize(size - 1, b'x');
    message.push(b'\r');
    message
}

fn site(limit: &str, sink: &Sink) -> Site {
    let address = sink.address();
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
max_message_size = "{limit}"

[[routes]]
id = "all"
match = {{}}
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
"#
        ),
    )
}

/// The most memory the engine has had at once, in bytes.
fn peak(engine: &Engine) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", engine.pid())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes * 1024
}

fn a_message_of_100_mb_passes_and_memory_stays_bounded() {
    let sink = Sink::accepting();
    let site = site("128MiB", &sink);
    let engine = site.start();
    let before = engine.resident_bytes();
    let message = message("LARGE", SIZE);
    assert_eq!(Peer::connect(engine.address("in")).send(&message), "AA");
    assert!(sink.wait_for(1)[0].payload == message, "RAW-1");
    engine.wait_for_queue("lis", "delivered", |row| row.pending == 0);
    let peak = peak(&engine);
    println!(
        "a message of {SIZE} bytes: {before} bytes resident before, {peak} at the peak, {} after",
        engine.resident_bytes()
    );
    assert!(peak < 2 * SIZE + ENGINE, "{peak} bytes for a message of {SIZE}");
}

fn one_byte_over_the_limit_is_refused_before_it_is_buffered_and_the_refusal_is_read() {
    let sink = Sink::accepting();
    let site = site(&format!("{}MiB", LIMIT / MIB), &sink);
    let engine = site.start();
    let before = engine.resident_bytes();
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&message("OVER", LIMIT + 1)));
    let answer = peer.read();
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "OVER".into()));
    assert!(peer.is_closed());
    let counts = engine.counts("in");
    assert_eq!((counts.frames, counts.stored, counts.answered_ar), (0, 0, 1));
    let peak = peak(&engine);
    println!(
        "a message of {} bytes over a limit of {LIMIT}: {before} bytes resident before, {peak} at the peak",
        LIMIT + 1
    );
    assert!(peak < 2 * LIMIT + ENGINE, "{peak} bytes for a limit of {LIMIT}");

    assert_eq!(Peer::connect(engine.address("in")).send(&message("EXACT", LIMIT)), "AA");
    assert_eq!(sink.wait_for(1)[0].control_id, "EXACT");
}
