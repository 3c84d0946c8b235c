//! What the session makes of what was read, for its connection.

use bytes::Bytes;
use wardline_flow::{Later, Received};

/// What the peer said of the awaited message.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::outbound) enum Said {
    /// The end of it.
    Ended(Heard),
    /// It has the block. From now on the answer is due.
    Committed,
    /// It does not have the block: the same is to be written again.
    Refused,
}

/// How the awaited message ended.
#[derive(PartialEq, Eq)]
pub(in crate::outbound) struct Heard {
    /// The answer, ready to be classified.
    pub(in crate::outbound) received: Received,
    /// Its bytes as they came, to be kept with a dead letter.
    pub(in crate::outbound) reply: Bytes,
    /// What its application may still say.
    pub(in crate::outbound) later: Later,
    /// MSH-10.
    pub(in crate::outbound) control_id: Bytes,
}

impl Heard {
    /// Whether the peer has said all that it was asked for.
    pub(in crate::outbound) fn is_all(&self) -> bool {
        let is_answer = matches!(
            self.received,
            Received::Reply { .. } | Received::Ruled { .. } | Received::Anything
        );
        is_answer && self.later == Later::Nothing
    }
}

impl std::fmt::Debug for Heard {
    /// The answer may quote the message, so only its size is shown: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heard")
            .field("received", &self.received)
            .field("reply_bytes", &self.reply.len())
            .field("later", &self.later)
            .finish_non_exhaustive()
    }
}
