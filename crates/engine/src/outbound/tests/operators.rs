//! Operators' words, each done at once or refused.

use wardline_store::{DeliveryState, MessageId};

use super::sink::{Act, Sink};
use super::site::{Site, max_attempts, mllp, until};
use crate::outbound::testing::{framed_reply, message};
use crate::outbound::{Chosen, OperatorFault, PoolDoor};

/// A sink whose first answers name another message.
async fn unclear_first(sends: usize) -> Sink {
    Sink::start(move |_, before| match before {
        before if before < sends => Act::Write(framed_reply("AA", "OTHER")),
        _ => Act::Answer("AA"),
    })
    .await
}

/// A pool that has just been replaced has to read first how its destination stands.
async fn until_held(pool: &PoolDoor) {
    while pool.describe().await.state != "held" {
        tokio::task::yield_now().await;
    }
}

/// Discards the last: for that the pool takes in hand whatever is stored, and would send what it may.
async fn has_all_in_hand(pool: &PoolDoor, last: MessageId) {
    let last = Chosen::Messages(vec![last]);
    let discarded = pool.discard(false, last, "ann", "not wanted", false).await;
    assert_eq!(discarded.expect("discarded").touched, 1);
}

#[actix::test]
async fn a_held_destination_sends_nothing_until_it_is_released() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    pool.hold("ann", "maintenance").await.expect("held");
    let ids = site.accept(3).await;
    assert_eq!(pool.describe().await.state, "held");
    assert_eq!(pool.describe().await.reason.as_deref(), Some("ann: maintenance"));
    has_all_in_hand(&pool, ids[2]).await;
    assert_eq!((pool.describe().await.in_flight, site.counters.attempts.get()), (0, 0));
    pool.retry("ann").await.expect("released");
    site.delivered(2).await;
}

#[actix::test]
async fn a_hold_outlives_the_pool() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    pool.hold("ann", "maintenance").await.expect("held");
    site.accept(1).await;
    pool.replace().await;
    until_held(&pool).await;
    pool.retry("ann").await.expect("released");
    site.delivered(1).await;
}

#[actix::test]
async fn order_1_a_retried_delivery_goes_before_those_that_waited_for_it() {
    let sink = unclear_first(2).await;
    let site = Site::new(max_attempts(mllp(sink.address), 2));
    let pool = site.start();
    site.accept(3).await;
    until(|| site.counters.held.get() == 1).await;
    assert_eq!(sink.log.len(), 2);
    assert!(pool.retry("ann").await.expect("revived").touched >= 1);
    site.delivered(3).await;
    assert_eq!(sink.ids(), ["M1", "M1", "M1", "M2", "M3"]);
}

#[actix::test]
async fn order_1_a_retried_head_comes_back_however_much_waits_behind_it() {
    for replaced in [false, true] {
        let sink = unclear_first(1).await;
        let site = Site::new(max_attempts(mllp(sink.address), 1));
        let pool = site.start();
        site.accept(1).await;
        until(|| site.counters.held.get() == 1).await;
        site.accept_bodies((2..=300).map(|nth| message(&format!("M{nth}"))).collect()).await;
        if replaced {
            pool.replace().await;
            until_held(&pool).await;
        }
        pool.retry("ann").await.expect("revived");
        site.delivered(300).await;
        let expected = std::iter::once(1).chain(1..=300).map(|nth| format!("M{nth}"));
        assert!(sink.ids().into_iter().eq(expected), "in order, M1 once more");
    }
}

#[actix::test]
async fn order_1_several_retried_heads_come_back_each_in_its_place() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let bodies: Vec<_> = (1..=600).map(|nth| message(&format!("M{nth}"))).collect();
    site.accept_bodies(bodies).await;
    for nth in 1..=5 {
        site.damage(format!("|M{nth}|").as_bytes());
    }
    let pool = site.start();
    until(|| site.counters.held.get() == 5).await;
    for nth in 1..=5 {
        site.damage(format!("}}M{nth}|").as_bytes()); // what it was
    }
    pool.retry("ann").await.expect("revived");
    site.delivered(600).await;
    assert!(sink.ids().into_iter().eq((1..=600).map(|nth| format!("M{nth}"))));
}

#[actix::test]
async fn order_1_a_stopped_lane_stays_stopped_when_the_pool_is_replaced() {
    let sink = unclear_first(1).await;
    let site = Site::new(max_attempts(mllp(sink.address), 1));
    let pool = site.start();
    let ids = site.accept(3).await;
    until(|| site.counters.held.get() == 1).await;
    pool.replace().await;
    until_held(&pool).await;
    has_all_in_hand(&pool, ids[2]).await;
    assert_eq!((pool.describe().await.in_flight, site.counters.attempts.get()), (0, 1));
    pool.skip(None, "ann", "test", false).await.expect("skipped");
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M2"]);
}

#[actix::test]
async fn a_skipped_head_is_a_dead_letter_and_its_lane_goes_on() {
    let sink = unclear_first(1).await;
    let site = Site::new(max_attempts(mllp(sink.address), 1));
    let pool = site.start();
    let ids = site.accept(2).await;
    until(|| site.counters.held.get() == 1).await;
    assert_eq!(pool.skip(None, "ann", "test", true).await.expect("looked"), ids[0]);
    assert_eq!(site.rows(DeliveryState::Held).await.len(), 1, "only looked");
    assert_eq!(pool.skip(None, "ann", "test", false).await.expect("skipped"), ids[0]);
    site.delivered(1).await;
    let dead = site.rows(DeliveryState::Dead).await;
    assert_eq!((dead[0].message, dead[0].cause.as_deref()), (ids[0], Some("skipped")));
    assert!(matches!(pool.skip(None, "ann", "test", false).await, Err(OperatorFault::NotFound)));
}

#[actix::test]
async fn a_skip_is_for_the_message_that_was_seen_at_the_head() {
    let sink = unclear_first(1).await;
    let site = Site::new(max_attempts(mllp(sink.address), 1));
    let pool = site.start();
    let ids = site.accept(3).await;
    until(|| site.counters.held.get() == 1).await;
    let seen = pool.skip(None, "ann", "test", true).await.expect("looked");
    assert_eq!(seen, ids[0]);
    pool.hold("ann", "the next one stays").await.expect("held");
    pool.skip(Some(seen), "ann", "test", false).await.expect("skipped");
    let again = pool.skip(Some(seen), "ann", "test", false).await;
    assert!(matches!(again, Err(OperatorFault::NotTheHead)), "{again:?}");
    let pending = site.rows(DeliveryState::Pending).await;
    assert!(pending.iter().map(|row| row.message).eq(ids[1..].iter().copied()));
}

#[actix::test]
async fn a_skipped_delivery_keeps_its_last_answer() {
    let sink = Sink::start(|_, _| Act::Answer("AE")).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    let ids = site.accept(1).await;
    until(|| site.counters.retried.get() >= 1).await;
    while pool.skip(None, "ann", "test", false).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(site.reply(ids[0]).await.expect("kept").ends_with(b"MSA|AE|M1\r"));

    let sink = unclear_first(1).await;
    let site = Site::new(max_attempts(mllp(sink.address), 1));
    let pool = site.start();
    let ids = site.accept(1).await;
    until(|| site.counters.held.get() == 1).await;
    pool.skip(None, "ann", "test", false).await.expect("skipped");
    assert!(site.reply(ids[0]).await.expect("kept").ends_with(b"MSA|AA|OTHER\r"));
}

#[actix::test]
async fn a_word_about_more_than_there_is_time_for_is_done_in_parts() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start().hurried();
    pool.hold("ann", "maintenance").await.expect("held");
    site.accept_at_once(1500).await;
    let first = pool.discard(false, Chosen::All, "ann", "test", false).await.expect("done");
    assert_eq!(first.touched, 1000);
    let later = site.accept(1).await;
    let rest = Chosen::Rest(first.rest.expect("there is more"));
    let second = pool.discard(false, rest, "ann", "test", false).await.expect("done");
    assert_eq!((second.touched, second.rest), (500, None));
    let left = site.rows(DeliveryState::Pending).await;
    assert!(left.iter().map(|row| row.message).eq(later), "what came later is not meant");
}

#[actix::test]
async fn a_dead_letter_is_revived_and_delivered() {
    let sink = Sink::start(|_, before| Act::Answer(if before == 0 { "AR" } else { "AA" })).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    let ids = site.accept(1).await;
    until(|| site.counters.dead.get() == 1).await;
    assert_eq!(pool.revive(Chosen::All, "ann", true).await.expect("looked").touched, 1);
    assert_eq!(pool.revive(Chosen::Messages(ids), "ann", false).await.expect("revived").touched, 1);
    site.delivered(1).await;
    assert_eq!(sink.ids(), ["M1", "M1"]);
    assert_eq!(site.rows(DeliveryState::Dead).await, []);
}

#[actix::test]
async fn end_1_what_was_discarded_is_never_sent() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    pool.hold("ann", "maintenance").await.expect("held");
    let ids = site.accept(4).await;
    let one = Chosen::Messages(vec![ids[1]]);
    assert_eq!(
        pool.discard(false, one.clone(), "ann", "test", true).await.expect("looked").touched,
        1
    );
    assert_eq!(
        pool.discard(false, one.clone(), "ann", "test", false).await.expect("done").touched,
        1
    );
    let again = pool.discard(false, one, "ann", "test", false).await;
    assert!(matches!(again, Err(OperatorFault::NotFound)), "{again:?}");
    pool.retry("ann").await.expect("released");
    site.delivered(3).await;
    assert_eq!(sink.ids(), ["M1", "M3", "M4"]);
}

#[actix::test]
async fn a_whole_queue_and_all_dead_letters_can_be_discarded() {
    let sink = Sink::start(|_, _| Act::Answer("AR")).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    site.accept(9).await;
    until(|| site.counters.destination_held.get() == 1).await;
    assert_eq!(
        pool.discard(false, Chosen::All, "ann", "test", false).await.expect("done").touched,
        4
    );
    assert_eq!(
        pool.discard(true, Chosen::All, "ann", "test", false).await.expect("done").touched,
        5
    );
    assert_eq!(site.rows(DeliveryState::Pending).await, []);
    assert_eq!(site.rows(DeliveryState::Dead).await, []);
}

#[actix::test]
async fn what_is_in_flight_is_left_to_its_peer() {
    let sink = Sink::start(|_, _| Act::Ignore).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    let ids = site.accept(1).await;
    until(|| sink.log.len() == 1).await;
    let refused = pool.discard(false, Chosen::Messages(ids), "ann", "test", false).await;
    assert!(matches!(refused, Err(OperatorFault::InFlight)), "{refused:?}");
}

#[actix::test]
async fn what_has_not_begun_is_withdrawn_and_what_was_sent_once_goes_on() {
    let sink = Sink::start(|_, _| Act::Answer("AE")).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    let ids = site.accept(2).await;
    until(|| site.counters.retried.get() >= 1).await;
    assert!(!pool.withdraw(ids[0]).await.expect("asked"), "the peer has heard of it");
    assert!(pool.withdraw(ids[1]).await.expect("asked"), "it waits behind the first");
    assert!(!pool.withdraw(ids[1]).await.expect("asked"), "it is over");
    assert_eq!(site.counters.returned.get(), 1);
    assert_eq!(site.rows(DeliveryState::Pending).await.len(), 1);
}
