//! One delivery in a pool's hands.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::Occasion;
use wardline_store::limits::MAX_REPLY;
use wardline_store::{MessageId, Pending};

/// What whoever carries it needs of a delivery. Cheap to clone: the bytes are shared.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    /// The message.
    pub(super) id: MessageId,
    /// The bytes to send.
    pub(super) body: Bytes,
    /// When it was received.
    pub(super) received_at: Timestamp,
    /// Through which listener, or from which handler destination.
    pub(super) listener: Arc<str>,
    /// How many handler destinations it has passed.
    pub(super) hops: u8,
    /// How often its bytes were sent before. A connection that did not come up is no send.
    pub(super) sends: u32,
}

/// A delivery and what has become of it so far.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Lease {
    /// What is sent.
    pub(super) delivery: Delivery,
    /// Attempts of any kind that failed one after the other since the start.
    pub(super) failures: u32,
    /// When it was first answered with an error.
    pub(super) first_error: Option<Timestamp>,
    /// What was answered last since the start; empty before. At most [`MAX_REPLY`] bytes, as the store keeps them.
    pub(super) last_reply: Bytes,
}

impl Delivery {
    /// What is known of it beside its bytes.
    pub(super) fn occasion(&self) -> Occasion<'_> {
        Occasion { id: self.id.get(), received_at: self.received_at, listener: &self.listener }
    }
}

impl Lease {
    /// Keeps an answer until the delivery has ended. Without one, as of a peer that has gone away, the one before
    /// stays. A copy, so that the buffer it was read into does not stay in memory with it.
    pub(super) fn hear(&mut self, reply: &Bytes) {
        let kept = reply.get(..MAX_REPLY).unwrap_or(reply);
        if !kept.is_empty() {
            self.last_reply = Bytes::copy_from_slice(kept);
        }
    }
}

impl From<Pending> for Lease {
    fn from(pending: Pending) -> Self {
        Self {
            delivery: Delivery {
                id: pending.id,
                body: pending.body,
                received_at: pending.received_at,
                listener: pending.listener,
                hops: pending.hops,
                sends: pending.attempts,
            },
            failures: 0,
            first_error: pending.first_attempt,
            last_reply: Bytes::new(),
        }
    }
}

impl std::fmt::Debug for Lease {
    /// An answer may quote the message: only its size is shown, PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("delivery", &self.delivery)
            .field("failures", &self.failures)
            .field("first_error", &self.first_error)
            .field("last_reply_bytes", &self.last_reply.len())
            .finish()
    }
}

impl std::fmt::Debug for Delivery {
    /// The body shows its size only: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("listener", &self.listener)
            .field("hops", &self.hops)
            .finish_non_exhaustive()
    }
}
