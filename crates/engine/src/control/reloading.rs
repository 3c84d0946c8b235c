//! The way from a caller who asks for a reload to the engine that does it: one at a time, in the order of asking.

use tokio::sync::{mpsc, oneshot};

use super::protocol::{QueueMove, RefusedReason, Reload};

/// How many callers may wait for their turn; further ones are told to ask again.
const WAITING: usize = 16;

/// What a caller asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Who.
    pub(crate) by: String,
    /// Only tell what would happen.
    pub(crate) dry_run: bool,
    /// Where queues go whose destination is gone.
    pub(crate) moves: Vec<QueueMove>,
    /// Destinations that are gone and whose queue is kept for later.
    pub(crate) park: Vec<String>,
    /// Which difference is meant; absent = whatever there is.
    pub(crate) expected: Option<String>,
}

/// Why nothing was reloaded, as a caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: RefusedReason,
    /// Everything that is wrong, in words.
    pub(crate) text: String,
}

/// One caller who waits.
pub(crate) struct Call {
    pub(crate) asked: Asked,
    pub(crate) answer: oneshot::Sender<Result<Reload, Refusal>>,
}

/// The caller's end.
#[derive(Clone)]
pub(crate) struct Reloads(mpsc::Sender<Call>);

impl Reloads {
    /// The caller's end, and the engine's.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Call>) {
        let (sender, calls) = mpsc::channel(WAITING);
        (Self(sender), calls)
    }

    /// Asks, and waits for what became of it.
    pub(crate) async fn ask(&self, asked: Asked) -> Result<Reload, Refusal> {
        let (answer, told) = oneshot::channel();
        match self.0.try_send(Call { asked, answer }) {
            Ok(()) => told.await.unwrap_or_else(|_engine_gone| Err(Refusal::draining())),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Refusal {
                reason: RefusedReason::Busy,
                text: format!("{WAITING} reloads wait already; ask again"),
            }),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Refusal::draining()),
        }
    }
}

impl Refusal {
    fn draining() -> Self {
        Self { reason: RefusedReason::Draining, text: "the engine is ending".to_owned() }
    }
}
