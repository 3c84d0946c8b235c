//! Damage, little time and little room: what the history does all the same.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use wardline_store::history::{
    History, HistoryOptions, KeyKind, Match, Search, SearchKey, TakeKeys,
};
use wardline_store::{MessageId, NewMessage, Store, StoreOptions};

use super::{Words, all, caught_up, found, history, key, open, row_of};
use crate::site::{Open, Site, damage, dead, delivered, eventually, message};

fn found_by_all(history: &History) -> Vec<u64> {
    all(history, &Search::default()).iter().map(|row| row.message.get()).collect()
}

#[test]
fn a_search_that_is_late_comes_further_page_by_page_and_finds_all() {
    let site = Site::new();
    for start in 0..3 {
        let open = open(&site);
        for nth in 0..4 {
            open.message(&format!("patient=p{start}{nth}"), &["lis"]);
        }
    }
    let open = open(&site);
    let history = caught_up(&open);
    for (value, expected) in [("p", 12), ("p1", 4), ("p00", 1), ("q", 0)] {
        let keys = vec![key(KeyKind::PatientId, value, Match::Prefix)];
        let (mut before, mut found) = (None, 0);
        loop {
            let late = Instant::now();
            let search = Search { keys: keys.clone(), before, deadline: late, ..Search::default() };
            let page = history.search(&search).expect("readable");
            found += page.rows.len();
            let Some(next) = page.next else { break };
            assert!(before.is_none_or(|before| next < before), "{value}: again from {next}");
            before = Some(next);
        }
        assert_eq!(found, expected, "{value}");
    }
}

/// Takes nothing of the body `wait` before it is let go on.
#[derive(Default)]
struct Waiting {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Waiting {
    fn wait_until_it_stands(&self) {
        let state = self.state.lock().expect("not poisoned");
        drop(self.changed.wait_while(state, |(stands, _)| !*stands).expect("not poisoned"));
    }

    fn go_on(&self) {
        self.state.lock().expect("not poisoned").1 = true;
        self.changed.notify_all();
    }
}

impl TakeKeys for Waiting {
    fn take(&self, listener: &str, body: &[u8]) -> Vec<SearchKey> {
        if body == b"wait" {
            let mut state = self.state.lock().expect("not poisoned");
            state.0 = true;
            self.changed.notify_all();
            drop(self.changed.wait_while(state, |(_, may_go)| !*may_go).expect("not poisoned"));
        }
        Words { edition: 1 }.take(listener, body)
    }

    fn fingerprint(&self) -> u64 {
        1
    }
}

#[test]
fn a_record_that_cannot_be_read_costs_itself_and_nothing_behind_it() {
    let site = Site::new();
    let waiting = Arc::new(Waiting::default());
    let keys = Some(HistoryOptions { keys: waiting.clone() });
    let options = StoreOptions { history: keys, ..site.options() };
    let open = site.try_open(options).expect("opens");
    let first = open.message("wait", &["lis"]);
    waiting.wait_until_it_stands();
    open.message("id=2", &["damaged-one"]);
    let third = open.message("id=3", &["lis"]);
    let _the_index_has_read_it = open.rows("damaged-one");
    damage(&site, "damaged-one");
    waiting.go_on();
    let history = history(&open);
    let three = key(KeyKind::ControlId, "3", Match::Exact);
    eventually("what stands behind it is found", || {
        found(&history, std::slice::from_ref(&three)) == [third]
    });
    assert_eq!(found_by_all(&history), [third.get(), first.get()]);
    assert!(history.figures().faults > 0, "it is counted");
    let fourth = open.message("id=4", &["lis"]);
    assert_eq!(found_by_all(&history), [fourth.get(), third.get(), first.get()]);
}

#[test]
fn a_row_whose_record_cannot_be_read_is_shown_with_what_is_known_and_hides_no_other() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let first = open.message("id=1", &["lis"]);
    let second = open.message("id=2", &["damaged-one"]);
    let third = open.message("id=3", &["lis"]);
    assert_eq!(found_by_all(&history).len(), 3);
    damage(&site, "damaged-one");
    let rows = all(&history, &Search::default());
    let told: Vec<_> = rows.iter().map(|row| (row.message, row.unreadable)).collect();
    assert_eq!(told, [(third, false), (second, true), (first, false)]);
    assert_eq!(&*rows[1].destinations[0].destination, "damaged-one");
    assert!(row_of(&history, second).unreadable);
}

#[test]
fn of_named_messages_those_that_are_damaged_are_told_from_those_that_are_gone() {
    for open_it in [open as fn(&Site) -> Open, Site::open] {
        let site = Site::new();
        let open = open_it(&site);
        let ids: Vec<_> = ["lis", "damaged-one", "lis"].map(|to| open.message("x", &[to])).into();
        damage(&site, "damaged-one");
        let shown = |ids: &[MessageId]| {
            let mut shown = Vec::new();
            let whole = open.store.messages(ids, &mut |id, kept| {
                shown.push((id, kept.is_some()));
                true
            });
            (shown, whole.is_ok())
        };
        assert_eq!(shown(&ids), (vec![(ids[0], true)], false), "up to the damage");
        assert_eq!(shown(&ids[2..]), (vec![(ids[2], true)], true), "behind it");
        let numbered = |first: MessageId, last: MessageId| {
            let mut numbers = Vec::new();
            let whole = open.store.numbers(first, last, &mut |id| {
                numbers.push(id);
                true
            });
            (numbers, whole.is_ok())
        };
        assert_eq!(numbered(ids[0], ids[2]), (vec![ids[0]], false), "a range names no fewer");
        assert_eq!(numbered(ids[0], ids[0]), (vec![ids[0]], true));
        assert_eq!(numbered(ids[2], ids[2]), (vec![ids[2]], true));
    }
}

#[test]
fn what_was_carried_is_read_by_its_number_and_says_so() {
    let site = Site::new();
    let tick = std::time::Duration::from_millis(1);
    let options = StoreOptions { retain_bytes: 0, tick, ..super::options(&site, 1) };
    let open = site.try_open(options).expect("opens");
    let waiting = open.message("patient=waiting", &["lis", "ris"]);
    open.conclude(waiting, "lis", delivered());
    open.conclude(waiting, "ris", dead(None));
    let gone = open.message("patient=gone", &["lis"]);
    open.conclude(gone, "lis", delivered());
    let padding = "x".repeat(100_000);
    eventually("the first segment goes", || {
        let other = open.message(&padding, &["lis"]);
        open.conclude(other, "lis", delivered());
        open.store.message(gone).expect("readable").is_none()
    });
    let _it_has_come_so_far = caught_up(&open);
    let kept = open.store.message(waiting).expect("readable").expect("it was carried");
    assert_eq!((&kept.body[..], kept.was_carried), (&b"patient=waiting"[..], true));
    let to: Vec<_> = kept.sent.iter().map(|one| &*one.destination).collect();
    assert_eq!(to, ["ris"], "where it has been is no longer known");
}

/// Records that are stored, and the messages of each.
const RECORDS: usize = 32;
const MESSAGES: usize = 1000;

/// Many keys of each message, and the most files of runs there ever were while they were taken.
struct Many {
    folder: PathBuf,
    most: AtomicUsize,
}

impl TakeKeys for Many {
    fn take(&self, _listener: &str, body: &[u8]) -> Vec<SearchKey> {
        let files = std::fs::read_dir(&self.folder).map_or(0, Iterator::count);
        self.most.fetch_max(files, Ordering::Relaxed);
        let number =
            String::from_utf8_lossy(body.split(|byte| *byte == b' ').next().unwrap_or_default());
        let value = |nth: usize| format!("{nth}-{number}-{}", "v".repeat(100)).into_bytes();
        (0..16).map(|nth| SearchKey::new(KeyKind::Visit, &value(nth))).collect()
    }

    fn fingerprint(&self) -> u64 {
        7
    }
}

#[test]
fn a_segment_is_one_run_before_the_next_is_read() {
    let site = Site::new();
    let many = || {
        let mut accept = message("0", &[]);
        let body = |nth: usize| format!("{nth} {}", "x".repeat(60)).into_bytes();
        let of = |nth: usize| NewMessage::new(body(nth).into(), Vec::new());
        accept.messages = (0..MESSAGES).map(of).collect();
        accept
    };
    {
        let open = site.open();
        for _ in 0..RECORDS {
            open.accept(many());
        }
    }
    let segments = site.segment_files().len();
    let folder = site.folder.path().join("store/history");
    let keys = Arc::new(Many { folder, most: AtomicUsize::new(0) });
    let history = Some(HistoryOptions { keys: keys.clone() });
    let open = site.try_open(StoreOptions { history, ..site.options() }).expect("opens");
    let history = caught_up(&open);
    assert_eq!(history.figures().messages, (RECORDS * MESSAGES) as u64);
    eventually("all are merged", || history.figures().runs <= site.segment_files().len() as u64);
    let most = keys.most.load(Ordering::Relaxed);
    // Its own while it is read, and what they become.
    let of_one = RECORDS.div_ceil(segments) + 2;
    assert!(segments > 5 && most <= segments + of_one, "{most} files of {segments} segments");
}
