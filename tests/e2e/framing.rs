//! What is on the wire and what becomes of it: BEHAVIOUR of frames, junk, limits and clocks.

use std::io::Write;
use std::time::Duration;

use libtest_mimic::Trial;
use wardline_engine::observe::ListenerCounts;
use wardline_tests::message::{adt, field, framed, large};
use wardline_tests::peer::Peer;
use wardline_tests::site::Engine;
use wardline_tests::{trials, wait};

use crate::ours::{inbox, running};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_frame_cut_into_single_bytes_is_answered_like_a_whole_one,
        several_frames_in_one_write_are_answered_in_order,
        bytes_before_a_frame_are_dropped_and_counted,
        line_ends_between_frames_are_silent_and_start_no_clock,
        a_new_frame_inside_an_unfinished_one_replaces_it,
        a_vt_that_starts_no_message_is_payload,
        a_frame_that_ends_in_fs_alone_is_handled_after_a_second_of_silence,
        a_frame_that_ends_in_fs_lf_is_handled,
        a_strict_listener_takes_fs_without_cr_as_payload,
        a_listener_that_ends_at_any_fs_needs_no_cr,
        empty_frames_and_commit_blocks_are_ignored_and_counted,
        a_message_over_the_limit_is_refused_and_the_refusal_arrives,
        what_is_too_large_and_begins_with_no_header_is_closed_without_an_answer,
        a_message_of_exactly_the_limit_is_taken,
        noise_without_a_frame_is_closed_after_64_kib,
        noise_that_stops_is_closed_by_the_frame_clock,
        a_frame_that_stops_coming_is_closed_and_counted,
        a_frame_that_takes_too_long_is_closed_and_counted,
        a_silent_connection_is_closed_where_the_listener_says_so,
        connecting_and_leaving_is_not_worth_a_log_line,
        a_half_closed_sender_still_gets_its_answer,
        the_end_of_the_stream_inside_a_frame_stores_nothing,
        a_reset_inside_a_frame_stores_nothing,
        a_peer_that_does_not_read_its_answers_is_closed,
        a_full_listener_lets_a_newcomer_take_the_place_of_an_idle_connection,
        a_full_listener_closes_newcomers_where_told_so,
        a_source_has_so_many_connections_and_others_are_let_in,
    ]
}

/// The listener's counters once they look like this.
fn counted(engine: &Engine, what: &str, is_so: impl Fn(&ListenerCounts) -> bool) -> ListenerCounts {
    wait::until(what, || {
        let counts = engine.counts("in");
        is_so(&counts).then_some(counts)
    })
}

fn a_frame_cut_into_single_bytes_is_answered_like_a_whole_one() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    for byte in framed(&adt("CUT1")) {
        peer.write(&[byte]);
    }
    assert_eq!(field(&peer.read(), "MSA", 1), "AA");
    assert_eq!(peer.send(&adt("CUT2")), "AA", "the next message is handled");
}

fn several_frames_in_one_write_are_answered_in_order() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    let ids: Vec<String> = (0..20).map(|n| format!("ROW{n}")).collect();
    let mut bytes: Vec<u8> = ids.iter().flat_map(|id| framed(&adt(id))).collect();
    let half = framed(&adt("HALF"));
    bytes.extend_from_slice(&half[..10]);
    peer.write(&bytes);
    let answered: Vec<String> = ids.iter().map(|_| field(&peer.read(), "MSA", 2)).collect();
    assert_eq!(answered, ids);
    peer.write(&half[10..]);
    assert_eq!(field(&peer.read(), "MSA", 2), "HALF", "a frame and a half is a frame and a half");
}

fn bytes_before_a_frame_are_dropped_and_counted() {
    let site = inbox("");
    let mut engine = site.spawn(&[("WARDLINE_LOG_FILTER", "debug")]);
    engine.wait_until_up();
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(b"GARBAGE");
    assert_eq!(peer.send(&adt("AFTER")), "AA");
    assert_eq!(engine.counts("in").lost_bytes, 7);
    let log = engine.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("lost bytes")).collect();
    let told_of: u64 = told.iter().filter_map(|line| line.split("bytes=").nth(1)).map(length).sum();
    assert_eq!(told_of, 7, "{told:?}");
    assert!(!log.contains("GARBAGE"), "lost bytes are logged by length only");
}

/// The number that a text begins with.
fn length(text: &str) -> u64 {
    text.split(|character: char| !character.is_ascii_digit())
        .next()
        .and_then(|digits| digits.parse().ok())
        .expect("a number")
}

fn line_ends_between_frames_are_silent_and_start_no_clock() {
    let (_site, engine) = running("frame_idle_timeout = \"200ms\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(b"\r\n\0 \x1c");
    wait::until_so("the first to be let in", || engine.counts("in").opened == 1);
    for _ in 0..2 {
        let mut noisy = Peer::connect(engine.address("in"));
        noisy.write(b"x");
        assert!(noisy.is_closed(), "the clock of what came later has run out");
    }
    assert_eq!(peer.send(&adt("ONE")), "AA");
    peer.write(b"\n");
    assert_eq!(peer.send(&adt("TWO")), "AA");
    assert_eq!(engine.counts("in").lost_bytes, 2, "the noise alone");
}

fn a_new_frame_inside_an_unfinished_one_replaces_it() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(b"\x0bMSH|^~\\&|A|B|C|D|2026||ADT^A01|LOST|P|2.5\rPI");
    assert_eq!(peer.send(&adt("WHOLE")), "AA");
    let counts = engine.counts("in");
    assert_eq!((counts.frames_abandoned, counts.frames, counts.stored), (1, 1, 1));
}

fn a_vt_that_starts_no_message_is_payload() {
    let (site, engine) = running("");
    let mut payload = adt("INNER");
    payload.extend_from_slice(b"NTE|1||a\x0bb\r");
    assert_eq!(Peer::connect(engine.address("in")).send(&payload), "AA");
    assert_eq!(engine.counts("in").lint_inner_vt, 1);
    let file = site.folder().join("out/INNER.hl7");
    let written = wait::until("the file", || std::fs::read(&file).ok());
    assert_eq!(written, payload, "RAW-1");
}

fn a_frame_that_ends_in_fs_alone_is_handled_after_a_second_of_silence() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&[b"\x0b".as_slice(), &adt("FSONLY"), b"\x1c"].concat());
    assert_eq!(field(&peer.read(), "MSA", 2), "FSONLY");
    peer.write(b"\r");
    assert_eq!(peer.send(&adt("NEXT")), "AA", "the late CR is silent");
    let counts = engine.counts("in");
    assert_eq!((counts.lint_frame_end, counts.lost_bytes), (1, 0));
}

fn a_frame_that_ends_in_fs_lf_is_handled() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&[b"\x0b".as_slice(), &adt("FSLF"), b"\x1c\n"].concat());
    assert_eq!(field(&peer.read(), "MSA", 2), "FSLF");
    assert_eq!(engine.counts("in").lint_frame_end, 1);
}

fn a_strict_listener_takes_fs_without_cr_as_payload() {
    let (site, engine) = running("frame_end = \"fs-cr\"");
    let mut payload = adt("STRICT");
    payload.extend_from_slice(b"NTE|1||a\x1c\nb\r");
    assert_eq!(Peer::connect(engine.address("in")).send(&payload), "AA");
    let file = site.folder().join("out/STRICT.hl7");
    assert_eq!(wait::until("the file", || std::fs::read(&file).ok()), payload, "RAW-1");
}

fn a_listener_that_ends_at_any_fs_needs_no_cr() {
    let (_site, engine) = running("frame_end = \"fs\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&[b"\x0b".as_slice(), &adt("FS1"), b"\x1c\x0b", &adt("FS2"), b"\x1c"].concat());
    assert_eq!(field(&peer.read(), "MSA", 2), "FS1");
    assert_eq!(field(&peer.read(), "MSA", 2), "FS2");
}

fn empty_frames_and_commit_blocks_are_ignored_and_counted() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(b"\x0b\x1c\r\x0b\x06\x1c\r\x0b\x15\x1c\r");
    assert_eq!(peer.send(&adt("REAL")), "AA", "the first answer is for the first message");
    let counts = engine.counts("in");
    assert_eq!((counts.frames_ignored, counts.frames), (3, 1));
}

fn a_message_over_the_limit_is_refused_and_the_refusal_arrives() {
    let (_site, engine) = running("max_message_size = \"64KiB\"");
    let mut peer = Peer::connect(engine.address("in"));
    // Much more than the socket's buffers: the refusal must arrive while the sender is still writing.
    let frame = framed(&large("BIG", 8 * 1024 * 1024));
    let mut stream = peer.stream().try_clone().expect("a socket");
    let writer = std::thread::spawn(move || {
        let _cut_short_at_will = stream.write_all(&frame);
    });
    let answer = peer.read();
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "BIG".into()));
    let text = field(&answer, "MSA", 3);
    assert!(text.contains("larger than the 65536 bytes"), "{text}");
    assert!(peer.is_closed());
    writer.join().expect("the writer ends");
    let counts = counted(&engine, "the closed connection", |counts| counts.closed_too_large == 1);
    assert_eq!((counts.stored, counts.answered_ar), (0, 1));
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("NEXT")), "AA");
}

fn what_is_too_large_and_begins_with_no_header_is_closed_without_an_answer() {
    let (_site, engine) = running("max_message_size = \"64KiB\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&vec![b'x'; 64 * 1024 + 1]));
    assert!(peer.is_closed(), "and nothing before");
    let counts = counted(&engine, "the closed connection", |counts| counts.closed_too_large == 1);
    assert_eq!((counts.answered_ar, counts.stored), (0, 0));
}

fn a_message_of_exactly_the_limit_is_taken() {
    let (_site, engine) = running("max_message_size = \"64KiB\"");
    let payload = large("EXACT", 64 * 1024);
    assert_eq!(payload.len(), 64 * 1024);
    assert_eq!(Peer::connect(engine.address("in")).send(&payload), "AA");
}

fn noise_without_a_frame_is_closed_after_64_kib() {
    let (_site, engine) = running("");
    let address = engine.address("in");
    let mut neighbour = Peer::connect(address);
    let mut peer = Peer::connect(address);
    let _closed_while_writing = peer.try_write(&vec![b'x'; 256 * 1024]);
    assert!(peer.is_closed());
    counted(&engine, "the closed connection", |counts| counts.closed_no_frame == 1);
    assert_eq!(neighbour.send(&adt("CALM")), "AA", "others are unaffected");
}

fn noise_that_stops_is_closed_by_the_frame_clock() {
    let (_site, engine) = running("frame_idle_timeout = \"200ms\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(b"GET / HTTP/1.1\r\n\r\n");
    assert!(peer.is_closed());
    counted(&engine, "the closed connection", |counts| counts.closed_no_frame == 1);
}

fn a_frame_that_stops_coming_is_closed_and_counted() {
    let (_site, engine) = running("frame_idle_timeout = \"200ms\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(b"\x0bMSH|^~\\&|A");
    assert!(peer.is_closed());
    let counts =
        counted(&engine, "the closed connection", |counts| counts.closed_frame_timeout == 1);
    assert_eq!(counts.stored, 0);
}

fn a_frame_that_takes_too_long_is_closed_and_counted() {
    let (_site, engine) = running("frame_timeout = \"300ms\"\nframe_idle_timeout = \"10s\"");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(b"\x0bMSH|^~\\&|");
    wait::until_so("the slow frame to be closed", || {
        // A byte now and then keeps the idle clock of the frame at bay.
        let _closed_at_last = peer.try_write(b"A");
        engine.counts("in").closed_frame_timeout == 1
    });
}

fn a_silent_connection_is_closed_where_the_listener_says_so() {
    let (_site, engine) = running("idle_timeout = \"200ms\"");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("LAST")), "AA");
    assert!(peer.is_closed());
    counted(&engine, "the closed connection", |counts| counts.closed_idle == 1);
}

fn connecting_and_leaving_is_not_worth_a_log_line() {
    let (_site, engine) = running("");
    let before = engine.log();
    drop(Peer::connect(engine.address("in")));
    Peer::connect(engine.address("in")).reset();
    counted(&engine, "two closed connections", |counts| counts.closed == 2);
    assert_eq!(engine.log(), before);
}

fn a_half_closed_sender_still_gets_its_answer() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("HALF")));
    peer.shut_write();
    assert_eq!(field(&peer.read(), "MSA", 2), "HALF");
    assert!(peer.is_closed());
}

fn the_end_of_the_stream_inside_a_frame_stores_nothing() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("CUT"))[..40]);
    peer.shut_write();
    assert!(peer.is_closed());
    let counts =
        counted(&engine, "the closed connection", |counts| counts.closed_inside_frame == 1);
    assert_eq!((counts.frames, counts.stored), (0, 0));
}

fn a_reset_inside_a_frame_stores_nothing() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("CUT"))[..40]);
    peer.reset();
    let counts =
        counted(&engine, "the closed connection", |counts| counts.closed_inside_frame == 1);
    assert_eq!(counts.stored, 0);
}

fn a_peer_that_does_not_read_its_answers_is_closed() {
    let (_site, engine) = running("write_timeout = \"300ms\"\nunrouted = \"discard\"");
    let peer = Peer::connect(engine.address("in"));
    let frames = framed(&wardline_tests::message::message("QRY^A19", "FLOOD")).repeat(1000);
    let mut stream = peer.stream().try_clone().expect("a socket");
    stream.set_write_timeout(Some(Duration::from_millis(100))).expect("a socket");
    let counts = wait::until("the peer that does not read to be closed", || {
        let _stalls_once_answers_pile_up = stream.write_all(&frames);
        let counts = engine.counts("in");
        (counts.closed == 1).then_some(counts)
    });
    assert_eq!(counts.closed_write_timeout, 1, "{counts:?}");
}

fn a_full_listener_lets_a_newcomer_take_the_place_of_an_idle_connection() {
    let (_site, engine) = running("max_connections = 2");
    let address = engine.address("in");
    let mut first = Peer::connect(address);
    assert_eq!(first.send(&adt("1")), "AA");
    let mut second = Peer::connect(address);
    assert_eq!(second.send(&adt("2")), "AA");
    let mut third = Peer::connect(address);
    assert_eq!(third.send(&adt("3")), "AA");
    assert!(first.is_closed(), "the oldest idle connection made room");
    assert_eq!(second.send(&adt("4")), "AA");
    assert_eq!(engine.counts("in").closed_replaced, 1);
}

fn a_full_listener_closes_newcomers_where_told_so() {
    let (_site, engine) = running("max_connections = 1\nwhen_full = \"close-newcomer\"");
    let address = engine.address("in");
    let mut first = Peer::connect(address);
    assert_eq!(first.send(&adt("1")), "AA");
    let mut second = Peer::connect(address);
    assert!(second.is_closed());
    assert_eq!(first.send(&adt("2")), "AA");
    assert_eq!(engine.counts("in").refused_full, 1);
}

fn a_source_has_so_many_connections_and_others_are_let_in() {
    let (_site, engine) = running("max_per_source = 1\nwhen_full = \"close-newcomer\"");
    let address = engine.address("in");
    let mut first = Peer::connect(address);
    assert_eq!(first.send(&adt("1")), "AA");
    assert!(Peer::connect(address).is_closed());
    let mut other = Peer::from("127.0.0.2:0".parse().expect("an address"), address);
    assert_eq!(other.send(&adt("2")), "AA", "another source has a place of its own");
    assert_eq!(first.send(&adt("3")), "AA");
    assert_eq!(engine.counts("in").refused_full, 1);
}
