//! What was received lately is read from the journal while the store is open, and changes nothing.

use std::time::Duration;

use bytes::Bytes;
use wardline_store::history::{HistoryError, Past, past};
use wardline_store::{CorruptionKind, MessageId, OpenError, ReadError, StoreOptions};

use crate::site::{Open, Site, delivered, eventually, message};

/// The bodies, the oldest first.
fn bodies(site: &Site, most: usize) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    let folder = site.folder.path().join("store");
    let count = past(&folder, most, &mut |one: Past| bodies.push(one.body)).expect("readable");
    assert_eq!(count, bodies.len());
    bodies
}

fn numbers(range: std::ops::Range<usize>) -> Vec<Bytes> {
    range.map(|number| Bytes::from(format!("message {number}"))).collect()
}

fn receive(open: &Open, range: std::ops::Range<usize>) {
    for number in range {
        open.message(&format!("message {number}"), &["lis"]);
    }
}

#[test]
fn the_newest_are_shown_oldest_first_while_the_store_is_open_and_after_any_start() {
    let site = Site::new();
    let open = site.open();
    assert!(bodies(&site, 10).is_empty());
    receive(&open, 0..5);
    assert_eq!(bodies(&site, 10), numbers(0..5));
    drop(open);
    let open = site.open();
    receive(&open, 5..8);
    assert_eq!(bodies(&site, 10), numbers(0..8));
    assert_eq!(bodies(&site, 4), numbers(4..8), "across two segments");
    let before = site.segment_files();
    assert_eq!(bodies(&site, 1), numbers(7..8));
    assert_eq!(site.segment_files(), before, "nothing is written");
}

#[test]
fn what_retention_carried_forward_is_shown_once_and_in_its_place() {
    let site = Site::new();
    let tick = Duration::from_millis(1);
    let options =
        StoreOptions { retain_bytes: 0, retain_for: Duration::ZERO, tick, ..site.options() };
    let open = site.try_open(options).expect("the store opens");
    let oldest = site.segment_files().remove(0);
    let first = open.message("message 0", &["lis"]);
    let mut last = first;
    eventually("the first segment goes", || {
        last = open.accept(message(vec![b'x'; 20_000], &["churn"]));
        open.conclude(last, "churn", delivered());
        !oldest.exists()
    });
    let mut shown: Vec<(MessageId, Bytes)> = Vec::new();
    let folder = site.folder.path().join("store");
    past(&folder, 100_000, &mut |one| shown.push((one.message, one.body))).expect("readable");
    assert_eq!(shown.first(), Some(&(first, Bytes::from("message 0"))));
    assert_eq!(shown.last().map(|(id, _)| *id), Some(last));
    assert!(shown.is_sorted_by(|one, next| one.0 < next.0), "each once, in order");
}

#[test]
fn a_damaged_body_is_an_error_and_a_torn_tail_is_the_end() {
    let site = Site::new();
    receive(&site.open(), 0..6);
    let file = site.segment_files().pop().expect("a segment");
    let whole = std::fs::read(&file).expect("a segment");
    let place =
        |text: &[u8]| whole.windows(text.len()).position(|window| window == text).expect("a body");
    let damage = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&file, bytes).expect("written");
    };
    damage(place(b"message 2"));
    let folder = site.folder.path().join("store");
    let error = past(&folder, 10, &mut |_| {}).expect_err("damage is told");
    let HistoryError::Read(ReadError::Corrupt(corruption)) = error else { panic!("{error:?}") };
    assert_eq!(corruption.kind, CorruptionKind::Body);
    damage(place(b"message 5"));
    assert_eq!(bodies(&site, 10), numbers(0..5), "it may be being written");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let site = Site::new();
    let error = past(&site.folder.path().join("none"), 1, &mut |_| {}).expect_err("no folder");
    assert!(matches!(error, HistoryError::Open(OpenError::Io { attempt: "list", .. })));
}
