//! What came lately is known again after a start.

use std::time::Duration;

use jiff::Timestamp;
use wardline_store::{
    Accept, Digest, Marks, MessageId, Outcome, Recent, Store, StoreOptions, StoredAnswer,
};

use crate::site::{Open, Site, delivered, eventually, message};

fn digest(key: u64) -> Digest {
    Digest { key, bytes: [7; 16] }
}

fn known(key: u64, second: i64) -> Accept {
    let at = Timestamp::from_second(second).expect("a time");
    let answer = StoredAnswer { code: *b"AA", control_id: format!("W{key}").into(), at };
    let mut accept = message(format!("message {key}"), &["lis"]);
    accept.received_at = at;
    accept.answer = Some(answer);
    accept.messages[0].digest = Some(digest(key));
    accept.messages[0].marks = Marks::IN_BATCH;
    accept
}

/// The keys of what is told, and the messages that wait for an application's answer.
fn told(open: &Open, since: i64, most: usize) -> (Vec<u64>, Vec<MessageId>) {
    let since = Timestamp::from_second(since).expect("a time");
    let (mut keys, mut due) = (Vec::new(), Vec::new());
    let told = open.store.recent(since, most, &mut |recent| match recent {
        Recent::Stored {
            at, listener: "adt-in", digest, marks: Marks::IN_BATCH, answer, ..
        } => {
            let answer = answer.expect("it was answered");
            assert_eq!((answer.at, &*answer.control_id), (at, &*format!("W{}", digest.key)));
            keys.push(digest.key);
        }
        Recent::ApplicationDue { destination: "lis", message, .. } => due.push(message),
        other => panic!("never written: {other:?}"),
    });
    told.expect("readable");
    (keys, due)
}

#[test]
fn what_came_since_is_told_newest_first_after_any_number_of_starts() {
    let site = Site::new();
    for start in 0..3 {
        let open = site.open();
        for key in 0..3 {
            let key = 10 * start + key;
            open.accept(known(key, 1_000 + key.cast_signed()));
            open.message("without a digest", &["lis"]);
        }
    }
    let open = site.open();
    assert_eq!(told(&open, 0, 100).0, [22, 21, 20, 12, 11, 10, 2, 1, 0]);
    assert_eq!(told(&open, 1_011, 100).0, [22, 21, 20, 12, 11]);
    assert_eq!(told(&open, 0, 4).0, [22, 21, 20, 12]);
    assert!(told(&open, 2_000, 100).0.is_empty());
}

#[test]
fn an_answer_that_is_owed_is_told_with_the_message_it_belongs_to() {
    let site = Site::new();
    let open = site.open();
    let id = open.accept(known(1, 1_000));
    let due = Some(Timestamp::from_second(2_000).expect("a time"));
    let outcome = Outcome::Delivered { attempts: 1, reply_code: None, application_due: due };
    open.conclude(id, "lis", outcome);
    drop(open);
    let open = site.open();
    assert_eq!(told(&open, 0, 100), (vec![1], vec![id]));
}

#[test]
fn what_retention_carries_forward_is_still_known() {
    let site = Site::new();
    let open = site.open();
    let ended = open.accept(known(1, 1_000));
    open.conclude(ended, "lis", delivered());
    open.accept(known(2, 1_001));
    drop(open);
    let tick = Duration::from_millis(1);
    let forgetful =
        StoreOptions { retain_bytes: 0, retain_for: Duration::ZERO, tick, ..site.options() };
    let open = site.try_open(forgetful).expect("opens");
    let first = |site: &Site| site.segment_files().remove(0);
    eventually("the first segment goes", || !first(&site).ends_with("000000000001.journal"));
    assert_eq!(told(&open, 0, 100).0, [2]);
    let rows = open.rows("lis");
    assert_eq!(rows[0].marks, Marks::IN_BATCH);
}

#[test]
fn a_message_is_found_by_its_number_whatever_became_of_it() {
    let site = Site::new();
    let mut ids = Vec::new();
    for start in 0..3 {
        let open = site.open();
        for nth in 0..3 {
            let id = open.accept(known(10 * start + nth, 1_000));
            open.conclude(id, "lis", delivered());
            ids.push((id, format!("message {}", 10 * start + nth)));
        }
    }
    let open = site.open();
    for (id, body) in &ids {
        let found = open.store.message(*id).expect("readable").expect("it is there");
        assert_eq!((&found.body[..], found.marks), (body.as_bytes(), Marks::IN_BATCH));
        assert_eq!(&*found.listener, "adt-in");
    }
    let numbers: Vec<u64> = ids.iter().map(|(id, _)| id.get()).collect();
    for other in (1..=numbers[8] + 5).filter(|number| !numbers.contains(number)) {
        let id = MessageId::from_number(other).expect("from 1 on");
        assert_eq!(
            open.store.message(id).expect("readable"),
            None,
            "{other}: an outcome, or nothing"
        );
    }
}
