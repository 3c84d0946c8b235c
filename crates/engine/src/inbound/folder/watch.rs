//! Which files of a folder are ready: a plain struct that is shown what lies there, without a disk or a clock.
//!
//! A file may be looked at while it is written, and nothing tells when its writer is done. So it must lie still: the
//! same size and the same time of change, for as long as the listener says.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

/// A file as a look at the folder shows it. The order is that in which files are taken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// When its turn is by time; the same for all where names alone decide.
    pub(super) rank: SystemTime,
    pub(super) name: OsString,
    pub(super) shape: Shape,
}

/// What of a file changes when somebody writes to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    /// Bytes.
    pub(super) size: u64,
    /// The time of its last change.
    pub(super) changed: SystemTime,
}

/// What the last look has shown.
pub(super) struct Watch {
    stable_for: Duration,
    seen: HashMap<OsString, Seen>,
}

/// A file as it has lain there since some moment.
struct Seen {
    shape: Shape,
    since: Instant,
}

impl Watch {
    pub(super) fn new(stable_for: Duration) -> Self {
        Self { stable_for, seen: HashMap::new() }
    }

    /// What has lain still for long enough, in the order of `found`, as it lay: at each look anew, for as long as it is
    /// not taken. Files that are gone are forgotten.
    pub(super) fn look(&mut self, found: Vec<Found>, now: Instant) -> Vec<Found> {
        let mut before = std::mem::take(&mut self.seen);
        let mut ready = Vec::new();
        for file in found {
            let unchanged = |seen: &Seen| seen.shape == file.shape;
            let since = before.remove(&file.name).filter(unchanged).map_or(now, |seen| seen.since);
            self.seen.insert(file.name.clone(), Seen { shape: file.shape, since });
            if now.duration_since(since) >= self.stable_for {
                ready.push(file);
            }
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn file(name: &str, size: u64, changed: u64) -> Found {
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
        Found { rank: SystemTime::UNIX_EPOCH, name: name.into(), shape: Shape { size, changed } }
    }

    /// The names of what is ready.
    fn look(watch: &mut Watch, found: Vec<Found>, now: Instant) -> Vec<OsString> {
        watch.look(found, now).into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn a_file_is_ready_once_it_has_lain_still_long_enough() {
        let (mut watch, start) = (Watch::new(2 * SECOND), Instant::now());
        assert!(look(&mut watch, vec![file("a", 1, 1)], start).is_empty());
        assert!(look(&mut watch, vec![file("a", 1, 1)], start + SECOND).is_empty());
        assert_eq!(look(&mut watch, vec![file("a", 1, 1)], start + 2 * SECOND), ["a"]);
    }

    #[test]
    fn a_file_that_grows_or_is_written_again_begins_anew() {
        let (mut watch, start) = (Watch::new(2 * SECOND), Instant::now());
        look(&mut watch, vec![file("grows", 1, 1), file("again", 1, 1)], start);
        look(&mut watch, vec![file("grows", 2, 1), file("again", 1, 2)], start + SECOND);
        let all = || vec![file("grows", 2, 1), file("again", 1, 2)];
        assert!(look(&mut watch, all(), start + 2 * SECOND).is_empty());
        assert_eq!(look(&mut watch, all(), start + 3 * SECOND), ["grows", "again"]);
    }

    #[test]
    fn a_file_that_is_ready_and_not_taken_stays_so() {
        let (mut watch, start) = (Watch::new(2 * SECOND), Instant::now());
        watch.look(vec![file("a", 1, 1)], start);
        for seconds in 2..5 {
            assert_eq!(look(&mut watch, vec![file("a", 1, 1)], start + seconds * SECOND), ["a"]);
        }
    }

    #[test]
    fn a_file_that_was_away_begins_anew() {
        let (mut watch, start) = (Watch::new(2 * SECOND), Instant::now());
        look(&mut watch, vec![file("a", 1, 1)], start);
        look(&mut watch, Vec::new(), start + SECOND);
        assert!(look(&mut watch, vec![file("a", 1, 1)], start + 2 * SECOND).is_empty());
    }

    #[test]
    fn a_file_that_is_still_written_holds_no_other_up() {
        let (mut watch, start) = (Watch::new(SECOND), Instant::now());
        look(&mut watch, vec![file("a", 1, 1), file("b", 1, 1)], start);
        assert_eq!(look(&mut watch, vec![file("a", 2, 1), file("b", 1, 1)], start + SECOND), ["b"]);
    }
}
