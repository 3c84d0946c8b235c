//! What operators do to queues, and what becomes of a queue whose destination is gone.

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;

use libtest_mimic::Trial;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use wardline_engine::control::protocol::{
    DeliveryState, DiscardFrom, QueueRow, RefusedReason, Request, Response, Which,
};
use wardline_store::MessageId;
use wardline_tests::message::{adt, field, framed};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_queue_survives_a_restart_and_keeps_its_order,
        a_queue_without_its_destination_is_kept_shown_and_resumed,
        a_held_queue_stays_held_over_a_restart_until_it_is_retried,
        skipping_moves_the_head_to_the_dead_letters,
        discarding_ends_deliveries_and_tells_how_many,
        a_dry_run_touches_nothing,
        a_dead_letter_is_sent_again_when_revived,
        what_does_not_exist_is_not_found,
        a_drain_answers_the_message_in_hand_and_exits_with_0,
        a_drain_lets_the_last_answer_arrive_though_the_peer_sends_on,
        a_drain_leaves_queues_for_the_next_start,
        a_second_engine_on_the_same_store_is_refused,
        the_control_socket_outlives_a_time_without_file_descriptors,
    ]
}

fn configuration(destination: &str, address: SocketAddr) -> String {
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["{destination}"]

[[destinations]]
id = "{destination}"
kind = "mllp"
address = "{address}"
retry = {{ first = "20ms", max = "100ms" }}
"#
    )
}

fn site(address: SocketAddr) -> Site {
    Site::new(PROGRAM, &configuration("lis", address))
}

fn send(engine: &Engine, control_ids: &[&str]) {
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in control_ids {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
}

fn done(response: Response) -> (u64, QueueRow) {
    match response {
        Response::Done { affected, queue, .. } => (affected, queue.expect("the queue afterwards")),
        other => panic!("asked for an action, got {other:?}"),
    }
}

fn listed(engine: &Engine, state: DeliveryState) -> Vec<(MessageId, String)> {
    let destination = Some("lis".to_owned());
    match engine.ask(&Request::Deliveries { destination, state, after: None, limit: 100 }) {
        Response::Deliveries { deliveries, .. } => {
            deliveries.into_iter().map(|row| (row.message, row.control_id)).collect()
        }
        other => panic!("asked for deliveries, got {other:?}"),
    }
}

fn control_ids(engine: &Engine, state: DeliveryState) -> Vec<String> {
    listed(engine, state).into_iter().map(|(_, control_id)| control_id).collect()
}

fn discard(from: DiscardFrom, which: Which, dry_run: bool) -> Request {
    Request::Discard {
        destination: "lis".into(),
        from,
        which,
        by: "test".into(),
        reason: "no longer wanted".into(),
        dry_run,
    }
}

fn a_queue_survives_a_restart_and_keeps_its_order() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    send(&engine, &["1", "2", "3"]);
    engine.kill();
    let sink = Sink::in_place_of(&nobody, |_| Reply::Code("AA"));
    let engine = site.start();
    send(&engine, &["4"]);
    sink.wait_for(4);
    assert_eq!(sink.control_ids(), ["1", "2", "3", "4"], "ORDER-1");
}

fn a_queue_without_its_destination_is_kept_shown_and_resumed() {
    let sink = Sink::accepting();
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    send(&engine, &["1", "2"]);
    engine.stop();

    site.configure("[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n");
    let engine = site.start();
    let row = engine.queue("lis");
    assert_eq!((row.kind.as_str(), row.state.as_str(), row.pending), ("orphaned", "orphaned", 2));
    assert_eq!(control_ids(&engine, DeliveryState::Pending), ["1", "2"]);
    engine.stop();

    site.configure(&configuration("lis", sink.address()));
    let engine = site.start();
    sink.wait_for(2);
    assert_eq!(sink.control_ids(), ["1", "2"]);
    engine.wait_for_queue("lis", "done", |row| row.pending == 0 && row.kind == "mllp");
}

fn a_held_queue_stays_held_over_a_restart_until_it_is_retried() {
    let sink = Sink::accepting();
    let site = site(sink.address());
    let engine = site.start();
    let hold = Request::Hold {
        destination: "lis".into(),
        by: "ann".into(),
        reason: "the laboratory moves".into(),
    };
    let (_, row) = done(engine.ask(&hold));
    assert_eq!(row.state, "held");
    send(&engine, &["1"]);
    engine.kill();
    let engine = site.start();
    send(&engine, &["2"]);
    let row = engine.queue("lis");
    assert_eq!((row.state.as_str(), row.pending), ("held", 2));
    let reason = row.reason.expect("who and why");
    assert!(reason.contains("ann") && reason.contains("the laboratory moves"), "{reason}");
    assert!(sink.arrived().is_empty());
    done(engine.ask(&Request::Retry { destination: "lis".into(), by: "ann".into() }));
    sink.wait_for(2);
    assert_eq!(sink.control_ids(), ["1", "2"]);
}

fn skipping_moves_the_head_to_the_dead_letters() {
    let sink = Sink::start(|arrived| match arrived.control_id.as_str() {
        "STUCK" => Reply::Code("AE"),
        _ => Reply::Code("AA"),
    });
    let site = site(sink.address());
    let engine = site.start();
    send(&engine, &["STUCK", "NEXT"]);
    sink.wait_for(1);
    let skip = Request::Skip {
        destination: "lis".into(),
        message: None,
        by: "ann".into(),
        reason: "asked the laboratory".into(),
        dry_run: false,
    };
    let (affected, _) =
        wait::until("the head to be between two attempts", || match engine.ask(&skip) {
            Response::Refused { reason: RefusedReason::InFlight, .. } => None,
            other => Some(done(other)),
        });
    assert_eq!(affected, 1);
    engine.wait_for_queue("lis", "the lane to go on", |row| row.pending == 0);
    assert_eq!(control_ids(&engine, DeliveryState::Dead), ["STUCK"]);
    assert_eq!(sink.control_ids().last().map(String::as_str), Some("NEXT"));
}

fn discarding_ends_deliveries_and_tells_how_many() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    send(&engine, &["1", "2", "3"]);
    let second = listed(&engine, DeliveryState::Pending)[1].0;
    let (affected, row) = wait::until("a moment between two attempts", || {
        match engine.ask(&discard(DiscardFrom::Queue, Which::Messages(vec![second]), false)) {
            Response::Refused { reason: RefusedReason::InFlight, .. } => None,
            other => Some(done(other)),
        }
    });
    assert_eq!((affected, row.pending), (1, 2));
    assert_eq!(control_ids(&engine, DeliveryState::Pending), ["1", "3"]);
    engine.kill();
    let engine = site.start();
    assert_eq!(control_ids(&engine, DeliveryState::Pending), ["1", "3"], "END-1");
}

fn a_dry_run_touches_nothing() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    send(&engine, &["1", "2"]);
    let (affected, row) = done(engine.ask(&discard(DiscardFrom::Queue, Which::All, true)));
    assert_eq!((affected, row.pending), (2, 2));
}

fn a_dead_letter_is_sent_again_when_revived() {
    let sink = Sink::start(|arrived| match arrived.nth {
        0 => Reply::Code("AR"),
        _ => Reply::Code("AA"),
    });
    let site = site(sink.address());
    let engine = site.start();
    send(&engine, &["1"]);
    engine.wait_for_queue("lis", "dead", |row| row.dead == 1);
    let revive = Request::Revive {
        destination: "lis".into(),
        which: Which::All,
        by: "ann".into(),
        dry_run: false,
    };
    let (affected, _) = done(engine.ask(&revive));
    assert_eq!(affected, 1);
    engine.wait_for_queue("lis", "delivered", |row| row.dead == 0 && row.pending == 0);
    assert_eq!(sink.control_ids(), ["1", "1"]);
}

fn what_does_not_exist_is_not_found() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    let number = MessageId::from_number(99).expect("a number");
    let requests = [
        Request::Retry { destination: "lsi".into(), by: "ann".into() },
        Request::Delivery { destination: "lis".into(), message: number, content: false },
        Request::Deliveries {
            destination: Some("lsi".into()),
            state: DeliveryState::Dead,
            after: None,
            limit: 1,
        },
    ];
    for request in requests {
        let response = engine.ask(&request);
        assert!(
            matches!(response, Response::Refused { reason: RefusedReason::NotFound, .. }),
            "{request:?}: {response:?}"
        );
    }
}

fn a_drain_answers_the_message_in_hand_and_exits_with_0() {
    let site = Site::new(
        PROGRAM,
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
handlers = ["misbehaving"]
handler_timeout = "1s"
"#,
    );
    let engine = site.start();
    let address = engine.address("in");
    let mut idle = Peer::connect(address);
    let mut busy = Peer::connect(address);
    busy.write(&[framed(&adt("SLEEP-1")), framed(&adt("NEVER-READ"))].concat());
    wait::until_so("the handler to have the message", || {
        engine.status().handlers[0].counts.calls == 1
    });
    let status = engine.stop();
    assert_eq!(status.code(), Some(0));
    assert_eq!(field(&busy.read(), "MSA", 2), "SLEEP-1", "the message in hand is answered");
    assert!(busy.is_closed(), "a frame not yet handled is not");
    assert!(idle.is_closed());
}

fn a_drain_lets_the_last_answer_arrive_though_the_peer_sends_on() {
    let site = Site::new(
        PROGRAM,
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
handlers = ["misbehaving"]
handler_timeout = "1s"
"#,
    );
    let mut engine = site.start();
    let mut busy = Peer::connect(engine.address("in"));
    busy.write(&framed(&adt("SLEEP-1")));
    wait::until_so("the handler to have the message", || {
        engine.status().handlers[0].counts.calls == 1
    });
    // The connection reads nothing while a message is in hand: these bytes wait in its kernel when it closes.
    busy.write(&framed(&adt("NEVER-READ")));
    engine.signal(Signal::TERM);
    assert_eq!(field(&busy.read(), "MSA", 2), "SLEEP-1", "the message in hand is answered");
    let closed = busy.try_read().map(|answer| answer.is_none());
    assert!(matches!(closed, Ok(true)), "a farewell and no reset: {closed:?}");
    drop(busy);
    assert_eq!(engine.wait().code(), Some(0));
}

fn a_drain_leaves_queues_for_the_next_start() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    send(&engine, &["1", "2"]);
    assert_eq!(engine.stop().code(), Some(0), "queues are not waited for");
    let engine = site.start();
    assert_eq!(engine.queue("lis").pending, 2);
}

fn the_control_socket_outlives_a_time_without_file_descriptors() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    let pid = i32::try_from(engine.pid()).ok().and_then(Pid::from_raw);
    let limit = getrlimit(Resource::Nofile);
    let none = Rlimit { current: Some(0), maximum: limit.maximum };
    let before = prlimit(pid, Resource::Nofile, none).expect("our own child");
    let caller = UnixStream::connect(site.folder().join("data/control.sock")).expect("its backlog");
    wait::until_so("the failure to be logged", || engine.log().contains("cannot accept control"));
    prlimit(pid, Resource::Nofile, before).expect("our own child");
    drop(caller);
    assert_eq!(engine.status().phase, "running");
}

fn a_second_engine_on_the_same_store_is_refused() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    let mut second = site.spawn(&[]);
    assert_eq!(second.wait().code(), Some(8));
    assert!(engine.log().contains("in use by another process"));
    send(&engine, &["1"]);
}
