//! MLLP release 2 as a sender: a commit below each answer, both ways.

use wardline_config::Destination;
use wardline_mllp::{Commit, Release};
use wardline_store::DeliveryState;

use super::sink::{Act, Sink};
use super::site::{Site, mllp, until, with};
use crate::outbound::testing::{asking, framed_reply};

fn release_2(sink: &Sink) -> Destination {
    with(mllp(sink.address), |mllp| mllp.release = Release::Two)
}

/// These blocks, one behind the other.
fn said(commit: Commit, answers: &[Vec<u8>]) -> Act {
    Act::Write([commit.frame(), &answers.concat()].concat())
}

#[actix::test]
async fn each_message_is_committed_and_each_answer_is() {
    let sink =
        Sink::start(|got, _| said(Commit::Acknowledged, &[framed_reply("AA", &got.control_id)]))
            .await;
    let site = Site::new(release_2(&sink));
    site.start();
    site.accept(3).await;
    site.delivered(3).await;
    until(|| sink.log.commits() == 3).await;
    assert_eq!(
        (sink.ids(), sink.connections()),
        (vec!["M1".into(), "M2".into(), "M3".into()], vec![1, 1, 1])
    );
}

#[actix::test]
async fn the_commit_is_all_where_no_answer_is_due() {
    let sink = Sink::start(|_, _| said(Commit::Acknowledged, &[])).await;
    let site = Site::new(release_2(&sink));
    site.start();
    site.accept_body(asking("M1", "NE", "NE")).await;
    site.accept_body(asking("M2", "NE", "NE")).await;
    site.delivered(2).await;
    assert_eq!((sink.connections(), site.counters.retried.get()), (vec![1, 1], 0));
}

#[actix::test]
async fn without_a_commit_the_same_block_goes_out_again_and_nothing_before_it() {
    let sink = Sink::start(|_, before| match before {
        0 => Act::Ignore,
        _ => said(Commit::Acknowledged, &[]),
    })
    .await;
    let site = Site::new(release_2(&sink));
    site.start();
    site.accept_body(asking("M1", "NE", "NE")).await;
    site.accept_body(asking("M2", "NE", "NE")).await;
    site.delivered(2).await;
    assert_eq!(sink.ids(), ["M1", "M1", "M2"]);
    assert_eq!(site.counters.ack_timeouts.get(), 1);
}

#[actix::test]
async fn a_refused_block_goes_out_again_at_once() {
    let sink = Sink::start(|got, before| match before {
        0..3 => said(Commit::Refused, &[]),
        _ => said(Commit::Acknowledged, &[framed_reply("AA", &got.control_id)]),
    })
    .await;
    let site = Site::new(release_2(&sink));
    site.start();
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!((sink.ids().len(), sink.connections()), (4, vec![1, 1, 1, 1]));
    assert_eq!((site.counters.retried.get(), site.counters.commits_refused.get()), (0, 3));
}

#[actix::test]
async fn a_block_that_is_refused_each_time_waits_like_one_for_a_peer_that_is_away() {
    let sink = Sink::start(|_, _| said(Commit::Refused, &[])).await;
    let site = Site::new(release_2(&sink));
    site.start();
    site.accept(1).await;
    until(|| site.counters.retried.get() == 2).await;
    assert_eq!(sink.connections()[..8], [1, 1, 1, 1, 2, 2, 2, 2]);
    let waiting = site.rows(DeliveryState::Pending).await;
    assert_eq!(waiting[0].cause.as_deref(), Some("not-committed"));
    assert_eq!(site.counters.dead.get(), 0);
}
