//! From acceptance to the end of a delivery, and over a restart.

use wardline_store::{DeliveryRef, DeliveryState, MessageId, Outcome, Store};

use crate::site::{Site, change, dead, delivered, drain, message};

#[test]
fn an_accepted_message_comes_out_of_every_outbox_it_is_for_byte_for_byte() {
    let site = Site::new();
    let open = site.open();
    let (lis, archive) = (open.outbox("lis"), open.outbox("archive"));
    assert!(drain(&lis).is_empty());
    let body = b"MSH|^~\\&|A|B\rPID|1\r\xff\x00".to_vec();
    let id = open.accept(message(body.clone(), &["lis", "archive"]));
    for outbox in [&lis, &archive] {
        let all = drain(outbox);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].id, &all[0].body[..]), (id, &body[..]));
        assert_eq!((&*all[0].listener, all[0].attempts), ("adt-in", 0));
    }
}

#[test]
fn what_was_not_delivered_comes_again_after_a_start_and_the_rest_does_not() {
    let site = Site::new();
    let open = site.open();
    let ids: Vec<MessageId> = (0..5).map(|n| open.message(&format!("m{n}"), &["lis"])).collect();
    open.store.record(change(ids[1], "lis", delivered()), None);
    open.conclude(ids[3], "lis", dead(Some("MSA|AR")));
    drop(open);

    let open = site.open();
    let all = drain(&open.outbox("lis"));
    let bodies: Vec<_> = all.iter().map(|pending| (pending.id, &pending.body[..])).collect();
    assert_eq!(bodies, [(ids[0], &b"m0"[..]), (ids[2], b"m2"), (ids[4], b"m4")]);
    let queue = open.queue("lis");
    assert_eq!((queue.pending, queue.held, queue.dead), (3, 0, 1));
    let dead = DeliveryRef { message: ids[3], destination: "lis".into() };
    let detail = open.store.delivery(&dead).expect("readable").expect("there");
    assert_eq!(detail.row.state, DeliveryState::Dead);
    assert_eq!(detail.row.cause.as_deref(), Some("rejected"));
    assert_eq!(detail.reply.as_deref(), Some(&b"MSA|AR"[..]));
    assert_eq!(&detail.body[..], b"m3");
}

#[test]
fn ids_go_on_after_a_start_and_never_repeat() {
    let site = Site::new();
    let mut last = 0;
    for _ in 0..4 {
        let open = site.open();
        for _ in 0..3 {
            let id = open.message("m", &["lis"]).get();
            assert!(id > last, "{id} after {last}");
            last = id;
        }
    }
}

#[test]
fn a_dead_letter_that_is_revived_comes_again_and_one_discarded_never() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    let first = open.message("first", &["lis"]);
    let second = open.message("second", &["lis"]);
    assert_eq!(drain(&outbox).len(), 2);
    open.conclude(first, "lis", dead(None));
    open.conclude(second, "lis", dead(None));
    open.conclude(first, "lis", Outcome::Revived { by: "ann".into() });
    let discarded = Outcome::Discarded { by: "ann".into(), reason: "a test".into() };
    open.conclude(second, "lis", discarded);
    let again = drain(&outbox);
    assert_eq!(again.iter().map(|pending| pending.id).collect::<Vec<_>>(), [first]);
    assert_eq!(again[0].attempts, 0);
    let queue = open.queue("lis");
    assert_eq!((queue.pending, queue.dead), (1, 0));
}
