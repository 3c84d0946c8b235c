//! What is set aside is kept in the history as well, where people look for messages.

use std::sync::Arc;

use jiff::Timestamp;
use wardline_store::RefusedMessage;

use super::inbox::InHand;
use super::reason::Reason;
use super::{PEER, Watching};
use crate::inbound::connection::letters;

impl Watching {
    /// Keeps what was in a file that is set aside, to be looked at where messages are.
    pub(super) async fn keep_refused(&self, file: &Arc<InHand>, reason: &Reason) {
        let Some((code, cause)) = reason.refused() else { return };
        let Ok(body) = self.read(Arc::clone(file)).await else { return };
        self.around.store.keep_refused(RefusedMessage {
            at: Timestamp::now(),
            listener: self.around.intake.listener().id.arc(),
            peer: PEER.into(),
            code: letters(code),
            cause: cause.code().into(),
            size: body.len() as u64,
            body,
        });
    }
}
