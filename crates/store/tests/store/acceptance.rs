//! From acceptance to the end of a delivery, and over a restart.

use bytes::Bytes;
use wardline_store::limits::MAX_ALSO;
use wardline_store::{
    Accept, Concluded, DeliveryRef, DeliveryState, Intake, Lane, Marks, MessageId, NewDelivery,
    NewMessage, Outcome, Refusal, Store, StoredAnswer,
};

use crate::site::{Site, change, dead, delivered, drain, eventually, message};

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
    assert_eq!(detail.body.as_deref(), Some(&b"m3"[..]));
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

#[test]
fn messages_of_one_record_have_ids_without_a_gap_and_a_body_of_their_own_where_it_differs() {
    let site = Site::new();
    let open = site.open();
    let one = |body: &'static str, own: Option<&'static str>| NewMessage {
        body: Bytes::from_static(body.as_bytes()),
        hops: 3,
        marks: Marks::DUPLICATE,
        digest: None,
        origin: None,
        deliveries: vec![NewDelivery {
            destination: "lis".into(),
            lane: Lane(7),
            also: vec![Lane(8), Lane::ALL],
            body: own.map(|own| Bytes::from_static(own.as_bytes())),
        }],
    };
    let answer = StoredAnswer {
        code: *b"AA",
        control_id: "W1".into(),
        at: jiff::Timestamp::from_second(1_790_000_000).expect("a time"),
    };
    let accept = Accept {
        messages: vec![one("first", None), one("second", Some("changed"))],
        answer: Some(answer.clone()),
        ..message(b"".to_vec(), &[])
    };
    let ticket = open.hand_over(accept).expect("taken");
    let stored = open.done.wait(ticket).expect("stored");
    assert_eq!(stored.count, 2);
    drop(open);
    let open = site.open();
    let all = drain(&open.outbox("lis"));
    let first = stored.first.get();
    assert_eq!(all.iter().map(|p| p.id.get()).collect::<Vec<_>>(), [first, first + 1]);
    assert_eq!(all.iter().map(|p| &p.body[..]).collect::<Vec<_>>(), [&b"first"[..], b"changed"]);
    assert!(all.iter().all(|pending| pending.hops == 3 && pending.lane == Lane(7)));
    assert!(all.iter().all(|pending| pending.also == [Lane(8), Lane::ALL]));
    let delivery = DeliveryRef { message: all[1].id, destination: "lis".into() };
    let detail = open.store.delivery(&delivery).expect("readable").expect("there");
    assert_eq!((detail.body.as_deref(), detail.answer), (Some(&b"changed"[..]), Some(answer)));
    for (most, head) in [(0, &b""[..]), (4, b"chan"), (usize::MAX, b"changed")] {
        let cut = open.store.delivery_head(&delivery, most).expect("readable").expect("there");
        assert_eq!((cut.body.as_deref(), &cut.row), (Some(head), &detail.row));
    }
    assert_eq!((detail.row.lane, detail.row.marks), (Lane(7), Marks::DUPLICATE));
    open.conclude(all[0].id, "lis", delivered());
    open.conclude(all[1].id, "lis", dead(None));
    let rows = open.rows("lis");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].message, rows[0].lane), (all[1].id, Lane(7)));
}

#[test]
fn what_a_handler_emits_and_the_end_of_its_delivery_are_one_record() {
    let site = Site::new();
    let open = site.open();
    let asked = open.message("question", &["handler"]);
    let delivery = DeliveryRef { message: asked, destination: "handler".into() };
    let accept = Accept {
        concludes: Some(Concluded { delivery, outcome: delivered() }),
        ..message(b"emitted".to_vec(), &["lis"])
    };
    let emitted = open.accept(accept);
    let holds = |open: &crate::site::Open| {
        assert!(open.rows("handler").is_empty());
        assert_eq!(open.rows("lis")[0].message, emitted);
    };
    holds(&open);
    drop(open);
    holds(&site.open());
}

#[test]
fn an_index_too_far_behind_refuses_messages_until_it_has_caught_up() {
    let site = Site::new();
    let mut options = site.options();
    options.max_index_lag = 50_000;
    let open = site.try_open(options).expect("opens");
    eventually("intake is refused", || {
        match open.hand_over(message(vec![b'x'; 20_000], &["lis"])) {
            Ok(_) => false,
            Err(refused) => {
                matches!(refused.refusal, Refusal::Intake(Intake::Lagging { bytes }) if bytes > 50_000)
            }
        }
    });
    eventually("intake returns by itself", || open.store.intake() == Intake::Open);
    open.message("after", &["lis"]);
}

#[test]
fn a_record_that_no_reader_would_believe_is_refused_and_comes_back() {
    let site = Site::new();
    let open = site.open();
    let delivery = |name: &str| NewDelivery::new(name.into());
    let accept = |deliveries: Vec<NewDelivery>, messages: usize| {
        let message = NewMessage::new(Bytes::new(), deliveries);
        Accept { messages: vec![message; messages], ..self::message(b"".to_vec(), &[]) }
    };
    let many = usize::from(u16::MAX);
    let long_name = "d".repeat(255);
    let too_many_deliveries = accept(vec![delivery("lis"); many + 1], 1);
    let too_much_meta = accept(vec![delivery(&long_name); 1000], 300);
    let too_many_lanes = NewDelivery { also: vec![Lane(1); MAX_ALSO + 1], ..delivery("lis") };
    let too_many_lanes = accept(vec![too_many_lanes], 1);
    for record in [too_many_deliveries, too_much_meta, too_many_lanes] {
        let messages = record.messages.len();
        let refused = open.hand_over(record).expect_err("refused");
        assert!(matches!(refused.refusal, Refusal::TooLarge { .. }), "{:?}", refused.refusal);
        assert_eq!(refused.accept.messages.len(), messages);
    }
    open.accept(accept(vec![delivery("lis"); many], 1));
    drop(open);
    assert_eq!(site.open().queue("lis").pending, 1);
}
