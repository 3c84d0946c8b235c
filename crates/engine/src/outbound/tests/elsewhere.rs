//! Answers that come through a listener (`ack_connection`).

use std::time::Duration;

use bytes::Bytes;
use wardline_config::Destination;
use wardline_hl7::Message;

use super::sink::{Act, Sink};
use super::site::{Site, mllp, unordered, until, with};
use crate::outbound::testing::{asking, message};

/// Longer than any test: whoever waits for it fails.
const NEVER: Duration = Duration::from_hours(1);

async fn mute() -> Sink {
    Sink::start(|_, _| Act::Ignore).await
}

fn answered_elsewhere(sink: &Sink) -> Destination {
    with(mllp(sink.address), |mllp| {
        mllp.ack_connection = Some("acks".into());
        mllp.ack_timeout = NEVER;
    })
}

/// An answer comes through the listener. True where a delivery waits for it.
fn answer(site: &Site, code: &str, control_id: &str) -> bool {
    let payload = format!("MSH|^~\\&|C|D|A|B|||ACK|R1|P|2.5\rMSA|{code}|{control_id}\r");
    let answer = Message::parse(Bytes::from(payload)).expect("an answer");
    site.delivering.apart.elsewhere.hear(&"acks".into(), control_id.as_bytes(), &answer)
}

#[actix::test]
async fn what_the_application_says_in_one_breath_with_the_commit_accept_is_heard() {
    let sink = mute().await;
    let site = Site::new(answered_elsewhere(&sink));
    site.start();
    for (nth, (control_id, code)) in (1..).zip([("M1", "AE"), ("M2", "AA"), ("M3", "AR")]) {
        site.accept_body(asking(control_id, "AL", "AL")).await;
        until(|| sink.log.len() == nth).await;
        assert!(answer(&site, "CA", control_id) && answer(&site, code, control_id));
        site.delivered(nth as u64).await;
        assert_eq!(site.delivering.apart.applications.owed(), 0, "{code} came");
    }
    let counts = site.counters.read();
    assert_eq!((counts.application_positive, counts.application_negative), (1, 2));
    assert_eq!((sink.connections(), counts.retried), (vec![1, 1, 1], 0));
}

#[actix::test]
async fn an_answer_that_comes_twice_at_once_is_nobody_s() {
    let sink = mute().await;
    let site = Site::new(answered_elsewhere(&sink));
    site.start();
    site.accept(2).await;
    until(|| sink.log.len() == 1).await;
    assert!(answer(&site, "AA", "M1") && answer(&site, "AA", "M1"));
    until(|| sink.log.len() == 2).await;
    assert_eq!(site.counters.replies_stale.get(), 1);
    assert!(answer(&site, "AA", "M2"));
    site.delivered(2).await;
    assert_eq!(sink.connections(), [1, 1], "the connection is as good as before");
}

#[actix::test]
async fn a_neighbour_with_the_same_id_waits_until_no_answer_to_the_first_can_come() {
    for control_id in ["SAME", ""] {
        let sink = mute().await;
        let site = Site::new(unordered(answered_elsewhere(&sink), 3));
        site.start();
        for control_id in [control_id, control_id, "OTHER"] {
            site.accept_body(message(control_id)).await;
        }
        until(|| sink.ids().contains(&"OTHER".to_owned())).await;
        until(|| sink.log.len() == 2).await;
        assert!(answer(&site, "AA", control_id));
        until(|| site.counters.delivered.get() == 1).await;
        assert!(!answer(&site, "AA", control_id), "it comes twice, and the neighbour is not out");
        until(|| sink.log.len() == 3).await;
        assert!(answer(&site, "AA", control_id) && answer(&site, "AA", "OTHER"));
        site.delivered(3).await;
    }
}
