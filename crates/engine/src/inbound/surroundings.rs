//! What connections of a listener go by, swapped as a whole when the configuration changes.
//!
//! ```text
//!   listener ──Surroundings 1──▶ connection: the message in hand is decided, stored and answered by what it began with
//!      │ another configuration
//!      └───────Surroundings 2──▶ the same connection, from its next message on; at once where it is idle
//! ```
//!
//! A connection that is to leave instead keeps the old ones: its [`Drain`] is theirs.

use std::sync::Arc;

use tokio::sync::watch;
use wardline_store::{Intake as StoreIntake, Store};

use super::answer::{AnswerStyle, ControlIds};
use super::blocks::Blocks;
use super::budget::Budget;
use super::completions::Completions;
use super::connection::Relaying;
use super::duplicates::Duplicates;
use super::handshake::Side;
use super::intake::Intake;
use super::sources::Sources;
use super::valve::Valve;
use crate::drain::Drain;
use crate::events::Events;
use crate::observe::{ListenerCounters, Moment};
use crate::replies::Replies;

/// What all connections of one listener on one arbiter share.
pub(crate) struct Surroundings {
    pub(crate) intake: Arc<Intake>,
    pub(crate) style: AnswerStyle,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) store_intake: watch::Receiver<StoreIntake>,
    pub(crate) completions: Completions,
    pub(crate) control_ids: Arc<ControlIds>,
    pub(crate) counters: Arc<ListenerCounters>,
    pub(crate) events: Events,
    pub(crate) replies: Arc<Replies>,
    pub(crate) last_received: Arc<Moment>,
    pub(crate) drain: Drain,
    pub(crate) sources: Arc<Sources>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) blocks: Arc<Blocks>,
    /// Whether an operator lets messages in.
    pub(crate) valve: Arc<Valve>,
    /// Where the listener recognises what comes again.
    pub(crate) duplicates: Option<Arc<Duplicates>>,
    /// Where the listener answers with what a destination says.
    pub(crate) relaying: Option<Arc<Relaying>>,
    /// Whether hands are shaken first, and which side we are.
    pub(crate) side: Side,
}

/// Replaces what the connections of one listener on one arbiter go by. It is touched, too, when they are to leave: those
/// that idle look at nothing else.
pub(crate) type AroundSender = watch::Sender<Arc<Surroundings>>;

/// The surroundings of the moment.
#[derive(Clone)]
pub(crate) struct Around(watch::Receiver<Arc<Surroundings>>);

/// The engine is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone;

impl Around {
    /// These, and the means to replace them.
    pub(crate) fn new(surroundings: Surroundings) -> (AroundSender, Self) {
        let (sender, current) = watch::channel(Arc::new(surroundings));
        (sender, Self(current))
    }

    /// What this replaces.
    pub(crate) fn of(sender: &AroundSender) -> Self {
        Self(sender.subscribe())
    }

    /// What is there now.
    pub(crate) fn now(&self) -> Arc<Surroundings> {
        Arc::clone(&self.0.borrow())
    }

    /// The same, and it is known from here on.
    pub(super) fn newest(&mut self) -> Arc<Surroundings> {
        Arc::clone(&self.0.borrow_and_update())
    }

    /// Whether there is something newer than is known.
    pub(super) fn has_changed(&self) -> bool {
        self.0.has_changed().unwrap_or(false)
    }

    /// Returns when there is.
    pub(super) async fn changed(&mut self) -> Result<(), Gone> {
        self.0.changed().await.map_err(|_sender_gone| Gone)
    }
}
