//! The end of a run: what it holds, and of which part of the journal.
//!
//! ```text
//!   file   = block │ … │ block │ index block │ … │ footer │ u32 length of the footer │ u32 CRC-32 of it │ "WARDHIST"
//!   footer = u32 format · u64 fingerprint of the keys · u64 salt of the segment · position from · position to ·
//!            u64 rows · maybe span of the times received · maybe span of messages carried ·
//!            maybe span of messages from before it that events are of · u64 where the blocks of entries end ·
//!            u8 levels of index blocks below the root · u32 length of the root · root · u32 names, each: text
//!   position = u64 segment · u64 offset · u64 number · u64 group
//!   span     = u64 least · u64 greatest
//! ```
//!
//! An index block is a block whose keys are the first keys of the blocks below it, and whose values are their places.
//! The root is one of them, kept in memory: a search reads a block a level.

use super::block::Block;
use crate::api::Name;
use crate::format::fields::{FieldReader, Fields};
use crate::journal::position::Position;

pub(super) const MAGIC: &[u8; 8] = b"WARDHIST";

/// Length, checksum, magic.
pub(super) const TAIL: usize = 16;

/// The format of runs; another is made anew.
const FORMAT: u32 = 1;

/// Least and greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) least: u64,
    pub(super) greatest: u64,
}

impl Span {
    pub(super) fn widen(span: &mut Option<Self>, number: u64) {
        match span {
            Some(span) => {
                span.least = span.least.min(number);
                span.greatest = span.greatest.max(number);
            }
            None => *span = Some(Self { least: number, greatest: number }),
        }
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        (self.least..=self.greatest).contains(&number)
    }
}

/// What some entries are of, to pass them over unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    /// The first place that is read into it.
    pub(super) from: Position,
    /// The place behind the last.
    pub(super) to: Position,
    /// How many rows.
    pub(super) rows: u64,
    /// When their messages were received, as nanoseconds since 1970 with the sign's bit turned, which sorts.
    pub(super) received: Option<Span>,
    /// Messages that were carried into it.
    pub(super) carried: Option<Span>,
    /// Messages from before it that events in it are of.
    pub(super) earlier: Option<Span>,
}

/// A time as numbers that sort.
pub(super) fn sortable(nanoseconds: i64) -> u64 {
    nanoseconds.cast_unsigned() ^ (1 << 63)
}

/// The time of such a number.
pub(super) fn unsorted(number: u64) -> i64 {
    (number ^ (1 << 63)).cast_signed()
}

impl Extent {
    pub(super) fn beginning(from: Position) -> Self {
        Self { from, to: from, rows: 0, received: None, carried: None, earlier: None }
    }

    /// Whether a message came in this part of the journal.
    pub(super) fn is_own(&self, message: u64) -> bool {
        (self.from.number..self.to.number).contains(&message)
    }

    /// Whether a row of this message may be there.
    pub(super) fn may_have_row(&self, message: u64) -> bool {
        self.is_own(message) || self.carried.is_some_and(|carried| carried.contains(message))
    }

    /// Whether an event of this message may be there.
    pub(super) fn may_have_events(&self, message: u64) -> bool {
        self.is_own(message) || self.earlier.is_some_and(|earlier| earlier.contains(message))
    }

    /// Both together, one behind the other.
    pub(super) fn with(mut self, next: &Self) -> Self {
        self.to = next.to;
        self.rows += next.rows;
        for (mine, others) in [
            (&mut self.received, next.received),
            (&mut self.carried, next.carried),
            (&mut self.earlier, next.earlier),
        ] {
            if let Some(others) = others {
                Span::widen(mine, others.least);
                Span::widen(mine, others.greatest);
            }
        }
        self
    }
}

/// All that is known of a run without reading its blocks.
pub(super) struct Footer {
    pub(super) fingerprint: u64,
    pub(super) salt: u64,
    pub(super) extent: Extent,
    /// Where the blocks of entries end and those of the index begin.
    pub(super) entries_end: u64,
    /// Index blocks between the root and an entry's block.
    pub(super) levels: u8,
    pub(super) root: Block,
    pub(super) names: Vec<Name>,
}

/// What [`Footer`] reads, with the root as it is written.
pub(super) struct FooterParts<'a> {
    pub(super) fingerprint: u64,
    pub(super) salt: u64,
    pub(super) extent: &'a Extent,
    pub(super) entries_end: u64,
    pub(super) levels: u8,
    pub(super) root: &'a [u8],
    pub(super) names: &'a [Name],
}

impl FooterParts<'_> {
    /// Footer and tail.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut fields = Fields(&mut bytes);
        fields.u32(FORMAT);
        fields.u64(self.fingerprint);
        fields.u64(self.salt);
        let Extent { from, to, rows, received, carried, earlier } = self.extent;
        for position in [from, to] {
            fields.u64(position.segment);
            fields.u64(position.offset);
            fields.u64(position.number);
            fields.u64(position.group);
        }
        fields.u64(*rows);
        for span in [received, carried, earlier] {
            fields.maybe(span.as_ref(), |fields, span| {
                fields.u64(span.least);
                fields.u64(span.greatest);
            });
        }
        fields.u64(self.entries_end);
        fields.u8(self.levels);
        fields.u32(u32::try_from(self.root.len()).unwrap_or(u32::MAX));
        fields.bytes(self.root);
        fields.u32(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        for name in self.names {
            fields.text(name);
        }
        let crc = crc32fast::hash(&bytes);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        bytes
    }
}

impl Footer {
    /// Reads a footer whose checksum holds.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = FieldReader::new(bytes);
        if reader.u32()? != FORMAT {
            return None;
        }
        let (fingerprint, salt) = (reader.u64()?, reader.u64()?);
        let (from, to) = (position(&mut reader)?, position(&mut reader)?);
        let rows = reader.u64()?;
        let (received, carried, earlier) =
            (reader.maybe(span)?, reader.maybe(span)?, reader.maybe(span)?);
        let (entries_end, levels) = (reader.u64()?, reader.u8()?);
        let length = usize::try_from(reader.u32()?).ok()?;
        let root = Block::read(reader.slice(length)?)?;
        let count = reader.u32()?;
        let names = (0..count).map(|_| reader.text().map(Name::from)).collect::<Option<_>>()?;
        let extent = Extent { from, to, rows, received, carried, earlier };
        Some(Self { fingerprint, salt, extent, entries_end, levels, root, names })
    }
}

fn position(reader: &mut FieldReader<'_>) -> Option<Position> {
    Some(Position {
        segment: reader.u64()?,
        offset: reader.u64()?,
        number: reader.u64()?,
        group: reader.u64()?,
    })
}

fn span(reader: &mut FieldReader<'_>) -> Option<Span> {
    Some(Span { least: reader.u64()?, greatest: reader.u64()? })
}
