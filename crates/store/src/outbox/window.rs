//! What of one queue is in memory, and what is only on disk. No disk, no thread: a plain struct.
//!
//! ```text
//!   numbers ──────────────────────────────────────────────▶
//!   handed out, waiting here, ended │ only on disk
//!                                   ▲ on_disk_from          (None: everything that is durable was handed out or is here)
//! ```
//!
//! Fresh deliveries come in the order of their numbers. Once one found no room, it and all later ones are on disk only,
//! until a refill has read up to the end; so none comes twice and order holds without looking at what was handed out.
//! Revived deliveries lie before that point and come again by name. Where one of them finds no room because all that is
//! here waits for it, the point itself goes back.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::{More, Pending};
use crate::api::MessageId;
use crate::index::Room;
use crate::limits::{WINDOW_BYTES, WINDOW_DELIVERIES};

/// The window of one destination.
pub(super) struct Window {
    queue: VecDeque<Pending>,
    queued_bytes: usize,
    /// Taken and not done, with their bytes.
    in_hand: HashMap<MessageId, usize>,
    in_hand_bytes: usize,
    on_disk_from: Option<u64>,
    /// The greatest number that was offered and left on disk.
    left_on_disk: u64,
    /// Revived, or recalled: to be read again.
    returning: BTreeSet<MessageId>,
    /// Revived while it was here: read again once it is done.
    returning_when_done: BTreeSet<MessageId>,
    held: bool,
    /// `held` was told since the refill that reads began.
    held_told: bool,
    refilling: bool,
}

/// What a refill is to read.
pub(super) struct Errand {
    pub(super) from: Option<u64>,
    pub(super) returning: Vec<MessageId>,
    pub(super) room: Room,
}

/// What a refill has read.
pub(super) struct Haul {
    /// From disk, by number.
    pub(super) deliveries: Vec<Pending>,
    /// Revived ones, by number.
    pub(super) returned: Vec<Pending>,
    /// How many of the errand's were looked at; there was no room for the rest.
    pub(super) looked_at: usize,
    /// Where the next refill goes on; `None` = everything below `end` was read.
    pub(super) next: Option<u64>,
    /// The number after the last durable one.
    pub(super) end: u64,
    pub(super) held: bool,
}

impl Default for Window {
    /// Everything is on disk.
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            queued_bytes: 0,
            in_hand: HashMap::new(),
            in_hand_bytes: 0,
            on_disk_from: Some(0),
            left_on_disk: 0,
            returning: BTreeSet::new(),
            returning_when_done: BTreeSet::new(),
            held: false,
            held_told: false,
            refilling: false,
        }
    }
}

impl Window {
    /// A fresh delivery is durable. Gives whether it is worth a wake.
    pub(super) fn offer(
        &mut self,
        number: u64,
        bytes: usize,
        pending: impl FnOnce() -> Pending,
    ) -> bool {
        if self.on_disk_from.is_none() && self.has_room_for(bytes) {
            self.push(pending());
            return true;
        }
        let was_in_memory = self.on_disk_from.is_none();
        self.on_disk_from.get_or_insert(number);
        self.left_on_disk = number;
        was_in_memory
    }

    pub(super) fn take(&mut self, max: usize) -> Vec<Pending> {
        let count = max.min(self.queue.len());
        let taken: Vec<_> = self.queue.drain(..count).collect();
        for pending in &taken {
            let bytes = pending.body.len();
            self.queued_bytes -= bytes;
            self.in_hand_bytes += bytes;
            self.in_hand.insert(pending.id, bytes);
        }
        taken
    }

    pub(super) fn done(&mut self, message: MessageId) {
        if let Some(bytes) = self.in_hand.remove(&message) {
            self.in_hand_bytes -= bytes;
        }
        if self.returning_when_done.remove(&message) {
            self.returning.insert(message);
        }
    }

    /// An operator revived it.
    pub(super) fn revived(&mut self, message: MessageId) {
        if self.is_here(message) {
            self.returning_when_done.insert(message);
        } else if self.refilling || self.on_disk_from.is_none_or(|from| message.get() < from) {
            self.returning.insert(message);
        }
    }

    /// Those that were done with and have not ended come again.
    pub(super) fn recall(&mut self, messages: &[MessageId]) {
        let gone: Vec<_> = messages.iter().filter(|id| !self.is_here(**id)).copied().collect();
        self.returning.extend(gone);
    }

    /// The youngest, from this one on, are on disk only again. Not while a refill reads, whose end moves the same point.
    pub(super) fn put_back(&mut self, from: MessageId) {
        debug_assert!(!self.refilling, "the pool begins refills, and puts back between them");
        self.in_hand.retain(|&id, bytes| {
            let stays = id < from;
            self.in_hand_bytes -= if stays { 0 } else { *bytes };
            stays
        });
        let stay = self.queue.partition_point(|queued| queued.id < from);
        let put_back = self.queue.drain(stay..).map(|queued| queued.body.len());
        self.queued_bytes -= put_back.sum::<usize>();
        self.returning_when_done.retain(|&id| id < from);
        let from = from.get();
        self.on_disk_from = Some(self.on_disk_from.map_or(from, |on_disk| on_disk.min(from)));
    }

    /// Nothing waits here, so that who takes should hear of what is on disk.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Reading pays when half of the window is free; one thread reads at a time.
    pub(super) fn more(&self) -> More {
        let half_free = self.len() == 0
            || (self.len() <= WINDOW_DELIVERIES / 2 && self.bytes() <= WINDOW_BYTES / 2);
        let something = self.on_disk_from.is_some() || !self.returning.is_empty();
        match (something && !self.refilling, half_free) {
            (true, true) => More::OnDisk,
            (true, false) => More::NoRoom { returning: !self.returning.is_empty() },
            (false, _) => More::Nothing,
        }
    }

    pub(super) fn set_held(&mut self, held: bool) {
        self.held = held;
        self.held_told = true;
    }

    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Begins a refill; `None` = nothing to read, or another one reads.
    pub(super) fn begin_refill(&mut self) -> Option<Errand> {
        if self.more() != More::OnDisk {
            return None;
        }
        self.refilling = true;
        self.held_told = false;
        if let Some(from) = self.on_disk_from {
            // Refills will come by them in their order.
            self.returning.retain(|message| message.get() < from);
        }
        let room = Room {
            deliveries: WINDOW_DELIVERIES.saturating_sub(self.len()),
            bytes: WINDOW_BYTES.saturating_sub(self.bytes()),
        };
        let returning: Vec<_> = self.returning.iter().copied().take(room.deliveries).collect();
        Some(Errand { from: self.on_disk_from, returning, room })
    }

    /// Ends a refill that failed: all is as it was.
    pub(super) fn abandon_refill(&mut self) {
        self.refilling = false;
    }

    /// Ends a refill.
    pub(super) fn end_refill(&mut self, errand: &Errand, haul: Haul) {
        self.refilling = false;
        if !self.held_told {
            self.held = haul.held;
        }
        if errand.from.is_some() {
            self.on_disk_from = match haul.next {
                Some(next) => Some(next),
                None if self.left_on_disk >= haul.end => Some(haul.end),
                None => None,
            };
        }
        for pending in haul.deliveries {
            self.returning.remove(&pending.id);
            self.push(pending);
        }
        for message in errand.returning.iter().take(haul.looked_at) {
            self.returning.remove(message);
        }
        for pending in haul.returned {
            if !self.is_here(pending.id) {
                self.insert_by_number(pending);
            }
        }
    }

    fn push(&mut self, pending: Pending) {
        self.queued_bytes += pending.body.len();
        self.queue.push_back(pending);
    }

    fn insert_by_number(&mut self, pending: Pending) {
        self.queued_bytes += pending.body.len();
        let at = self.queue.partition_point(|queued| queued.id < pending.id);
        self.queue.insert(at, pending);
    }

    fn is_here(&self, message: MessageId) -> bool {
        self.in_hand.contains_key(&message)
            || self.queue.binary_search_by_key(&message, |queued| queued.id).is_ok()
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        self.len() == 0 || (self.len() < WINDOW_DELIVERIES && self.bytes() + bytes <= WINDOW_BYTES)
    }

    fn len(&self) -> usize {
        self.queue.len() + self.in_hand.len()
    }

    fn bytes(&self) -> usize {
        self.queued_bytes + self.in_hand_bytes
    }
}

#[cfg(test)]
mod tests;
