//! Reading deliveries from disk into an outbox.
//!
//! First everything handed over before is waited for: an outcome that the pool has just recorded must be seen here, or
//! its delivery would come again. Then the index is brought up to the durable position and asked; then bodies are read
//! from the journal, without holding the index.

use super::window::{Errand, Haul};
use super::{Outbox, Pending};
use crate::api::{DeliveryState, MessageId, ReadError};
use crate::core::Core;
use crate::index::Found;
use crate::journal::stored::{Unread, Wanted, read_message};

/// How often a read begins anew because a segment went away under it.
const TRIES: usize = 3;

struct ToRead {
    found: Vec<Found>,
    returned: Vec<Found>,
    looked_at: usize,
    next: Option<u64>,
    end: u64,
    held: bool,
}

impl Outbox {
    /// Reads deliveries from disk until the window is full, then wakes. Blocks: for a thread of its own.
    ///
    /// # Errors
    ///
    /// The index is not ready, the journal is damaged or cannot be read; everything is as it was.
    pub fn refill(&self) -> Result<(), ReadError> {
        let core = self.core.upgrade().ok_or(ReadError::Closed)?;
        let Some(errand) = self.window().begin_refill() else { return Ok(()) };
        match self.read(&core, &errand) {
            Ok(haul) => {
                self.window().end_refill(&errand, haul);
                (self.wake)();
                Ok(())
            }
            Err(error) => {
                self.window().abandon_refill();
                Err(error)
            }
        }
    }

    fn read(&self, core: &Core, errand: &Errand) -> Result<Haul, ReadError> {
        core.progress.wait_settled(core.queue.submitted())?;
        for _ in 0..TRIES {
            let to_read = self.look_up(core, errand)?;
            let read = |found: &Vec<Found>| -> Result<Vec<Pending>, Unread> {
                found.iter().map(|found| self.pending(core, found)).collect()
            };
            let both = read(&to_read.found).and_then(|first| Ok((first, read(&to_read.returned)?)));
            match both {
                Ok((deliveries, returned)) => {
                    let ToRead { looked_at, next, end, held, .. } = to_read;
                    return Ok(Haul { deliveries, returned, looked_at, next, end, held });
                }
                Err(Unread::Moved) => {}
                Err(Unread::Failed(error)) => return Err(error),
            }
        }
        Err(ReadError::Moved)
    }

    fn look_up(&self, core: &Core, errand: &Errand) -> Result<ToRead, ReadError> {
        core.index.with(|view| {
            view.catch_up(&core.segments, core.progress.durable())?;
            let mut returned: Vec<Found> = Vec::new();
            let mut looked_at = 0;
            let mut room = errand.room;
            for message in &errand.returning {
                let found = view.delivery(&self.destination, message.get())?;
                if let Some(found) =
                    found.filter(|f| f.entry.state.stands == DeliveryState::Pending)
                {
                    let bytes = found.entry.body_bytes as usize;
                    if bytes > room.bytes && !returned.is_empty() {
                        break;
                    }
                    room.bytes = room.bytes.saturating_sub(bytes);
                    room.deliveries = room.deliveries.saturating_sub(1);
                    returned.push(found);
                }
                looked_at += 1;
            }
            let is_full = looked_at < errand.returning.len() || room.bytes == 0;
            let (found, next) = match errand.from {
                Some(from) if is_full => (Vec::new(), Some(from)),
                Some(from) => {
                    let pending = view.pending(&self.destination, from, room)?;
                    (pending.found, pending.next)
                }
                None => (Vec::new(), None),
            };
            let end = view.position().number;
            let held = view.hold(&self.destination).is_some();
            Ok(ToRead { found, returned, looked_at, next, end, held })
        })
    }

    fn pending(&self, core: &Core, found: &Found) -> Result<Pending, Unread> {
        let Found { number, lane, entry } = found;
        let message =
            read_message(&core.segments, entry.place, *number, &self.destination, Wanted::Sent)?;
        let body = message.own_body.or(message.body).unwrap_or_default();
        Ok(Pending {
            id: MessageId::from_number(*number).ok_or(Unread::Moved)?,
            lane: *lane,
            body,
            attempts: entry.state.attempts,
            first_attempt: entry.state.first_attempt,
            received_at: message.received_at,
            listener: message.listener,
            hops: message.hops,
        })
    }
}
