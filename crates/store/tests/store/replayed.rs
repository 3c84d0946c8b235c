//! What a job has sent in is known for good.

use wardline_store::{MessageId, Origin, Store, StoreOptions};

use crate::site::{Open, Site, delivered, eventually, message};

fn id(number: u64) -> MessageId {
    MessageId::from_number(number).expect("not 0")
}

fn replay(open: &Open, job: u64, original: u64) -> MessageId {
    let mut accept = message("once more", &["lis"]);
    accept.messages[0].origin = Some(Origin { job, message: id(original) });
    open.accept(accept)
}

fn told(open: &Open, job: u64, after: Option<MessageId>) -> (Vec<u64>, bool) {
    let mut originals = Vec::new();
    let whole = open.store.replayed(job, after, &mut |original| originals.push(original.get()));
    (originals, whole.expect("readable"))
}

#[test]
fn the_originals_of_a_job_are_told_after_any_number_of_starts() {
    let site = Site::new();
    let mut newest = None;
    for start in 0..3 {
        let open = site.open();
        replay(&open, 7, 10 + start);
        replay(&open, 8, 20 + start);
        open.message("not replayed", &["lis"]);
        if start == 0 {
            newest = open.store.newest();
        }
    }
    let open = site.open();
    assert_eq!(told(&open, 7, None), (vec![10, 11, 12], true));
    assert_eq!(told(&open, 8, newest), (vec![21, 22], true));
    assert_eq!(told(&open, 9, None), (vec![], true));
}

#[test]
fn what_retention_let_go_is_said_to_be_missing() {
    let site = Site::new();
    let options = StoreOptions { retain_bytes: 1, ..site.options() };
    let open = site.try_open(options).expect("the store opens");
    let live = replay(&open, 7, 10);
    let ended = replay(&open, 7, 11);
    open.conclude(ended, "lis", delivered());
    eventually("its segment goes", || {
        let large = open.message(&"x".repeat(200_000), &["archive"]);
        open.conclude(large, "archive", delivered());
        open.store.message(live).expect("readable").is_none()
    });
    assert_eq!(told(&open, 7, None), (vec![10], false), "what is live is carried with its origin");
    let newest = open.store.newest();
    assert_eq!(told(&open, 7, newest), (vec![], true));
}

#[test]
fn messages_are_read_by_their_numbers_from_any_segment() {
    let site = Site::new();
    let mut ids = Vec::new();
    for start in 0..3 {
        let open = site.open();
        for one in 0..3 {
            ids.push(open.message(&format!("message {start}{one}"), &["lis"]));
            open.conclude(*ids.last().expect("one"), "lis", delivered());
        }
    }
    let open = site.open();
    let missing = id(ids[8].get() + 100);
    let wanted = [ids[0], ids[2], ids[4], ids[8], missing];
    let mut read = Vec::new();
    let shown = open.store.messages(&wanted, &mut |id, kept| {
        let body = kept.map(|kept| String::from_utf8(kept.body.to_vec()).expect("text"));
        read.push((id, body));
        true
    });
    shown.expect("readable");
    let texts =
        ["message 00", "message 02", "message 11", "message 22"].map(|text| Some(text.to_owned()));
    let expected: Vec<_> = wanted.into_iter().zip(texts.into_iter().chain([None])).collect();
    assert_eq!(read, expected);
    let mut first = 0;
    let shown = open.store.messages(&wanted, &mut |_, _| {
        first += 1;
        false
    });
    shown.expect("readable");
    assert_eq!(first, 1, "it goes on although it was enough");
}
