//! What is promised of the budget: its sum, and that nothing deadlocks.

use std::cell::Cell;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;

const MIB: usize = 1024 * 1024;
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_connection_always_has_what_is_free() {
    let budget = Budget::new(PIECE);
    let mut greedy = budget.share();
    assert!(greedy.take(FREE + PIECE));
    let modest = budget.share();
    assert!(modest.covers(FREE) && !modest.covers(FREE + 1));
    assert_eq!(modest.next_read(FREE), READ_SIZE);
}

#[test]
fn what_is_granted_grows_while_there_is_room_and_no_further() {
    let budget = Budget::new(3 * MIB);
    let mut share = budget.share();
    let mut held = FREE + 1;
    while share.take(held) {
        held = FREE + share.granted() + 1;
    }
    assert_eq!(share.granted(), 3 * MIB);
    assert!(share.covers(FREE + 3 * MIB) && !share.covers(held));
}

#[test]
fn what_is_not_needed_any_more_goes_back() {
    let budget = Budget::new(MIB);
    let (mut one, mut other) = (budget.share(), budget.share());
    assert!(one.take(FREE + MIB) && !other.take(FREE + 1));
    one.keep_for(FREE + PIECE + 1);
    assert!(one.covers(FREE + 2 * PIECE) && other.take(FREE + MIB - 2 * PIECE));
    drop(other);
    one.keep_for(0);
    assert!(!one.is_granted());
    assert_eq!(budget.room.available_permits(), MIB / PIECE);
}

#[actix::test]
async fn one_at_a_time_may_finish_whatever_is_left() {
    let budget = Budget::new(MIB);
    let mut full = budget.share();
    assert!(full.take(FREE + MIB));
    let (mut first, mut second) = (budget.share(), budget.share());
    first.wait(FREE + 1, LONG).await.unwrap();
    assert!(first.covers(FREE + 64 * MIB), "it may finish");
    assert_eq!(second.wait(FREE + 1, Duration::from_millis(1)).await, Err(NoRoom));
    let waiting = second.wait(FREE + 1, LONG);
    let (waited, ()) = tokio::join!(biased; waiting, async { first.keep_for(0) });
    waited.unwrap();
    assert!(second.covers(FREE + 64 * MIB), "the next one may");
}

#[actix::test]
async fn who_has_finished_lets_the_next_one_as_soon_as_there_is_room_for_what_it_holds() {
    let budget = Budget::new(2 * MIB);
    let (mut one, mut other) = (budget.share(), budget.share());
    assert!(one.take(FREE + MIB) && other.take(FREE + MIB));
    let (mut first, mut second) = (budget.share(), budget.share());
    first.wait(FREE + 1, LONG).await.unwrap();
    first.finished(FREE + MIB);
    assert!(first.is_finishing(), "there is no room, and its message is still in hand");
    drop(other);
    first.finished(FREE + MIB);
    assert!(!first.is_finishing() && first.covers(FREE + MIB) && !second.take(FREE + 1));
    second.wait(FREE + 1, LONG).await.unwrap();
    assert!(second.is_finishing());
}

#[actix::test]
async fn room_goes_to_who_waits_before_it_goes_to_a_newcomer() {
    let budget = Budget::new(MIB);
    let (mut full, mut finishing) = (budget.share(), budget.share());
    assert!(full.take(FREE + MIB));
    finishing.wait(FREE + 1, LONG).await.unwrap();
    let (mut waiting, mut newcomer) = (budget.share(), budget.share());
    let leaving = async {
        full.keep_for(0);
        assert!(!newcomer.take(FREE + MIB), "its room is spoken for");
    };
    let (waited, ()) = tokio::join!(biased; waiting.wait(FREE + MIB, LONG), leaving);
    waited.unwrap();
    assert_eq!(waiting.granted(), MIB);
}

/// Reads a message of `size` bytes as a connection does, in small reads; what it holds is added to `held`.
async fn receive(budget: Arc<Budget>, size: usize, held: Rc<Cell<usize>>, most: Rc<Cell<usize>>) {
    let mut share = budget.share();
    let mut buffered = 0;
    while buffered < size {
        if !share.covers(buffered) && !share.take(buffered) {
            share.wait(buffered, LONG).await.expect("its turn");
        }
        let read = share.next_read(buffered).min(READ_SIZE).min(size - buffered);
        buffered += read;
        held.set(held.get() + read);
        most.set(most.get().max(held.get()));
        tokio::task::yield_now().await;
    }
    held.set(held.get() - buffered);
    share.keep_for(0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However many connections ask for however much: each message ends, and together they hold no more than promised.
    #[test]
    fn every_message_ends_and_memory_stays_bounded(
        sizes in prop::collection::vec(1_usize..(4 * MIB), 1..24),
        max_buffered in PIECE..(4 * MIB),
    ) {
        let (held, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let budget = Budget::new(max_buffered);
        actix::System::new().block_on(async {
            let receiving = sizes.iter().map(|&size| {
                receive(Arc::clone(&budget), size, Rc::clone(&held), Rc::clone(&most))
            });
            futures_util::future::join_all(receiving).await;
        });
        let largest = sizes.iter().max().copied().unwrap_or_default();
        let bound = max_buffered + largest + sizes.len() * (FREE + READ_SIZE);
        prop_assert!(most.get() <= bound, "{} of {bound}", most.get());
        prop_assert_eq!(held.get(), 0);
    }
}
