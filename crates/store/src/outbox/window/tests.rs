use jiff::Timestamp;

use super::*;
use crate::api::Lane;

fn id(number: u64) -> MessageId {
    MessageId::from_number(number).expect("not 0")
}

fn pending(number: u64) -> Pending {
    Pending {
        also: Vec::new(),
        id: id(number),
        lane: Lane::FIFO,
        body: bytes::Bytes::from_static(b"m"),
        attempts: 0,
        first_attempt: None,
        received_at: Timestamp::UNIX_EPOCH,
        listener: "adt-in".into(),
        hops: 0,
    }
}

fn offer(window: &mut Window, number: u64) {
    window.offer(number, 1, || pending(number));
}

fn haul(numbers: &[u64], returned: &[u64], next: Option<u64>, end: u64) -> Haul {
    Haul {
        deliveries: numbers.iter().map(|&number| pending(number)).collect(),
        returned: returned.iter().map(|&number| pending(number)).collect(),
        looked_at: usize::MAX,
        next,
        end,
        held: false,
    }
}

/// A window that has read everything there was.
fn in_memory() -> Window {
    let mut window = Window::default();
    let errand = window.begin_refill().expect("everything is on disk");
    window.end_refill(&errand, haul(&[], &[], None, 1));
    window
}

fn taken(window: &mut Window) -> Vec<u64> {
    window.take(usize::MAX).into_iter().map(|pending| pending.id.get()).collect()
}

#[test]
fn what_comes_during_the_last_refill_is_neither_lost_nor_doubled() {
    let mut window = Window::default();
    let errand = window.begin_refill().expect("something to read");
    offer(&mut window, 5); // the refill will see it
    offer(&mut window, 6); // and not this
    window.end_refill(&errand, haul(&[5], &[], None, 6));
    assert_eq!(taken(&mut window), [5]);
    window.done(id(5));
    let errand = window.begin_refill().expect("6 is on disk");
    assert_eq!(errand.from, Some(6));
    window.end_refill(&errand, haul(&[6], &[], None, 7));
    offer(&mut window, 7);
    assert_eq!(taken(&mut window), [6, 7]);
}

#[test]
fn a_revived_one_that_a_refill_has_yet_to_reach_comes_once() {
    let mut window = Window::default();
    let errand = window.begin_refill().expect("something to read");
    window.revived(id(500));
    window.end_refill(&errand, haul(&[1, 2], &[], Some(300), 900));
    assert_eq!(taken(&mut window), [1, 2]);
    for number in [1, 2] {
        window.done(id(number));
    }
    let errand = window.begin_refill().expect("more to read");
    assert!(errand.returning.is_empty(), "it lies on the way");
    window.end_refill(&errand, haul(&[400], &[], Some(450), 900));
    assert_eq!(taken(&mut window), [400]);
}

#[test]
fn a_revived_one_that_a_refill_has_passed_comes_by_name() {
    let mut window = Window::default();
    let errand = window.begin_refill().expect("something to read");
    window.revived(id(2)); // read as dead before
    window.end_refill(&errand, haul(&[1, 3], &[], None, 4));
    assert_eq!(window.more(), More::OnDisk);
    let errand = window.begin_refill().expect("one returns");
    assert_eq!((errand.from, &errand.returning[..]), (None, &[id(2)][..]));
    window.end_refill(&errand, haul(&[], &[2], None, 4));
    assert_eq!(taken(&mut window), [1, 2, 3], "in its place");
    assert_eq!(window.more(), More::Nothing);
}

#[test]
fn a_refill_that_fails_leaves_everything_to_the_next() {
    let mut window = in_memory();
    window.revived(id(3));
    window.begin_refill().expect("one returns");
    assert!(window.begin_refill().is_none(), "one at a time");
    window.abandon_refill();
    assert_eq!(window.begin_refill().expect("again").returning, [id(3)]);
}

#[test]
fn a_hold_told_while_a_refill_reads_is_not_undone_by_it() {
    let mut window = Window::default();
    let errand = window.begin_refill().expect("something to read");
    window.set_held(true);
    window.end_refill(&errand, haul(&[], &[], None, 1));
    assert!(window.is_held());
}

#[test]
fn the_window_is_bounded_in_deliveries_and_bytes() {
    let mut window = in_memory();
    for number in 1..=2 * WINDOW_DELIVERIES as u64 {
        offer(&mut window, number);
    }
    assert_eq!(window.len(), WINDOW_DELIVERIES);
    let mut window = in_memory();
    assert!(window.offer(1, WINDOW_BYTES + 1, || pending(1)), "one may always be there");
    window.queued_bytes = WINDOW_BYTES + 1;
    window.offer(2, 1, || pending(2));
    assert_eq!(window.len(), 1);
}

#[test]
fn what_was_done_with_and_has_not_ended_comes_again_when_it_is_recalled() {
    let mut window = in_memory();
    for number in 1..=4 {
        offer(&mut window, number);
    }
    assert_eq!(taken(&mut window), [1, 2, 3, 4]);
    window.done(id(2));
    window.done(id(4));
    assert_eq!(window.more(), More::Nothing, "nobody asks for them");
    window.recall(&[id(2), id(3)]);
    let errand = window.begin_refill().expect("one to read");
    assert_eq!(errand.returning, [id(2)], "3 is still in hand");
    window.end_refill(&errand, haul(&[], &[2], None, 5));
    assert_eq!(taken(&mut window), [2]);
}

#[test]
fn a_full_window_says_that_there_is_more_than_it_has_room_for() {
    let mut window = in_memory();
    let most = WINDOW_DELIVERIES as u64;
    for number in 1..=most + 1 {
        offer(&mut window, number);
    }
    let numbers = taken(&mut window);
    assert_eq!(window.more(), More::NoRoom { returning: false });
    assert!(window.begin_refill().is_none());
    for &number in numbers.iter().rev().take(WINDOW_DELIVERIES / 2) {
        window.done(id(number));
    }
    assert_eq!(window.more(), More::OnDisk);
}

#[test]
fn what_returns_finds_room_where_the_youngest_are_put_back_and_they_come_again_behind_it() {
    let mut window = in_memory();
    let most = WINDOW_DELIVERIES as u64;
    offer(&mut window, 1);
    assert_eq!(taken(&mut window), [1]);
    window.done(id(1));
    for number in 2..=most + 1 {
        offer(&mut window, number);
    }
    window.take(WINDOW_DELIVERIES - 10);
    window.revived(id(1));
    assert_eq!(window.more(), More::NoRoom { returning: true });
    let from = most / 2;
    window.put_back(id(from));
    assert_eq!((window.len() as u64, window.bytes() as u64), (from - 2, from - 2));
    offer(&mut window, most + 2);
    let errand = window.begin_refill().expect("one returns");
    assert_eq!((errand.from, &errand.returning[..]), (Some(from), &[id(1)][..]));
    let again: Vec<_> = (from..=most + 2).collect();
    window.end_refill(&errand, haul(&again, &[1], None, most + 3));
    assert!(taken(&mut window).into_iter().eq(std::iter::once(1).chain(again)));
    assert_eq!(window.more(), More::Nothing);
}
