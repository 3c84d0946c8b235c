//! Reading deliveries from disk into an outbox.
//!
//! First everything handed over before is waited for: an outcome that the pool has just recorded must be seen here, or
//! its delivery would come again. Then the index is brought up to the durable position and asked; then bodies are read
//! from the journal, without holding the index.
//!
//! A body that does not match its checksum ends what is given out: nothing that may have to stay behind it comes before
//! somebody has decided about it. It is told by its message, so that it can be held and the next refill passes it by.

use super::window::{Errand, Haul};
use super::{Damaged, Outbox, Pending};
use crate::api::{Corruption, CorruptionKind, DeliveryState, MessageId, ReadError};
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
    /// Stops at a delivery whose body is damaged, and gives that one. Until its outcome is recorded, usually
    /// [`Held`](crate::Outcome::Held), every refill stops there again.
    ///
    /// # Errors
    ///
    /// The index is not ready, a record is damaged in another place than a body, or cannot be read; everything is as it
    /// was.
    pub fn refill(&self) -> Result<Option<Damaged>, ReadError> {
        let core = self.core.upgrade().ok_or(ReadError::Closed)?;
        let Some(errand) = self.window().begin_refill() else { return Ok(None) };
        match self.read(&core, &errand) {
            Ok((haul, damaged)) => {
                self.window().end_refill(&errand, haul);
                (self.wake)();
                Ok(damaged)
            }
            Err(error) => {
                self.window().abandon_refill();
                Err(error)
            }
        }
    }

    fn read(&self, core: &Core, errand: &Errand) -> Result<(Haul, Option<Damaged>), ReadError> {
        core.progress.wait_settled(core.queue.submitted())?;
        for _ in 0..TRIES {
            let to_read = self.look_up(core, errand)?;
            match self.fetch(core, errand, to_read) {
                Ok(fetched) => return Ok(fetched),
                Err(Unread::Moved) => {}
                Err(Unread::Failed(error)) => return Err(error),
            }
        }
        Err(ReadError::Moved)
    }

    /// Reads the bodies, those of revived deliveries first: they have the smaller numbers.
    fn fetch(
        &self,
        core: &Core,
        errand: &Errand,
        to_read: ToRead,
    ) -> Result<(Haul, Option<Damaged>), Unread> {
        let ToRead { found, returned, mut looked_at, mut next, end, held } = to_read;
        let mut deliveries = Vec::new();
        let (returned, mut damaged) = self.bodies(core, &returned)?;
        if let Some(damaged) = &damaged {
            let at = errand.returning.iter().position(|message| *message == damaged.message);
            looked_at = at.unwrap_or(looked_at);
            next = errand.from;
        } else {
            (deliveries, damaged) = self.bodies(core, &found)?;
            next = damaged.as_ref().map_or(next, |damaged| Some(damaged.message.get()));
        }
        Ok((Haul { deliveries, returned, looked_at, next, end, held }, damaged))
    }

    /// Reads these up to the first whose body is damaged.
    fn bodies(
        &self,
        core: &Core,
        found: &[Found],
    ) -> Result<(Vec<Pending>, Option<Damaged>), Unread> {
        let mut read = Vec::with_capacity(found.len());
        for found in found {
            let message = MessageId::from_number(found.number).ok_or(Unread::Moved)?;
            match self.pending(core, message, found) {
                Ok(pending) => read.push(pending),
                Err(Unread::Moved) => return Err(Unread::Moved),
                Err(Unread::Failed(ReadError::Corrupt(corruption)))
                    if corruption.kind == CorruptionKind::Body =>
                {
                    return Ok((read, Some(self.damaged(core, message, found, corruption)?)));
                }
                Err(Unread::Failed(error)) => {
                    let source = Box::new(error);
                    return Err(Unread::Failed(ReadError::Message { message, source }));
                }
            }
        }
        Ok((read, None))
    }

    fn damaged(
        &self,
        core: &Core,
        message: MessageId,
        found: &Found,
        corruption: Corruption,
    ) -> Result<Damaged, Unread> {
        let Found { number, lane, entry } = found;
        let row =
            read_message(&core.segments, entry.place, *number, &self.destination, Wanted::Row)?;
        let attempts = entry.state.attempts;
        Ok(Damaged { message, lane: *lane, also: row.also, attempts, corruption })
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

    fn pending(&self, core: &Core, id: MessageId, found: &Found) -> Result<Pending, Unread> {
        let Found { number, lane, entry } = found;
        let message =
            read_message(&core.segments, entry.place, *number, &self.destination, Wanted::Sent)?;
        let body = message.own_body.or(message.body).unwrap_or_default();
        Ok(Pending {
            id,
            lane: *lane,
            also: message.also,
            body,
            attempts: entry.state.attempts,
            first_attempt: entry.state.first_attempt,
            received_at: message.received_at,
            listener: message.listener,
            hops: message.hops,
        })
    }
}
