//! What is older than its listener keeps it is not found and not read any more, unless it has not ended.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use wardline_store::history::{KeyKind, Match, Search, StateFilter};
use wardline_store::{Accept, MessageId, RefusedMessage, Store};

use super::{all, caught_up, found, key, open};
use crate::site::{Open, Site, dead, delivered, eventually, message};

const HOUR: Duration = Duration::from_secs(3600);

/// A message that came so long ago, through this listener.
fn came(open: &Open, listener: &str, ago: Duration) -> MessageId {
    let received_at = Timestamp::now() - ago;
    let accept = message("patient=ann", &["lis"]);
    let id = open.accept(Accept { received_at, listener: listener.into(), ..accept });
    open.settle();
    id
}

fn terms(open: &Open, hours: u32) {
    open.store.retain_each(BTreeMap::from([("lab-in".into(), hours * HOUR)]));
}

#[test]
fn what_is_over_is_neither_found_nor_read_and_what_has_not_ended_is() {
    for with_history in [true, false] {
        let site = Site::new();
        let open = if with_history { open(&site) } else { site.open() };
        let old = came(&open, "lab-in", 3 * HOUR);
        let waiting = came(&open, "lab-in", 3 * HOUR);
        let letter = came(&open, "lab-in", 3 * HOUR);
        let young = came(&open, "lab-in", HOUR);
        let other = came(&open, "adt-in", 3 * HOUR);
        for id in [old, young, other] {
            open.conclude(id, "lis", delivered());
        }
        open.conclude(letter, "lis", dead(None));
        let read = |id| open.store.message(id).expect("readable").is_some();
        let kept = || [old, waiting, letter, young, other].map(read);
        assert_eq!(kept(), [true; 5]);
        terms(&open, 2);
        assert_eq!(kept(), [false, true, true, true, true]);
        if with_history {
            let history = caught_up(&open);
            let ann = [key(KeyKind::PatientId, "ann", Match::Exact)];
            assert_eq!(found(&history, &ann), [other, young, letter, waiting]);
            let dead = Search { state: Some(StateFilter::Dead), ..Search::default() };
            assert_eq!(all(&history, &dead).len(), 1, "somebody has to see to it");
            assert_eq!(history.row(old).expect("readable"), None);
            assert_eq!(history.timeline(old).expect("readable"), None);
            assert_eq!(history.content(old).expect("readable"), None);
            assert!(history.content(waiting).expect("readable").is_some());
        }
        open.conclude(waiting, "lis", delivered());
        assert_eq!(kept(), [false, false, true, true, true], "as soon as it has ended");
        terms(&open, 4);
        assert_eq!(kept(), [true; 5], "its bytes are there as long as their segment");
    }
}

#[test]
fn what_was_refused_is_over_in_the_same_time() {
    let site = Site::new();
    let open = open(&site);
    open.store.keep_refused(RefusedMessage {
        at: Timestamp::now() - 3 * HOUR,
        listener: "lab-in".into(),
        peer: "10.0.0.1:4711".into(),
        code: *b"AR",
        cause: "rule".into(),
        size: 11,
        body: "patient=ann".into(),
    });
    let history = caught_up(&open);
    let rejected = Search { state: Some(StateFilter::Rejected), ..Search::default() };
    eventually("it is found", || all(&history, &rejected).len() == 1);
    terms(&open, 2);
    assert_eq!(all(&history, &rejected).len(), 0);
}
