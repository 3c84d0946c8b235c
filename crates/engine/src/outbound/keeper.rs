//! Keeps the pool of one destination alive.
//!
//! ```text
//!            died: a pause                     drained
//!   pool 1 ───────────────▶ pool 1 again ─┬──────────────▶ the end
//!                                         └─ of something else: pool 2, of that, on the same queue
//! ```
//!
//! A pool dies only by a fault of ours, and drains when its destination is configured otherwise, goes, or the engine ends.
//! What it had in hand is in the store still; the next one takes it from there, and nothing of the one before is in flight
//! (ORDER-1).

use std::time::{Duration, Instant};

use actix::{Actor, Addr, ArbiterHandle};
use tokio::sync::{oneshot, watch};

use super::Delivering;
use super::door::PoolDoor;
use super::limits::{POOL_HEALTHY_AFTER, POOL_RESTART_FIRST, POOL_RESTART_MAX};
use super::pool::OutboundPool;

/// The pool of the moment; none between two.
pub(super) type Current = watch::Receiver<Option<Addr<OutboundPool>>>;

/// Starts a pool on `arbiter`, and another whenever it dies, until the drain of what it is made of begins. Where something
/// else has been said by then, the next pool is made of that.
pub(crate) fn start(
    delivering: Delivering,
    arbiter: &ArbiterHandle,
) -> (PoolDoor, watch::Sender<Delivering>) {
    let (current, seen) = watch::channel(None);
    let (ended, drained) = watch::channel(false);
    let door = PoolDoor::new(&delivering, seen, drained);
    let (sender, told) = watch::channel(delivering);
    arbiter.spawn_fn(move || {
        actix_rt::spawn(keep(told, current, ended));
    });
    (door, sender)
}

async fn keep(
    mut told: watch::Receiver<Delivering>,
    current: watch::Sender<Option<Addr<OutboundPool>>>,
    ended: watch::Sender<bool>,
) {
    let mut before = None;
    loop {
        let mut delivering = told.borrow_and_update().clone();
        let (alive, died) = oneshot::channel();
        let began = Instant::now();
        current.send_replace(Some(OutboundPool::new(&delivering, alive).start()));
        let _its_end_is_the_word = died.await;
        current.send_replace(None);
        if !delivering.drain.is_draining() {
            let pause = pause_after(began.elapsed(), before);
            before = Some(pause);
            tracing::error!(
                destination = %delivering.destination.id,
                pause_ms = pause.as_millis(),
                "the pool of this destination died: replacing it"
            );
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = delivering.drain.begun() => {}
            }
        }
        if delivering.drain.is_draining() {
            if !told.has_changed().unwrap_or(false) {
                break;
            }
            before = None;
        }
    }
    ended.send_replace(true);
}

/// The pause after a pool that lived so long, where the pause before it is given: a death long ago is no trend.
fn pause_after(lived: Duration, before: Option<Duration>) -> Duration {
    match before {
        Some(before) if lived < POOL_HEALTHY_AFTER => (before * 2).min(POOL_RESTART_MAX),
        Some(_) | None => POOL_RESTART_FIRST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_limit_and_begin_anew_after_a_healthy_time() {
        let mut pause = None;
        for expected in [100, 200, 400, 800] {
            pause = Some(pause_after(Duration::ZERO, pause));
            assert_eq!(pause, Some(Duration::from_millis(expected)));
        }
        let longest = Some(POOL_RESTART_MAX);
        assert_eq!(pause_after(Duration::ZERO, longest), POOL_RESTART_MAX);
        assert_eq!(pause_after(POOL_HEALTHY_AFTER, longest), POOL_RESTART_FIRST);
    }
}
