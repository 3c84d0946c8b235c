//! What is refused is kept to be looked at: its bytes, what was answered and why.

use jiff::Timestamp;
use wardline_flow::Refusal;
use wardline_store::RefusedMessage;

use super::Conversation;
use super::keep::letters;
use super::say::Heard;

impl Conversation {
    /// Nothing waits for it: the answer leaves meanwhile.
    pub(super) fn keep_refused(&self, heard: Heard<'_>, refusal: &Refusal, at: Timestamp) {
        let answered = heard.due(refusal.code).codes().next();
        self.around.store.keep_refused(RefusedMessage {
            at,
            listener: self.around.intake.listener().id.arc(),
            peer: self.peer_name.clone(),
            code: letters(answered.unwrap_or(refusal.code)),
            cause: refusal.cause.code().into(),
            size: self.payload.len() as u64,
            body: self.payload.clone(),
        });
    }
}
