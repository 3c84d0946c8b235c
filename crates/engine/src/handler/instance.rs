//! One instance of a handler: the user's actor on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle, Recipient};
use tokio::sync::oneshot;

use super::{Factory, Received};

/// How long a handler may take to be made. Its constructor may open files or a database.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running handler actor and its thread.
#[derive(Debug)]
pub(super) struct Instance {
    /// Which one, counted from 1 for each handler.
    pub(super) number: u64,
    pub(super) recipient: Recipient<Received>,
    arbiter: ArbiterHandle,
}

/// Why an instance did not come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum StartFault {
    /// The constructor or `started` panicked.
    #[error("its constructor panicked")]
    Panicked,
    /// The constructor did not return.
    #[error("its constructor did not return within {} s", START_TIMEOUT.as_secs())]
    TimedOut,
}

impl Instance {
    /// Starts a thread and makes the actor on it.
    pub(super) async fn start(number: u64, factory: Factory) -> Result<Self, StartFault> {
        let arbiter = Arbiter::new().handle();
        let (made, awaited) = oneshot::channel();
        arbiter.spawn_fn(move || {
            if let Ok(recipient) = catch_unwind(AssertUnwindSafe(|| factory())) {
                let _nobody_waits = made.send(recipient);
            }
        });
        match tokio::time::timeout(START_TIMEOUT, awaited).await {
            Ok(Ok(recipient)) => Ok(Self { number, recipient, arbiter }),
            Ok(Err(_dropped)) => {
                arbiter.stop();
                Err(StartFault::Panicked)
            }
            Err(_elapsed) => {
                arbiter.stop(); // Takes effect should the constructor ever return.
                Err(StartFault::TimedOut)
            }
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

    /// Ends the thread, once it is not blocked.
    pub(super) fn stop(&self) {
        self.arbiter.stop();
    }
}
