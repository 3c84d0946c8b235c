//! Lanes by key over several connections: each patient in order, none behind another.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use wardline_store::DeliveryState;

use super::sink::{Act, Got, Sink};
use super::site::{DEADLINE, Site, by_patient, max_attempts, mllp, unordered, until};
use crate::outbound::limits::MAX_STOPPED;
use crate::outbound::testing::framed_reply;

/// Messages that are stored in one record, which is read as a whole for each of them.
const PATIENTS_AT_ONCE: usize = 64;

/// The `nth` message of a patient: `A.3` of patient A.
fn of(patient: &str, nth: usize) -> Bytes {
    event("A08", patient, nth, "")
}

fn event(event: &str, patient: &str, nth: usize, more: &str) -> Bytes {
    format!("MSH|^~\\&|A|B|C|D|||ADT^{event}|{patient}.{nth}|P|2.5\rPID|1||{patient}\r{more}")
        .into()
}

/// Patient and number of a message that came.
fn parts(got: &Got) -> (&str, usize) {
    let (patient, nth) = got.control_id.split_once('.').expect("of a patient");
    (patient, nth.parse().expect("a number"))
}

/// Each patient's messages came in their order, none behind a later one, however often.
fn assert_in_order(got: &[Got]) {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for got in got {
        let (patient, nth) = parts(got);
        let before = last.insert(patient, nth).unwrap_or_default();
        assert!(nth == before || nth == before + 1, "{patient}: {nth} behind {before}");
    }
}

/// A peer that takes nothing of patient `A` until it is told to.
async fn refuses_a() -> (Sink, Rc<Cell<bool>>) {
    let takes_a = Rc::new(Cell::new(false));
    let takes = Rc::clone(&takes_a);
    let act = move |got: &Got, _| match parts(got).0 {
        "A" if !takes.get() => Act::Answer("AE"),
        _ => Act::Answer("AA"),
    };
    (Sink::start(act).await, takes_a)
}

fn came(sink: &Sink, patient: &str) -> usize {
    sink.log.all().iter().filter(|got| parts(got).0 == patient).count()
}

#[actix::test]
async fn order_1_each_patient_keeps_its_order_over_many_connections_that_break() {
    let act = |_: &Got, before: usize| match before % 17 {
        3 => Act::Close,
        7 => Act::Answer("AE"),
        11 => Act::AnswerAndClose,
        _ => Act::Answer("AA"),
    };
    let sink = Sink::start(act).await;
    let site = Site::new(by_patient(mllp(sink.address), 8));
    site.start();
    for nth in 1..=10 {
        let bodies = ["A", "B", "C", "D", "E", "F"].map(|patient| of(patient, nth));
        site.accept_bodies(bodies.into()).await;
    }
    site.delivered(60).await;
    assert_in_order(&sink.log.all());
    let used = sink.connections().into_iter().max();
    assert!(used >= Some(4), "several connections work, not {used:?}");
}

#[actix::test]
async fn a_patient_who_waits_keeps_no_other_waiting_however_much_is_behind() {
    let (sink, takes_a) = refuses_a().await;
    let site = Site::new(by_patient(mllp(sink.address), 4));
    site.start();
    site.accept_bodies((1..=1000).map(|nth| of("A", nth)).collect()).await;
    for nth in 1..=50 {
        site.accept_bodies(["B", "C", "D"].map(|patient| of(patient, nth)).into()).await;
    }
    until(|| site.counters.delivered.get() == 150).await;
    assert_eq!(came(&sink, "B") + came(&sink, "C") + came(&sink, "D"), 150);
    assert!(sink.log.all().iter().all(|got| got.control_id != "A.2"));
    takes_a.set(true);
    site.delivered(1150).await;
    assert_in_order(&sink.log.all());
}

#[actix::test]
async fn what_was_given_back_finds_room_again_whatever_stands_behind_a_barrier() {
    let (sink, takes_a) = refuses_a().await;
    let site = Site::new(by_patient(mllp(sink.address), 4));
    site.start();
    site.accept_bodies((1..=600).map(|nth| of("A", nth)).collect()).await;
    let without: Bytes = "MSH|^~\\&|A|B|C|D|||MFN^M02|X.1|P|2.5\rMFI|PRA\r".into();
    site.accept_bodies(vec![without]).await;
    site.accept_bodies((1..=400).map(|nth| of("B", nth)).collect()).await;
    until(|| site.counters.retried.get() >= 3).await;
    assert_eq!((came(&sink, "X"), came(&sink, "B")), (0, 0));
    takes_a.set(true);
    site.delivered(1001).await;
    assert_in_order(&sink.log.all());
}

#[actix::test]
async fn a_merge_waits_for_both_patients_and_both_wait_for_it() {
    let (sink, takes_a) = refuses_a().await;
    let site = Site::new(by_patient(mllp(sink.address), 4));
    site.start();
    site.accept_bodies(vec![of("A", 1), of("B", 1), of("C", 1)]).await;
    site.accept_bodies(vec![event("A40", "B", 2, "MRG|A\r"), of("B", 3), of("C", 2)]).await;
    until(|| site.counters.delivered.get() == 3).await;
    until(|| site.counters.retried.get() >= 2).await;
    assert_eq!((came(&sink, "B"), came(&sink, "C")), (1, 2), "B waits behind the merge");
    takes_a.set(true);
    site.delivered(6).await;
    let ids = sink.ids();
    let at = |id: &str| ids.iter().rposition(|came| came == id).expect("it came");
    assert!(at("A.1") < at("B.2") && at("B.1") < at("B.2") && at("B.2") < at("B.3"));
}

#[actix::test]
async fn a_message_without_a_key_waits_for_all_and_all_wait_for_it() {
    let (sink, takes_a) = refuses_a().await;
    let site = Site::new(by_patient(mllp(sink.address), 4));
    site.start();
    let without: Bytes = "MSH|^~\\&|A|B|C|D|||MFN^M02|X.1|P|2.5\rMFI|PRA\r".into();
    site.accept_bodies(vec![of("A", 1), of("B", 1), without, of("B", 2)]).await;
    until(|| site.counters.retried.get() >= 2).await;
    assert_eq!((came(&sink, "B"), came(&sink, "X")), (1, 0));
    takes_a.set(true);
    site.delivered(4).await;
    assert_eq!(sink.ids()[sink.log.len() - 3..], ["A.1", "X.1", "B.2"]);
}

#[actix::test]
async fn a_changed_order_takes_effect_when_what_was_queued_under_the_old_one_is_gone() {
    let nobody: SocketAddr = "127.0.0.1:1".parse().expect("an address");
    for before in [mllp(nobody), unordered(mllp(nobody), 4)] {
        let (sink, takes_a) = refuses_a().await;
        let mut site = Site::new(before);
        site.accept_bodies(vec![of("A", 1), of("B", 1), of("C", 1)]).await;
        site.delivering.destination = by_patient(mllp(sink.address), 4);
        site.accept_bodies(vec![of("B", 2), of("C", 2)]).await;
        site.start();
        until(|| site.counters.retried.get() >= 2).await;
        assert!(sink.ids().iter().all(|id| id == "A.1"), "in one line behind A.1");
        takes_a.set(true);
        site.delivered(5).await;
        let ids = sink.ids();
        assert_eq!(ids[ids.len() - 5..ids.len() - 2], ["A.1", "B.1", "C.1"]);
    }
}

#[actix::test]
async fn a_damaged_message_stops_its_own_lane_only() {
    let sink = Sink::good().await;
    let site = Site::new(by_patient(mllp(sink.address), 2));
    site.accept_bodies(vec![of("A", 1), of("B", 1), of("A", 2), of("B", 2)]).await;
    site.damage(b"|A.1|");
    site.start();
    until(|| site.counters.delivered.get() == 2).await;
    assert_eq!(sink.ids(), ["B.1", "B.2"]);
    let held = site.rows(DeliveryState::Held).await;
    assert_eq!(held[0].cause.as_deref(), Some("damaged"));
    assert_eq!(site.rows(DeliveryState::Pending).await.len(), 1, "A.2 waits");
}

#[actix::test]
async fn an_unclear_answer_stops_its_lane_over_a_restart_and_a_skip_lets_it_go_on() {
    let act = |got: &Got, _: usize| match got.control_id.as_str() {
        "A.1" => Act::Write(framed_reply("AA", "another")),
        _ => Act::Answer("AA"),
    };
    let sink = Sink::start(act).await;
    let mut unclear = by_patient(mllp(sink.address), 2);
    unclear.policy.retry.max_attempts = std::num::NonZeroU32::new(1);
    let site = Site::new(unclear);
    let first = site.start();
    site.accept_bodies(vec![of("A", 1), of("A", 2), of("B", 1)]).await;
    until(|| site.counters.held.get() == 1 && site.counters.delivered.get() == 1).await;
    assert_ne!(first.describe().await.state, "held", "B goes on");
    first.replace().await;
    site.accept_bodies(vec![of("B", 2), of("A", 3)]).await;
    until(|| site.counters.delivered.get() == 2).await;
    assert!(sink.ids().iter().all(|id| !matches!(id.as_str(), "A.2" | "A.3")));
    first.skip(None, "ann", "test", false).await.expect("skipped");
    site.delivered(4).await;
    assert_in_order(&sink.log.all());
}

/// A peer whose first answer to this message names another.
async fn unclear_about(control_id: &'static str) -> Sink {
    let clear = Cell::new(false);
    let act = move |got: &Got, _: usize| {
        if got.control_id == control_id && !clear.replace(true) {
            return Act::Write(framed_reply("AA", "another"));
        }
        Act::Answer("AA")
    };
    Sink::start(act).await
}

#[actix::test]
async fn bound_1_a_destination_is_held_when_more_of_its_lanes_stand_still_than_anybody_looks_at() {
    let sink = unclear_about("Z.1").await;
    let site = Site::new(max_attempts(by_patient(mllp(sink.address), 1), 1));
    let patients: Vec<Bytes> =
        (1..MAX_STOPPED).map(|number| of(&format!("P{number}"), 1)).collect();
    for some in patients.chunks(PATIENTS_AT_ONCE) {
        site.accept_bodies(some.to_vec()).await;
    }
    site.hold_first(patients.len() as u64).await;
    let pool = site.start();
    site.accept_bodies(vec![of("B", 1)]).await;
    until(|| site.counters.delivered.get() == 1).await;
    assert_ne!(pool.describe().await.state, "held", "one more may be");
    site.accept_bodies(vec![of("Z", 1), of("B", 2)]).await;
    until(|| site.counters.destination_held.get() == 1).await;
    let held = ("held", Some(format!("wardline: {MAX_STOPPED} deliveries held")));
    let state = pool.describe().await;
    assert_eq!((state.state, state.reason), held);
    pool.replace().await;
    let described = async || {
        let state = pool.describe().await;
        (state.state, state.reason)
    };
    let again = async { while described().await != held {} };
    tokio::time::timeout(DEADLINE, again).await.expect("the next pool holds it too");
    assert_eq!(sink.ids(), ["B.1", "Z.1"]);
}

#[actix::test]
async fn order_1_a_retried_delivery_comes_back_however_much_of_its_patient_waits_behind_it() {
    for replaced in [false, true] {
        let sink = unclear_about("A.1").await;
        let site = Site::new(max_attempts(by_patient(mllp(sink.address), 4), 1));
        let pool = site.start();
        site.accept_bodies((1..=400).map(|nth| of("A", nth)).collect()).await;
        until(|| site.counters.held.get() == 1).await;
        site.accept_bodies((1..=20).map(|nth| of("B", nth)).collect()).await;
        until(|| site.counters.delivered.get() == 20).await;
        if replaced {
            pool.replace().await;
        }
        pool.retry("ann").await.expect("revived");
        site.delivered(420).await;
        assert_in_order(&sink.log.all());
    }
}

#[actix::test]
async fn order_1_a_retried_barrier_comes_back_however_much_waits_behind_it() {
    for replaced in [false, true] {
        let sink = unclear_about("X.1").await;
        let site = Site::new(max_attempts(by_patient(mllp(sink.address), 4), 1));
        let pool = site.start();
        let without: Bytes = "MSH|^~\\&|A|B|C|D|||MFN^M02|X.1|P|2.5\rMFI|PRA\r".into();
        site.accept_bodies(vec![without]).await;
        until(|| site.counters.held.get() == 1).await;
        site.accept_bodies((1..=400).map(|nth| of("A", nth)).collect()).await;
        if replaced {
            pool.replace().await;
        }
        pool.retry("ann").await.expect("revived");
        site.delivered(401).await;
        assert_eq!(sink.ids()[..2], ["X.1", "X.1"]);
        assert_in_order(&sink.log.all());
    }
}
