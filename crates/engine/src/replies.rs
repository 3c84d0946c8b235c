//! Replies that come elsewhere than on the connection that waits: through a listener, as messages.
//!
//! ```text
//!                                         ┌─▶ elsewhere: a delivery that waits for it (`ack_connection`)
//!   listener ──a message with MSA──▶ Replies
//!                                         └─▶ applications: owed since a commit accept, by any destination
//! ```

mod applications;
mod elsewhere;

use std::sync::{Arc, Weak};

use wardline_config::Destination;
use wardline_flow::ListenerId;
use wardline_flow::ack_mode::acknowledged;
use wardline_hl7::Message;

use crate::observe::DestinationCounters;

pub(crate) use applications::Applications;
pub(crate) use elsewhere::{Elsewhere, Wait};

/// What one destination awaits elsewhere than on a connection.
#[derive(Clone)]
pub(crate) struct Apart {
    pub(crate) applications: Arc<Applications>,
    pub(crate) elsewhere: Arc<Elsewhere>,
}

/// What is awaited by all destinations of the engine.
#[derive(Default)]
pub(crate) struct Replies {
    destinations: Vec<Apart>,
    /// By terms that were changed, as long as a pool that has not drained goes by them.
    leaving: Vec<Weak<Elsewhere>>,
}

impl Apart {
    /// Of this destination.
    pub(crate) fn of(destination: &Destination, counters: Arc<DestinationCounters>) -> Self {
        Self {
            applications: Applications::of(destination, counters),
            elsewhere: Elsewhere::of(destination),
        }
    }

    /// For the pool that follows when the destination is changed to this: it goes by the same where the terms are.
    pub(crate) fn renewed(&self, next: &Destination, counters: Arc<DestinationCounters>) -> Self {
        let Self { applications, elsewhere } = Self::of(next, counters);
        Self {
            applications: self.applications.followed_by(applications),
            elsewhere: self.elsewhere.followed_by(elsewhere),
        }
    }

    fn awaits_nothing(&self) -> bool {
        self.applications.owed() == 0 && self.elsewhere.count() == 0
    }
}

impl Replies {
    /// For these destinations, and pools of them that are leaving.
    pub(crate) fn new(destinations: Vec<Apart>, leaving: Vec<Weak<Elsewhere>>) -> Self {
        Self { destinations, leaving }
    }

    fn leaving(&self) -> impl Iterator<Item = Arc<Elsewhere>> {
        let all = self.leaving.iter().filter_map(Weak::upgrade);
        all.filter(|elsewhere| elsewhere.count() > 0)
    }

    fn awaits_nothing(&self) -> bool {
        self.destinations.iter().all(Apart::awaits_nothing) && self.leaving().next().is_none()
    }

    /// Whether somebody waits for a message that came in there. Nobody is told.
    pub(crate) fn awaits(&self, listener: &ListenerId, message: &Message) -> bool {
        if self.awaits_nothing() {
            return false;
        }
        let Some((code, control_id)) = acknowledged(message) else {
            return false;
        };
        let is_owed =
            |apart: &Apart| code.is_some_and(|code| apart.applications.is_owed(code, control_id));
        let mut all = self.destinations.iter();
        self.leaving().any(|elsewhere| elsewhere.awaits(listener, control_id))
            || all.any(|apart| apart.elsewhere.awaits(listener, control_id) || is_owed(apart))
    }

    /// Gives a message that came in there to whoever waits for it. False where nobody does: then it is a message like
    /// any.
    ///
    /// An id that several destinations wait for counts for the first of them: each sent the same message, and gets an
    /// answer of its own.
    pub(crate) fn hear(&self, listener: &ListenerId, message: &Message) -> bool {
        // Most engines await nothing so, and look at no message for it.
        if self.awaits_nothing() {
            return false;
        }
        let Some((code, control_id)) = acknowledged(message) else {
            return false;
        };
        let mut all = self.destinations.iter();
        self.leaving().any(|elsewhere| elsewhere.hear(listener, control_id, message))
            || all.clone().any(|apart| apart.elsewhere.hear(listener, control_id, message))
            || code.is_some_and(|code| all.any(|apart| apart.applications.hear(code, control_id)))
    }
}
