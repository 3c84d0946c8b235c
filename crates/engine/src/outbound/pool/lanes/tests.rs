use std::time::Duration;

use super::*;
use crate::outbound::testing::{id, lease};

fn lanes(order: Order, count: u64) -> Lanes {
    let mut lanes = Lanes::new(order);
    (1..=count).for_each(|number| assert!(lanes.add(lease(number))));
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
    let (mut lanes, now) = (lanes(Order::Fifo, 2), Instant::now());
    assert_eq!(next(&mut lanes, 1, now), [1]);
    assert!(next(&mut lanes, 1, now).is_empty());
    lanes.end(id(1));
    assert_eq!(next(&mut lanes, 1, now), [2]);
}

#[test]
fn order_1_a_waiting_delivery_holds_its_lane_until_it_is_due() {
    let (mut lanes, now) = (lanes(Order::Fifo, 2), Instant::now());
    next(&mut lanes, 1, now);
    let due = now + Duration::from_secs(1);
    lanes.retry_at(id(1), due);
    assert!(next(&mut lanes, 1, now).is_empty());
    assert_eq!(lanes.next_due(), Some(due));
    assert_eq!(next(&mut lanes, 1, due), [1]);
}

#[test]
fn order_1_a_stopped_delivery_holds_its_lane_until_it_is_back_or_gone() {
    let (mut lanes, now) = (lanes(Order::Fifo, 3), Instant::now());
    next(&mut lanes, 1, now);
    lanes.stop_at(id(1));
    lanes.end(id(1));
    assert_eq!(lanes.stopped(), Some(id(1)));
    assert!(next(&mut lanes, 9, now).is_empty());
    lanes.add(lease(1));
    assert_eq!(next(&mut lanes, 9, now), [1, 2, 3]);

    let mut lanes = super::tests::lanes(Order::Fifo, 1);
    lanes.stop_at(id(9));
    assert_eq!(next(&mut lanes, 1, now), [1], "what stands before the stop goes on");
    lanes.end(id(1));
    lanes.add(lease(10));
    assert!(next(&mut lanes, 1, now).is_empty());
    lanes.ended_elsewhere(id(9));
    assert_eq!(next(&mut lanes, 1, now), [10]);
}

#[test]
fn order_1_a_group_leaves_as_one_and_what_was_not_tried_goes_first_again() {
    let (mut lanes, now) = (lanes(Order::Fifo, 4), Instant::now());
    assert_eq!(next(&mut lanes, 3, now), [1, 2, 3]);
    lanes.end(id(1));
    lanes.retry_at(id(2), now + Duration::from_secs(1));
    lanes.give_back(id(3));
    assert!(next(&mut lanes, 3, now).is_empty());
    assert_eq!(next(&mut lanes, 3, now + Duration::from_secs(1)), [2, 3, 4]);
}

#[test]
fn without_order_one_that_waits_or_stops_holds_no_other() {
    let (mut lanes, now) = (lanes(Order::None, 4), Instant::now());
    assert_eq!(next(&mut lanes, 1, now), [1]);
    assert_eq!(next(&mut lanes, 1, now), [2]);
    lanes.retry_at(id(1), now + Duration::from_secs(1));
    lanes.stop_at(id(2));
    lanes.end(id(2));
    assert_eq!(next(&mut lanes, 9, now), [3, 4]);
}

#[test]
fn a_revived_delivery_takes_its_place_before_younger_ones() {
    let (mut lanes, now) = (lanes(Order::Fifo, 0), Instant::now());
    lanes.add(lease(8));
    lanes.add(lease(3));
    assert_eq!(next(&mut lanes, 9, now), [3, 8]);
}

#[test]
fn waking_all_forgets_waits_and_their_growth() {
    let (mut lanes, now) = (lanes(Order::Fifo, 1), Instant::now());
    next(&mut lanes, 1, now);
    lanes.in_flight(id(1)).expect("in flight").failures = 7;
    lanes.retry_at(id(1), now + Duration::from_secs(60));
    lanes.wake_all();
    assert_eq!(next(&mut lanes, 1, now), [1]);
    assert_eq!(lanes.in_flight(id(1)).map(|lease| lease.failures), Some(0));
}

#[test]
fn the_head_is_the_oldest_wherever_it_stands() {
    let (mut lanes, now) = (lanes(Order::None, 2), Instant::now());
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
    let (mut lanes, now) = (lanes(Order::None, 2), Instant::now());
    next(&mut lanes, 1, now);
    assert!(lanes.withdraw(id(1)).is_none());
    assert!(lanes.withdraw(id(2)).is_some());
    assert!(lanes.withdraw(id(2)).is_none());
    assert_eq!((lanes.len(), lanes.in_flight_len()), (1, 1));
}

#[test]
fn end_1_what_was_ended_on_its_way_here_is_not_taken_in_unless_it_comes_again() {
    let mut lanes = lanes(Order::Fifo, 0);
    lanes.ended_elsewhere(id(1));
    assert!(!lanes.add(lease(1)));
    lanes.ended_elsewhere(id(1));
    lanes.comes_again(id(1));
    assert!(lanes.add(lease(1)));
}

#[test]
fn bound_1_only_so_many_ends_are_remembered() {
    let mut lanes = lanes(Order::Fifo, 0);
    (1..=10 * REMEMBERED_ENDS as u64).for_each(|number| lanes.ended_elsewhere(id(number)));
    assert_eq!(lanes.ended.len(), REMEMBERED_ENDS);
}
