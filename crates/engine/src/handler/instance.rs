//! One instance of a handler: the user's actor on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle, Recipient};
use tokio::sync::oneshot;

use super::{Factory, Received};

/// A running handler actor and its thread.
#[derive(Debug)]
pub(super) struct Instance {
    /// Which one, counted from 1 for each handler.
    pub(super) number: u64,
    pub(super) recipient: Recipient<Received>,
    arbiter: ArbiterHandle,
}

/// Why an instance did not come up.
#[derive(Debug)]
pub(super) enum StartFault {
    /// The constructor panicked.
    Panicked,
    /// The constructor did not return in time, and may never.
    Blocks {
        /// Which instance it was to be.
        number: u64,
        /// Its thread.
        arbiter: ArbiterHandle,
        /// Resolves should the constructor return or panic after all.
        returned: oneshot::Receiver<Recipient<Received>>,
    },
}

impl Instance {
    /// Starts a thread and makes the actor on it, within `timeout`.
    pub(super) async fn start(
        number: u64,
        factory: Factory,
        timeout: Duration,
    ) -> Result<Self, StartFault> {
        let arbiter = Arbiter::new().handle();
        let (made, mut awaited) = oneshot::channel();
        arbiter.spawn_fn(move || {
            if let Ok(recipient) = catch_unwind(AssertUnwindSafe(|| factory())) {
                let _nobody_waits = made.send(recipient);
            }
        });
        match tokio::time::timeout(timeout, &mut awaited).await {
            Ok(Ok(recipient)) => Ok(Self { number, recipient, arbiter }),
            Ok(Err(_dropped)) => {
                arbiter.stop();
                Err(StartFault::Panicked)
            }
            Err(_elapsed) => Err(StartFault::Blocks { number, arbiter, returned: awaited }),
        }
    }

    /// Resolves when the instance's thread gets round to it; never, while the handler blocks it.
    pub(super) fn responds(&self) -> oneshot::Receiver<()> {
        let (pong, responds) = oneshot::channel();
        self.arbiter.spawn_fn(move || {
            let _nobody_waits = pong.send(());
        });
        responds
    }

    /// The thread, without the actor on it.
    pub(super) fn into_arbiter(self) -> ArbiterHandle {
        self.arbiter
    }

    /// Ends the thread, once it is not blocked.
    pub(super) fn stop(&self) {
        self.arbiter.stop();
    }
}
