use std::num::NonZeroU32;
use std::time::Duration;

use wardline_config::{DestinationKind, MllpDestination, Order};
use wardline_flow::{DestinationId, FileFault, HandlerFault, OnUnclear, StatusMeaning, Unclear};
use wardline_hl7::AckCode;
use wardline_store::Lane;

use super::*;
use crate::ordering::Stand;
use crate::outbound::testing::{id, lease};

const FIRST: Duration = Duration::from_secs(1);
/// The middle of the spread: delays are exactly the plain ones.
const EVEN: u64 = 200;

struct Bench {
    dispatch: Dispatch,
    now: Now,
}

impl Bench {
    fn new(order: Order, slots: usize, count: u64) -> Self {
        Self::of(&destination(order), slots, count)
    }

    fn of(destination: &Destination, slots: usize, count: u64) -> Self {
        let mut dispatch = Dispatch::new(destination, slots, 1);
        let stand = || Stand::of(&destination.order, Lane::FREE, Vec::new());
        (1..=count).for_each(|number| assert!(dispatch.lanes.add(lease(number), stand())));
        let now = Now { instant: Instant::now(), time: Timestamp::UNIX_EPOCH, random: EVEN };
        Self { dispatch, now }
    }

    fn next(&mut self) -> Option<(CarrierId, MessageId)> {
        let (taken, group) = self.dispatch.next(self.now.instant)?;
        Some((taken.carrier, group.first().expect("never empty").id))
    }

    fn passes(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.time += time;
    }

    /// The next delivery is sent and this comes of it.
    fn attempt(&mut self, received: Received, closed: Option<CloseReason>) -> Settled {
        let (carrier, id) = self.next().expect("something to send");
        let mut settled = self.reports(carrier, vec![(id, Ended::attempted(received))], closed);
        assert_eq!(settled.len(), 1);
        settled.remove(0)
    }

    fn reports(
        &mut self,
        carrier: CarrierId,
        ended: Vec<(MessageId, Ended)>,
        closed: Option<CloseReason>,
    ) -> Vec<Settled> {
        self.dispatch.on_report(Report { carrier, ended, closed }, &self.now)
    }

    fn due_in(&self, fate: &Fate) -> Duration {
        match fate {
            Fate::Retry { due, .. } => due.duration_since(self.now.time).unsigned_abs(),
            fate => panic!("not retried: {fate:?}"),
        }
    }
}

fn destination(order: Order) -> Destination {
    let kind = DestinationKind::Mllp(Box::new(MllpDestination::new("127.0.0.1:1")));
    Destination { order, ..Destination::new(DestinationId::from("lis"), kind) }
}

fn reply(code: AckCode) -> Received {
    Received::Reply { code, record_locked: false }
}

const CLOSED: Option<CloseReason> = Some(CloseReason::Fault(TransportFault::Closed));

#[test]
fn a_positive_answer_delivers_and_the_connection_takes_the_next() {
    let mut bench = Bench::new(Order::Fifo, 1, 2);
    let (carrier, first) = bench.next().expect("one");
    assert!(bench.next().is_none());
    let ended = vec![(first, Ended::attempted(reply(AckCode::AA)))];
    let settled = bench.reports(carrier, ended, None);
    assert_eq!(settled[0].fate, Fate::Delivered(Some(AckCode::AA)));
    assert_eq!(settled[0].sends, 1);
    assert_eq!(bench.next(), Some((carrier, id(2))));
}

#[test]
fn an_error_is_retried_with_growing_waits_and_the_lane_waits_with_it() {
    let mut bench = Bench::new(Order::Fifo, 1, 2);
    for expected in [1, 2, 4, 8] {
        let settled = bench.attempt(reply(AckCode::AE), None);
        assert_eq!(settled.id, id(1));
        let wait = bench.due_in(&settled.fate);
        assert_eq!(wait, Duration::from_secs(expected));
        assert!(bench.next().is_none(), "ORDER-1: the second waits for the first");
        bench.passes(wait);
    }
    assert_eq!(bench.attempt(reply(AckCode::AA), None).sends, 5);
    assert_eq!(bench.next().map(|(_, id)| id), Some(id(2)));
}

#[test]
fn errors_are_dead_after_their_hour_counted_from_the_first_error() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    let away = Received::Transport(TransportFault::AckTimeout);
    bench.attempt(away, CLOSED);
    bench.passes(Duration::from_hours(5));
    let first_error = bench.now.time;
    let settled = bench.attempt(reply(AckCode::AE), None);
    assert_eq!(settled.first_error, Some(first_error), "an outage before it does not count");
    bench.passes(Duration::from_hours(1));
    let settled = bench.attempt(reply(AckCode::AE), None);
    assert_eq!(settled.fate, Fate::Dead { cause: Cause::Error, reply: Bytes::new(), hold: false });
}

#[test]
fn a_rejection_is_dead_at_once_with_its_answer_and_the_lane_goes_on() {
    let mut bench = Bench::new(Order::Fifo, 1, 2);
    let (carrier, first) = bench.next().expect("one");
    let answer = Bytes::from_static(b"MSH|");
    let ended = Ended::Attempted { received: reply(AckCode::AR), reply: answer.clone() };
    let settled = bench.reports(carrier, vec![(first, ended)], None);
    assert_eq!(settled[0].fate, Fate::Dead { cause: Cause::Rejected, reply: answer, hold: false });
    assert_eq!(bench.next(), Some((carrier, id(2))));
}

#[test]
fn the_fifth_dead_letter_in_a_row_holds_and_a_delivery_between_starts_anew() {
    let mut bench = Bench::new(Order::Fifo, 1, 20);
    let holds = |settled: Settled| matches!(settled.fate, Fate::Dead { hold: true, .. });
    for _ in 0..4 {
        assert!(!holds(bench.attempt(reply(AckCode::AR), None)));
    }
    bench.attempt(reply(AckCode::AA), None);
    for _ in 0..4 {
        assert!(!holds(bench.attempt(reply(AckCode::AR), None)));
    }
    assert!(holds(bench.attempt(reply(AckCode::AR), None)));
    bench.dispatch.try_now();
    assert!(!holds(bench.attempt(reply(AckCode::AR), None)), "an operator's word starts anew");
}

#[test]
fn a_refused_connection_is_no_send_and_its_slot_waits_longer_each_time() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    let refused = Ended::NotSent(Some(TransportFault::Refused));
    for expected in [1, 2, 4] {
        let (carrier, first) = bench.next().expect("one");
        let closed = Some(CloseReason::Fault(TransportFault::Refused));
        let settled = bench.reports(carrier, vec![(first, refused.clone())], closed);
        assert_eq!(settled[0].sends, 0);
        let wait = bench.due_in(&settled[0].fate);
        assert_eq!(wait, Duration::from_secs(expected));
        assert!(bench.next().is_none());
        assert_eq!(bench.dispatch.next_moment(bench.now.instant), Some(bench.now.instant + wait));
        bench.passes(wait);
    }
    let settled = bench.attempt(reply(AckCode::AA), None);
    assert_eq!(settled.sends, 1);
    assert_eq!(bench.dispatch.trouble, None);
}

#[test]
fn a_connection_the_peer_closed_while_idle_is_replaced_at_once() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    let (old, first) = bench.next().expect("one");
    let not_sent = vec![(first, Ended::NotSent(None))];
    let settled = bench.reports(old, not_sent, Some(CloseReason::ByPeer));
    assert_eq!(settled[0].fate, Fate::Returned);
    let (new, again) = bench.next().expect("at once");
    assert_eq!(again, first);
    assert_ne!(new, old);
}

#[test]
fn a_delivery_that_met_a_closing_connection_in_its_mailbox_was_not_sent() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    let (carrier, first) = bench.next().expect("one");
    let settled = bench.reports(carrier, Vec::new(), Some(CloseReason::ByPeer));
    assert_eq!((settled[0].id, &settled[0].fate, settled[0].sends), (first, &Fate::Returned, 0));
    assert!(bench.next().is_some());
}

#[test]
fn a_connection_that_panicked_may_have_sent() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    let (carrier, _) = bench.next().expect("one");
    let settled = bench.reports(carrier, Vec::new(), Some(CloseReason::Panicked));
    assert_eq!(settled[0].sends, 1);
    assert_eq!(bench.due_in(&settled[0].fate), FIRST);
}

#[test]
fn a_transport_fault_is_retried_for_ever() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    for _ in 0..100 {
        let settled = bench.attempt(Received::Transport(TransportFault::Reset), CLOSED);
        bench.passes(bench.due_in(&settled.fate) + FIRST);
    }
    assert!(bench.next().is_some());
}

#[test]
fn unclear_answers_stop_the_lane_at_the_tenth_send() {
    let mut bench = Bench::new(Order::Fifo, 1, 2);
    let unclear = Received::Unclear(Unclear::NoMsa);
    let doubtful = Some(CloseReason::Doubtful);
    for _ in 1..10 {
        let settled = bench.attempt(unclear, doubtful);
        bench.passes(bench.due_in(&settled.fate));
    }
    let settled = bench.attempt(unclear, doubtful);
    assert_eq!(settled.fate, Fate::Held { cause: Cause::UnclearNoMsa, reply: Bytes::new() });
    assert_eq!(settled.sends, 10);
    bench.passes(Duration::from_hours(1));
    assert!(bench.next().is_none(), "ORDER-1: the lane stops");
    bench.dispatch.lanes.ended_elsewhere(id(1));
    assert_eq!(bench.next().map(|(_, id)| id), Some(id(2)));
}

#[test]
fn unclear_answers_move_on_where_that_is_asked_for() {
    let mut destination = destination(Order::Fifo);
    destination.policy.on_unclear = OnUnclear::Dead;
    destination.policy.retry.max_attempts = NonZeroU32::new(1);
    let mut bench = Bench::of(&destination, 1, 2);
    let settled = bench.attempt(Received::Unclear(Unclear::Empty), Some(CloseReason::Doubtful));
    assert!(matches!(settled.fate, Fate::Dead { cause: Cause::UnclearEmpty, .. }));
    bench.passes(FIRST);
    assert_eq!(bench.next().map(|(_, id)| id), Some(id(2)));
}

#[test]
fn without_order_an_error_waits_alone() {
    let mut bench = Bench::new(Order::None, 1, 3);
    bench.attempt(reply(AckCode::AE), None);
    assert_eq!(bench.attempt(reply(AckCode::AA), None).id, id(2));
    bench.passes(FIRST);
    assert_eq!(bench.attempt(reply(AckCode::AA), None).id, id(1));
}

#[test]
fn without_order_several_connections_work_at_once() {
    let mut bench = Bench::new(Order::None, 2, 3);
    let (one, two) = (bench.next().expect("one"), bench.next().expect("two"));
    assert_ne!(one.0, two.0);
    assert!(bench.next().is_none());
    bench.reports(two.0, vec![(two.1, Ended::attempted(reply(AckCode::AA)))], None);
    assert_eq!(bench.next(), Some((two.0, id(3))));
}

#[test]
fn what_is_due_and_lacks_a_free_slot_sets_no_timer() {
    let mut bench = Bench::new(Order::None, 1, 2);
    bench.attempt(reply(AckCode::AE), None);
    let _busy = bench.next().expect("the other one");
    assert!(bench.dispatch.next_moment(bench.now.instant).is_some());
    bench.passes(FIRST);
    assert!(bench.next().is_none());
    assert_eq!(bench.dispatch.next_moment(bench.now.instant), None);
}

#[test]
fn what_is_due_and_lacks_room_sets_no_timer() {
    let mut bench = Bench::new(Order::None, 2, 2);
    bench.attempt(reply(AckCode::AE), None);
    let _the_only_call_there_is_room_for = bench.next().expect("the other one");
    assert!(bench.dispatch.next_moment(bench.now.instant).is_some());
    bench.passes(FIRST);
    assert_eq!(bench.dispatch.next_moment(bench.now.instant), None);
}

#[test]
fn the_last_answer_stays_with_what_ends_without_one() {
    let mut destination = destination(Order::Fifo);
    destination.policy.retry.max_attempts = NonZeroU32::new(2);
    let mut bench = Bench::of(&destination, 1, 1);
    let (carrier, first) = bench.next().expect("one");
    let said = Bytes::from_static(b"the ward is closed");
    let failed = Received::Handler(HandlerFault::Failed);
    let ended = Ended::Attempted { received: failed, reply: said.clone() };
    let settled = bench.reports(carrier, vec![(first, ended)], Some(CloseReason::Done));
    bench.passes(bench.due_in(&settled[0].fate));
    let settled = bench.attempt(Received::Handler(HandlerFault::Panicked), Some(CloseReason::Done));
    let dead = Fate::Dead { cause: Cause::HandlerPanicked, reply: said, hold: false };
    assert_eq!(settled.fate, dead);
}

#[test]
fn nothing_goes_while_the_destination_is_held() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    bench.dispatch.paused = true;
    assert!(bench.next().is_none());
    bench.dispatch.paused = false;
    assert!(bench.next().is_some());
}

#[test]
fn a_full_disk_pauses_the_folder_and_not_just_the_message() {
    let mut bench = Bench::new(Order::None, 1, 2);
    let settled = bench.attempt(Received::File(FileFault::NoSpace), Some(CloseReason::Done));
    assert_eq!(bench.due_in(&settled.fate), FIRST);
    assert!(bench.next().is_none());
    bench.passes(FIRST);
    assert!(bench.next().is_some());
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it_for_every_message() {
    let mut bench = Bench::new(Order::None, 1, 2);
    let (most, asked) = (Duration::from_secs(19), Duration::from_secs(20));
    let busy = Received::Status { meaning: StatusMeaning::Busy, wait: Some(asked) };
    let settled = bench.attempt(busy, Some(CloseReason::Done));
    assert_eq!(bench.due_in(&settled.fate), asked);
    bench.passes(most);
    assert!(bench.next().is_none());
    bench.passes(Duration::from_secs(1));
    assert!(bench.next().is_some());
}

#[test]
fn a_message_in_a_circle_is_dead_and_was_not_sent() {
    let mut bench = Bench::new(Order::Fifo, 1, 1);
    let settled = bench.attempt(Received::Loop, Some(CloseReason::Done));
    assert!(matches!(settled.fate, Fate::Dead { cause: Cause::Loop, .. }));
    assert_eq!(settled.sends, 0);
}

#[test]
fn a_fate_shows_no_content() {
    let reply = Bytes::from_static(b"SECRET");
    let fate = Fate::Dead { cause: Cause::Rejected, reply, hold: false };
    assert!(!format!("{fate:?}").contains("SECRET"));
}
