use std::time::Duration;

use super::*;
use crate::outbound::testing::id;

fn take(slots: &mut Slots, now: Instant) -> Taken {
    let slot = slots.free(now).expect("a free slot");
    slots.take(slot, vec![id(1)]).expect("it is there")
}

#[test]
fn a_standing_carrier_is_used_before_a_new_one_is_made() {
    let (mut slots, now) = (Slots::new(2), Instant::now());
    let first = take(&mut slots, now);
    let second = take(&mut slots, now);
    assert!(first.vacant && second.vacant);
    assert_eq!(slots.free(now), None);
    slots.open(second.carrier);
    let again = take(&mut slots, now);
    assert_eq!((again.carrier, again.vacant), (second.carrier, false));
}

#[test]
fn a_carrier_that_was_replaced_is_not_heard_any_more() {
    let (mut slots, now) = (Slots::new(1), Instant::now());
    let old = take(&mut slots, now).carrier;
    assert_eq!(slots.vacate(old, None), [id(1)]);
    assert!(!slots.is_current(old));
    let new = take(&mut slots, now).carrier;
    assert!(slots.is_current(new) && !slots.is_current(old));
    assert_eq!(slots.vacate(old, None), []);
    assert!(slots.is_current(new));
}

#[test]
fn what_a_carrier_has_done_with_is_not_left_in_its_hands() {
    let (mut slots, now) = (Slots::new(1), Instant::now());
    let carrier = take(&mut slots, now).carrier;
    slots.done_with(carrier, id(1));
    assert_eq!(slots.vacate(carrier, None), []);
}

#[test]
fn a_paused_slot_is_free_again_at_its_time_or_when_all_are_woken() {
    let (mut slots, now) = (Slots::new(1), Instant::now());
    let until = now + Duration::from_secs(1);
    let carrier = take(&mut slots, now).carrier;
    slots.vacate(carrier, Some(until));
    assert_eq!(slots.free(now), None);
    assert_eq!(slots.next_end(now), Some(until));
    assert!(slots.free(until).is_some());
    assert_eq!(slots.next_end(until), None, "an end that has passed needs no timer");
    slots.wake_all();
    assert!(slots.free(now).is_some());
}

#[test]
fn failures_count_up_until_something_is_answered() {
    let (mut slots, now) = (Slots::new(1), Instant::now());
    for expected in 1..=3 {
        let carrier = take(&mut slots, now).carrier;
        assert_eq!(slots.failed(carrier), expected);
        slots.vacate(carrier, None);
    }
    let carrier = take(&mut slots, now).carrier;
    slots.answered(carrier);
    assert_eq!(slots.failed(carrier), 1);
}
