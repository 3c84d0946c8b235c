//! A journal that an earlier version wrote.
//!
//! `version_1/` holds two segments of one, cut in the zeros behind their last records: one with what was carried
//! out of the segment before it, and one with every kind of record. `lis` is held. `version_2/` holds one with what that
//! version knew more than the first.

use std::path::Path;

use jiff::Timestamp;
use wardline_store::{
    DeliveryRef, DeliveryState, Digest, Lane, Marks, MessageId, Origin, Recent, Store,
};

use crate::site::{Open, Site, copy_folder, delivered, drain, message};

const VERSION: u64 = 8;

fn version_1() -> Site {
    written_as("version_1")
}

fn written_as(folder: &str) -> Site {
    let site = Site::new();
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store").join(folder);
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
fn a_journal_of_version_1_opens_and_goes_on_in_the_last_version() {
    let site = version_1();
    let open = site.open();
    assert_is_what_was_written(&open);
    let bodies: Vec<_> = drain(&open.outbox("lis")).into_iter().map(|one| one.body).collect();
    assert_eq!(bodies, ["emitted 1", "emitted 2", "deferred"]);
    open.message("after", &["lis"]);
    drop(open);
    let versions: Vec<_> = site.segment_files().iter().map(|file| version_of(file)).collect();
    assert_eq!(versions, [1, 1, 3]);
    let open = site.open();
    let last = open.rows("lis").pop().expect("there");
    open.conclude(last.message, "lis", delivered());
    assert_is_what_was_written(&open);
}

#[test]
fn a_rebuild_of_the_index_reads_the_first_version_and_the_last() {
    let site = version_1();
    let open = site.open();
    open.store.rebuild_index().expect("rebuilt");
    assert_is_what_was_written(&open);
}

fn assert_is_what_version_2_wrote(open: &Open) {
    let rows = open.rows("lis");
    let shown: Vec<_> = rows.iter().map(|row| (row.message.get(), row.state)).collect();
    assert_eq!(shown[..2], [(1, DeliveryState::Pending), (4, DeliveryState::Dead)]);
    let merged = &rows[0];
    assert_eq!((merged.lane, &merged.also[..]), (Lane(5), &[Lane(6), Lane::ALL][..]));
    assert_eq!(merged.marks, Marks::DUPLICATE.with(Marks::RELAYED));
    let (mut digests, mut due) = (Vec::new(), 0);
    let since = Timestamp::UNIX_EPOCH;
    let told = open.store.recent(since, 10, &mut |recent| match recent {
        Recent::Stored { digest, .. } => digests.push(digest),
        Recent::ApplicationDue { .. } => due += 1,
    });
    told.expect("readable");
    assert_eq!((digests, due), (vec![Digest { key: 9, bytes: [7; 16] }], 1));
    let kept = open.store.message(merged.message).expect("readable").expect("there");
    assert_eq!((kept.origin, &kept.body[..]), (None, &b"merged"[..]));
    let sent: Vec<_> =
        kept.sent.iter().map(|one| (&*one.destination, one.body.as_deref())).collect();
    assert_eq!(sent, [("lis", None), ("archive", Some(&b"merged, changed"[..]))]);
}

#[test]
fn a_journal_of_version_2_opens_and_goes_on_in_the_last_version() {
    let site = written_as("version_2");
    let open = site.open();
    assert_is_what_version_2_wrote(&open);
    let mut again = message("again", &["lis"]);
    let first = MessageId::from_number(1).expect("not 0");
    again.messages[0].origin = Some(Origin { job: 7, message: first });
    let again = open.accept(again);
    drop(open);
    let versions: Vec<_> = site.segment_files().iter().map(|file| version_of(file)).collect();
    assert_eq!(versions, [2, 3]);
    let open = site.open();
    assert_is_what_version_2_wrote(&open);
    let kept = open.store.message(again).expect("readable").expect("there");
    assert_eq!(kept.origin, Some(Origin { job: 7, message: first }));
    assert!(open.store.verify().expect("readable").is_sound());
}
