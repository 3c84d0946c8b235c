//! The history finds every message that is kept, shows what became of it, and survives whatever happens to its files.

mod impaired;
mod lasting;
mod model;
mod terms;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wardline_store::history::{
    Happened, History, HistoryOptions, HistoryRow, HistoryState, KeyKind, KeyMatch, Match, Search,
    SearchKey, StateFilter, TakeKeys,
};
use wardline_store::{
    Accept, MessageId, NewDelivery, NewMessage, Origin, Outcome, RefusedMessage, Store,
    StoreOptions, StoredAnswer,
};

use jiff::Timestamp;

use crate::site::{Open, Site, change, dead, delivered, eventually, message};

/// Takes the words of a body, which look like `visit=7`; what is not told of is no key.
pub(crate) struct Words {
    /// Told as the fingerprint; what it takes depends on it.
    pub(crate) edition: u64,
}

impl TakeKeys for Words {
    fn take(&self, _listener: &str, body: &[u8]) -> Vec<SearchKey> {
        let words = body.split(|byte| *byte == b' ');
        let keys = words.filter_map(|word| {
            let at = word.iter().position(|byte| *byte == b'=')?;
            let kind = match &word[..at] {
                b"id" => KeyKind::ControlId,
                b"patient" => KeyKind::PatientId,
                b"visit" => KeyKind::Visit,
                b"own" => KeyKind::Custom(u8::try_from(self.edition).expect("small")),
                _ => return None,
            };
            Some(SearchKey::new(kind, &word[at + 1..]))
        });
        keys.collect()
    }

    fn fingerprint(&self) -> u64 {
        self.edition
    }
}

pub(crate) fn options(site: &Site, edition: u64) -> StoreOptions {
    let history = HistoryOptions { keys: Arc::new(Words { edition }) };
    StoreOptions { history: Some(history), ..site.options() }
}

pub(crate) fn open(site: &Site) -> Open {
    site.try_open(options(site, 1)).expect("the store opens")
}

pub(crate) fn history(open: &Open) -> History {
    open.store.history().expect("it was asked for")
}

/// Waits until all of the journal is in it.
pub(crate) fn caught_up(open: &Open) -> History {
    let history = history(open);
    eventually("the history has caught up", || {
        let figures = history.figures();
        figures.ready && figures.lag == 0 && figures.outdated == 0
    });
    history
}

pub(crate) fn key(kind: KeyKind, value: &'static str, how: Match) -> KeyMatch {
    KeyMatch { kind, value: Bytes::from_static(value.as_bytes()), how }
}

/// All that match, page by page, once the history has caught up.
pub(crate) fn all(history: &History, search: &Search) -> Vec<HistoryRow> {
    eventually("the history has caught up", || history.figures().lag == 0);
    let mut rows = Vec::new();
    let mut before = search.before;
    loop {
        let deadline = Instant::now() + Duration::from_secs(30);
        let page = history.search(&Search { before, deadline, ..search.clone() });
        let page = page.expect("readable");
        assert!(page.whole, "it took too long");
        rows.extend(page.rows);
        match page.next {
            Some(next) => before = Some(next),
            None => return rows,
        }
    }
}

/// One message, once the history has caught up.
pub(crate) fn row_of(history: &History, message: MessageId) -> HistoryRow {
    eventually("the history has caught up", || history.figures().lag == 0);
    history.row(message).expect("readable").expect("there")
}

pub(crate) fn found(history: &History, keys: &[KeyMatch]) -> Vec<MessageId> {
    let search = Search { keys: keys.to_vec(), limit: 3, ..Search::default() };
    all(history, &search).iter().map(|row| row.message).collect()
}

#[test]
fn a_message_is_found_by_all_its_keys_newest_first() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let first = open.message("id=1 patient=ann visit=77", &["lis"]);
    let second = open.message("id=2 patient=anna", &["lis"]);
    let patient = |value, how| key(KeyKind::PatientId, value, how);
    assert_eq!(found(&history, &[patient("ann", Match::Exact)]), [first]);
    assert_eq!(found(&history, &[patient("ann", Match::Prefix)]), [second, first]);
    let both = [patient("ann", Match::Prefix), key(KeyKind::Visit, "77", Match::Exact)];
    assert_eq!(found(&history, &both), [first]);
    assert_eq!(found(&history, &[key(KeyKind::Visit, "ann", Match::Exact)]), []);
    assert_eq!(found(&history, &[]), [second, first]);
}

#[test]
fn a_row_tells_how_its_deliveries_stand_and_ended_ones_stay_ended() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let one = open.message("id=1", &["lis", "archive", "ris", "pacs"]);
    open.conclude(one, "lis", delivered());
    let deferred = Outcome::Deferred {
        attempts: 3,
        first_attempt: None,
        due: Timestamp::now(),
        cause: "refused".into(),
    };
    open.conclude(one, "archive", deferred);
    open.conclude(one, "ris", dead(Some("MSA|AR|1")));
    let row = row_of(&history, one);
    let states: Vec<_> = row.destinations.iter().map(|one| (one.state, one.attempts)).collect();
    let expected = [
        (HistoryState::Delivered, 1),
        (HistoryState::Pending, 3),
        (HistoryState::Dead, 2),
        (HistoryState::Pending, 0),
    ];
    assert_eq!(states, expected);
    assert_eq!(row.destinations[0].reply_code, Some(*b"AA"));
    assert_eq!(row.destinations[1].cause.as_deref(), Some("refused"));
    assert_eq!(row.key(KeyKind::ControlId), Some(&Bytes::from_static(b"1")));
    assert_eq!((&*row.listener, &*row.peer, row.bytes), ("adt-in", "127.0.0.1:4711", 4));

    open.conclude(one, "ris", Outcome::Revived { by: "ann".into() });
    open.conclude(one, "lis", dead(None));
    let row = row_of(&history, one);
    assert_eq!(row.destinations[0].state, HistoryState::Delivered);
    assert_eq!(row.destinations[2].state, HistoryState::Pending);
    let dead = Search { state: Some(StateFilter::Dead), ..Search::default() };
    assert_eq!(all(&history, &dead), []);
    let pending = |destination: &str| Search {
        state: Some(StateFilter::Pending),
        destination: Some(destination.into()),
        ..Search::default()
    };
    assert_eq!(all(&history, &pending("lis")), []);
    assert_eq!(all(&history, &pending("ris")), [row]);
}

#[test]
fn however_often_one_delivery_is_retried_the_others_stand_as_they_ended() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let one = open.message("id=1", &["lis", "archive"]);
    open.conclude(one, "archive", delivered());
    let retries = 300;
    for attempts in 1..=retries {
        let due = Timestamp::now();
        let cause = "refused".into();
        let deferred = Outcome::Deferred { attempts, first_attempt: None, due, cause };
        open.store.record(change(one, "lis", deferred), None);
    }
    open.conclude(one, "lis", dead(None));
    let stand = |history: &History| {
        let row = row_of(history, one);
        row.destinations.iter().map(|one| one.state).collect::<Vec<_>>()
    };
    let expected = [HistoryState::Dead, HistoryState::Delivered];
    assert_eq!(stand(&history), expected, "in memory");
    drop((history, open));
    let open = self::open(&site);
    assert_eq!(stand(&caught_up(&open)), expected, "in a run");
    let delivered = Search {
        state: Some(StateFilter::Delivered),
        destination: Some("archive".into()),
        ..Search::default()
    };
    assert_eq!(all(&caught_up(&open), &delivered).len(), 1);
}

#[test]
fn what_was_given_up_after_attempts_still_tells_how_many() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let one = open.message("id=1", &["lis", "ris", "pacs"]);
    let discarded = || Outcome::Discarded { by: "ann".into(), reason: "a test".into() };
    open.conclude(one, "lis", dead(None));
    open.conclude(one, "lis", discarded());
    open.conclude(one, "ris", dead(None));
    open.conclude(one, "ris", Outcome::Revived { by: "ann".into() });
    open.conclude(one, "ris", discarded());
    open.conclude(one, "pacs", dead(None));
    let attempts = |history: &History| {
        let row = row_of(history, one);
        row.destinations.iter().map(|one| (one.state, one.attempts)).collect::<Vec<_>>()
    };
    let given_up = [(HistoryState::Discarded, 2), (HistoryState::Discarded, 0)];
    assert_eq!(attempts(&history)[..2], given_up, "it was put back to be tried anew");
    drop((history, open));
    let open = self::open(&site);
    open.conclude(one, "pacs", discarded());
    let told = attempts(&caught_up(&open));
    assert_eq!((&told[..2], told[2]), (&given_up[..], (HistoryState::Discarded, 2)));
}

#[test]
fn the_timeline_tells_everything_in_order_and_from_the_records() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let answer = StoredAnswer { code: *b"AA", control_id: "A1".into(), at: Timestamp::UNIX_EPOCH };
    let accept = Accept { answer: Some(answer.clone()), ..message("id=1", &["lis", "ris"]) };
    let one = open.accept(accept);
    let other = open.message("id=2", &["lis"]);
    open.conclude(one, "ris", dead(Some("MSA|AR|1")));
    open.conclude(other, "lis", delivered());
    open.conclude(one, "ris", Outcome::Revived { by: "ann".into() });
    open.conclude(one, "lis", delivered());
    let discarded = Outcome::Discarded { by: "ann".into(), reason: "a test".into() };
    open.conclude(one, "ris", discarded);
    eventually("the history has caught up", || history.figures().lag == 0);
    let events = history.timeline(one).expect("readable").expect("there");
    let told: Vec<_> = events.iter().map(|event| event.destination.as_deref()).collect();
    assert_eq!(told, [None, None, Some("ris"), Some("ris"), Some("lis"), Some("ris")]);
    assert_eq!(events[1].what, Happened::Answered(answer));
    let Happened::Dead(stopped) = &events[2].what else { panic!("{events:?}") };
    assert_eq!((stopped.attempts, &*stopped.cause), (2, "rejected"));
    assert_eq!(stopped.reply.as_deref(), Some(b"MSA|AR|1".as_slice()));
    assert_eq!(events[3].what, Happened::Revived { by: "ann".into() });
    let Happened::Delivered { attempts: 1, reply_code: Some(code), .. } = events[4].what else {
        panic!("{events:?}")
    };
    assert_eq!(&code, b"AA");
    let gone = MessageId::from_number(9_999).expect("a number");
    assert_eq!(history.timeline(gone).expect("readable"), None);
}

#[test]
fn the_bytes_of_a_message_and_what_is_sent_instead_are_shown() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let own = NewDelivery {
        body: Some(Bytes::from_static(b"changed")),
        ..NewDelivery::new("archive".into())
    };
    let deliveries = vec![NewDelivery::new("lis".into()), own];
    let second = NewMessage::new(Bytes::from_static(b"the second"), deliveries);
    let mut accept = message("the first", &["lis"]);
    accept.messages.push(second);
    let first = open.accept(accept);
    let second = MessageId::from_number(first.get() + 1).expect("a number");
    eventually("the history has caught up", || history.figures().lag == 0);
    let content = |id| history.content(id).expect("readable").expect("there");
    assert_eq!((&content(first).body[..], content(first).sent), (&b"the first"[..], vec![]));
    assert_eq!(&content(second).body[..], b"the second");
    assert_eq!(content(second).sent, [("archive".into(), Bytes::from_static(b"changed"))]);
}

#[test]
fn what_was_refused_is_found_with_its_reason_and_ends_nowhere() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let unrouted = open.message("id=1", &[]);
    open.store.keep_refused(RefusedMessage {
        at: Timestamp::now(),
        listener: "adt-in".into(),
        peer: "10.0.0.1:4711".into(),
        code: *b"AR",
        cause: "not-accepted".into(),
        size: 2_000_000,
        body: Bytes::from_static(b"id=2 patient=ann"),
    });
    let rejected = Search { state: Some(StateFilter::Rejected), ..Search::default() };
    eventually("it is written", || !all(&history, &rejected).is_empty());
    let rows = all(&history, &rejected);
    let refusal = rows[0].refusal.as_ref().expect("it was refused");
    assert_eq!((refusal.code, &*refusal.cause, refusal.size), (*b"AR", "not-accepted", 2_000_000));
    assert_eq!((rows[0].bytes, &*rows[0].peer, rows.len()), (2_000_000, "10.0.0.1:4711", 1));
    let ann = key(KeyKind::PatientId, "ann", Match::Exact);
    assert_eq!(found(&history, &[ann]), [rows[0].message]);
    let taken = Search { state: Some(StateFilter::Unrouted), ..Search::default() };
    assert_eq!(all(&history, &taken).iter().map(|row| row.message).collect::<Vec<_>>(), [unrouted]);
    let events = history.timeline(rows[0].message).expect("readable").expect("there");
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].what, Happened::Refused(refusal.clone()));
    let content = history.content(rows[0].message).expect("readable").expect("there");
    assert_eq!(&content.body[..], b"id=2 patient=ann");
}

#[test]
fn a_replay_is_found_by_its_job_and_by_its_original() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let original = open.message("id=1", &["lis"]);
    let origin = Origin { job: 42, message: original };
    let mut accept = message("id=1", &["lis"]);
    accept.messages[0].origin = Some(origin);
    let replay = open.accept(accept);
    assert_eq!(found(&history, &[KeyMatch::job(42)]), [replay]);
    assert_eq!(found(&history, &[KeyMatch::replays_of(original)]), [replay]);
    assert_eq!(found(&history, &[KeyMatch::job(4)]), []);
    assert_eq!(row_of(&history, replay).origin, Some(origin));
    assert_eq!(row_of(&history, original).origin, None);
}

#[test]
fn nothing_of_a_message_is_in_a_debug_of_what_is_asked_and_told() {
    let site = Site::new();
    let open = open(&site);
    let history = caught_up(&open);
    let one = open.message("id=SECRET patient=SECRET", &["lis"]);
    open.conclude(one, "lis", dead(Some("SECRET")));
    let keys = vec![key(KeyKind::PatientId, "SECRET", Match::Exact)];
    let search = Search { keys, ..Search::default() };
    assert_eq!(all(&history, &search).len(), 1);
    let page = history.search(&search).expect("readable");
    let told = format!(
        "{search:?} {page:?} {:?} {:?} {history:?}",
        history.timeline(one).expect("readable"),
        history.content(one).expect("readable"),
    );
    assert!(!told.contains("SECRET"), "{told}");
}

#[test]
fn a_store_without_a_history_has_none() {
    let site = Site::new();
    let open = site.open();
    open.message("id=1", &["lis"]);
    assert!(open.store.history().is_none());
    assert!(!site.folder.path().join("store/history").exists());
}
