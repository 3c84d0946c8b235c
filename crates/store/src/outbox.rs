//! The memory end of one destination's queue.
//!
//! ```text
//!   writer ── fresh, after the sync ──▶ ┌────────┐
//!   refill ── from disk ──────────────▶ │ window │ ── take ──▶ pool ── done ──▶ room again
//!                                       └────────┘
//! ```

mod refill;
mod registry;
mod window;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use jiff::Timestamp;

use crate::api::{Corruption, Lane, MessageId, Name};
use crate::core::Core;
pub(crate) use registry::{Outboxes, Session};
use window::Window;

/// The memory end of one destination's queue: fresh deliveries wait here, in the order of their records, while its
/// window ([`WINDOW_DELIVERIES`](crate::limits::WINDOW_DELIVERIES), [`WINDOW_BYTES`](crate::limits::WINDOW_BYTES)) has
/// room. The rest stays on disk until [`refill`](Self::refill) reads it. What was handed out counts until
/// [`done`](Self::done).
pub struct Outbox {
    destination: Name,
    window: Mutex<Window>,
    wake: Box<dyn Fn() + Send + Sync>,
    core: Weak<Core>,
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
    /// Nothing to read; the outbox wakes when there may be.
    Nothing,
    /// There may be more on disk and the window has room for it: call [`Outbox::refill`].
    OnDisk,
    /// There may be more on disk and the window has no room for it.
    NoRoom {
        /// Some of it was revived or recalled: what is in hand may have to wait for it.
        returning: bool,
    },
}

/// A delivery to make.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// The message.
    pub id: MessageId,
    /// What must keep its order.
    pub lane: Lane,
    /// The lanes beside it that it keeps its order in as well.
    pub also: Vec<Lane>,
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

/// A delivery that cannot be sent: what is stored of its body is not what was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The message.
    pub message: MessageId,
    /// What must keep its order.
    pub lane: Lane,
    /// The lanes beside it that it keeps its order in as well.
    pub also: Vec<Lane>,
    /// How often it was sent before, as far as that was recorded.
    pub attempts: u32,
    /// Where the damage is.
    pub corruption: Corruption,
}

impl Outbox {
    pub(crate) fn new(
        destination: Name,
        wake: Box<dyn Fn() + Send + Sync>,
        core: &Arc<Core>,
    ) -> Self {
        let window = Mutex::new(Window::default());
        Self { destination, window, wake, core: Arc::downgrade(core) }
    }

    /// Takes up to `max` pending deliveries, oldest first. Each comes once, revived ones once more.
    pub fn take(&self, max: usize) -> Taken {
        let mut window = self.window();
        let deliveries = window.take(max);
        Taken { deliveries, more: window.more() }
    }

    /// A delivery that was taken has left the pool's hands: its room is free. It does not come again: because its outcome
    /// was recorded before, or until it is [recalled](Self::recall). Wakes if there is something to read into the room.
    pub fn done(&self, message: MessageId) {
        let mut window = self.window();
        window.done(message);
        let wake = window.is_idle() && window.more() == More::OnDisk;
        drop(window);
        if wake {
            (self.wake)();
        }
    }

    /// Deliveries of which [`done`](Self::done) was said without an outcome, to make room for others, are to come again
    /// with the next refill. Gives whether there is something to refill.
    pub fn recall(&self, messages: &[MessageId]) -> More {
        let mut window = self.window();
        window.recall(messages);
        window.more()
    }

    /// The youngest deliveries, from this one on, are to come again with the next refills, in their order, those that were
    /// not taken yet among them: who took them has forgotten them, and no refill is under way. Room for what returns
    /// before them. Gives whether there is something to refill.
    pub fn put_back(&self, from: MessageId) -> More {
        let mut window = self.window();
        window.put_back(from);
        window.more()
    }

    /// Whether the destination is held. Known from the first delivery on that [`take`](Self::take) gives.
    pub fn held(&self) -> bool {
        self.window().is_held()
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("destination", &self.destination).finish_non_exhaustive()
    }
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
