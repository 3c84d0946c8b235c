//! Budget: what the messages that are coming in may take of memory, all connections together (`[engine] max_buffered`).
//!
//! ```text
//!   64 KiB and one read, always ──more──▶ room of the budget ──none left──▶ wait: for room, or to be the one that may finish
//!        ▲                                      │                            │              │ unavailable_wait
//!        └────────── answered, given back ──────┴────────────────────────────┘              ▼
//!                                                                                    closed, unanswered
//! ```
//!
//! Ordinary messages never come here. While a connection waits it does not read, so none of its clocks runs.
//!
//! Nothing deadlocks: among those that wait there is always one that may go on without room, and its message ends, be it
//! by its last byte or by the clocks of its frame. What is held is therefore at most `max_buffered`, one message more, and
//! [`FREE`] with one read for each connection (BOUND-1).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::socket::READ_SIZE;

/// What each connection may hold without asking: nearly every message, and a whole read.
pub(super) const FREE: usize = 64 * 1024;
/// In what pieces the budget is given away, bytes.
const PIECE: usize = 64 * 1024;
/// Pieces that are asked for at once while there is room; a large message asks for twice as many each time.
const AT_ONCE: usize = 16;
/// The most that the one that may finish reads at a time.
const FINISHING_READ: usize = 1024 * 1024;

/// The budget of one engine.
#[derive(Debug)]
pub(crate) struct Budget {
    room: Arc<Semaphore>,
    finishing: Arc<Semaphore>,
}

/// What one connection has of it. Dropping it gives everything back.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    room: Option<OwnedSemaphorePermit>,
    finishing: Option<OwnedSemaphorePermit>,
}

/// There was no room in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Budget {
    /// A budget of so many bytes, rounded down to whole pieces.
    pub(crate) fn new(max_buffered: usize) -> Arc<Self> {
        let pieces = (max_buffered / PIECE).clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            room: Arc::new(Semaphore::new(pieces)),
            finishing: Arc::new(Semaphore::new(1)),
        })
    }

    /// Nothing yet, for a new connection.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), room: None, finishing: None }
    }
}

impl Share {
    /// Whether a connection that holds so much may read on.
    pub(super) fn covers(&self, held: usize) -> bool {
        held <= FREE || self.finishing.is_some() || held <= FREE + self.granted()
    }

    /// How much a connection that holds so much, which is covered, may read at once.
    pub(super) fn next_read(&self, held: usize) -> usize {
        if self.finishing.is_some() {
            FINISHING_READ
        } else {
            (FREE + self.granted()).saturating_sub(held) + READ_SIZE
        }
    }

    /// Whether it is the one that may finish, without room.
    pub(super) fn is_finishing(&self) -> bool {
        self.finishing.is_some()
    }

    /// The message of the one that may finish is whole: the next one may, if there is room by now for what it holds. If
    /// there is none, not before it is answered: what is held would have no bound.
    pub(super) fn finished(&mut self, held: usize) {
        let lacking = u32::try_from(self.lacking(held)).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.budget.room).try_acquire_many_owned(lacking) {
            self.add(room);
            self.finishing = None;
        }
    }

    /// Takes what a connection that holds so much needs to read on, if there is room at this moment.
    pub(super) fn take(&mut self, held: usize) -> bool {
        let generous = AT_ONCE.max(self.pieces());
        for wanted in [generous, self.lacking(held)] {
            let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
            if let Ok(room) = Arc::clone(&self.budget.room).try_acquire_many_owned(wanted) {
                self.add(room);
                return self.covers(held);
            }
        }
        false
    }

    /// The same, waiting for as long as `limit`. Who waits longest is next.
    pub(super) async fn wait(&mut self, held: usize, limit: Duration) -> Result<(), NoRoom> {
        let room = Arc::clone(&self.budget.room);
        let finishing = Arc::clone(&self.budget.finishing);
        let lacking = u32::try_from(self.lacking(held)).unwrap_or(u32::MAX);
        let granted = async {
            tokio::select! {
                biased;
                room = room.acquire_many_owned(lacking) => (room.ok(), None),
                finishing = finishing.acquire_owned() => (None, finishing.ok()),
            }
        };
        match tokio::time::timeout(limit, granted).await {
            Ok((room, finishing)) => {
                if let Some(room) = room {
                    self.add(room);
                }
                self.finishing = finishing;
                Ok(())
            }
            Err(_elapsed) => Err(NoRoom),
        }
    }

    /// Whether anything was granted.
    pub(super) fn is_granted(&self) -> bool {
        self.room.is_some() || self.finishing.is_some()
    }

    /// Gives back what a connection that holds no more than this does not need.
    pub(super) fn keep_for(&mut self, held: usize) {
        self.finishing = None;
        let needed = held.saturating_sub(FREE).div_ceil(PIECE);
        let spare = self.pieces().saturating_sub(needed);
        if let Some(room) = &mut self.room {
            drop(room.split(spare));
        }
        if needed == 0 {
            self.room = None;
        }
    }

    /// Pieces that a connection that holds so much lacks.
    fn lacking(&self, held: usize) -> usize {
        held.saturating_sub(FREE + self.granted()).div_ceil(PIECE).max(1)
    }

    fn add(&mut self, room: OwnedSemaphorePermit) {
        match &mut self.room {
            Some(granted) => granted.merge(room),
            None => self.room = Some(room),
        }
    }

    fn pieces(&self) -> usize {
        self.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn granted(&self) -> usize {
        self.pieces() * PIECE
    }
}

#[cfg(test)]
mod tests;
