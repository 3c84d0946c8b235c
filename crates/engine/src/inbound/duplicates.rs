//! Messages that come again: a sender that got no answer sends the same once more, and so does one that is broken.
//!
//! ```text
//!              nothing known ──▶ New ─────────────────────────┐
//!   digest ──▶ in hand, same bytes ──▶ waits for its end, asks again
//!              kept, same bytes ──▶ Again │ Copy, where answers are given again
//!              known, other bytes ──▶ OtherBytes ─────────────┤
//!                                                             ▼
//!                       forgotten ◀──answered negatively── InHand ──durable──▶ kept for `dedup_window`
//! ```
//!
//! A message is known by its sender (MSH-3, MSH-4), its id (MSH-10) and a digest of its bytes; one without MSH-10 by
//! nothing. The table of a listener has a limit and forgets the oldest first; what it forgot is processed as new. After a
//! start it is filled from the journal.

mod seeding;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use ring::digest::{Context, SHA256, digest};
use tokio::sync::Notify;
use wardline_config::{AckWhen, Dedup, Entrance, Listener};
use wardline_hl7::Message;
use wardline_store::{Digest, Name, Store, StoredAnswer};

use super::storm::Storms;
use crate::observe::News;

/// Ids that are remembered by all listeners together, about 100 bytes each: an hour of the busiest of sites.
const REMEMBERED_IDS: usize = 1_000_000;

/// What one listener remembers of the messages that came through it.
pub(crate) struct Duplicates {
    /// Whether the stored answer of a copy is given again.
    replays: bool,
    /// Seconds.
    window: i64,
    most: usize,
    /// Whether the journal tells what the senders were answered: not what another system said.
    seeded: bool,
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
    slots: HashMap<u64, Slot>,
    /// What is kept, by the second in which it was; some of it has come again since.
    order: VecDeque<(i64, u64)>,
    turns: u64,
}

/// One id.
#[derive(Clone)]
struct Slot {
    bytes: [u8; 16],
    state: State,
}

#[derive(Clone)]
enum State {
    /// A connection has it; which of them, if there are several.
    InHand(u64),
    /// Durable since this second.
    Kept { at: i64, answer: Option<Box<StoredAnswer>> },
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

/// A message that a connection has in hand. Dropped, it was not taken, and what was known before is known again.
pub(crate) struct InHand {
    duplicates: Arc<Duplicates>,
    key: u64,
    turn: u64,
    bytes: [u8; 16],
    before: Option<Slot>,
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
    Some(Digest { key, bytes: first(digest(&SHA256, message.bytes()).as_ref()) })
}

/// The first bytes of a longer digest.
fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    digest.first_chunk().copied().unwrap_or([0; N])
}

/// The tables of all listeners that recognise anything, with what the journal knows of the last hours.
pub(crate) fn recognising(
    listeners: &[Listener],
    store: &Arc<impl Store>,
) -> BTreeMap<Name, Arc<Duplicates>> {
    let looks = |one: &&Listener| match one.entrance {
        Entrance::Bind(_) | Entrance::Dial(_) => one.dedup != Dedup::Off,
        Entrance::Folder(_) => false,
    };
    let looking = listeners.iter().filter(looks);
    let share = REMEMBERED_IDS / looking.clone().count().max(1);
    let table = |one: &Listener| Some((one.id.arc(), Duplicates::of(one, share)?));
    let tables: BTreeMap<_, _> = looking.filter_map(table).collect();
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
            seeded: dedup == Dedup::Flag || !matches!(listener.ack, AckWhen::AfterDelivery(_)),
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

    fn look_once(self: &Arc<Self>, Digest { key, bytes }: Digest, now: Timestamp) -> Look {
        let mut table = self.lock();
        table.forget(now.as_second().saturating_sub(self.window), self.most);
        let known = table.slots.get(&key);
        let seen = match known {
            None => Seen::New,
            Some(slot) if slot.bytes != bytes => Seen::OtherBytes,
            Some(Slot { state: State::InHand(_), .. }) => return Look::Wait,
            Some(Slot { state: State::Kept { answer, .. }, .. }) if self.replays => {
                return Look::Seen(Seen::Copy(answer.as_deref().cloned()));
            }
            Some(Slot { state: State::Kept { .. }, .. }) => Seen::Again,
        };
        let before = known.filter(|slot| matches!(slot.state, State::Kept { .. })).cloned();
        table.turns += 1;
        let turn = table.turns;
        table.slots.insert(key, Slot { bytes, state: State::InHand(turn) });
        Look::Seen(seen(InHand { duplicates: Arc::clone(self), key, turn, bytes, before }))
    }

    /// Something that the journal has from before this start: older than all that is known.
    fn remember(&self, at: Timestamp, digest: Digest, answer: Option<StoredAnswer>) {
        let mut table = self.lock();
        if table.order.len() >= self.most || table.slots.contains_key(&digest.key) {
            return;
        }
        let (at, answer) = (at.as_second(), answer.filter(|_| self.replays).map(Box::new));
        let state = State::Kept { at, answer };
        table.slots.insert(digest.key, Slot { bytes: digest.bytes, state });
        table.order.push_front((at, digest.key));
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn keep(&mut self, Digest { key, bytes }: Digest, at: i64, answer: Option<StoredAnswer>) {
        let state = State::Kept { at, answer: answer.map(Box::new) };
        self.slots.insert(key, Slot { bytes, state });
        self.order.push_back((at, key));
    }

    /// Forgets what was kept before `oldest`, and the oldest beyond `most`.
    fn forget(&mut self, oldest: i64, most: usize) {
        while let Some(&(at, key)) = self.order.front()
            && (at < oldest || self.order.len() > most)
        {
            self.order.pop_front();
            let kept_at = match self.slots.get(&key).map(|slot| &slot.state) {
                Some(State::Kept { at, .. }) => Some(*at),
                Some(State::InHand(_)) | None => None,
            };
            if kept_at == Some(at) {
                self.slots.remove(&key);
            }
        }
    }
}

impl InHand {
    /// It is durable; who sends the same again may be given this answer again.
    pub(crate) fn kept(self, at: Timestamp, answer: Option<StoredAnswer>) {
        let duplicates = Arc::clone(&self.duplicates);
        let mut table = duplicates.lock();
        if table.is_in_hand(self.key, self.turn) {
            let digest = Digest { key: self.key, bytes: self.bytes };
            table.keep(digest, at.as_second(), answer.filter(|_| duplicates.replays));
        }
        drop(table);
        drop(self); // Wakes who waits.
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut table = self.duplicates.lock();
        if table.is_in_hand(self.key, self.turn) {
            match self.before.take() {
                Some(before) => table.slots.insert(self.key, before),
                None => table.slots.remove(&self.key),
            };
        }
        drop(table);
        self.duplicates.ended.notify_waiters();
    }
}

impl Table {
    fn is_in_hand(&self, key: u64, turn: u64) -> bool {
        matches!(self.slots.get(&key), Some(Slot { state: State::InHand(by), .. }) if *by == turn)
    }
}

#[cfg(test)]
mod tests;
