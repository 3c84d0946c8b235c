//! Pausing a listener, and letting messages in again.

use jiff::Timestamp;

use super::super::face::ListenerFace;
use super::super::protocol::{IntakeChanged, Response};
use super::{Desk, DeskError};
use crate::inbound::valve::Pause;

impl Desk {
    /// Lets nothing in through a listener, until [`go`](Self::go) or the end of this engine.
    pub(super) fn pause(
        &self,
        listener: &str,
        by: String,
        reason: String,
    ) -> Result<Response, DeskError> {
        self.with_listener(listener, |face| {
            tracing::warn!(listener, by, reason, "intake paused: nothing is let in");
            let changed = face.valve.paused().is_none();
            face.valve.pause(Pause { at: Timestamp::now(), by, reason });
            changed
        })
    }

    /// Lets messages in again.
    pub(super) fn go(&self, listener: &str, by: &str) -> Result<Response, DeskError> {
        self.with_listener(listener, |face| {
            let changed = face.valve.go();
            if changed {
                tracing::info!(listener, by, "intake goes on");
            }
            changed
        })
    }

    fn with_listener(
        &self,
        listener: &str,
        act: impl FnOnce(&ListenerFace) -> bool,
    ) -> Result<Response, DeskError> {
        let face = self.face().ok_or(DeskError::NotRunning)?;
        let mut listeners = face.listeners.iter();
        let found = listeners.find(|one| one.id.as_str() == listener);
        let listener = found.ok_or(DeskError::ListenerUnknown)?;
        let changed = act(listener);
        Ok(Response::Intake(Box::new(IntakeChanged { changed, listener: listener.row() })))
    }
}
