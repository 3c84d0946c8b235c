//! Segments that go, and what is live in them.

use std::time::Duration;

use wardline_store::{
    Change, DeliveryRef, DeliveryState, MessageId, OldestStays, Outcome, Store, StoreOptions,
};

use jiff::Timestamp;

use crate::site::{Open, SEGMENT, Site, change, dead, delivered, drain, eventually, message};

/// Keeps as little as it can, all the time.
fn forgetful(site: &Site) -> StoreOptions {
    let tick = Duration::from_millis(1);
    StoreOptions { retain_bytes: 0, retain_for: Duration::ZERO, tick, ..site.options() }
}

/// Writes some segments' worth of messages that are delivered at once.
fn churn(open: &Open) {
    for _ in 0..60 {
        let id = open.accept(message(vec![b'x'; 20_000], &["churn"]));
        open.store.record(change(id, "churn", delivered()), None);
    }
}

fn journal_bytes(site: &Site) -> u64 {
    site.segment_files()
        .iter()
        .filter_map(|file| file.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

fn oldest_name(site: &Site) -> String {
    let oldest = site.segment_files().remove(0);
    oldest.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn old_segments_go_and_what_is_live_in_them_is_copied_forward() {
    let site = Site::new();
    let open = site.try_open(site.options()).expect("opens");
    let waiting = open.message("waiting", &["lis", "archive"]);
    let failed = open.message("failed", &["lis"]);
    let deferred = open.message("deferred", &["lis"]);
    open.store.record(change(waiting, "archive", delivered()), None);
    open.store.record(change(failed, "lis", dead(Some("MSA|AR|1"))), None);
    let first_attempt = Timestamp::from_second(1_790_000_000).expect("a time");
    let outcome = Outcome::Deferred {
        attempts: 7,
        first_attempt: Some(first_attempt),
        due: first_attempt,
        cause: "refused".into(),
    };
    open.conclude(deferred, "lis", outcome);
    let at = Timestamp::now();
    let (by, reason) = ("ann".into(), "maintenance".into());
    open.store.record(Change::DestinationHeld { at, destination: "lis".into(), by, reason }, None);
    churn(&open);
    let rows = open.rows("lis");
    let before = journal_bytes(&site);
    assert_eq!(oldest_name(&site), "000000000001.journal");
    drop(open);

    let open = site.try_open(forgetful(&site)).expect("opens");
    eventually("the journal shrinks", || journal_bytes(&site) < before / 2);
    eventually("the first segment goes", || oldest_name(&site) != "000000000001.journal");
    let same_but_the_hold = open.rows("lis");
    assert_eq!(same_but_the_hold, rows);
    drop(open);
    std::fs::remove_dir_all(site.folder.path().join("store/index")).expect("removed");

    let open = site.open();
    assert_eq!(open.rows("lis"), rows, "a rebuild needs nothing that was deleted");
    let hold = open.queue("lis").hold.expect("still held");
    assert_eq!((&*hold.by, &*hold.reason), ("ann", "maintenance"));
    assert!(open.rows("archive").is_empty(), "what was delivered does not come back");
    let failed = DeliveryRef { message: failed, destination: "lis".into() };
    let detail = open.store.delivery(&failed).expect("readable").expect("there");
    assert_eq!(detail.reply.as_deref(), Some(&b"MSA|AR|1"[..]));
    let outbox = open.outbox("lis");
    let pending: Vec<_> = drain(&outbox);
    assert_eq!(
        pending.iter().map(|p| &p.body[..]).collect::<Vec<_>>(),
        [&b"waiting"[..], b"deferred"]
    );
    assert!(outbox.held());
    assert_eq!((pending[1].attempts, pending[1].first_attempt), (7, Some(first_attempt)));
    assert!(open.store.verify().expect("readable").is_sound());
}

#[test]
fn outcomes_during_the_copying_are_not_undone_by_it() {
    let site = Site::new();
    let open = site.try_open(forgetful(&site)).expect("opens");
    let outbox = open.outbox("lis");
    drain(&outbox);
    let mut open_ones: Vec<MessageId> = Vec::new();
    let mut ended = Vec::new();
    let mut round = 0;
    eventually("some segments have gone", || {
        round += 1;
        open_ones.extend((0..20).map(|n| open.message(&format!("{round} {n}"), &["lis"])));
        churn(&open);
        for _ in 0..15 {
            let id = open_ones.remove(round * 7 % open_ones.len());
            open.store.record(change(id, "lis", delivered()), None);
            ended.push(id);
        }
        oldest_name(&site).as_str() > "000000000012.journal"
    });
    drop(open);
    std::fs::remove_dir_all(site.folder.path().join("store/index")).expect("removed");
    let open = site.open();
    let left: Vec<_> = open.rows("lis").into_iter().map(|row| row.message).collect();
    open_ones.sort_unstable();
    assert_eq!(left, open_ones);
}

#[test]
fn a_segment_that_is_mostly_live_stays_and_the_figures_say_why() {
    let site = Site::new();
    let open = site.try_open(forgetful(&site)).expect("opens");
    for _ in 0..30 {
        open.accept(message(vec![b'x'; 20_000], &["lis"]));
    }
    eventually("it stays", || open.store.stats().oldest_stays.is_some());
    let stays = open.store.stats().oldest_stays.expect("a reason");
    let OldestStays::MostlyLive { live_bytes, bytes, most, .. } = stays else {
        panic!("another reason: {stays}")
    };
    assert!(live_bytes * 2 > bytes);
    assert_eq!(&*most, "lis");
    assert_eq!(open.queue("lis").pending, 30);
}

#[test]
fn delivered_history_yields_to_new_messages_and_what_waits_does_not() {
    let site = Site::new();
    let mut options = site.options();
    options.min_free = 2 * SEGMENT;
    options.tick = Duration::from_millis(1);
    site.disk.limit_space(Some(16 * SEGMENT));
    let open = site.try_open(options).expect("opens");
    let waiting = open.message("waiting", &["lis"]);
    let mut stored = 0;
    eventually("three times the disk went through it", || {
        let body = vec![b'x'; 20_000];
        if let Ok(ticket) = open.hand_over(message(body, &["churn"]))
            && let Ok(delivery) = open.done.wait(ticket)
        {
            open.store.record(change(delivery.first, "churn", delivered()), None);
            stored += 20_000;
            return stored > 3 * 16 * SEGMENT;
        }
        false
    });
    assert_eq!(open.rows("lis")[0].message, waiting);
    let lis = open.outbox("lis");
    assert_eq!(&drain(&lis)[0].body[..], b"waiting");
    assert!(open.store.verify().expect("readable").is_sound());
}

#[test]
fn a_writer_that_stands_still_for_want_of_room_for_outcomes_gets_it_from_history() {
    let site = Site::new();
    let open = site.open();
    let dead_letter = open.message("dead", &["lis"]);
    open.conclude(dead_letter, "lis", delivered());
    churn(&open);
    churn(&open);
    open.settle();
    site.disk.limit_space(Some(0));
    let reply = "x".repeat(60_000).leak();
    for _ in 0..20 {
        open.store.record(change(dead_letter, "lis", dead(Some(reply))), None);
    }
    eventually("all outcomes are written", || open.store.backlog() == 0);
    assert!(oldest_name(&site).as_str() > "000000000001.journal");
}

#[test]
fn what_is_neither_old_nor_too_much_stays() {
    let site = Site::new();
    let open = site.open();
    churn(&open);
    assert!(open.store.stats().segments > 3);
    eventually("retention has looked around since it sealed the first one", || {
        site.segment_files()[1].metadata().expect("metadata").len() < SEGMENT
    });
    assert_eq!(oldest_name(&site), "000000000001.journal");
}

#[test]
fn dead_letters_past_their_retention_are_discarded_others_are_not() {
    let site = Site::new();
    let open = site.open();
    let (old, waiting) = (open.message("old", &["lis"]), open.message("waiting", &["lis"]));
    open.conclude(old, "lis", dead(None));
    drop(open);
    let mut options = site.options();
    options.dead_letter_retention = Some(Duration::ZERO);
    let open = site.try_open(options).expect("opens");
    eventually("it is discarded", || open.queue("lis").dead == 0);
    let rows = open.rows("lis");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].message, rows[0].state), (waiting, DeliveryState::Pending));
}

#[test]
fn sealed_segments_give_the_same_index_as_their_records() {
    let site = Site::new();
    let open = site.open();
    let kept = open.message("kept", &["lis"]);
    churn(&open);
    let late = open.message("late", &["lis"]);
    churn(&open);
    open.conclude(late, "lis", dead(None));
    let rows = open.rows("lis");
    eventually("segments are cut behind their tables", || {
        let first = site.segment_files()[0].metadata().expect("metadata").len();
        first < SEGMENT
    });
    drop(open);
    std::fs::remove_dir_all(site.folder.path().join("store/index")).expect("removed");
    let open = site.open();
    assert_eq!(open.rows("lis"), rows);
    assert_eq!(rows[0].message, kept);
    assert!(open.store.verify().expect("readable").is_sound());
}
