//! What the history's files may lose, and what goes with retention.

use std::path::PathBuf;
use std::time::Duration;

use wardline_store::history::{Happened, HistoryState, KeyKind, Match, Search, StateFilter};
use wardline_store::{DeliveryState, MessageId, Store, StoreOptions};

use super::{all, caught_up, found, history, key, open, options, row_of};
use crate::site::{Open, SEGMENT, Site, change, dead, delivered, eventually, message};

fn runs(site: &Site) -> Vec<PathBuf> {
    let folder = site.folder.path().join("store/history");
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut runs: Vec<_> = files.map(|entry| entry.path()).collect();
    runs.sort();
    runs
}

/// Some segments' worth of messages, found by their patient.
fn fill(open: &Open, patients: std::ops::Range<usize>) -> Vec<MessageId> {
    let padding = "x".repeat(10_000);
    let stored = patients.map(|patient| {
        let id = open.accept(message(format!("patient=p{patient} {padding}"), &["lis"]));
        open.store.record(change(id, "lis", delivered()), None);
        id
    });
    stored.collect()
}

/// Nothing goes any more, or what is next has to stay.
pub(super) fn nothing_would_go(open: &Open, retain_bytes: u64) -> bool {
    let pruning = open.store.pruning(None, Some(retain_bytes)).expect("the index is there");
    pruning.segments == 0
}

fn all_ids(open: &Open) -> Vec<MessageId> {
    open.settle();
    let mut ids: Vec<_> = all(&caught_up(open), &Search { limit: 100, ..Search::default() })
        .iter()
        .map(|row| {
            assert_eq!(row.destinations[0].state, HistoryState::Delivered, "{row:?}");
            row.message
        })
        .collect();
    ids.reverse();
    ids
}

#[test]
fn a_start_finds_all_again_without_reading_the_journal_anew() {
    let site = Site::new();
    let stored = fill(&open(&site), 0..60);
    let before = runs(&site);
    assert!(!before.is_empty());
    let open = open(&site);
    assert_eq!(all_ids(&open), stored);
    assert_eq!(history(&open).figures().messages, 60);
}

#[test]
fn the_runs_of_a_full_segment_become_one() {
    let site = Site::new();
    for begin in [0, 20, 40] {
        fill(&open(&site), begin..begin + 20);
    }
    let open = open(&site);
    fill(&open, 60..120);
    eventually("every segment but the last has one run", || {
        let mut segments: Vec<_> = runs(&site)
            .iter()
            .map(|run| run.file_name().expect("a name").to_string_lossy()[..12].to_owned())
            .collect();
        let runs = segments.len();
        segments.dedup();
        runs == segments.len() && history(&open).figures().lag == 0
    });
    assert_eq!(all_ids(&open).len(), 120);
}

#[test]
fn a_run_cut_off_at_any_place_or_gone_is_made_anew() {
    let site = Site::new();
    let stored = fill(&open(&site), 0..40);
    for share in 0..8_u64 {
        let newest = runs(&site).pop().expect("a run");
        let length = newest.metadata().expect("metadata").len();
        let file = std::fs::OpenOptions::new().write(true).open(&newest).expect("a file");
        file.set_len(length * share / 8).expect("cut");
        let open = open(&site);
        assert_eq!(all_ids(&open), stored, "cut at {share} eighths");
    }
    std::fs::remove_dir_all(site.folder.path().join("store/history")).expect("removed");
    assert_eq!(all_ids(&open(&site)), stored);
}

#[test]
fn a_run_damaged_at_any_place_is_made_anew_and_nothing_is_missing() {
    let site = Site::new();
    let stored = fill(&open(&site), 0..40);
    for share in 0..16_usize {
        let largest = runs(&site)
            .into_iter()
            .max_by_key(|run| run.metadata().expect("metadata").len())
            .expect("a run");
        let mut bytes = std::fs::read(&largest).expect("readable");
        let at = (bytes.len() - 1) * share / 15;
        bytes[at] ^= 1;
        std::fs::write(&largest, &bytes).expect("written");
        let open = open(&site);
        let history = caught_up(&open);
        let _it_may_find_the_damage =
            found(&history, &[key(KeyKind::PatientId, "p", Match::Prefix)]);
        for nth in [0, 20, 39] {
            let _it_may_as_well = history.row(stored[nth]).expect("readable");
        }
        assert_eq!(all_ids(&open), stored, "byte {at}");
    }
}

#[test]
fn other_keys_are_taken_in_the_background_and_the_old_ones_serve_until_then() {
    let site = Site::new();
    let first = open(&site);
    let one = first.message("own=a patient=p", &["lis"]);
    drop(first);
    let open = site.try_open(options(&site, 2)).expect("opens");
    let two = open.message("own=a patient=p", &["lis"]);
    let history = history(&open);
    eventually("the first one is found by its new key", || {
        found(&history, &[key(KeyKind::Custom(2), "a", Match::Exact)]) == [two, one]
    });
    assert_eq!(found(&history, &[key(KeyKind::Custom(1), "a", Match::Exact)]), []);
    assert_eq!(found(&history, &[key(KeyKind::PatientId, "p", Match::Exact)]), [two, one]);
    assert_eq!(history.figures().outdated, 0);
}

#[test]
fn a_history_that_is_wanted_later_has_what_came_before() {
    let site = Site::new();
    let one = site.open().message("patient=p", &["lis"]);
    let open = open(&site);
    assert_eq!(found(&caught_up(&open), &[key(KeyKind::PatientId, "p", Match::Exact)]), [one]);
}

#[test]
fn runs_go_with_their_segments_and_what_is_carried_stays_found() {
    let site = Site::new();
    let tick = Duration::from_millis(1);
    let forgetful =
        StoreOptions { retain_bytes: 0, retain_for: Duration::ZERO, tick, ..options(&site, 1) };
    let open = site.try_open(forgetful).expect("opens");
    let history = history(&open);
    let waiting = open.message("patient=waiting", &["lis", "ris"]);
    open.conclude(waiting, "lis", delivered());
    open.conclude(waiting, "ris", dead(Some("no")));
    let gone = open.message("patient=gone", &["lis"]);
    open.conclude(gone, "lis", delivered());
    let patient = |value| [key(KeyKind::PatientId, value, Match::Exact)];
    eventually("the first segment goes", || {
        fill(&open, 0..10);
        found(&history, &patient("gone")).is_empty()
    });
    assert_eq!(found(&history, &patient("waiting")), [waiting]);
    let row = row_of(&history, waiting);
    let dead: Vec<_> = row.destinations.iter().filter(|one| &*one.destination == "ris").collect();
    assert_eq!((dead[0].state, dead[0].attempts), (HistoryState::Dead, 2));
    let events = history.timeline(waiting).expect("readable").expect("there");
    let carried = events.iter().find_map(|event| match &event.what {
        Happened::Carried { state, attempts, .. } => Some((*state, *attempts)),
        _ => None,
    });
    assert_eq!(carried, Some((DeliveryState::Dead, 2)));
    assert_eq!(
        &history.content(waiting).expect("readable").expect("there").body[..],
        b"patient=waiting"
    );
    assert_eq!(history.row(gone).expect("readable"), None);
    let oldest =
        site.segment_files()[0].file_name().expect("a name").to_string_lossy()[..12].to_owned();
    let left: Vec<_> = runs(&site)
        .into_iter()
        .filter(|run| run.file_name().expect("a name").to_string_lossy()[..12] < *oldest)
        .collect();
    assert!(left.is_empty(), "{left:?} have no segment");
}

#[test]
fn a_dead_letter_that_was_carried_is_found_by_its_state() {
    let site = Site::new();
    let first = open(&site);
    let letters: Vec<_> = (0..3).map(|_| first.message("patient=waiting", &["ris"])).collect();
    for letter in &letters {
        first.conclude(*letter, "ris", dead(None));
    }
    fill(&first, 0..160);
    drop(first);
    let (retain_bytes, tick) = (4 * SEGMENT, Duration::from_millis(1));
    let open =
        site.try_open(StoreOptions { retain_bytes, tick, ..options(&site, 1) }).expect("opens");
    eventually("the oldest segments go", || nothing_would_go(&open, retain_bytes));
    let history = caught_up(&open);
    assert!(history.figures().runs > 1, "others stand between");
    let dead = Search { state: Some(StateFilter::Dead), ..Search::default() };
    let mut found: Vec<_> = all(&history, &dead).iter().map(|row| row.message).collect();
    found.reverse();
    assert_eq!(found, letters);
}

#[test]
fn verify_finds_a_damaged_run_which_is_then_made_anew() {
    let site = Site::new();
    let stored = fill(&open(&site), 0..40);
    let open = open(&site);
    let history = caught_up(&open);
    let sound = open.store.verify().expect("readable");
    assert_eq!((sound.history_runs, sound.history_damaged), (history.figures().runs, 0));
    let run = runs(&site).remove(0);
    let mut bytes = std::fs::read(&run).expect("readable");
    bytes[100] ^= 1;
    std::fs::write(&run, &bytes).expect("written");
    let verified = open.store.verify().expect("readable");
    assert!(verified.is_sound(), "the journal has all of it");
    assert_eq!(verified.history_damaged, 1);
    eventually("it is made anew", || {
        history.figures().lag == 0 && open.store.verify().expect("readable").history_damaged == 0
    });
    assert_eq!(all_ids(&open), stored);
}

#[test]
fn what_retention_would_let_go_is_told_before_it_does() {
    let site = Site::new();
    let open = open(&site);
    fill(&open, 0..20);
    let dead_letter = open.message("patient=waiting", &["ris"]);
    open.conclude(dead_letter, "ris", dead(None));
    fill(&open, 20..60);
    let history = caught_up(&open);
    let year = Some(Duration::from_secs(365 * 24 * 60 * 60));
    let pruning = |retain_for, retain_bytes| {
        open.store.pruning(retain_for, retain_bytes).expect("the index is there")
    };
    let none = pruning(None, None);
    assert_eq!((none.segments, none.bytes, none.messages, none.until), (0, 0, Some(0), None));
    assert_eq!(none.retain_bytes, site.options().retain_bytes, "as it is configured");
    let stats = open.store.stats();
    let all = pruning(Some(Duration::ZERO), Some(0));
    assert_eq!(all.segments, stats.segments - 1, "the one being written stays");
    let messages = all.messages.expect("there is a history");
    assert!(messages > 0 && messages < 61, "{messages}");
    let until = all.until.expect("something goes");
    let gone = Search { until: Some(until), limit: 100, ..Search::default() };
    assert!(super::all(&history, &gone).len() as u64 >= messages);
    assert!(all.segments > 1, "{all:?}");
    // A segment may be sealed, and be smaller, between the two.
    eventually("only the oldest would go", || {
        let little = pruning(year, Some(open.store.stats().journal_bytes - 1));
        little.segments == 1 && little.until < all.until
    });
    assert_eq!(all.each.len() as u64, all.segments);
    assert_eq!(all.each.iter().filter_map(|one| one.messages).sum::<u64>(), messages);
    assert_eq!((all.carried.dead, all.carried.pending, all.whole), (1, 0, true));
    let of = |listener: &str| all.listeners.iter().find(|one| &*one.listener == listener);
    let counted = of("adt-in").expect("all came through it");
    assert_eq!((counted.messages, all.listeners.len()), (messages, 1));
    assert!(counted.bytes > messages * 9000, "{counted:?}");
    assert_eq!(open.store.outlook().bytes_a_day, None, "too little time to tell");
    let _they_went_nowhere = caught_up(&open);
    assert_eq!(open.store.stats().segments, stats.segments, "nothing went");
}

#[test]
fn a_segment_that_retention_would_not_let_go_is_told_with_its_reason() {
    let site = Site::new();
    let open = open(&site);
    let padding = "x".repeat(10_000);
    for _ in 0..60 {
        open.message(&padding, &["lis"]);
    }
    let _it_has_all = caught_up(&open);
    let told = open.store.pruning(None, Some(0)).expect("the index is there");
    assert_eq!((told.segments, told.until), (0, None));
    let stays = told.stays.expect("all is live").to_string();
    assert!(stays.contains("most of them of lis"), "{stays}");
}

#[test]
fn a_history_that_cannot_be_written_stops_nothing_and_is_made_once_it_can() {
    let site = Site::new();
    let folder = site.folder.path().join("store/history");
    std::fs::create_dir_all(site.folder.path().join("store")).expect("made");
    std::fs::write(&folder, "in the way").expect("written");
    let first = open(&site);
    let stored = fill(&first, 0..40);
    let history = history(&first);
    eventually("it is counted", || history.figures().faults > 0);
    assert_eq!(site.faults(), [""; 0]);
    drop(first);
    std::fs::remove_file(&folder).expect("removed");
    assert_eq!(all_ids(&open(&site)), stored);
}

#[test]
fn a_file_that_was_never_finished_is_no_run() {
    let site = Site::new();
    let stored = fill(&open(&site), 0..40);
    let run = runs(&site).remove(0);
    let unfinished = run.with_extension("unfinished");
    std::fs::copy(&run, &unfinished).expect("copied");
    let open = open(&site);
    assert_eq!(all_ids(&open), stored);
    assert!(!unfinished.exists());
}
