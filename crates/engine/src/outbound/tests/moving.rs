//! Moving what waits to another destination.

use std::sync::Arc;

use wardline_store::{Accept, DeliveryRow, DeliveryState, MessageId, Query};

use super::sink::{Act, Sink};
use super::site::{Site, max_attempts, mllp, until};
use crate::charsets::Charsets;
use crate::outbound::relocation::Relocation;
use crate::outbound::testing::{framed_reply, message};
use crate::outbound::{Chosen, Done, OperatorFault, PoolDoor};

const OTHER: &str = "lis-2";

fn relocation() -> Relocation {
    Relocation::new(OTHER.into(), Arc::from("ann"), "LIS ticket 8841")
}

async fn relocate(pool: &PoolDoor, chosen: Chosen) -> Result<Done, OperatorFault> {
    pool.relocate(chosen, &relocation(), &Charsets::default(), false).await
}

/// What waits at the other destination.
async fn there(site: &Site) -> Vec<DeliveryRow> {
    let (store, destination) = (Arc::clone(&site.store), Arc::from(OTHER));
    let query = Query { destination, state: None, after: None, limit: 1000 };
    let page = tokio::task::spawn_blocking(move || store.query(&query)).await;
    page.expect("read").expect("readable").deliveries
}

/// Their control ids, in their order.
async fn control_ids_there(site: &Site) -> Vec<String> {
    let (store, destination) = (Arc::clone(&site.store), Arc::from(OTHER));
    let query = Query { destination, state: None, after: None, limit: 1000 };
    let whole = tokio::task::spawn_blocking(move || store.query_whole(&query)).await;
    let whole = whole.expect("read").expect("readable").into_iter();
    whole
        .map(|one| {
            let body = String::from_utf8(one.body.expect("whole").to_vec()).expect("text");
            body.split('|').nth(9).expect("MSH-10").to_owned()
        })
        .collect()
}

/// How one of these deliveries would move.
async fn record_of(site: &Site) -> Accept {
    let store = Arc::clone(&site.store);
    let destination = site.delivering.destination.id.arc();
    let query = Query { destination, state: None, after: None, limit: 1 };
    let whole = tokio::task::spawn_blocking(move || store.query_whole(&query)).await;
    let first = whole.expect("read").expect("readable").remove(0);
    relocation().record(first, &Charsets::default()).expect("whole")
}

#[actix::test]
async fn what_waits_and_what_stopped_goes_over_in_one_order_and_a_hold_that_stood_stays() {
    let sink = Sink::start(|_, before| match before {
        0 => Act::Write(framed_reply("AA", "OTHER")),
        _ => Act::Answer("AA"),
    })
    .await;
    let site = Site::new(max_attempts(mllp(sink.address), 1));
    let pool = site.start();
    site.accept(1).await;
    until(|| site.counters.held.get() == 1).await;
    pool.hold("ann", "month-end close").await.expect("held");
    site.accept(400).await;
    let counted = pool.relocate(Chosen::All, &relocation(), &Charsets::default(), true).await;
    assert_eq!(counted.expect("counted").touched, 401);
    assert_eq!(there(&site).await, [], "only counted");
    assert_eq!(
        relocate(&pool, Chosen::All).await.expect("moved"),
        Done { touched: 401, rest: None }
    );
    let expected: Vec<String> = (1..=401).map(|nth| format!("M{nth}")).collect();
    assert_eq!(control_ids_there(&site).await, expected);
    for state in [DeliveryState::Pending, DeliveryState::Held] {
        assert_eq!(site.rows(state).await, [], "{state:?}");
    }
    assert_eq!(pool.describe().await.reason.as_deref(), Some("ann: month-end close"));
    pool.retry("ann").await.expect("released");
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M402"], "nothing of what was moved is sent here");
}

#[actix::test]
async fn what_is_in_flight_is_waited_for_and_the_hold_of_the_move_ends_with_it() {
    let sink = Sink::start(|_, before| match before {
        0 => Act::Ignore,
        _ => Act::Answer("AA"),
    })
    .await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    site.accept(3).await;
    until(|| sink.log.len() == 1).await;
    assert_eq!(relocate(&pool, Chosen::All).await.expect("moved").touched, 3);
    assert_eq!(control_ids_there(&site).await, ["M1", "M2", "M3"], "M1 was not answered");
    assert_ne!(pool.describe().await.state, "held");
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M4"]);
}

#[actix::test]
async fn only_those_that_are_named_go_over() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    pool.hold("ann", "maintenance").await.expect("held");
    let ids = site.accept(4).await;
    let named = Chosen::Messages(vec![ids[2], ids[0], ids[2]]);
    assert_eq!(relocate(&pool, named.clone()).await.expect("moved").touched, 2);
    assert_eq!(control_ids_there(&site).await, ["M1", "M3"]);
    let again = relocate(&pool, named).await;
    assert!(matches!(again, Err(OperatorFault::NotFound)), "{again:?}");
    pool.retry("ann").await.expect("released");
    site.delivered(2).await;
    assert_eq!(sink.ids(), ["M2", "M4"]);
}

#[actix::test]
async fn end_1_what_was_read_before_somebody_let_it_go_is_not_moved() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    pool.hold("ann", "maintenance").await.expect("held");
    site.accept(1).await;
    let record = record_of(&site).await;
    let goes = async {
        pool.retry("bob").await.expect("released");
        site.delivered(1).await;
        pool.hold("bob", "again").await.expect("held");
    };
    let moved = pool.relocate_as_read(vec![record], goes).await;
    assert!(matches!(moved, Err(OperatorFault::InFlight)), "{moved:?}");
    assert_eq!(there(&site).await, [], "it was delivered");
}

#[actix::test]
async fn a_move_stops_before_what_is_damaged_and_says_which_it_is() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let bodies: Vec<_> = (1..=5).map(|nth| message(&format!("M{nth}"))).collect();
    site.accept_bodies(bodies).await;
    site.damage(b"|M3|");
    let pool = site.start();
    pool.hold("ann", "maintenance").await.expect("held");
    // What it had in hand before the hold is delivered.
    until(|| site.counters.held.get() == 1).await;
    let before = site.counters.delivered.get();
    let moved = relocate(&pool, Chosen::All).await;
    let damaged: MessageId = "3".parse().expect("a number");
    match moved {
        Err(OperatorFault::Damaged(which)) => assert_eq!(which.0, damaged),
        other => panic!("{other:?}"),
    }
    let moved = u64::try_from(there(&site).await.len()).expect("few");
    assert_eq!(before + moved, 2, "what stands before it");
    assert_eq!(site.rows(DeliveryState::Pending).await.len(), 2, "what stands behind it");
}

#[actix::test]
async fn a_move_of_more_than_there_is_time_for_is_done_in_parts_and_stays_still_between_them() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start().hurried();
    pool.hold("ann", "maintenance").await.expect("held");
    site.accept_bodies((1..=300).map(|nth| message(&format!("M{nth}"))).collect()).await;
    let first = relocate(&pool, Chosen::All).await.expect("moved");
    assert_eq!(first.touched, 256);
    let later = site.accept(1).await;
    let rest = Chosen::Rest(first.rest.expect("there is more"));
    let second = relocate(&pool, rest).await.expect("moved");
    assert_eq!(second.touched, 44);
    let left = site.rows(DeliveryState::Pending).await;
    assert!(left.iter().map(|row| row.message).eq(later), "what came later is not meant");
    assert_eq!(sink.log.len(), 0);
}
