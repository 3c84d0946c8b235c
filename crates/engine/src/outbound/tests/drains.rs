//! How a pool ends, and how it comes back.

use std::time::Duration;

use actix::Arbiter;
use wardline_store::DeliveryState;

use super::sink::{Act, Sink};
use super::site::{Site, mllp, until, with};
use crate::drain::Drain;
use crate::outbound::{Delivering, start};

#[actix::test]
async fn a_drain_waits_for_the_answer_in_flight_and_starts_nothing_new() {
    let sink = Sink::start(|_, _| Act::Ignore).await;
    let patient = with(mllp(sink.address), |mllp| mllp.ack_timeout = Duration::from_secs(1));
    let site = Site::new(patient);
    let pool = site.start();
    site.accept(2).await;
    until(|| sink.log.len() == 1).await;
    site.drain();
    pool.drained().await;
    assert_eq!(sink.ids(), ["M1"]);
    assert_eq!(site.counters.ack_timeouts.get(), 1, "the answer was waited for");
    assert_eq!(site.rows(DeliveryState::Pending).await.len(), 2);
    assert_eq!(pool.describe().await.state, "stopped");
}

#[actix::test]
async fn a_pool_that_is_made_of_something_else_follows_when_nothing_of_the_first_is_in_flight() {
    let silent = Sink::start(|_, _| Act::Ignore).await;
    let good = Sink::good().await;
    let patient = with(mllp(silent.address), |mllp| mllp.ack_timeout = Duration::from_secs(1));
    let site = Site::new(patient);
    let (pool, told) = start(site.delivering.clone(), &Arbiter::current());
    site.accept(2).await;
    until(|| silent.log.len() == 1).await;
    let (_phase, drain) = Drain::new();
    let destination = mllp(good.address);
    told.send_replace(Delivering { destination, drain, ..site.delivering.clone() });
    site.drain();
    site.delivered(2).await;
    assert_eq!((silent.ids(), good.ids()), (vec!["M1".to_owned()], vec!["M1".into(), "M2".into()]));
    assert_eq!(site.counters.ack_timeouts.get(), 1, "the answer was waited for");
    assert_eq!(pool.describe().await.state, "up", "behind the same door");
}

#[actix::test]
async fn a_pool_with_nothing_in_flight_drains_at_once() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    site.accept(1).await;
    site.delivered(1).await;
    site.drain();
    pool.drained().await;
}

#[actix::test]
async fn a_pool_that_dies_is_replaced_and_nothing_is_lost() {
    let sink =
        Sink::start(|_, before| if before == 1 { Act::Ignore } else { Act::Answer("AA") }).await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    site.accept(1).await;
    site.delivered(1).await;
    site.accept(3).await;
    until(|| sink.log.len() == 2).await;
    pool.replace().await;
    until(|| site.counters.delivered.get() == 4).await;
    assert_eq!(site.rows(DeliveryState::Pending).await, []);
    let ids = sink.ids();
    assert_eq!(ids[..2], ["M1", "M2"]);
    assert_eq!(ids[ids.len() - 3..], ["M2", "M3", "M4"], "in order again: {ids:?}");
}

#[actix::test]
async fn a_drain_does_not_wait_for_a_pool_that_is_to_be_replaced() {
    let sink = Sink::good().await;
    let site = Site::new(mllp(sink.address));
    let pool = site.start();
    site.accept(1).await;
    site.delivered(1).await;
    for _ in 0..3 {
        pool.replace().await;
    }
    let mut gone = pool.kill().await;
    gone.mark_unchanged();
    site.drain();
    pool.drained().await;
    assert!(gone.changed().await.is_err(), "no pool is started to be drained");
}
