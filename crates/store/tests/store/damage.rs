//! Records that were damaged while the store was open: nothing of them is sent, nothing else waits for them.

use wardline_store::{
    Damaged, DeliveryRef, DeliveryState, MessageId, More, Outbox, Outcome, ReadError, Store,
};

use crate::site::{Open, Site, damage, dead, drain};

fn hold(open: &Open, damaged: &Damaged) {
    let held = Outcome::Held { attempts: damaged.attempts, cause: "damaged".into(), reply: None };
    open.conclude(damaged.message, "lis", held);
}

fn revive(open: &Open, message: MessageId) {
    open.conclude(message, "lis", Outcome::Revived { by: "ann".into() });
}

fn taken(outbox: &Outbox) -> Vec<MessageId> {
    outbox.take(usize::MAX).deliveries.iter().map(|pending| pending.id).collect()
}

fn stopped_at(outbox: &Outbox) -> Option<MessageId> {
    outbox.refill().expect("readable").map(|damaged| damaged.message)
}

#[test]
fn damage_of_a_body_is_found_by_verify_and_shown_without_it() {
    let site = Site::new();
    let open = site.open();
    let id = open.message("a body that will be damaged", &["lis"]);
    let verified = open.store.verify().expect("readable");
    assert!(verified.is_sound());
    assert_eq!((verified.messages, verified.live), (1, 1));
    damage(&site, "a body");
    assert_eq!(open.store.verify().expect("readable").corruptions.len(), 1);
    let delivery = DeliveryRef { message: id, destination: "lis".into() };
    let detail = open.store.delivery(&delivery).expect("readable").expect("there");
    assert_eq!((detail.body, detail.row.message), (None, id));
}

#[test]
fn what_is_verified_beside_an_engine_ends_when_it_is_told_to_and_says_so() {
    let site = Site::new();
    for _ in 0..3 {
        site.open().message("a body", &["lis"]);
    }
    let open = site.open();
    let whole = open.store.verify_while(&|| true).expect("readable");
    assert!(whole.whole && whole.is_sound());
    assert_eq!(whole.messages, 3);
    let asked = std::cell::Cell::new(0);
    let twice = || {
        asked.set(asked.get() + 1);
        asked.get() <= 2
    };
    let part = open.store.verify_while(&twice).expect("readable");
    assert_eq!((part.whole, part.segments, part.messages), (false, 2, 2));
    assert!(part.is_sound(), "what was not read is not wrong");
}

#[test]
fn a_damaged_body_is_named_before_anything_behind_it_comes() {
    let site = Site::new();
    let open = site.open();
    let ids: Vec<_> = (0..5).map(|n| open.message(&format!("body {n}"), &["lis"])).collect();
    damage(&site, "body 2");
    let outbox = open.outbox("lis");

    let damaged = outbox.refill().expect("readable").expect("one is damaged");
    assert_eq!((damaged.message, damaged.attempts), (ids[2], 0));
    assert_eq!(Some(&damaged.corruption.file), site.segment_files().last());
    assert_eq!(taken(&outbox), ids[..2], "what is before it is given out");
    for id in &ids[..2] {
        outbox.done(*id);
    }
    assert_eq!(stopped_at(&outbox), Some(ids[2]), "nobody has decided about it");
    assert_eq!(taken(&outbox), []);

    hold(&open, &damaged);
    assert_eq!(drain(&outbox).iter().map(|pending| pending.id).collect::<Vec<_>>(), ids[3..]);
    let rows = open.rows("lis");
    let held = rows.iter().find(|row| row.message == ids[2]).expect("it is kept");
    assert_eq!((held.state, held.cause.as_deref()), (DeliveryState::Held, Some("damaged")));
}

#[test]
fn several_damaged_bodies_are_named_one_after_the_other() {
    let site = Site::new();
    let open = site.open();
    let ids: Vec<_> = (0..3).map(|n| open.message(&format!("body {n}"), &["lis"])).collect();
    damage(&site, "body 0");
    damage(&site, "body 1");
    let outbox = open.outbox("lis");
    for id in &ids[..2] {
        let damaged = outbox.refill().expect("readable").expect("one is damaged");
        assert_eq!((damaged.message, taken(&outbox)), (*id, vec![]));
        hold(&open, &damaged);
    }
    assert_eq!(drain(&outbox).iter().map(|pending| pending.id).collect::<Vec<_>>(), ids[2..]);
}

#[test]
fn a_damaged_body_that_is_revived_is_named_again_and_stops_what_is_behind_it() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    drain(&outbox);
    let ids: Vec<_> = (0..3).map(|n| open.message(&format!("body {n}"), &["lis"])).collect();
    assert_eq!(drain(&outbox).len(), 3);
    for id in &ids {
        open.conclude(*id, "lis", dead(None));
    }
    damage(&site, "body 1");
    for id in &ids {
        revive(&open, *id);
    }
    let damaged = outbox.refill().expect("readable").expect("one is damaged");
    assert_eq!(damaged.message, ids[1]);
    assert_eq!(taken(&outbox), ids[..1]);
    outbox.done(ids[0]);
    hold(&open, &damaged);
    assert_eq!(stopped_at(&outbox), None);
    assert_eq!(taken(&outbox), ids[2..]);
    outbox.done(ids[2]);
    assert_eq!(outbox.take(1).more, More::Nothing);

    revive(&open, ids[1]);
    assert_eq!(stopped_at(&outbox), Some(ids[1]));
}

#[test]
fn a_record_that_cannot_be_read_is_named_in_the_error() {
    let site = Site::new();
    let open = site.open();
    let id = open.message("a body", &["lis"]);
    assert_eq!(open.queue("lis").pending, 1, "the index has it");
    damage(&site, "adt-in");
    let error = open.outbox("lis").refill().expect_err("its head is damaged");
    let ReadError::Message { message, source } = error else { panic!("another error: {error}") };
    assert_eq!(message, id);
    assert!(matches!(*source, ReadError::Corrupt(_)), "{source}");
}
