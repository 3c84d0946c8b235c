//! Messages that come again: a sender that got no answer sends the same once more, and so does one that is broken.
//!
//! ```text
//!              nothing known ──▶ New ─────────────────────────┐
//!   digest ──▶ in hand, same bytes ──▶ waits for its end, asks again
//!              kept, same bytes ──▶ Again │ Copy, where answers are given again
//!              its id known, other bytes ──▶ OtherBytes ──────┤
//!                                                             ▼
//!                       forgotten ◀──answered negatively── InHand ──durable──▶ kept for `dedup_window`
//! ```
//!
//! A message is known by its sender (MSH-3, MSH-4), its id (MSH-10) and a digest of its bytes; one without MSH-10 by
//! nothing. Messages with one id and other bytes are known beside each other, each for its own time. The table of a
//! listener has a limit and forgets the oldest first; what it forgot is processed as new. After a start it is filled from
//! the journal.

mod seeding;
mod several;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use tokio::sync::Notify;
use wardline_config::{Dedup, Listener};
use wardline_hl7::Message;
use wardline_store::{Digest, Marks, Name, Store, StoredAnswer};

pub(crate) use self::several::{Found, Several};
use super::digest::digest_of_bytes;
use super::storm::Storms;
use crate::observe::News;

/// Messages that are remembered by all listeners together, about 150 bytes each: an hour of the busiest of sites.
const REMEMBERED_IDS: usize = 1_000_000;

/// What one listener remembers of the messages that came through it.
pub(crate) struct Duplicates {
    /// Whether the stored answer of a copy is given again.
    replays: bool,
    /// Seconds.
    window: i64,
    most: usize,
    table: Mutex<Table>,
    /// Somebody's message has left his hands.
    ended: Notify,
    /// What is repeated without end.
    pub(super) storms: Storms,
    /// Senders that give one id to several messages, and were told of.
    pub(super) reusing: News,
}

#[derive(Default)]
struct Table {
    slots: HashMap<Digest, Slot>,
    /// How many slots there are of each id.
    ids: HashMap<u64, usize>,
    /// What is kept, by the second in which it was; some of it has come again since.
    order: VecDeque<(i64, Digest)>,
}

/// One message: kept, in hand, or a copy in hand of one that is kept.
#[derive(Default)]
struct Slot {
    kept: Option<Kept>,
    /// One connection has it; all others wait.
    in_hand: bool,
}

/// A message that is durable.
struct Kept {
    /// Since this second.
    at: i64,
    answer: Option<Box<StoredAnswer>>,
}

/// What is known of a message.
pub(crate) enum Seen {
    /// Nothing.
    New(InHand),
    /// The same bytes came before. It is processed and marked.
    Again(InHand),
    /// The same bytes came before and are durable: nothing is to be done but to answer, with this if anything was.
    Copy(Option<StoredAnswer>),
    /// Another message with this id came before.
    OtherBytes(InHand),
}

/// A message that a connection has in hand. Dropped, it was not taken; what was known before is still known.
pub(crate) struct InHand {
    duplicates: Arc<Duplicates>,
    digest: Digest,
    is_taken: bool,
    /// Whether it is remembered as not taken, so that it is noticed when it comes again and again.
    is_watched: bool,
}

/// What the table says at this moment.
enum Look {
    Seen(Seen),
    /// The same is in hand of another connection.
    Wait,
}

/// By what a copy of this message is known. `None` where it has no id.
pub(crate) fn digest_of(message: &Message) -> Option<Digest> {
    let header = message.header();
    let id = header.control_id();
    if id.is_empty() {
        return None;
    }
    let mut ids = Context::new(&SHA256);
    for field in [header.field(3), header.field(4), id] {
        ids.update(&(field.len() as u64).to_le_bytes());
        ids.update(field);
    }
    let key = u64::from_le_bytes(first(ids.finish().as_ref()));
    Some(Digest { key, bytes: first(&digest_of_bytes(message.bytes())) })
}

/// The first bytes of a longer digest.
fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    digest.first_chunk().copied().unwrap_or([0; N])
}

/// The tables of those listeners that recognise anything and need a new one, with what the journal knows of the last
/// hours.
pub(crate) fn recognising(
    listeners: &[Listener],
    is_new: impl Fn(&Listener) -> bool,
    store: &Arc<impl Store>,
) -> BTreeMap<Name, Arc<Duplicates>> {
    let looking = listeners.iter().filter(|one| one.dedup != Dedup::Off);
    let share = REMEMBERED_IDS / looking.clone().count().max(1);
    let table = |one: &Listener| Some((one.id.arc(), Duplicates::of(one, share)?));
    let new = looking.filter(|one| is_new(one));
    let tables: BTreeMap<_, _> = new.filter_map(table).collect();
    seeding::seed(store, tables.clone());
    tables
}

impl Duplicates {
    /// For a listener, with at most so many ids. `None` where it recognises nothing.
    fn of(listener: &Listener, most: usize) -> Option<Arc<Self>> {
        let (dedup, window) = (listener.dedup, listener.dedup_window);
        let replays = match dedup {
            Dedup::Off => return None,
            Dedup::Flag => false,
            Dedup::Replay => true,
        };
        Some(Arc::new(Self {
            replays,
            window: i64::try_from(window.as_secs()).unwrap_or(i64::MAX),
            most,
            table: Mutex::default(),
            ended: Notify::new(),
            storms: Storms::default(),
            reusing: News::default(),
        }))
    }

    /// What is known of this message, which is in hand from here on. Waits while a copy of it is.
    pub(crate) async fn look(self: &Arc<Self>, digest: Digest, now: Timestamp) -> Seen {
        loop {
            if let Look::Seen(seen) = self.look_once(digest, now) {
                return seen;
            }
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            // It may have ended before anybody listened.
            if let Look::Seen(seen) = self.look_once(digest, now) {
                return seen;
            }
            ended.await;
        }
    }

    fn look_once(self: &Arc<Self>, digest: Digest, now: Timestamp) -> Look {
        let oldest = now.as_second().saturating_sub(self.window);
        let mut table = self.lock();
        table.forget(oldest, self.most);
        let seen = match table.slots.get(&digest) {
            Some(Slot { in_hand: true, .. }) => return Look::Wait,
            // The queue of what is kept is sorted by and large only.
            Some(Slot { kept: Some(kept), .. }) if kept.at >= oldest => {
                if self.replays {
                    return Look::Seen(Seen::Copy(kept.answer.as_deref().cloned()));
                }
                Seen::Again
            }
            known if table.has_others(digest.key, known) => Seen::OtherBytes,
            Some(_) | None => Seen::New,
        };
        table.slot(digest).in_hand = true;
        Look::Seen(seen(InHand {
            duplicates: Arc::clone(self),
            digest,
            is_taken: false,
            is_watched: true,
        }))
    }

    /// Something that the journal has from before this start: older than all that is known.
    fn remember(&self, at: Timestamp, digest: Digest, marks: Marks, answer: Option<StoredAnswer>) {
        // What another system said stands in no journal: who was told to send again is not told that it is here.
        let is_untold = self.replays && marks.has(Marks::RELAYED);
        if is_untold || marks.has(Marks::SUPPRESSED) {
            return;
        }
        let mut table = self.lock();
        if table.order.len() >= self.most || table.slots.contains_key(&digest) {
            return;
        }
        let (at, answer) = (at.as_second(), answer.filter(|_| self.replays).map(Box::new));
        table.slot(digest).kept = Some(Kept { at, answer });
        table.order.push_front((at, digest));
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The slot of this message, a new one where there is none.
    fn slot(&mut self, digest: Digest) -> &mut Slot {
        self.slots.entry(digest).or_insert_with(|| {
            *self.ids.entry(digest.key).or_default() += 1;
            Slot::default()
        })
    }

    /// Whether there are messages with this id beside the one in this slot.
    fn has_others(&self, key: u64, slot: Option<&Slot>) -> bool {
        self.ids.get(&key).is_some_and(|slots| *slots > usize::from(slot.is_some()))
    }

    /// Removes the slot of a message of which nothing is known any more.
    fn tidy(&mut self, digest: Digest) {
        let is_empty = |slot: &Slot| slot.kept.is_none() && !slot.in_hand;
        if !self.slots.get(&digest).is_some_and(is_empty) {
            return;
        }
        self.slots.remove(&digest);
        if let Entry::Occupied(mut slots) = self.ids.entry(digest.key) {
            *slots.get_mut() -= 1;
            if *slots.get() == 0 {
                slots.remove();
            }
        }
    }

    /// Forgets what was kept before `oldest`, and the oldest beyond `most`.
    fn forget(&mut self, oldest: i64, most: usize) {
        while let Some(&(at, digest)) = self.order.front()
            && (at < oldest || self.order.len() > most)
        {
            self.order.pop_front();
            if let Some(slot) = self.slots.get_mut(&digest) {
                slot.kept.take_if(|kept| kept.at == at);
                self.tidy(digest);
            }
        }
    }
}

impl InHand {
    /// It is durable; who sends the same again may be given this answer again.
    pub(crate) fn kept(mut self, at: Timestamp, answer: Option<StoredAnswer>) {
        self.is_taken = true;
        let (at, digest) = (at.as_second(), self.digest);
        let answer = answer.filter(|_| self.duplicates.replays).map(Box::new);
        let mut table = self.duplicates.lock();
        table.slot(digest).kept = Some(Kept { at, answer });
        table.order.push_back((at, digest));
        drop(table);
        drop(self); // Wakes who waits.
    }

    /// One of several: whether it stands for them.
    fn watched_if(mut self, is_watched: bool) -> Self {
        self.is_watched = is_watched;
        self
    }

    /// It is taken, and nothing of it is kept.
    pub(crate) fn discarded(mut self) {
        self.is_taken = true;
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut table = self.duplicates.lock();
        table.slot(self.digest).in_hand = false;
        table.tidy(self.digest);
        drop(table);
        if !self.is_taken && self.is_watched {
            self.duplicates.storms.not_taken(self.digest, Instant::now());
        }
        self.duplicates.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
