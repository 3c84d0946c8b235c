//! Replies that come elsewhere than on the connection that waits: through a listener, as messages.
//!
//! ```text
//!   listener ──a message with MSA──▶ Replies ──▶ applications: owed since a commit accept, on any destination
//! ```

mod applications;

use std::sync::Arc;

use wardline_flow::ack_mode::acknowledged;
use wardline_hl7::Message;

pub(crate) use applications::Applications;

/// What is awaited by all destinations of the engine.
#[derive(Default)]
pub(crate) struct Replies {
    applications: Vec<Arc<Applications>>,
}

impl Replies {
    /// For these destinations.
    pub(crate) fn new(applications: Vec<Arc<Applications>>) -> Self {
        Self { applications }
    }

    /// Gives a message that came in to whoever waits for it. False where nobody does: then it is a message like any.
    ///
    /// An id that several destinations wait for counts for the first of them: each sent the same message, and gets an
    /// answer of its own.
    pub(crate) fn hear(&self, message: &Message) -> bool {
        // Most engines are owed nothing, and look at no message for it.
        if self.applications.iter().all(|destination| destination.owed() == 0) {
            return false;
        }
        let Some((Some(code), control_id)) = acknowledged(message) else {
            return false;
        };
        self.applications.iter().any(|destination| destination.hear(code, control_id))
    }
}
