//! A store whose folder was damaged between two starts: the index is rebuilt from the journal, a damaged journal is told.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{Request, Response, StoreFigures};
use wardline_tests::message::{adt, large};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        an_index_that_is_whole_is_used_again,
        a_deleted_index_is_rebuilt,
        a_truncated_index_is_rebuilt,
        an_emptied_index_is_rebuilt,
        an_overwritten_index_is_rebuilt,
        a_command_on_a_stopped_store_shows_what_the_store_says,
        an_index_of_which_files_are_missing_is_rebuilt,
        a_file_in_the_place_of_the_index_is_replaced,
        an_index_of_another_moment_is_caught_up_or_rebuilt,
        an_index_overwritten_under_a_running_engine_loses_nothing,
        a_damaged_journal_stops_the_start_and_is_told_with_its_place,
        a_missing_segment_stops_the_start_and_is_named,
        a_torn_tail_of_the_journal_is_no_damage,
    ]
}

/// Messages a store holds when it is damaged.
const MESSAGES: usize = 400;
/// Every so many one is large.
const LARGE_EVERY: usize = 50;
/// Most of a segment.
const LARGE_SIZE: usize = 200 * 1024;
/// The exit code of a damaged store.
const STORE_CORRUPT: i32 = 10;

fn payload(number: usize) -> Vec<u8> {
    let control_id = format!("M{number}");
    if number.is_multiple_of(LARGE_EVERY) {
        large(&control_id, LARGE_SIZE)
    } else {
        adt(&control_id)
    }
}

/// Each is acknowledged.
fn send(engine: &Engine, numbers: Range<usize>) {
    let mut peer = Peer::connect(engine.address("in"));
    for number in numbers {
        assert_eq!(peer.send(&payload(number)), "AA");
    }
}

/// A site with one destination that has everything, and one that waits.
struct Half {
    site: Site,
    up: Sink,
    nobody: Nobody,
}

impl Half {
    /// All messages are delivered to `up` and wait for `down`; the engine has drained.
    fn delivered() -> Self {
        let (half, engine) = Self::filled();
        assert!(engine.stop().success(), "a drain");
        half
    }

    /// The same, and the engine still runs.
    fn filled() -> (Self, Engine) {
        let half =
            Self { site: Site::new(PROGRAM, ""), up: Sink::accepting(), nobody: Nobody::new() };
        half.configure(half.nobody.address());
        let engine = half.site.start();
        send(&engine, 0..MESSAGES);
        engine.wait_for_queue("up", "empty", |row| row.pending == 0);
        (half, engine)
    }

    fn index(&self) -> PathBuf {
        self.site.store().join("index")
    }

    /// Starts on the damaged store; panics unless all of it is as it was. Returns how often the index was rebuilt.
    fn hold(&self, messages: usize) -> u64 {
        let engine = self.site.start();
        let row = engine.wait_for_queue("down", "all that waited", |row| row.pending > 0);
        assert_eq!((row.pending, row.dead, row.held), (messages as u64, 0, 0), "END-1");
        assert_eq!(engine.queue("up").pending, 0, "END-1: what was delivered is not resurrected");
        let rebuilds = figures(&engine).index_rebuilds;
        assert!(engine.stop().success(), "a drain");

        let down = Sink::accepting();
        self.configure(down.address());
        let engine = self.site.start();
        engine.wait_for_queue("down", "empty", |row| row.pending == 0);
        for (number, arrived) in down.wait_for(messages).iter().enumerate() {
            assert!(arrived.payload == payload(number), "ORDER-1, RAW-1: {}", arrived.control_id);
        }
        assert_eq!(down.arrived().len(), messages, "each once: nothing crashed");
        assert_eq!(self.up.arrived().len(), messages, "each once: nothing crashed");
        rebuilds
    }

    fn configure(&self, down: SocketAddr) {
        let up = self.up.address();
        self.site.configure(&format!(
            r#"
[store]
min_free = "1MiB"
segment_size = "256KiB"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "both"
to = ["up", "down"]

[[destinations]]
id = "up"
kind = "mllp"
address = "{up}"

[[destinations]]
id = "down"
kind = "mllp"
address = "{down}"
retry = {{ first = "20ms", max = "1s" }}
"#
        ));
    }
}

fn figures(engine: &Engine) -> StoreFigures {
    match engine.ask(&Request::StoreStats) {
        Response::StoreStats(figures) => *figures,
        other => panic!("asked for the store's figures, got {other:?}"),
    }
}

/// The files of a folder and of its folders.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn overwrite(path: &Path) {
    let length = fs::metadata(path).expect("a file").len();
    let file = File::options().write(true).open(path).expect("a writable file");
    let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
        .take(usize::try_from(length).expect("a size"))
        .collect();
    file.write_all_at(&random, 0).expect("a writable file");
}

fn shorten(path: &Path, length: u64) {
    let file = File::options().write(true).open(path).expect("a writable file");
    file.set_len(length).expect("a writable file");
}

fn an_index_that_is_whole_is_used_again() {
    assert_eq!(Half::delivered().hold(MESSAGES), 0);
}

fn a_deleted_index_is_rebuilt() {
    let half = Half::delivered();
    fs::remove_dir_all(half.index()).expect("an index");
    assert_eq!(half.hold(MESSAGES), 1);
}

fn a_truncated_index_is_rebuilt() {
    let half = Half::delivered();
    for path in files(&half.index()) {
        let length = fs::metadata(&path).expect("a file").len();
        shorten(&path, length / 2);
    }
    assert_eq!(half.hold(MESSAGES), 1);
}

fn an_emptied_index_is_rebuilt() {
    let half = Half::delivered();
    for path in files(&half.index()) {
        shorten(&path, 0);
    }
    assert_eq!(half.hold(MESSAGES), 1);
}

fn an_overwritten_index_is_rebuilt() {
    let half = Half::delivered();
    for path in files(&half.index()) {
        overwrite(&path);
    }
    assert_eq!(half.hold(MESSAGES), 1);
}

fn an_index_of_which_files_are_missing_is_rebuilt() {
    let half = Half::delivered();
    fs::remove_file(half.index().join("db")).expect("sled's file");
    assert_eq!(half.hold(MESSAGES), 1);
}

fn a_file_in_the_place_of_the_index_is_replaced() {
    let half = Half::delivered();
    fs::remove_dir_all(half.index()).expect("an index");
    fs::write(half.index(), b"this is no folder").expect("a writable folder");
    assert_eq!(half.hold(MESSAGES), 1);
}

fn an_index_of_another_moment_is_caught_up_or_rebuilt() {
    let half = Half::delivered();
    let kept = half.site.folder().join("index-of-before");
    fs::create_dir(&kept).expect("a writable folder");
    for path in files(&half.index()) {
        let name = path.strip_prefix(half.index()).expect("a file of the index");
        let copy = kept.join(name);
        fs::create_dir_all(copy.parent().expect("a folder")).expect("a writable folder");
        fs::copy(&path, copy).expect("a copy");
    }
    let engine = half.site.start();
    send(&engine, MESSAGES..2 * MESSAGES);
    engine.wait_for_queue("up", "empty", |row| row.pending == 0);
    assert!(engine.stop().success(), "a drain");
    fs::remove_dir_all(half.index()).expect("an index");
    fs::rename(&kept, half.index()).expect("a writable folder");
    assert!(half.hold(2 * MESSAGES) <= 1);
}

fn an_index_overwritten_under_a_running_engine_loses_nothing() {
    let (half, engine) = Half::filled();
    for path in files(&half.index()) {
        overwrite(&path);
    }
    send(&engine, MESSAGES..2 * MESSAGES);
    engine.wait_for_queue("up", "empty", |row| row.pending == 0);
    assert!(engine.stop().success(), "a drain");
    half.hold(2 * MESSAGES);
}

/// The journal's segments, oldest first.
fn segments(half: &Half) -> Vec<PathBuf> {
    let mut segments = files(&half.site.store());
    segments.retain(|path| path.extension().is_some_and(|end| end == "journal"));
    segments.sort();
    assert!(segments.len() > 3, "a journal of several segments");
    segments
}

/// Starts on a store that must not open; returns what the engine said.
fn refused_start(half: &Half) -> String {
    let before = fs::read_dir(half.site.store()).expect("a store").count();
    let mut engine = half.site.spawn(&[]);
    assert_eq!(engine.wait().code(), Some(STORE_CORRUPT), "{}", engine.log());
    let after = fs::read_dir(half.site.store()).expect("a store").count();
    assert_eq!(before, after, "nothing is changed in a damaged store");
    engine.log()
}

fn a_damaged_journal_stops_the_start_and_is_told_with_its_place() {
    let half = Half::delivered();
    let segment = segments(&half).swap_remove(1);
    let file = File::options().read(true).write(true).open(&segment).expect("a segment");
    let middle = 64 * 1024 + 7;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).expect("a byte");
    file.write_all_at(&[byte[0] ^ 0x40], middle).expect("a writable segment");
    let told = refused_start(&half);
    let name = segment.file_name().expect("a name").to_string_lossy();
    assert!(told.contains(&*name) && told.contains("is damaged at offset"), "{told}");
}

fn a_missing_segment_stops_the_start_and_is_named() {
    let half = Half::delivered();
    let segment = segments(&half).swap_remove(1);
    fs::remove_file(&segment).expect("a segment");
    let told = refused_start(&half);
    let name = segment.file_name().expect("a name").to_string_lossy();
    assert!(told.contains(&*name), "{told}");
}

fn a_command_on_a_stopped_store_shows_what_the_store_says() {
    let half = Half::delivered();
    fs::remove_dir_all(half.site.store().join("index")).expect("an index");
    fs::write(half.site.store().join("index"), b"no index").expect("a file in its place");
    let listed = half.site.command(["queue", "list", "--config", "wardline.toml"]);
    let said = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success(), "{said}");
    assert!(said.contains("WARN the index cannot be used: rebuilding it"), "{said}");
}

fn a_torn_tail_of_the_journal_is_no_damage() {
    let half = Half::delivered();
    let last = segments(&half).pop().expect("a segment");
    let bytes = fs::read(&last).expect("a segment");
    let end = bytes.iter().rposition(|&byte| byte != 0).expect("a segment that was written to");
    // Where a group would begin whose write was cut: after the last whole one.
    let next = (end as u64 + 1).next_multiple_of(4096);
    let file = File::options().write(true).open(&last).expect("a segment");
    file.write_all_at(&bytes[4096..4096 + 1024], next).expect("a writable segment");
    half.hold(MESSAGES);
}
