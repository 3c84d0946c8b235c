//! Listeners that watch a folder: files in, messages out, and no file lost or taken by halves.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use libtest_mimic::Trial;
use wardline_tests::message::{adt, control_id};
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_file_is_delivered_byte_for_byte_and_put_away,
        a_file_is_deleted_once_it_is_stored_where_told_so,
        a_file_that_is_still_written_waits_and_holds_no_other_up,
        a_batch_and_a_bare_run_of_messages_are_split,
        a_batch_that_lost_a_message_is_set_aside_whole,
        one_refused_message_keeps_its_file_out,
        a_file_over_the_limit_is_set_aside_unread,
        a_file_that_was_in_hand_is_taken_again_after_a_start,
        a_message_that_came_before_in_another_file_is_delivered_once_where_told_so,
        a_file_that_is_taken_again_after_a_start_is_delivered_once_where_told_so,
        a_folder_whose_files_another_listener_would_take_again_stops_the_start,
        files_that_cannot_be_taken_are_told_of_once,
        no_file_is_lost_however_often_the_engine_is_killed,
        a_folder_that_is_not_there_stops_the_start,
        check_and_status_show_the_folder,
    ]
}

/// A folder, its listener with these keys, and a destination for everything.
struct Dropbox {
    site: Site,
    sink: Sink,
}

impl Dropbox {
    fn new(keys: &str) -> Self {
        let sink = Sink::accepting();
        let configuration = format!(
            r#"
[[listeners]]
id = "in"
kind = "file"
path = "dropbox"
poll_every = "20ms"
{keys}

[[routes]]
id = "all"
to = ["lis"]
match = {{}}

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
"#,
            sink.address()
        );
        let site = Site::new(PROGRAM, &configuration);
        fs::create_dir(site.folder().join("dropbox")).expect("a folder");
        Self { site, sink }
    }

    /// One that takes files at the second look.
    fn quick(keys: &str) -> Self {
        Self::new(&format!("stable_for = \"20ms\"\n{keys}"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.site.folder().join("dropbox").join(name)
    }

    /// Puts a file there as a careful sender does.
    fn put(&self, name: &str, content: &[u8]) {
        let hidden = self.path(&format!(".{name}"));
        fs::write(&hidden, content).expect("a writable folder");
        fs::rename(hidden, self.path(name)).expect("a rename");
    }

    /// The names of what lies in a folder below.
    fn names(&self, below: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path(below)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
        names.map(|name| name.expect("plain")).collect()
    }

    fn wait_for(&self, below: &str, names: &[&str]) {
        let wanted: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        wait::until_so(&format!("{names:?} in {below}"), || self.names(below) == wanted);
    }

    fn reason(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("failed/{name}.reason"))).expect("a reason")
    }

    /// What must be so at any time: the log names no file and shows no content.
    fn assert_log_is_discreet(&self, engine: &Engine, secret: &str) {
        assert!(!engine.log().contains(secret), "PHI-1: {}", engine.log());
        assert!(self.names("failed").iter().any(|name| name.contains(secret)));
    }
}

fn a_file_is_delivered_byte_for_byte_and_put_away() {
    let dropbox = Dropbox::quick("");
    let engine = dropbox.site.start();
    let message = adt("M1");
    dropbox.put("a.hl7", &message);
    let arrived = dropbox.sink.wait_for(1);
    assert_eq!(arrived[0].payload, message, "RAW-1");
    dropbox.wait_for("done", &["a.hl7"]);
    assert_eq!(fs::read(dropbox.path("done/a.hl7")).expect("a file"), message);
    wait::until_so("the count of files done", || engine.counts("in").files_done == 1);
    let counts = engine.counts("in");
    assert_eq!((counts.files, counts.stored, counts.files_failed), (1, 1, 0));
    assert!(engine.stop().success());
}

fn a_file_is_deleted_once_it_is_stored_where_told_so() {
    let dropbox = Dropbox::quick("when_done = \"delete\"");
    let _engine = dropbox.site.start();
    dropbox.put("a.hl7", &adt("M1"));
    dropbox.sink.wait_for(1);
    dropbox.wait_for(".wardline-taken", &[]);
    assert!(!dropbox.path("done").exists());
}

fn a_file_that_is_still_written_waits_and_holds_no_other_up() {
    let dropbox = Dropbox::new("stable_for = \"2s\"");
    let _engine = dropbox.site.start();
    let message = adt("M1");
    let mut growing = fs::File::create(dropbox.path("a.hl7")).expect("a file");
    dropbox.put("b.hl7", &adt("M2"));
    let mut rest = message.iter();
    // Each look finds it larger than the one before, until it is whole or the other has been delivered.
    while dropbox.sink.arrived().is_empty() {
        if let Some(byte) = rest.next() {
            growing.write_all(&[*byte]).expect("a byte");
            let written = growing.metadata().expect("a size").len();
            wait::within(std::time::Duration::from_millis(40), || None::<()>);
            assert!(written < message.len() as u64, "the other file was taken too late");
        }
    }
    assert_eq!(dropbox.sink.control_ids(), ["M2"]);
    growing.write_all(rest.as_slice()).expect("the rest");
    let arrived = dropbox.sink.wait_for(2);
    assert_eq!(arrived[1].payload, message);
}

fn a_batch_and_a_bare_run_of_messages_are_split() {
    let dropbox = Dropbox::quick("");
    let engine = dropbox.site.start();
    let batch = [b"FHS|^~\\&\rBHS|^~\\&\r", &*adt("M1"), &*adt("M2"), b"BTS|2\rFTS|1\r"].concat();
    dropbox.put("1.hl7", &batch);
    dropbox.sink.wait_for(2);
    dropbox.put("2.hl7", &[adt("M3"), adt("M4"), adt("M5")].concat());
    let arrived = dropbox.sink.wait_for(5);
    assert_eq!(dropbox.sink.control_ids(), ["M1", "M2", "M3", "M4", "M5"]);
    assert_eq!(arrived[1].payload, adt("M2"));
    dropbox.wait_for("done", &["1.hl7", "2.hl7"]);
    assert_eq!(engine.counts("in").stored, 5);
}

fn a_batch_that_lost_a_message_is_set_aside_whole() {
    let dropbox = Dropbox::quick("");
    let engine = dropbox.site.start();
    dropbox.put("SMITH.hl7", &[b"BHS|^~\\&\r", &*adt("M1"), b"BTS|2\r"].concat());
    dropbox.wait_for("failed", &["SMITH.hl7", "SMITH.hl7.reason"]);
    wait::until_so("the count of files set aside", || engine.counts("in").files_failed == 1);
    let reason = dropbox.reason("SMITH.hl7");
    assert!(reason.starts_with("reason: refused\nerror: 100 "), "{reason}");
    assert!(reason.contains("BTS-1"), "{reason}");
    assert_eq!(engine.counts("in").stored, 0);
    dropbox.assert_log_is_discreet(&engine, "SMITH");
}

fn one_refused_message_keeps_its_file_out() {
    let dropbox = Dropbox::quick("");
    let engine = dropbox.site.start();
    let nameless = String::from_utf8(adt("M2")).expect("text").replace("|M2|", "||");
    dropbox.put("a.hl7", &[&*adt("M1"), nameless.as_bytes(), &*adt("M3")].concat());
    dropbox.wait_for("failed", &["a.hl7", "a.hl7.reason"]);
    let reason = dropbox.reason("a.hl7");
    assert!(reason.contains("message: 2\nerror: 101 "), "{reason}");
    assert!(reason.contains("location: MSH-10\n"), "{reason}");
    // Mended, it comes in under the same name.
    dropbox.put("a.hl7", &[adt("M1"), adt("M2"), adt("M3")].concat());
    dropbox.sink.wait_for(3);
    assert_eq!(dropbox.sink.control_ids(), ["M1", "M2", "M3"]);
    assert_eq!(engine.counts("in").stored, 3);
}

fn a_file_over_the_limit_is_set_aside_unread() {
    let dropbox = Dropbox::quick("max_file_size = \"1KiB\"");
    let _engine = dropbox.site.start();
    dropbox.put("a.hl7", &adt("M1").repeat(20));
    dropbox.wait_for("failed", &["a.hl7", "a.hl7.reason"]);
    let reason = dropbox.reason("a.hl7");
    assert!(reason.starts_with("reason: too-large\n") && reason.contains("1024"), "{reason}");
}

fn a_file_that_was_in_hand_is_taken_again_after_a_start() {
    let dropbox = Dropbox::quick("");
    fs::create_dir(dropbox.path(".wardline-taken")).expect("a folder");
    fs::write(dropbox.path(".wardline-taken/a.hl7"), adt("M1")).expect("a file");
    let engine = dropbox.site.start();
    dropbox.sink.wait_for(1);
    dropbox.wait_for("done", &["a.hl7"]);
    assert!(engine.log().contains("files that were in hand are taken again"), "{}", engine.log());
}

fn a_message_that_came_before_in_another_file_is_delivered_once_where_told_so() {
    let dropbox = Dropbox::quick("dedup = \"replay\"");
    let engine = dropbox.site.start();
    dropbox.put("a.hl7", &adt("M1"));
    dropbox.wait_for("done", &["a.hl7"]);
    dropbox.put("b.hl7", &[adt("M1"), adt("M2")].concat());
    dropbox.wait_for("done", &["a.hl7", "b.hl7"]);
    dropbox.sink.wait_for(2);
    assert_eq!(dropbox.sink.control_ids(), ["M1", "M2"]);
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.duplicates_suppressed, counts.duplicates), (2, 1, 0));
}

fn a_file_that_is_taken_again_after_a_start_is_delivered_once_where_told_so() {
    let dropbox = Dropbox::quick("dedup = \"replay\"");
    let engine = dropbox.site.start();
    dropbox.put("a.hl7", &adt("M1"));
    dropbox.wait_for("done", &["a.hl7"]);
    engine.wait_for_queue("lis", "empty", |queue| queue.pending == 0);
    assert!(engine.stop().success());
    // As if the power had gone between the sync and the rename.
    fs::rename(dropbox.path("done/a.hl7"), dropbox.path(".wardline-taken/a.hl7")).expect("a file");
    let engine = dropbox.site.start();
    dropbox.wait_for("done", &["a.hl7"]);
    dropbox.put("b.hl7", &adt("M2"));
    dropbox.sink.wait_for(2);
    assert_eq!(dropbox.sink.control_ids(), ["M1", "M2"]);
    assert_eq!(engine.counts("in").duplicates_suppressed, 1);
}

fn a_folder_whose_files_another_listener_would_take_again_stops_the_start() {
    let dropbox = Dropbox::new("done = \"link\"");
    let other = dropbox.site.folder().join("other");
    fs::create_dir(&other).expect("a folder");
    std::os::unix::fs::symlink(&other, dropbox.path("link")).expect("a link");
    let listener = "\n[[listeners]]\nid = \"other\"\nkind = \"file\"\npath = \"other\"\n";
    let file = dropbox.site.folder().join("wardline.toml");
    let configuration = fs::read_to_string(&file).expect("a configuration");
    fs::write(&file, configuration + listener).expect("a writable folder");
    let run = dropbox.site.command(["run", "wardline.toml"]);
    let told = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("listener other watches it"), "{told}");
}

fn files_that_cannot_be_taken_are_told_of_once() {
    const TOLD: &str = "a file cannot be taken out of the folder";
    let dropbox = Dropbox::quick("");
    let engine = dropbox.site.start();
    let taken = dropbox.path(".wardline-taken");
    fs::remove_dir(&taken).expect("an empty folder");
    fs::write(&taken, "in its place").expect("a file");
    dropbox.put("a.hl7", &adt("M1"));
    wait::until_so("the log of it", || engine.log().contains(TOLD));
    // Some looks more find it as it was.
    wait::within(std::time::Duration::from_millis(200), || None::<()>);
    fs::remove_file(&taken).expect("a file");
    dropbox.sink.wait_for(1);
    dropbox.wait_for("done", &["a.hl7"]);
    wait::until_so("the log of its end", || engine.log().contains("no file is left"));
    let log = engine.log();
    assert_eq!(log.matches(TOLD).count(), 1, "{log}");
    assert!(!log.contains("cannot be worked on"), "the folder is well: {log}");
}

fn no_file_is_lost_however_often_the_engine_is_killed() {
    const FILES: usize = 120;
    const KILLS: usize = 4;
    let dropbox = Dropbox::quick("");
    let ids: Vec<String> = (0..FILES).map(|number| format!("M{number:03}")).collect();
    for id in &ids {
        dropbox.put(&format!("{id}.hl7"), &adt(id));
    }
    for kill in 1..=KILLS {
        let engine = dropbox.site.start();
        dropbox.sink.wait_for(FILES / (KILLS + 1) * kill);
        engine.kill();
    }
    let engine = dropbox.site.start();
    let wanted: BTreeSet<String> = ids.iter().cloned().collect();
    wait::until_so("every message", || {
        let arrived = dropbox.sink.arrived();
        let ids: BTreeSet<String> = arrived.iter().map(|one| control_id(&one.payload)).collect();
        ids == wanted
    });
    let files: BTreeSet<String> = ids.iter().map(|id| format!("{id}.hl7")).collect();
    wait::until_so("every file", || dropbox.names("done") == files);
    assert!(dropbox.names("failed").is_empty());
    assert!(engine.stop().success());
}

fn a_folder_that_is_not_there_stops_the_start() {
    let dropbox = Dropbox::quick("");
    fs::remove_dir(dropbox.path("")).expect("an empty folder");
    let run = dropbox.site.command(["run", "wardline.toml"]);
    let told = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("listener in cannot watch") && told.contains("dropbox"), "{told}");
}

fn check_and_status_show_the_folder() {
    let dropbox = Dropbox::quick("");
    let check = dropbox.site.command(["check", "wardline.toml"]);
    let told = String::from_utf8_lossy(&check.stdout);
    assert!(told.contains("watches  ") && told.contains("dropbox/*.hl7 (in)"), "{told}");
    let engine = dropbox.site.start();
    let row = engine.status().listeners.into_iter().next().expect("a row");
    assert!(row.address.ends_with("/dropbox"), "{row:?}");
    let mut half = OpenOptions::new();
    half.create(true).append(true).open(dropbox.path("ignored.txt")).expect("another file");
    dropbox.put("a.hl7", &adt("M1"));
    dropbox.sink.wait_for(1);
    assert!(dropbox.path("ignored.txt").exists(), "files that do not fit stay");
}
