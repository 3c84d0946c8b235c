//! A write to the journal fails: nothing is acknowledged after it, the process ends, the next start recovers.
//!
//! The system is told, while the engine runs, that no file of it may grow beyond a few blocks: the next write to the
//! journal fails with EFBIG.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use libtest_mimic::Trial;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempPath;
use wardline_tests::message::{adt, control_id, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![a_write_that_fails_ends_the_process_and_nothing_acknowledged_is_lost]
}

/// Connections that send at the same time.
const SENDERS: usize = 4;
/// Messages a sender sends before the writes begin to fail.
const BEFORE: usize = 50;
/// The exit code of a store that could not write.
const STORE_FAILED: i32 = 9;
/// Room for the log, and less than any segment.
const LARGEST_FILE: u64 = 128 * 1024;

fn a_write_that_fails_ends_the_process_and_nothing_acknowledged_is_lost() {
    let sink = Sink::accepting();
    let deaf = deaf_program();
    let site = site(&deaf, &sink);
    let mut engine = site.start();
    let address = engine.address("in");
    let mut peers: Vec<Peer> = (0..SENDERS).map(|_| Peer::connect(address)).collect();
    for (sender, peer) in peers.iter_mut().enumerate() {
        for number in 0..BEFORE {
            assert_eq!(peer.send(&adt(&format!("{sender}-{number}"))), "AA");
        }
    }
    let sending: Vec<_> = (0..)
        .zip(peers)
        .map(|(sender, peer)| thread::spawn(move || send_until_closed(sender, peer)))
        .collect();
    let_no_file_grow_beyond(LARGEST_FILE, &engine);
    assert_eq!(engine.wait().code(), Some(STORE_FAILED), "{}", engine.log());
    let log = engine.log();
    assert!(
        log.contains("the store failed: the process ends, nothing more is acknowledged"),
        "{log}"
    );
    assert!(log.contains("File too large"), "what the system said: {log}");
    let acknowledged: Vec<usize> =
        sending.into_iter().map(|sender| sender.join().expect("a sender")).collect();
    drop(engine);

    let engine = site.start();
    engine.wait_for_queue("lis", "empty", |row| row.pending == 0);
    let arrived = sink.control_ids();
    for (sender, count) in acknowledged.into_iter().enumerate() {
        for number in 0..count {
            assert!(arrived.contains(&format!("{sender}-{number}")), "ACK-1: {sender}-{number}");
        }
    }
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("NEXT")), "AA");
}

/// Goes on where [`BEFORE`] ended; gives how many messages were acknowledged in all.
fn send_until_closed(sender: usize, mut peer: Peer) -> usize {
    let mut number = BEFORE;
    loop {
        let payload = adt(&format!("{sender}-{number}"));
        match peer.try_write(&framed(&payload)).and_then(|()| peer.try_read()) {
            Ok(Some(answer)) => {
                let answered = (field(&answer, "MSA", 1), field(&answer, "MSA", 2));
                assert_eq!(answered, ("AA".to_owned(), control_id(&payload)));
                number += 1;
            }
            Ok(None) | Err(_) => return number,
        }
    }
}

fn let_no_file_grow_beyond(bytes: u64, engine: &Engine) {
    let pid = i32::try_from(engine.pid()).ok().and_then(Pid::from_raw);
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    prlimit(pid, Resource::Fsize, limit).expect("a running process of ours");
}

fn site(program: &Path, sink: &Sink) -> Site {
    let address = sink.address();
    let configuration = format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
"#
    );
    Site::new(program, &configuration)
}

/// The engine's program, deaf to the signal that would end it before its write could fail.
fn deaf_program() -> TempPath {
    let mut script = tempfile::NamedTempFile::new().expect("a temporary file");
    write!(script, "#!/bin/sh\ntrap '' XFSZ\nexec '{PROGRAM}' \"$@\"\n").expect("a temporary file");
    let executable = Permissions::from_mode(0o755);
    script.as_file().set_permissions(executable).expect("a file of ours");
    script.into_temp_path()
}
