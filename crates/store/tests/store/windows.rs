//! Windows that overflow, and refills.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use wardline_store::limits::{WINDOW_BYTES, WINDOW_DELIVERIES};
use wardline_store::{DeliveryState, More, Outcome, Query, Store};

use crate::site::{PATIENCE, Site, change, dead, delivered, drain, message};

#[test]
fn more_than_a_window_comes_exactly_once_and_in_order() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    assert!(drain(&outbox).is_empty(), "from now on fresh ones stay in memory");
    let ids: Vec<_> =
        (0..3 * WINDOW_DELIVERIES).map(|n| open.message(&format!("m{n}"), &["lis"])).collect();
    let all = drain(&outbox);
    assert_eq!(all.iter().map(|pending| pending.id).collect::<Vec<_>>(), ids);
    let later = open.message("later", &["lis"]);
    let taken = outbox.take(10);
    assert_eq!(taken.deliveries.iter().map(|p| p.id).collect::<Vec<_>>(), [later]);
    assert_eq!(taken.more, More::Nothing, "memory is enough again");
}

#[test]
fn what_is_in_hand_counts_until_it_is_done() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    drain(&outbox);
    for n in 0..WINDOW_DELIVERIES + 10 {
        open.message(&format!("m{n}"), &["lis"]);
    }
    let first = outbox.take(usize::MAX);
    let full = More::NoRoom { returning: false };
    assert_eq!((first.deliveries.len(), first.more), (WINDOW_DELIVERIES, full));
    for pending in &first.deliveries {
        open.store.record(change(pending.id, "lis", delivered()), None);
        outbox.done(pending.id);
    }
    assert_eq!(outbox.take(usize::MAX).more, More::OnDisk);
    outbox.refill().expect("readable");
    let rest = outbox.take(usize::MAX);
    assert_eq!((rest.deliveries.len(), rest.more), (10, More::Nothing));
}

#[test]
fn one_body_larger_than_the_window_still_comes() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    drain(&outbox);
    let body = vec![b'x'; WINDOW_BYTES + 1];
    let large = open.accept(message(body.clone(), &["lis"]));
    let larger = open.accept(message(body, &["lis"]));
    let first = outbox.take(10);
    assert_eq!(first.deliveries.iter().map(|p| p.id).collect::<Vec<_>>(), [large]);
    outbox.done(large);
    let rest = drain(&outbox);
    assert_eq!(rest.iter().map(|pending| pending.id).collect::<Vec<_>>(), [larger]);
}

#[test]
fn under_concurrent_accepts_every_delivery_comes_exactly_once_and_in_order() {
    const PRODUCERS: usize = 3;
    const EACH: usize = 1500;
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    let producing = AtomicBool::new(true);
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|_| {
                scope.spawn(|| {
                    let tickets: Vec<_> = (0..EACH)
                        .map(|_| open.hand_over(message(b"m".to_vec(), &["lis"])).expect("taken"))
                        .collect();
                    for ticket in tickets {
                        open.done.wait(ticket).expect("stored");
                    }
                })
            })
            .collect();
        let waiting = scope.spawn(|| {
            for producer in producers {
                producer.join().expect("no panic");
            }
            producing.store(false, Ordering::SeqCst);
        });
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let over = !producing.load(Ordering::SeqCst);
            let taken = outbox.take(7);
            let nothing = taken.deliveries.is_empty();
            for pending in taken.deliveries {
                open.store.record(change(pending.id, "lis", delivered()), None);
                outbox.done(pending.id);
                seen.push(pending.id);
            }
            if taken.more == More::OnDisk {
                outbox.refill().expect("readable");
            } else if nothing && over {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "only {} came", seen.len());
        }
        waiting.join().expect("no panic");
    });
    assert_eq!(seen.len(), PRODUCERS * EACH);
    assert!(seen.is_sorted_by(|a, b| a < b), "out of order or twice");
    assert_eq!(open.queue("lis").pending, 0);
}

#[test]
fn a_wake_comes_when_there_is_something_to_take() {
    let site = Site::new();
    let open = site.open();
    let (wake, woken) = mpsc::channel();
    let outbox = open.store.outbox("lis", Box::new(move || wake.send(()).unwrap_or_default()));
    outbox.refill().expect("readable");
    woken.recv_timeout(Duration::from_secs(10)).expect("after a refill");
    open.message("m", &["lis"]);
    woken.recv_timeout(Duration::from_secs(10)).expect("after a fresh one");
    let id = outbox.take(1).deliveries[0].id;
    open.conclude(id, "lis", dead(None));
    outbox.done(id);
    open.conclude(id, "lis", Outcome::Revived { by: "ann".into() });
    woken.recv_timeout(Duration::from_secs(10)).expect("after a revival");
    outbox.refill().expect("readable");
    assert_eq!(outbox.take(1).deliveries[0].id, id);
}

#[test]
fn a_delivery_revived_while_it_is_in_hand_comes_again_only_if_it_is_pending_then() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    drain(&outbox);
    let (ended, buried) = (open.message("ended", &["lis"]), open.message("buried", &["lis"]));
    assert_eq!(outbox.take(2).deliveries.len(), 2);
    open.conclude(buried, "lis", dead(None));
    for id in [ended, buried] {
        open.conclude(id, "lis", Outcome::Revived { by: "ann".into() });
    }
    open.store.record(change(ended, "lis", delivered()), None);
    outbox.done(ended);
    outbox.done(buried);
    let again: Vec<_> = drain(&outbox).iter().map(|pending| pending.id).collect();
    assert_eq!(again, [buried]);
}

#[test]
fn opening_an_outbox_again_gives_everything_that_has_not_ended_again() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    let ids: Vec<_> = (0..3).map(|n| open.message(&format!("m{n}"), &["lis"])).collect();
    assert_eq!(drain(&outbox).len(), 3);
    open.store.record(change(ids[0], "lis", delivered()), None);
    let again: Vec<_> = drain(&open.outbox("lis")).iter().map(|pending| pending.id).collect();
    assert_eq!(again, ids[1..]);
}

#[test]
fn revived_deliveries_come_by_windows_and_in_order() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    drain(&outbox);
    let body = vec![b'x'; WINDOW_BYTES / 2 + 1];
    let ids: Vec<_> = (0..3).map(|_| open.accept(message(body.clone(), &["lis"]))).collect();
    for id in &ids {
        open.conclude(*id, "lis", dead(None));
    }
    drain(&outbox);
    for id in &ids {
        open.conclude(*id, "lis", Outcome::Revived { by: "ann".into() });
    }
    for id in ids {
        outbox.refill().expect("readable");
        let taken = outbox.take(usize::MAX);
        assert_eq!(taken.deliveries.iter().map(|p| p.id).collect::<Vec<_>>(), [id]);
        outbox.done(id);
    }
    assert_eq!(outbox.take(1).more, More::Nothing);
}

#[test]
fn a_queue_is_read_whole_in_order_and_in_pieces_of_a_window() {
    let site = Site::new();
    let open = site.open();
    let body = vec![b'x'; WINDOW_BYTES / 2 + 1];
    let large: Vec<_> =
        (0..3).map(|_| open.accept(message(body.clone(), &["lis", "other"]))).collect();
    let buried = open.message("dead", &["lis"]);
    open.store.record(change(buried, "lis", dead(None)), None);
    let last = open.message("last", &["lis"]);
    let read = |after| {
        let state = Some(DeliveryState::Pending);
        let query = Query { destination: "lis".into(), state, after, limit: 10 };
        let whole = open.store.query_whole(&query).expect("readable").into_iter();
        whole.map(|one| (one.row.message, one.body.expect("sound").len())).collect::<Vec<_>>()
    };
    assert_eq!(read(None), [(large[0], body.len()), (large[1], body.len())]);
    assert_eq!(read(Some(large[1])), [(large[2], body.len()), (last, 4)]);
    assert_eq!(read(Some(last)), []);
}
