//! What is refused is kept to be looked at: its bytes, what was answered and why.

use jiff::Timestamp;
use wardline_flow::Refusal;
use wardline_store::RefusedMessage;

use super::Conversation;
use super::keep::letters;
use super::say::Heard;

impl Conversation {
    /// Nothing waits for it: the answer leaves meanwhile. `size` is that of the whole, of which only a part may be here.
    pub(super) fn keep_refused(
        &self,
        heard: Heard<'_>,
        refusal: &Refusal,
        size: u64,
        at: Timestamp,
    ) {
        let answered = heard.due(refusal.code).codes().next();
        self.around.store.keep_refused(RefusedMessage {
            at,
            listener: self.around.intake.listener().id.arc(),
            peer: self.peer_name.clone(),
            code: letters(answered.unwrap_or(refusal.code)),
            cause: refusal.cause.code().into(),
            size,
            body: self.payload.clone(),
        });
    }
}
