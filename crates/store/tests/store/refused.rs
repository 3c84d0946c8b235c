//! What was refused is kept to be looked at, troubles no queue, and never takes the room of what was taken.

use bytes::Bytes;
use jiff::Timestamp;
use wardline_store::limits::MAX_REFUSED_BODY;
use wardline_store::{MessageId, RefusedMessage, Store, StoreOptions};

use crate::site::{Open, Site, eventually};

fn refused(body: impl Into<Bytes>) -> RefusedMessage {
    let body = body.into();
    RefusedMessage {
        at: Timestamp::UNIX_EPOCH,
        listener: "adt-in".into(),
        peer: "10.0.0.1:4711".into(),
        code: *b"AR",
        cause: "not-accepted".into(),
        size: body.len() as u64,
        body,
    }
}

fn id(number: u64) -> MessageId {
    MessageId::from_number(number).expect("not 0")
}

/// Keeps it and waits until it is written.
fn keep(open: &Open, message: RefusedMessage) {
    open.store.keep_refused(message);
    eventually("it is written", || open.store.backlog() == 0);
}

#[test]
fn what_was_refused_is_there_after_a_start_with_its_reason_and_in_no_queue() {
    let site = Site::new();
    let open = site.open();
    open.message("taken", &["lis"]);
    keep(&open, refused("no message"));
    let behind = open.message("taken too", &["lis"]);
    drop(open);
    let open = site.open();
    let kept = open.store.message(id(2)).expect("readable").expect("there");
    let refusal = kept.refusal.expect("it was refused");
    assert_eq!((refusal.code, &*refusal.cause, refusal.size), (*b"AR", "not-accepted", 10));
    assert_eq!((&kept.body[..], &*kept.listener), (&b"no message"[..], "adt-in"));
    assert!(kept.sent.is_empty());
    let waiting: Vec<_> = open.rows("lis").into_iter().map(|row| row.message).collect();
    assert_eq!(waiting, [id(1), behind]);
    let verified = open.store.verify().expect("readable");
    assert!(verified.is_sound() && verified.messages == 2, "{verified:?}");
    open.store.rebuild_index().expect("rebuilt");
    assert_eq!(open.rows("lis").len(), 2);
}

#[test]
fn of_a_large_one_the_beginning_is_kept_and_its_size() {
    let site = Site::new();
    let open = site.open();
    keep(&open, refused(vec![b'x'; MAX_REFUSED_BODY + 7]));
    let kept = open.store.message(id(1)).expect("readable").expect("there");
    assert_eq!(kept.body.len(), MAX_REFUSED_BODY);
    assert_eq!(kept.refusal.expect("it was refused").size, MAX_REFUSED_BODY as u64 + 7);
}

#[test]
fn a_storm_of_what_is_refused_is_counted_and_not_all_kept() {
    let site = Site::new();
    let open = site.open();
    let megabyte = refused(vec![b'x'; MAX_REFUSED_BODY]);
    for _ in 0..200 {
        keep(&open, megabyte.clone());
    }
    let stats = open.store.stats();
    assert_eq!(stats.refused_kept + stats.refused_passed_over, 200);
    assert!((60..100).contains(&stats.refused_kept), "{}", stats.refused_kept);
    open.message("taken all the same", &["lis"]);
}

#[test]
fn with_little_space_what_is_refused_is_not_kept_and_what_is_taken_is() {
    let site = Site::new();
    let min_free = 10_000_000;
    let options = StoreOptions { min_free, ..site.options() };
    site.disk.limit_space(Some(min_free + min_free / 2));
    let open = site.try_open(options).expect("the store opens");
    eventually("the space is known", || {
        open.store.keep_refused(refused("no message"));
        open.store.stats().refused_passed_over > 0
    });
    open.message("taken", &["lis"]);
}

#[test]
fn what_was_refused_keeps_no_segment_from_going() {
    let site = Site::new();
    let options = StoreOptions { retain_bytes: 1, ..site.options() };
    let open = site.try_open(options).expect("the store opens");
    keep(&open, refused("no message"));
    eventually("its segment goes", || {
        keep(&open, refused(vec![b'x'; 200_000]));
        open.store.message(id(1)).expect("readable").is_none()
    });
}
