//! A journal that an earlier version wrote.
//!
//! `version_1/` holds two segments of one, cut in the zeros behind their last records: one with what was carried
//! out of the segment before it, and one with every kind of record. `lis` is held.

use std::path::Path;

use wardline_store::{DeliveryRef, DeliveryState, Lane, Marks, MessageId, Store};

use crate::site::{Open, Site, copy_folder, delivered, drain};

const VERSION: u64 = 8;

fn version_1() -> Site {
    let site = Site::new();
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/version_1");
    copy_folder(&written, &site.folder.path().join("store"));
    site
}

fn version_of(segment: &Path) -> u8 {
    std::fs::read(segment).expect("readable")[usize::try_from(VERSION).expect("small")]
}

fn shown(open: &Open, destination: &str) -> Vec<(u64, DeliveryState, u32, String)> {
    let rows = open.rows(destination);
    let shown = rows.into_iter().map(|row| {
        assert_eq!((row.marks, row.also.len()), (Marks::default(), 0));
        let delivery = DeliveryRef { message: row.message, destination: row.destination };
        let detail = open.store.delivery(&delivery).expect("readable").expect("there");
        let body = detail.body.expect("whole").to_vec();
        let body = String::from_utf8(body).expect("text");
        (row.message.get(), row.state, row.attempts, body)
    });
    shown.collect()
}

fn assert_is_what_was_written(open: &Open) {
    let pending = DeliveryState::Pending;
    let expected = [
        (3, DeliveryState::Dead, 2, "failed"),
        (8, pending, 0, "emitted 1"),
        (9, pending, 0, "emitted 2"),
        (10, pending, 7, "deferred"),
    ];
    let expected = expected.map(|(id, state, attempts, body)| (id, state, attempts, body.into()));
    assert_eq!(shown(open, "lis"), expected);
    assert_eq!(shown(open, "archive"), [(1, pending, 0, "waiting, changed".into())]);
    assert_eq!(open.rows("archive")[0].lane, Lane(7));
    assert!(open.rows("gate").is_empty(), "it ended with what it emitted");
    let hold = open.queue("lis").hold.expect("held");
    assert_eq!((&*hold.by, &*hold.reason), ("ann", "maintenance"));
    let message = MessageId::from_number(3).expect("not 0");
    let failed = DeliveryRef { message, destination: "lis".into() };
    let detail = open.store.delivery(&failed).expect("readable").expect("there");
    assert_eq!(detail.reply.as_deref(), Some(&b"MSA|AR|1"[..]));
    assert_eq!(detail.answer.map(|answer| answer.code), Some(*b"AA"));
    let verified = open.store.verify().expect("readable");
    assert!(verified.is_sound(), "{verified:?}");
}

#[test]
fn a_journal_of_version_1_opens_and_goes_on_in_version_2() {
    let site = version_1();
    let open = site.open();
    assert_is_what_was_written(&open);
    let bodies: Vec<_> = drain(&open.outbox("lis")).into_iter().map(|one| one.body).collect();
    assert_eq!(bodies, ["emitted 1", "emitted 2", "deferred"]);
    open.message("after", &["lis"]);
    drop(open);
    let versions: Vec<_> = site.segment_files().iter().map(|file| version_of(file)).collect();
    assert_eq!(versions, [1, 1, 2]);
    let open = site.open();
    let last = open.rows("lis").pop().expect("there");
    open.conclude(last.message, "lis", delivered());
    assert_is_what_was_written(&open);
}

#[test]
fn a_rebuild_of_the_index_reads_both_versions() {
    let site = version_1();
    let open = site.open();
    open.store.rebuild_index().expect("rebuilt");
    assert_is_what_was_written(&open);
}
