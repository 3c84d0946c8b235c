//! The memory end of one destination's queue.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use crate::api::{Lane, MessageId, Name, ReadError};

/// The memory end of one destination's queue: fresh deliveries wait here, in the order of their records, while its
/// window ([`WINDOW_DELIVERIES`](crate::limits::WINDOW_DELIVERIES), [`WINDOW_BYTES`](crate::limits::WINDOW_BYTES)) has
/// room. The rest stays on disk until [`refill`](Self::refill) reads it. What was handed out counts until
/// [`done`](Self::done).
pub struct Outbox {}

impl Outbox {
    /// Takes up to `max` pending deliveries, oldest first. Each comes once, revived ones once more.
    pub fn take(&self, _max: usize) -> Taken {
        Taken { deliveries: Vec::new(), more: More::Nothing }
    }

    /// Reads deliveries from disk until the window is full, then wakes. Blocks: for a thread of its own.
    pub fn refill(&self) -> Result<(), ReadError> {
        Ok(())
    }

    /// A delivery that was taken has left the pool's hands, after its outcome was recorded: its room is free.
    pub fn done(&self, _message: MessageId) {}

    /// Whether the destination is held. Known from the first delivery that [`take`](Self::take) gives, on.
    pub fn held(&self) -> bool {
        false
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

/// What [`Outbox::take`] gives.
#[derive(Debug)]
pub struct Taken {
    /// Deliveries to send, oldest first.
    pub deliveries: Vec<Pending>,
    /// Whether there is more.
    pub more: More,
}

/// Whether an outbox has more than it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// Nothing to read; the outbox wakes when something comes.
    Nothing,
    /// There may be more on disk and the window has room for it: call [`Outbox::refill`].
    OnDisk,
}

/// A delivery to make.
#[derive(Clone)]
pub struct Pending {
    /// The message.
    pub id: MessageId,
    /// What must keep its order.
    pub lane: Lane,
    /// The bytes to send.
    pub body: Bytes,
    /// How often it was sent before, as far as that was recorded.
    pub attempts: u32,
    /// When it failed first.
    pub first_attempt: Option<Timestamp>,
    /// When the message was received.
    pub received_at: Timestamp,
    /// Through which listener.
    pub listener: Name,
    /// How many handler destinations it has passed.
    pub hops: u8,
}

impl fmt::Debug for Pending {
    /// The body shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("id", &self.id)
            .field("lane", &self.lane)
            .field("body_bytes", &self.body.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
