//! What a start refuses.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wardline_store::disk::{Disk, DiskFile, Listed, RealDisk};
use wardline_store::{CorruptionKind, JournalStore, OpenError, Store, StoreOptions};

use crate::site::{Site, change, delivered, eventually, message};
use crate::warnings;

const BLOCK: u64 = 4096;

fn overwrite(file: &Path, offset: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(file).expect("a file");
    FileExt::write_all_at(&file, bytes, offset).expect("written");
}

/// A store with ten groups of one message each in its last segment.
fn ten_groups() -> Site {
    let site = Site::new();
    let open = site.open();
    for n in 0..10 {
        open.message(&format!("message {n}"), &["lis"]);
    }
    drop(open);
    site
}

fn refusal(site: &Site) -> OpenError {
    match site.try_open(site.options()) {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

#[test]
fn a_store_in_use_is_refused_with_its_folder() {
    let site = Site::new();
    let open = site.open();
    let OpenError::Locked { dir } = refusal(&site) else { panic!("another error") };
    assert_eq!(dir, site.folder.path().join("store"));
    drop(open);
    site.open();
}

#[test]
fn a_segment_cut_in_the_zeros_behind_a_record_opens_and_so_does_what_follows_it() {
    for groups in [10_u64, 0] {
        let site = ten_groups();
        let files = site.segment_files();
        let file = files.last().expect("a segment");
        let bytes = std::fs::read(file).expect("readable");
        let kept = &bytes[..usize::try_from((groups + 1) * BLOCK).expect("a size")];
        let last = kept.iter().rposition(|&byte| byte != 0).expect("a header or a record");
        let cut = OpenOptions::new().write(true).open(file).expect("a file");
        cut.set_len(last as u64 + 1).expect("cut");
        if groups < 10 {
            // The index misses the groups that are cut off: they were acknowledged.
            assert!(matches!(refusal(&site), OpenError::Corrupt(_)));
            let length = std::fs::metadata(file).expect("a segment").len();
            assert_eq!(length, last as u64 + 1, "nothing is changed");
        }
        std::fs::remove_dir_all(site.folder.path().join("store/index")).expect("an index");
        let open = site.open();
        open.message("after", &["lis"]);
        drop(open);
        assert_eq!(site.open().queue("lis").pending, groups + 1);
    }
}

#[test]
fn a_fault_with_valid_groups_behind_it_is_refused_with_file_and_offset() {
    let site = ten_groups();
    let files = site.segment_files();
    let file = files.last().expect("a segment");
    overwrite(file, 4 * BLOCK + 60, b"!");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!(&corruption.file, file);
    assert_eq!((corruption.offset, corruption.kind), (4 * BLOCK, CorruptionKind::Record));
    let again = refusal(&site);
    assert_eq!(again.to_string(), "the journal is damaged", "nothing was changed");
}

#[test]
fn a_body_that_does_not_match_its_checksum_is_found_like_a_record_that_does_not() {
    let site = ten_groups();
    let files = site.segment_files();
    let file = files.last().expect("a segment");
    let bytes = std::fs::read(file).expect("readable");
    let at = bytes.windows(9).position(|window| window == b"message 3").expect("stored as it came");
    overwrite(file, at as u64, b"M");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!(corruption.offset, at as u64 / BLOCK * BLOCK);
}

fn store_folder(site: &Site) -> PathBuf {
    site.folder.path().join("store")
}

fn without_index(site: &Site) {
    std::fs::remove_dir_all(store_folder(site).join("index")).expect("removed");
}

fn journal_files(site: &Site) -> Vec<Vec<u8>> {
    site.segment_files().iter().map(|file| std::fs::read(file).expect("readable")).collect()
}

#[test]
fn damage_in_the_last_group_that_was_acknowledged_is_refused_and_nothing_is_changed() {
    let site = ten_groups();
    let files = site.segment_files();
    let file = files.last().expect("a segment");
    overwrite(file, 10 * BLOCK + 60, b"!");
    let before = journal_files(&site);
    for _ in 0..2 {
        let error = refusal(&site);
        let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
        assert_eq!(&corruption.file, file);
        assert_eq!((corruption.offset, corruption.kind), (10 * BLOCK, CorruptionKind::Lost));
    }
    assert!(journal_files(&site) == before, "the journal was changed");
}

#[test]
fn damage_inside_the_last_of_several_records_of_a_group_is_refused_too() {
    let site = Site::new();
    let open = site.open();
    let first = open.message("first", &["lis"]);
    open.store.record(change(first, "lis", delivered()), None);
    let last = open.message("last", &["lis"]);
    assert_eq!(last.get(), 3);
    drop(open);
    let file = site.segment_files().pop().expect("a segment");
    let bytes = std::fs::read(&file).expect("readable");
    let at = bytes.windows(4).position(|window| window == b"last").expect("stored as it came");
    overwrite(&file, at as u64, b"L");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!((&corruption.file, corruption.kind), (&file, CorruptionKind::Lost));
}

#[test]
fn a_newest_segment_that_is_gone_is_refused_with_its_name() {
    let site = ten_groups();
    site.open().message("in a segment of its own", &["lis"]);
    let newest = site.segment_files().pop().expect("a segment");
    std::fs::remove_file(&newest).expect("removed");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!((&corruption.file, corruption.kind), (&newest, CorruptionKind::Lost));

    without_index(&site);
    let open = site.open();
    assert_eq!(open.queue("lis").pending, 10, "an operator may go on without it");
}

#[test]
fn a_last_group_that_no_index_has_seen_is_a_torn_tail_and_is_told() {
    let site = ten_groups();
    let files = site.segment_files();
    let file = files.last().expect("a segment");
    let whole = std::fs::read(file).expect("readable");
    let end = whole.iter().rposition(|&byte| byte != 0).expect("records") as u64 + 1;
    overwrite(file, 10 * BLOCK + 60, b"!");
    without_index(&site);

    let (open, warned) = warnings::during(|| site.open());
    let bytes = format!("bytes={} ", end - 10 * BLOCK);
    let told = warned.iter().find(|line| line.contains("dropped")).expect("a warning");
    assert!(told.contains(&bytes) && told.contains("offset=40960 "), "{told}");
    assert!(told.contains(&*file.to_string_lossy()), "{told}");

    assert_eq!(open.queue("lis").pending, 9);
    let id = open.message("next", &["lis"]);
    assert_eq!(id.get(), 10, "a number that was never told is used");
    drop(open);
    let (open, warned) = warnings::during(|| site.open());
    assert_eq!(warned, [""; 0], "a whole journal");
    assert_eq!(open.queue("lis").pending, 10);
    assert!(open.store.verify().expect("readable").is_sound());
}

#[test]
fn an_older_segment_that_is_damaged_cut_short_or_missing_is_refused() {
    let site = ten_groups();
    drop(site.open());
    let file = site.segment_files()[0].clone();
    let whole = std::fs::read(&file).expect("readable");

    overwrite(&file, 9 * BLOCK + 60, b"!");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!((&corruption.file, corruption.offset), (&file, 9 * BLOCK));

    std::fs::write(&file, &whole[..usize::try_from(5 * BLOCK).expect("small")]).expect("written");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!(corruption.kind, CorruptionKind::CutShort);

    std::fs::write(&file, &whole).expect("written");
    drop(site.open());
    std::fs::remove_file(&site.segment_files()[1]).expect("removed");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!(corruption.kind, CorruptionKind::Missing);
}

#[test]
fn an_unknown_format_version_is_refused() {
    let site = ten_groups();
    let file = site.segment_files()[0].clone();
    overwrite(&file, 8, &[9]);
    let OpenError::UnknownFormat { file: refused, found, known } = refusal(&site) else {
        panic!("another error")
    };
    assert_eq!((refused, found, known), (file, 9, 3));
}

#[test]
fn a_destroyed_header_is_refused() {
    let site = ten_groups();
    let file = site.segment_files()[0].clone();
    overwrite(&file, 20, b"!");
    let error = refusal(&site);
    let OpenError::Corrupt(corruption) = error else { panic!("another error: {error:?}") };
    assert_eq!((corruption.offset, corruption.kind), (0, CorruptionKind::Header));
}

/// Notes which folders were synced.
#[derive(Default)]
struct NotingDisk(Mutex<Vec<PathBuf>>);

impl Disk for NotingDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        RealDisk.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        RealDisk.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.lock().expect("not poisoned").push(path.to_owned());
        RealDisk.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        RealDisk.list(path)
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        RealDisk.free(path)
    }
}

#[test]
fn the_names_of_folders_that_were_made_are_durable() {
    let site = Site::new();
    let above = site.folder.path();
    let dir = above.join("a/b/store");
    let disk = Arc::new(NotingDisk::default());
    let options = StoreOptions { dir: dir.clone(), ..site.options() };
    let store = JournalStore::open_on(Arc::clone(&disk) as Arc<dyn Disk>, options);
    drop(store.expect("the store opens"));
    let synced = disk.0.lock().expect("not poisoned").clone();
    for made_in in [above, &above.join("a"), &above.join("a/b"), &dir] {
        assert!(
            synced.iter().any(|folder| folder == made_in),
            "{} of {synced:?}",
            made_in.display()
        );
    }
}

#[test]
fn a_store_that_is_closed_in_haste_is_nobody_elses_until_its_index_is_written() {
    let site = Site::new();
    let open = site.open();
    let body = vec![b'x'; 100];
    for _ in 0..20_000 {
        open.hand_over(message(body.clone(), &["lis"])).expect("taken");
    }
    open.settle();
    let closed = open.store.close(Duration::ZERO);
    drop(open);
    let mut refused = 0;
    eventually("the folder is free", || match site.try_open(site.options()) {
        Ok(open) => {
            assert_eq!(open.queue("lis").pending, 20_000);
            assert_eq!(open.store.stats().index_rebuilds, 0, "nobody was in its way");
            true
        }
        Err(OpenError::Locked { .. }) => {
            refused += 1;
            false
        }
        Err(error) => panic!("{error}"),
    });
    assert!(closed.index_applied || refused > 0, "{closed:?}");
}
