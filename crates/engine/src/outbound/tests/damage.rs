//! Messages that the disk gives back damaged: never sent, told by name, and nothing is lost behind them.

use wardline_config::Destination;
use wardline_store::{DeliveryState, MessageId};

use super::sink::Sink;
use super::site::{Site, mllp, unordered, until};
use crate::outbound::{Chosen, PoolDoor};

/// Three messages of which the second is damaged before the pool, which is to read them from disk, starts.
async fn second_of_three_damaged(destination: Destination) -> (Site, PoolDoor, Vec<MessageId>) {
    let site = Site::new(destination);
    let ids = site.accept(3).await;
    site.damage(b"|M2|");
    let pool = site.start();
    until(|| site.counters.held.get() == 1).await;
    (site, pool, ids)
}

#[actix::test]
async fn order_1_a_damaged_message_stops_its_lane_until_it_is_skipped() {
    let sink = Sink::good().await;
    let (site, pool, ids) = second_of_three_damaged(mllp(sink.address)).await;
    until(|| site.counters.delivered.get() == 1).await;
    let held = site.rows(DeliveryState::Held).await;
    assert_eq!((held[0].message, held[0].cause.as_deref()), (ids[1], Some("damaged")));
    assert_eq!(pool.describe().await.state, "held");
    site.accept(1).await;
    assert_eq!(sink.ids(), ["M1"], "what is behind it waits");

    assert_eq!(pool.skip(None, "ann", "test", false).await.expect("skipped"), ids[1]);
    site.delivered(3).await;
    assert_eq!(sink.ids(), ["M1", "M3", "M4"]);
    assert_eq!(site.rows(DeliveryState::Dead).await[0].message, ids[1]);
}

#[actix::test]
async fn a_damaged_message_without_order_stops_no_other_and_can_be_discarded() {
    let sink = Sink::good().await;
    let (site, pool, ids) = second_of_three_damaged(unordered(mllp(sink.address), 1)).await;
    site.delivered(2).await;
    assert_eq!(sink.ids(), ["M1", "M3"]);
    let damaged = Chosen::Messages(vec![ids[1]]);
    assert_eq!(
        pool.discard(false, damaged, "ann", "test", false).await.expect("discarded").touched,
        1
    );
    assert_eq!(site.rows(DeliveryState::Held).await, []);
}

#[actix::test]
async fn a_damaged_message_that_is_tried_again_stops_its_lane_again() {
    let sink = Sink::good().await;
    let (site, pool, ids) = second_of_three_damaged(mllp(sink.address)).await;
    pool.retry("ann").await.expect("tried");
    until(|| site.counters.held.get() == 2).await;
    until(|| site.counters.delivered.get() == 1).await;
    let held = site.rows(DeliveryState::Held).await;
    assert_eq!(held.iter().map(|row| row.message).collect::<Vec<_>>(), [ids[1]]);
    assert_eq!(sink.ids(), ["M1"]);
}
