//! Keeps the pool of one destination alive.
//!
//! A pool dies only by a fault of ours. What it had in hand is in the store still; the next one takes it from there.

use actix::{Actor, Addr, ArbiterHandle};
use tokio::sync::{oneshot, watch};

use super::Delivering;
use super::handle::PoolHandle;
use super::limits::{POOL_RESTART_FIRST, POOL_RESTART_MAX};
use super::pool::OutboundPool;

/// The pool of the moment; none between two.
pub(super) type Current = watch::Receiver<Option<Addr<OutboundPool>>>;

/// Starts a pool on `arbiter`, and another whenever it dies, until the engine drains.
pub(super) fn start(delivering: Delivering, arbiter: &ArbiterHandle) -> PoolHandle {
    let (current, seen) = watch::channel(None);
    let (ended, drained) = watch::channel(false);
    let handle = PoolHandle::new(&delivering, seen, drained);
    arbiter.spawn_fn(move || {
        actix_rt::spawn(keep(delivering, current, ended));
    });
    handle
}

async fn keep(
    delivering: Delivering,
    current: watch::Sender<Option<Addr<OutboundPool>>>,
    ended: watch::Sender<bool>,
) {
    let mut pause = POOL_RESTART_FIRST;
    loop {
        let (alive, died) = oneshot::channel();
        current.send_replace(Some(OutboundPool::new(&delivering, alive).start()));
        let _its_end_is_the_word = died.await;
        current.send_replace(None);
        if delivering.drain.is_draining() {
            break;
        }
        tracing::error!(
            destination = %delivering.destination.id,
            pause_ms = pause.as_millis(),
            "the pool of this destination died: replacing it"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(POOL_RESTART_MAX);
    }
    ended.send_replace(true);
}
