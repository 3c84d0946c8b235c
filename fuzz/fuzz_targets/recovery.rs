//! Whatever becomes of a journal's files, a start tells damage or finds a beginning of what was written.
//!
//! The input: a script of edits, each [`Edit::BYTES`] long, done to the files of a journal that the store wrote.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wardline_store::OpenError;
use wardline_store::faults::{FoundJournal, find_journal};

#[path = "recovery/edit.rs"]
mod edit;
#[path = "recovery/memory.rs"]
mod memory;
#[path = "recovery/written.rs"]
mod written;

use edit::Edit;
use memory::{Contents, MemoryDisk};

/// More edits than a journal of this size needs to become any other.
const MOST_EDITS: usize = 16;

struct Written {
    contents: Contents,
    journal: FoundJournal,
}

static WRITTEN: LazyLock<Written> = LazyLock::new(|| {
    let contents = written::journal();
    let journal = find_journal(&MemoryDisk::new(contents.clone()), Path::new(""))
        .expect("what was closed cleanly opens");
    assert_eq!(journal.records.len(), written::RECORDS, "all that was written is found");
    assert!(contents.len() >= 3, "several segments");
    Written { contents, journal }
});

fuzz_target!(|script: &[u8]| {
    let mut contents = WRITTEN.contents.clone();
    let (edits, _) = script.as_chunks::<{ Edit::BYTES }>();
    for edit in edits.iter().take(MOST_EDITS) {
        Edit::read(edit).apply(&mut contents);
    }
    let disk = MemoryDisk::new(contents.clone());
    let found = find_journal(&disk, Path::new(""));
    match &found {
        Ok(found) => is_a_beginning(found),
        Err(OpenError::Corrupt(_) | OpenError::UnknownFormat { .. }) => {}
        Err(other) => panic!("neither damage nor a journal: {other:?}"),
    }
    is_left_alone(&contents, &disk.contents(), found.as_ref().ok());
    let again = find_journal(&disk, Path::new(""));
    assert_eq!(again.ok(), found.ok(), "the next start finds the same");
});

/// A start changes nothing; but a file that was cut behind its last record gets the rest of its block, which is zeros.
fn is_left_alone(before: &Contents, after: &Contents, found: Option<&FoundJournal>) {
    assert!(before.keys().eq(after.keys()), "no file comes or goes");
    for (was, is) in before.values().zip(after.values()) {
        let added = is.strip_prefix(&***was).expect("what is there stays");
        let padding = was.len().next_multiple_of(edit::BLOCK) - was.len();
        assert!(
            added.is_empty() || (found.is_some() && added.len() == padding),
            "{} added",
            added.len()
        );
        assert!(added.iter().all(|&byte| byte == 0), "only zeros are added");
    }
    if let (Some(found), Some(newest)) = (found, after.values().last()) {
        assert!(
            found.end <= newest.len() as u64,
            "the end that the next segment speaks of is there"
        );
    }
}

fn is_a_beginning(found: &FoundJournal) {
    let written = &WRITTEN.journal;
    let count = found.records.len();
    assert!(written.records.starts_with(&found.records), "records that were never written so");
    let next = written.records.get(count).map_or(written.next_number, |record| record.number);
    assert_eq!(found.next_number, next, "the number of the next record");
}
