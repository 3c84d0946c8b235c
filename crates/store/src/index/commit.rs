//! Writing the overlay down: batches with the position in each, then a flush and a sync of our own.
//!
//! sled's `flush` issues `sync_file_range`, which a power cut does not respect; `sync_data` on its file does.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::IndexError;
use super::effects::{Effect, Effects};
use super::entry::{self, Counts, Entry};
use super::merged::overlay_one;
use super::overlay::Key;
use super::view::View;
use crate::api::{DeliveryState, Lane};
use crate::format::fields::{FieldReader, Fields};
use crate::journal::position::Position;
use crate::journal::segments::Segment;

/// The version of everything the index holds. Another one is rebuilt, not refused.
const INDEX_FORMAT: u32 = 1;

/// The file of sled that a power cut must find whole.
const SLED_FILE: &str = "db";

/// Entries of one batch while a table is absorbed; see the overlay for what larger ones cost.
const ABSORBED_AT_ONCE: usize = 1000;

/// What sled says about where in the journal it is.
pub(super) struct StoredPosition {
    pub(super) position: Position,
    pub(super) salt: u64,
    pub(super) live: u64,
}

/// Makes durable what was committed, without holding the index.
pub(crate) struct Flush {
    db: sled::Db,
    folder: PathBuf,
}

impl Flush {
    pub(crate) fn run(&self) -> Result<(), IndexError> {
        self.db.flush()?;
        sync_file(&self.folder)
    }
}

fn sync_file(folder: &Path) -> Result<(), IndexError> {
    File::open(folder.join(SLED_FILE)).and_then(|file| file.sync_data()).map_err(IndexError::Sync)
}

impl View {
    /// Writes all of the overlay to sled.
    pub(crate) fn commit(&mut self) -> Result<(), IndexError> {
        self.overlay.close(self.read, self.salt);
        while self.commit_oldest()? {}
        if !self.db.contains_key(entry::POSITION)? {
            // A journal without records left nothing to write but how far it was read: without that, no index fits.
            self.db.insert(entry::POSITION, self.stored_position(self.read, self.salt))?;
            self.applied = self.read;
        }
        Ok(())
    }

    /// Writes what has been in the overlay for so long. Gives whether there was something.
    pub(crate) fn commit_older_than(&mut self, age: Duration) -> Result<bool, IndexError> {
        if self.overlay.open_is_older_than(age) {
            self.overlay.close(self.read, self.salt);
        }
        let mut something = false;
        while self.may_write && self.overlay.oldest_is_older_than(age) {
            something |= self.commit_oldest()?;
        }
        Ok(something)
    }

    /// Writes the oldest portion: one batch, with the position behind it.
    pub(super) fn commit_oldest(&mut self) -> Result<bool, IndexError> {
        let Some(mut portion) = self.overlay.pop() else { return Ok(false) };
        let effects = self.overlay.take(&mut portion);
        let mut batch = sled::Batch::default();
        self.apply(&effects, &mut batch)?;
        self.put_holds(&mut batch);
        self.put_names(&mut batch);
        batch.insert(&entry::POSITION, self.stored_position(portion.end, portion.salt));
        self.db.apply_batch(batch)?;
        self.applied = portion.end;
        Ok(true)
    }

    /// Writes what a whole segment means; sled is then at the beginning of `next`. Not whole if it is interrupted.
    pub(super) fn absorb(&mut self, effects: Effects, next: &Segment) -> Result<(), IndexError> {
        self.commit()?;
        self.enter(next);
        self.applied = self.read;
        let deliveries: Vec<_> = effects.deliveries.into_iter().collect();
        self.overlay.effects.holds = effects.holds;
        for part in deliveries.chunks(ABSORBED_AT_ONCE) {
            let mut batch = sled::Batch::default();
            self.apply(part, &mut batch)?;
            self.db.apply_batch(batch)?;
        }
        let mut batch = sled::Batch::default();
        self.put_holds(&mut batch);
        self.put_names(&mut batch);
        batch.insert(&entry::POSITION, self.stored_position(self.read, self.salt));
        self.db.apply_batch(batch)?;
        Ok(())
    }

    /// What makes the last commit durable.
    pub(crate) fn flush(&self) -> Flush {
        Flush { db: self.db.clone(), folder: self.folder.clone() }
    }

    /// Puts effects, ordered by key, into a batch; counts follow.
    fn apply(
        &mut self,
        effects: &[(Key, Effect)],
        batch: &mut sled::Batch,
    ) -> Result<(), IndexError> {
        self.counts.resize(self.interner.names().len(), Counts::default());
        for part in effects.chunk_by(|((a, _), _), ((b, _), _)| a == b) {
            for ((destination, number), effect) in part {
                let before = match effect {
                    Effect::New(..) => None,
                    Effect::Changed(..) | Effect::Replaced(..) | Effect::Gone => {
                        self.stored(*destination, *number)?
                    }
                };
                self.put_delivery(*destination, *number, before, effect, batch);
            }
            if let Some(((destination, _), _)) = part.first() {
                self.put_counts(*destination, batch);
            }
        }
        Ok(())
    }

    fn put_holds(&mut self, batch: &mut sled::Batch) {
        for (destination, hold) in std::mem::take(&mut self.overlay.effects.holds) {
            let key = entry::destination_key(b'h', destination);
            if let Some(hold) = hold {
                let mut value = Vec::new();
                hold.write(&mut Fields(&mut value));
                batch.insert(&key, value);
                self.holds.insert(destination, hold);
            } else {
                batch.remove(&key);
                self.holds.remove(&destination);
            }
        }
    }

    fn put_delivery(
        &mut self,
        destination: u32,
        number: u64,
        before: Option<super::Found>,
        effect: &Effect,
        batch: &mut sled::Batch,
    ) {
        if let Some(before) = &before {
            self.count(destination, before.entry.state.stands, Counts::remove);
            remove(batch, destination, before.lane, number);
        }
        if let Some(after) = overlay_one(number, before, effect) {
            self.count(destination, after.entry.state.stands, Counts::add);
            insert(batch, destination, after.lane, number, &after.entry);
        }
    }

    fn count(
        &mut self,
        destination: u32,
        state: DeliveryState,
        how: fn(&mut Counts, DeliveryState),
    ) {
        if let Some(counts) = self.counts.get_mut(destination as usize) {
            how(counts, state);
        }
    }

    fn put_counts(&self, id: u32, batch: &mut sled::Batch) {
        if let Some(counts) = self.counts.get(id as usize) {
            batch.insert(&entry::destination_key(b'c', id), &counts.encode());
        }
    }

    fn put_names(&mut self, batch: &mut sled::Batch) {
        let names = self.interner.names();
        for (id, name) in (0_u32..).zip(names).skip(self.names_stored) {
            batch.insert(&entry::destination_key(b'd', id), name.as_bytes());
        }
        self.names_stored = names.len();
    }

    fn stored_position(&self, position: Position, salt: u64) -> Vec<u8> {
        let mut value = Vec::with_capacity(52);
        let mut fields = Fields(&mut value);
        fields.u32(INDEX_FORMAT);
        let Position { segment, offset, number, group } = position;
        for field in [salt, segment, offset, number, group, self.live()] {
            fields.u64(field);
        }
        value
    }
}

impl StoredPosition {
    /// `None` = of another format, or damaged.
    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let mut reader = FieldReader::new(value);
        if reader.u32()? != INDEX_FORMAT {
            return None;
        }
        let salt = reader.u64()?;
        let position = Position {
            segment: reader.u64()?,
            offset: reader.u64()?,
            number: reader.u64()?,
            group: reader.u64()?,
        };
        let live = reader.u64()?;
        reader.is_empty().then_some(Self { position, salt, live })
    }
}

fn insert(batch: &mut sled::Batch, destination: u32, lane: Lane, number: u64, entry: &Entry) {
    if lane != Lane::FIFO {
        batch.insert(&entry::lane_key(destination, number), &lane.0.to_be_bytes());
    }
    batch.insert(&entry::delivery_key(destination, lane, number), entry.encode());
}

fn remove(batch: &mut sled::Batch, destination: u32, lane: Lane, number: u64) {
    if lane != Lane::FIFO {
        batch.remove(&entry::lane_key(destination, number));
    }
    batch.remove(&entry::delivery_key(destination, lane, number));
}
