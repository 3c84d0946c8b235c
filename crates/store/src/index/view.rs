//! The index as it is read: sled, and over it what the journal says since.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::IndexError;
use super::effects::Interner;
use super::entry::{self, Counts, Hold};
use super::merged::{self, Found, Merged};
use super::overlay::Overlay;
use crate::api::{Corruption, CorruptionKind, DeliveryState, Lane, Name, ReadError};
use crate::journal::position::Position;
use crate::journal::reader::{Next, RecordReader};
use crate::journal::segments::{Segment, Segments};

/// sled and the overlay. Locked as a whole.
pub(crate) struct View {
    pub(super) db: sled::Db,
    pub(super) folder: PathBuf,
    pub(super) interner: Interner,
    /// So many names are in sled.
    pub(super) names_stored: usize,
    /// By destination, as sled has them.
    pub(super) counts: Vec<Counts>,
    pub(super) holds: BTreeMap<u32, Hold>,
    pub(super) overlay: Overlay,
    /// The journal is read up to here, into the overlay.
    pub(super) read: Position,
    /// The salt of the segment that `read` is in.
    pub(super) salt: u64,
    /// sled has everything before this.
    pub(super) applied: Position,
    /// sled may write. Without space it would fail and be lost: what it does not take in waits in the overlay.
    pub(super) may_write: bool,
}

/// How much may be found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) deliveries: usize,
    pub(crate) bytes: usize,
}

/// Pending deliveries, and where the next one is.
pub(crate) struct PendingFound {
    pub(crate) found: Vec<Found>,
    pub(crate) next: Option<u64>,
}

impl View {
    /// Reads the journal up to `durable` into the overlay, and into sled what is too much for it.
    pub(crate) fn catch_up(
        &mut self,
        segments: &Segments,
        durable: Position,
    ) -> Result<(), IndexError> {
        while self.read.place() < durable.place() {
            let Some(segment) = segments.get(self.read.segment) else {
                return Err(IndexError::Unfit);
            };
            let end = if segment.id() == durable.segment {
                durable.offset
            } else {
                segment.end().ok_or(IndexError::Unfit)?
            };
            self.read_segment(&segment, end)?;
            if segment.id() != durable.segment && self.read.offset >= end {
                let next = segments.get(segment.id() + 1).ok_or(IndexError::Unfit)?;
                self.enter(&next);
            }
        }
        Ok(())
    }

    /// Goes on at the beginning of a segment.
    pub(super) fn enter(&mut self, segment: &Segment) {
        self.read = segment.beginning();
        self.salt = segment.header.salt;
    }

    fn read_segment(&mut self, segment: &Segment, end: u64) -> Result<(), IndexError> {
        let mut reader = RecordReader::new(segment, self.read, end);
        loop {
            let io = |source| ReadError::Io { file: segment.path.clone(), source };
            match reader.next().map_err(io)? {
                Next::Record(record) => {
                    let bytes = record.header.length();
                    self.overlay.effects.fold(&mut self.interner, &record)?;
                    self.read = reader.position();
                    self.overlay.grew(bytes, self.read, self.salt);
                }
                Next::End => return Ok(()),
                Next::NoRecord => {
                    let kind = CorruptionKind::Record;
                    let offset = reader.position().offset;
                    let corruption = Corruption { file: segment.path.clone(), offset, kind };
                    return Err(ReadError::from(corruption).into());
                }
            }
            while self.may_write && self.overlay.is_full() {
                self.commit_oldest()?;
            }
        }
    }

    /// The journal is read up to here.
    pub(crate) fn position(&self) -> Position {
        self.read
    }

    /// sled has the journal up to here.
    pub(crate) fn applied(&self) -> Position {
        self.applied
    }

    /// Pending deliveries of a destination, from `from` on.
    pub(crate) fn pending(
        &self,
        destination: &str,
        from: u64,
        room: Room,
    ) -> Result<PendingFound, IndexError> {
        let mut found = Vec::new();
        let mut bytes = 0;
        let Some(mut deliveries) = self.deliveries(destination, from)? else {
            return Ok(PendingFound { found, next: None });
        };
        while let Some(delivery) = deliveries.next()? {
            if delivery.entry.state.stands != DeliveryState::Pending {
                continue;
            }
            let larger = bytes + delivery.entry.body_bytes as usize;
            if found.len() >= room.deliveries || (larger > room.bytes && bytes > 0) {
                return Ok(PendingFound { found, next: Some(delivery.number) });
            }
            bytes = larger;
            found.push(delivery);
        }
        Ok(PendingFound { found, next: None })
    }

    /// One delivery.
    pub(crate) fn delivery(
        &self,
        destination: &str,
        number: u64,
    ) -> Result<Option<Found>, IndexError> {
        let Some(id) = self.interner.known(destination) else { return Ok(None) };
        let below = self.stored(id, number)?;
        Ok(match self.overlay.effects.deliveries.get(&(id, number)) {
            None => below,
            Some(effect) => merged::overlay_one(number, below, effect),
        })
    }

    pub(super) fn stored(&self, id: u32, number: u64) -> Result<Option<Found>, IndexError> {
        if let Some(value) = self.db.get(entry::delivery_key(id, Lane::FIFO, number))? {
            return merged::found(number, Lane::FIFO, &value).map(Some);
        }
        let Some(lane) = self.db.get(entry::lane_key(id, number))? else { return Ok(None) };
        let lane = entry::number_of(&lane).map(Lane).ok_or(IndexError::Damaged)?;
        let value = self.db.get(entry::delivery_key(id, lane, number))?;
        merged::found(number, lane, &value.ok_or(IndexError::Damaged)?).map(Some)
    }

    /// Deliveries of a destination from `from` on, until `take` says that it has enough.
    pub(crate) fn each(
        &self,
        destination: &str,
        from: u64,
        mut take: impl FnMut(Found) -> bool,
    ) -> Result<(), IndexError> {
        if let Some(mut deliveries) = self.deliveries(destination, from)? {
            while let Some(found) = deliveries.next()? {
                if !take(found) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn deliveries(&self, destination: &str, from: u64) -> Result<Option<Merged<'_>>, IndexError> {
        let Some(id) = self.interner.known(destination) else { return Ok(None) };
        Merged::new(&self.db, &self.overlay.effects, id, from).map(Some)
    }

    /// Every destination that has or had deliveries.
    pub(crate) fn destinations(&self) -> Vec<Name> {
        self.interner.names().to_vec()
    }

    /// How many deliveries stand where.
    pub(crate) fn counts(&self, destination: &str) -> Result<Counts, IndexError> {
        let Some(id) = self.interner.known(destination) else { return Ok(Counts::default()) };
        let mut counts = self.counts.get(id as usize).copied().unwrap_or_default();
        let overlaid = self.overlay.effects.deliveries.range((id, 0)..=(id, u64::MAX));
        for (&(_, number), effect) in overlaid {
            let before = self.stored(id, number)?;
            if let Some(before) = &before {
                counts.remove(before.entry.state.stands);
            }
            if let Some(after) = merged::overlay_one(number, before, effect) {
                counts.add(after.entry.state.stands);
            }
        }
        Ok(counts)
    }

    /// Whether sled may write.
    pub(crate) fn let_write(&mut self, may_write: bool) {
        self.may_write = may_write;
    }

    /// Deliveries that have not ended, as sled knows.
    pub(crate) fn live(&self) -> u64 {
        self.counts.iter().map(Counts::all).sum()
    }

    /// Why a destination is held.
    pub(crate) fn hold(&self, destination: &str) -> Option<&Hold> {
        let id = self.interner.known(destination)?;
        match self.overlay.effects.holds.get(&id) {
            Some(hold) => hold.as_ref(),
            None => self.holds.get(&id),
        }
    }
}
