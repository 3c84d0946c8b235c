//! Whatever happens to sled's folder: the journal knows everything.

use std::fs;
use std::path::{Path, PathBuf};

use wardline_store::{DeliveryState, MessageId, Store};

use crate::site::{Site, change, copy_folder, dead, delivered, drain, eventually};

fn with_a_history(site: &Site) -> Vec<MessageId> {
    let open = site.open();
    let ids: Vec<_> =
        (0..200).map(|n| open.message(&format!("m{n}"), &["lis", "archive"])).collect();
    for id in &ids[..100] {
        open.store.record(change(*id, "lis", delivered()), None);
    }
    open.conclude(ids[150], "lis", dead(Some("MSA|AR")));
    ids
}

fn index(site: &Site) -> PathBuf {
    site.folder.path().join("store/index")
}

fn everything_is_there_after(harm: impl Fn(&Path)) {
    let site = Site::new();
    let ids = with_a_history(&site);
    harm(&index(&site));
    let open = site.open();
    let expected: Vec<_> = ids[100..].iter().copied().filter(|id| *id != ids[150]).collect();
    let pending: Vec<_> = drain(&open.outbox("lis")).iter().map(|pending| pending.id).collect();
    assert_eq!(pending, expected);
    let rows = open.rows("lis");
    let dead: Vec<_> = rows.iter().filter(|row| row.state == DeliveryState::Dead).collect();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].message, ids[150]);
    assert_eq!(open.queue("archive").pending, 200);
    assert!(open.store.verify().expect("readable").is_sound());
}

#[test]
fn an_index_that_was_deleted_is_rebuilt() {
    everything_is_there_after(|index| fs::remove_dir_all(index).expect("removed"));
}

#[test]
fn an_index_that_was_cut_is_rebuilt() {
    everything_is_there_after(|index| {
        let db = index.join("db");
        let bytes = fs::read(&db).expect("readable");
        fs::write(&db, &bytes[..bytes.len() / 3]).expect("written");
    });
}

#[test]
fn an_index_that_was_overwritten_is_rebuilt() {
    everything_is_there_after(|index| {
        let db = index.join("db");
        let length = fs::read(&db).expect("readable").len();
        fs::write(&db, vec![0xA5; length]).expect("written");
    });
}

#[test]
fn an_index_whose_files_are_gone_or_are_folders_is_rebuilt() {
    everything_is_there_after(|index| {
        fs::remove_file(index.join("db")).expect("removed");
        fs::create_dir(index.join("db")).expect("made");
    });
    everything_is_there_after(|index| fs::remove_file(index.join("conf")).expect("removed"));
}

#[test]
fn an_index_of_an_earlier_day_catches_up() {
    let site = Site::new();
    let open = site.open();
    let first = open.message("first", &["lis"]);
    drop(open);
    let copy = site.folder.path().join("copy");
    copy_folder(&index(&site), &copy);
    let open = site.open();
    open.conclude(first, "lis", delivered());
    let second = open.message("second", &["lis"]);
    drop(open);
    fs::remove_dir_all(index(&site)).expect("removed");
    fs::rename(&copy, index(&site)).expect("renamed");
    let open = site.open();
    let ids: Vec<_> = drain(&open.outbox("lis")).iter().map(|pending| pending.id).collect();
    assert_eq!(ids, [second]);
    assert_eq!(open.store.stats().index_rebuilds, 0);
}

#[test]
fn an_index_of_another_journal_is_not_believed() {
    let (site, other) = (Site::new(), Site::new());
    with_a_history(&other);
    let ids = with_a_history(&site);
    // An index that knows of later segments than there are would tell that they are missing.
    drop(site.open());
    fs::remove_dir_all(index(&site)).expect("removed");
    copy_folder(&index(&other), &index(&site));
    let open = site.open();
    assert_eq!(drain(&open.outbox("lis")).len(), 99);
    assert_eq!(open.rows("lis")[0].message, ids[100]);
    assert_eq!(open.store.stats().index_rebuilds, 1);
}

#[test]
fn what_an_interrupted_rebuild_left_is_removed() {
    let site = Site::new();
    drop(site.open());
    let unfinished = site.folder.path().join("store/index.new");
    fs::create_dir_all(unfinished.join("blobs")).expect("made");
    let open = site.open();
    eventually("it is gone", || !unfinished.exists());
    assert_eq!(open.store.stats().index_rebuilds, 0);
}

#[test]
fn a_rebuild_on_demand_changes_nothing_and_intake_goes_on() {
    let site = Site::new();
    with_a_history(&site);
    let open = site.open();
    let before = open.rows("lis");
    open.store.rebuild_index().expect("rebuilt");
    let after = open.message("after", &["lis"]);
    let mut rows = open.rows("lis");
    assert_eq!(rows.pop().map(|row| row.message), Some(after));
    assert_eq!(rows, before);
}

#[test]
fn a_store_that_never_held_a_message_is_opened_again_and_its_index_with_it() {
    let site = Site::new();
    drop(site.open());
    let open = site.open();
    assert_eq!(open.store.destinations().expect("readable"), []);
    assert_eq!(open.store.stats().index_rebuilds, 0);
    drop(open);
    fs::remove_dir_all(index(&site)).expect("removed");
    assert_eq!(site.open().store.destinations().expect("readable"), []);
}
