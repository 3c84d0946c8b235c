use std::time::Duration;

use wardline_flow::KeyOrder;
use wardline_store::Lane;

use super::*;
use crate::outbound::testing::{id, lease};

fn lanes(order: &Order, count: u64) -> Lanes {
    let stand = if *order == Order::None { Stand::Free } else { Stand::Everywhere };
    let mut lanes = Lanes::new(order);
    (1..=count).for_each(|number| assert!(lanes.add(lease(number), stand.clone())));
    lanes
}

fn next(lanes: &mut Lanes, most: usize, now: Instant) -> Vec<u64> {
    lanes.wake_due(now);
    lanes.next(most).iter().map(|delivery| number(delivery.id)).collect()
}

fn number(id: MessageId) -> u64 {
    id.to_string().parse().expect("a number")
}

#[test]
fn order_1_in_a_lane_nothing_goes_while_its_predecessor_is_in_flight() {
    let (mut lanes, now) = (lanes(&Order::Fifo, 2), Instant::now());
    assert_eq!(next(&mut lanes, 1, now), [1]);
    assert!(next(&mut lanes, 1, now).is_empty());
    lanes.end(id(1));
    assert_eq!(next(&mut lanes, 1, now), [2]);
}

#[test]
fn order_1_a_waiting_delivery_holds_its_lane_until_it_is_due() {
    let (mut lanes, now) = (lanes(&Order::Fifo, 2), Instant::now());
    next(&mut lanes, 1, now);
    let due = now + Duration::from_secs(1);
    lanes.retry_at(id(1), due);
    assert!(next(&mut lanes, 1, now).is_empty());
    assert_eq!(lanes.next_due(), Some(due));
    assert_eq!(next(&mut lanes, 1, due), [1]);
}

#[test]
fn order_1_a_stopped_delivery_holds_its_lane_until_it_is_back_or_gone() {
    let (mut lanes, now) = (lanes(&Order::Fifo, 3), Instant::now());
    next(&mut lanes, 1, now);
    lanes.stop_at(id(1));
    lanes.end(id(1));
    assert_eq!(lanes.stopped(), Some(id(1)));
    assert!(next(&mut lanes, 9, now).is_empty());
    lanes.add(lease(1), Stand::Everywhere);
    assert_eq!(next(&mut lanes, 9, now), [1, 2, 3]);

    let mut lanes = super::tests::lanes(&Order::Fifo, 1);
    lanes.stop_before(id(9), Stand::Everywhere);
    assert_eq!(next(&mut lanes, 1, now), [1], "what stands before the stop goes on");
    lanes.end(id(1));
    lanes.add(lease(10), Stand::Everywhere);
    assert!(next(&mut lanes, 1, now).is_empty());
    lanes.ended_elsewhere(id(9));
    assert_eq!(next(&mut lanes, 1, now), [10]);
}

#[test]
fn order_1_a_group_leaves_as_one_and_what_was_not_tried_goes_first_again() {
    let (mut lanes, now) = (lanes(&Order::Fifo, 4), Instant::now());
    assert_eq!(next(&mut lanes, 3, now), [1, 2, 3]);
    lanes.end(id(1));
    lanes.retry_at(id(2), now + Duration::from_secs(1));
    lanes.give_back(id(3));
    assert!(next(&mut lanes, 3, now).is_empty());
    assert_eq!(next(&mut lanes, 3, now + Duration::from_secs(1)), [2, 3, 4]);
}

#[test]
fn without_order_one_that_waits_or_stops_holds_no_other() {
    let (mut lanes, now) = (lanes(&Order::None, 4), Instant::now());
    assert_eq!(next(&mut lanes, 1, now), [1]);
    assert_eq!(next(&mut lanes, 1, now), [2]);
    lanes.retry_at(id(1), now + Duration::from_secs(1));
    lanes.stop_at(id(2));
    lanes.end(id(2));
    assert_eq!(next(&mut lanes, 9, now), [3, 4]);
}

#[test]
fn a_revived_delivery_takes_its_place_before_younger_ones() {
    let (mut lanes, now) = (lanes(&Order::Fifo, 0), Instant::now());
    lanes.add(lease(8), Stand::Everywhere);
    lanes.add(lease(3), Stand::Everywhere);
    assert_eq!(next(&mut lanes, 9, now), [3, 8]);
}

#[test]
fn waking_all_forgets_waits_and_their_growth() {
    let (mut lanes, now) = (lanes(&Order::Fifo, 1), Instant::now());
    next(&mut lanes, 1, now);
    lanes.in_flight(id(1)).expect("in flight").failures = 7;
    lanes.retry_at(id(1), now + Duration::from_secs(60));
    lanes.wake_all();
    assert_eq!(next(&mut lanes, 1, now), [1]);
    assert_eq!(lanes.in_flight(id(1)).map(|lease| lease.failures), Some(0));
}

#[test]
fn the_head_is_the_oldest_wherever_it_stands() {
    let (mut lanes, now) = (lanes(&Order::None, 2), Instant::now());
    next(&mut lanes, 1, now);
    assert_eq!(lanes.head().map(|head| (head.id, head.due)), Some((id(1), None)));
    let due = now + Duration::from_secs(5);
    lanes.retry_at(id(1), due);
    assert_eq!(lanes.head().map(|head| (head.id, head.due)), Some((id(1), Some(due))));
    assert!(lanes.withdraw(id(1)).is_some());
    assert_eq!(lanes.head().map(|head| head.id), Some(id(2)));
}

#[test]
fn only_what_is_not_in_flight_can_be_withdrawn() {
    let (mut lanes, now) = (lanes(&Order::None, 2), Instant::now());
    next(&mut lanes, 1, now);
    assert!(lanes.withdraw(id(1)).is_none());
    assert!(lanes.withdraw(id(2)).is_some());
    assert!(lanes.withdraw(id(2)).is_none());
    assert_eq!((lanes.len(), lanes.in_flight_len()), (1, 1));
}

#[test]
fn end_1_what_was_ended_on_its_way_here_is_not_taken_in_unless_it_comes_again() {
    let mut lanes = lanes(&Order::Fifo, 0);
    lanes.ended_elsewhere(id(1));
    assert!(!lanes.add(lease(1), Stand::Everywhere));
    lanes.ended_elsewhere(id(1));
    lanes.comes_again(id(1));
    assert!(lanes.add(lease(1), Stand::Everywhere));
}

#[test]
fn bound_1_only_so_many_ends_are_remembered() {
    let mut lanes = lanes(&Order::Fifo, 0);
    (1..=10 * REMEMBERED_ENDS as u64).for_each(|number| lanes.ended_elsewhere(id(number)));
    assert_eq!(lanes.ended.len(), REMEMBERED_ENDS);
}

#[test]
fn bound_1_so_many_may_stand_still_and_what_is_put_back_in_line_is_none_of_them() {
    let mut lanes = keyed(&[]);
    for number in 1..=MAX_STOPPED as u64 {
        assert!(!lanes.are_too_many_stopped(), "{number}");
        lanes.stop_before(id(number), line(&[number]));
    }
    assert!(lanes.are_too_many_stopped());
    lanes.comes_again(id(1));
    assert!(!lanes.are_too_many_stopped());
    lanes.stop_before(id(1), line(&[1]));
    assert!(lanes.are_too_many_stopped(), "it was no better");
    lanes.ended_elsewhere(id(2));
    assert!(!lanes.are_too_many_stopped());
}

/// By key, with one delivery for each of these lanes.
fn keyed(stands: &[&[u64]]) -> Lanes {
    let by = KeyOrder::new("PID-3".parse().expect("a path"), "MR");
    let mut lanes = Lanes::new(&Order::ByKey(by));
    for (number, stand) in (1..).zip(stands) {
        assert!(lanes.add(lease(number), line(stand)));
    }
    lanes
}

fn line(lanes: &[u64]) -> Stand {
    Stand::In(lanes.iter().copied().map(Lane).collect())
}

#[test]
fn order_1_by_key_one_that_waits_or_stops_holds_its_lane_and_no_other() {
    let (mut lanes, now) = (keyed(&[&[7], &[8], &[7], &[8], &[9]]), Instant::now());
    assert_eq!(next(&mut lanes, 2, now), [1, 2]);
    let due = now + Duration::from_secs(1);
    lanes.retry_at(id(1), due);
    lanes.stop_at(id(2));
    lanes.end(id(2));
    assert_eq!(next(&mut lanes, 9, now), [5]);
    assert_eq!(lanes.stopped(), None, "the others go on");
    assert_eq!(next(&mut lanes, 9, due), [1]);
    lanes.end(id(1));
    lanes.ended_elsewhere(id(2));
    assert_eq!(next(&mut lanes, 9, due), [3, 4]);
}

#[test]
fn order_1_by_key_a_stopped_delivery_that_comes_again_takes_its_place() {
    let (mut lanes, now) = (keyed(&[&[7], &[7]]), Instant::now());
    next(&mut lanes, 1, now);
    lanes.stop_at(id(1));
    lanes.end(id(1));
    assert!(next(&mut lanes, 9, now).is_empty());
    assert!(lanes.add(lease(1), line(&[7])));
    assert_eq!(next(&mut lanes, 9, now), [1]);
    lanes.give_back(id(1));
    assert_eq!(next(&mut lanes, 9, now), [1]);
    lanes.end(id(1));
    assert_eq!(next(&mut lanes, 9, now), [2]);
}

#[test]
fn what_is_behind_a_lane_that_waits_is_given_back_and_called_in_its_order() {
    let (mut lanes, now) = (keyed(&[&[7], &[7], &[7], &[7]]), Instant::now());
    assert!(!lanes.are_stuck(true));
    assert_eq!(next(&mut lanes, 9, now), [1]);
    assert!(lanes.are_stuck(false));
    assert_eq!(lanes.give_up_youngest(2), GivenUp::Parked(vec![id(4), id(3)]));
    assert_eq!(lanes.len(), 2);
    assert!(lanes.contains(id(3)) && lanes.in_hand(id(3)).is_none());
    assert!(lanes.call().is_empty(), "2 is before them");
    for number in [1, 2] {
        next(&mut lanes, 9, now);
        lanes.end(id(number));
    }
    assert_eq!(lanes.call(), [id(3), id(4)]);
    assert!(lanes.call().is_empty(), "they are on their way");
    assert!(next(&mut lanes, 9, now).is_empty());
    assert!(lanes.add(lease(4), line(&[7])));
    assert!(next(&mut lanes, 9, now).is_empty(), "3 is before it, wherever it is");
    assert!(lanes.add(lease(3), line(&[7])));
    assert_eq!(next(&mut lanes, 9, now), [3]);
}

#[test]
fn order_1_in_a_lane_the_youngest_behind_a_stop_make_room_for_what_returns() {
    let (mut lanes, now) = (lanes(&Order::Fifo, 6), Instant::now());
    assert_eq!(next(&mut lanes, 4, now), [1, 2, 3, 4]);
    lanes.stop_at(id(1));
    lanes.end(id(1));
    lanes.give_back(id(2));
    lanes.retry_at(id(3), now + Duration::from_secs(1));
    lanes.give_back(id(4));
    assert_eq!(lanes.ready_len(), 0, "all are behind the stop");
    assert!(!lanes.are_stuck(false), "nothing more could go");
    assert!(lanes.are_stuck(true));
    assert_eq!(lanes.give_up_youngest(2), GivenUp::From(id(5)));
    assert_eq!(lanes.give_up_youngest(9), GivenUp::From(id(4)));
    assert_eq!(lanes.give_up_youngest(9), GivenUp::Nothing, "3 waits in hand, 2 is before it");
    (4..=6).for_each(|number| assert!(lanes.add(lease(number), Stand::Everywhere)));
    assert!(lanes.add(lease(1), Stand::Everywhere));
    assert!(!lanes.are_stuck(true));
    lanes.wake_all();
    assert_eq!(next(&mut lanes, 9, now), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn end_1_what_an_operator_ends_while_it_is_given_back_leaves_its_lane() {
    let (mut lanes, now) = (keyed(&[&[7], &[7], &[7]]), Instant::now());
    next(&mut lanes, 1, now);
    lanes.give_up_youngest(2);
    assert!(lanes.withdraw(id(2)).is_none());
    lanes.ended_elsewhere(id(2));
    lanes.end(id(1));
    assert_eq!(lanes.call(), [id(3)]);
}

#[test]
fn order_1_without_order_now_what_is_left_of_an_ordered_queue_goes_in_one_line() {
    let (mut lanes, now) = (Lanes::new(&Order::None), Instant::now());
    for number in 1..=2 {
        lanes.add(lease(number), Stand::Everywhere);
    }
    for number in 3..=4 {
        lanes.add(lease(number), Stand::Free);
    }
    assert_eq!(next(&mut lanes, 9, now), [1], "a group goes on past a failure");
    assert!(next(&mut lanes, 9, now).is_empty());
    lanes.end(id(1));
    assert_eq!(next(&mut lanes, 9, now), [2]);
    lanes.end(id(2));
    assert_eq!(next(&mut lanes, 9, now), [3, 4]);
}
