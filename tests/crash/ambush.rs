//! A kill carried out by whoever stands at the moment it is meant for: a sender at intake, a sink in delivery.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::aim::Aim;

/// At most one kill that is waiting for its moment.
#[derive(Default)]
pub(crate) struct Ambush(Mutex<Option<Laid>>);

struct Laid {
    aim: Aim,
    engine: Pid,
    after: Duration,
    was_hit: Sender<bool>,
}

impl Ambush {
    /// The next who is `aim`'s moment kills `engine`, `after` that moment, and tells whether it was hit.
    pub(crate) fn lay(&self, aim: Aim, engine: Pid, after: Duration) -> Receiver<bool> {
        let (was_hit, told) = channel();
        *self.laid() = Some(Laid { aim, engine, after, was_hit });
        told
    }

    /// Nobody came.
    pub(crate) fn withdraw(&self) {
        self.laid().take();
    }

    /// Kills, if this is the moment that is waited for. The caller then says whether it was hit.
    pub(crate) fn spring(&self, here: Aim) -> Option<Sender<bool>> {
        let laid = self.laid().take_if(|laid| laid.aim == here)?;
        std::thread::sleep(laid.after);
        kill_process(laid.engine, Signal::KILL).expect("an engine that nobody has waited for yet");
        Some(laid.was_hit)
    }

    fn laid(&self) -> MutexGuard<'_, Option<Laid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
