//! The disk fails below the file system: the process ends, and nothing that was acknowledged is lost.
//!
//! The disk is a sparse image on a tmpfs. When the tmpfs is full, the file system above it still has free blocks and
//! takes every write; only its syncs fail.

use libtest_mimic::Trial;
use wardline_tests::requirement::Need;
use wardline_tests::trials;
use wardline_tests::volume::{self, Volume};

use crate::load::Load;
use crate::promise::Promise;

/// What the disk says it has.
const DISK: u64 = 128 * 1024 * 1024;
/// What there is.
const GROUND: u64 = 48 * 1024 * 1024;
/// The exit code of a store that could not write.
const STORE_FAILED: i32 = 9;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_sync_that_fails_ends_the_process_and_nothing_acknowledged_is_lost =>
            [Need::Root, Need::Tool("mkfs.ext4"), Need::Tool("losetup"), Need::Tool("mount")],
    ]
}

fn a_sync_that_fails_ends_the_process_and_nothing_acknowledged_is_lost() {
    let mut promise = Promise::new();
    let site = promise.site();
    let ground = Volume::tmpfs(GROUND);
    let image = ground.path().join("disk");
    volume::format(&image, DISK);

    let disk = Volume::ext4(&image);
    disk.put_under(&site);
    let mut engine = site.start();
    let load = Load::start(0, engine.address("in"));
    let foreign = ground.path().join("foreign");
    let full = std::fs::write(&foreign, vec![0; usize::try_from(GROUND).expect("a size")]);
    assert!(full.is_err(), "the ground is full");
    let ended = engine.wait();
    assert_eq!(ended.code(), Some(STORE_FAILED), "{}", engine.log());
    let log = engine.log();
    assert!(
        log.contains("the store failed: the process ends, nothing more is acknowledged"),
        "{log}"
    );
    drop(engine);
    promise.add(load.end());
    println!("{} messages acknowledged before the sync that failed", promise.len());

    drop(disk);
    std::fs::remove_file(&foreign).expect("a file of this test");
    let disk = Volume::ext4(&image);
    disk.put_under(&site);
    let engine = site.start();
    promise.hold(&engine);
    promise.hold_at_last(&site, engine);
}
