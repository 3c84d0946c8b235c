//! Edits that change what there is, not what stands in it: segments and repetitions taken out, places counted.

use std::ops::Range;

use super::segments::is_named;
use super::{EditError, Message};
use crate::path::SegmentPath;
use crate::{Index, Path};

impl Message {
    /// This message without the segments named, each with its end. Where there is none, nothing changes.
    ///
    /// # Errors
    ///
    /// [`EditError::Header`] for MSH.
    pub fn remove_segments(&self, named: &SegmentPath) -> Result<Self, EditError> {
        if named.name() == "MSH" {
            return Err(EditError::Header);
        }
        let starts: Vec<usize> = self.segments().map(|segment| segment.range().start).collect();
        let mut number = 0;
        let mut removed = Vec::new();
        for (place, segment) in self.segments().enumerate() {
            if is_named(segment.bytes(), named.name().as_bytes(), &self.delimiters) {
                number += 1;
                if named.occurrence().includes(number) {
                    let end = starts.get(place + 1).copied().unwrap_or(self.bytes.len());
                    removed.push(segment.range().start..end);
                }
            }
        }
        self.without(&removed)
    }

    /// This message without one repetition of a field, or all of them; those behind it move up. Where there is none,
    /// nothing changes.
    pub fn remove_repetition(&self, path: &Path) -> Result<Self, EditError> {
        let whole = Path { component: None, subcomponent: None, ..*path };
        if whole.is_delimiters() {
            return Err(EditError::Delimiters { path: *path });
        }
        let separator = self.delimiters.repetition;
        let removed = self.spots(&whole).filter(|spot| !spot.is_missing()).map(|spot| {
            let Range { start, end } = spot.range;
            let is_followed = self.bytes.get(end).copied() == separator && separator.is_some();
            let before = start.checked_sub(1);
            let is_preceded = before.and_then(|at| self.bytes.get(at)).copied() == separator
                && separator.is_some();
            match (is_followed, is_preceded) {
                (true, _) => start..end + 1,
                (false, true) => start - 1..end,
                (false, false) => start..end,
            }
        });
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in removed {
            match merged.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        self.without(&merged)
    }

    /// How many segments of this name there are.
    pub fn count_segments(&self, name: &str) -> usize {
        let named = |bytes: &[u8]| is_named(bytes, name.as_bytes(), &self.delimiters);
        self.segments().filter(|segment| named(segment.bytes())).count()
    }

    /// The single places that a path with `[*]` stands for in this message; the path itself where it names one.
    pub fn places(&self, path: &Path) -> Vec<Path> {
        let occurrences: Vec<Index> = match path.occurrence {
            Index::Every => numbered(self.count_segments(path.segment())).collect(),
            one @ Index::Nth(_) => vec![one],
        };
        let mut places = Vec::new();
        for occurrence in occurrences {
            let place = Path { occurrence, ..*path };
            match path.repetition {
                Some(Index::Every) => {
                    let count =
                        self.spots(&Path { component: None, subcomponent: None, ..place }).count();
                    places
                        .extend(numbered(count).map(|nth| Path { repetition: Some(nth), ..place }));
                }
                _ => places.push(place),
            }
        }
        places
    }

    fn without(&self, removed: &[Range<usize>]) -> Result<Self, EditError> {
        if removed.is_empty() {
            return Ok(self.clone());
        }
        let mut kept = bytes::BytesMut::with_capacity(self.bytes.len());
        let mut copied = 0;
        for range in removed {
            kept.extend_from_slice(self.bytes.get(copied..range.start).unwrap_or_default());
            copied = range.end;
        }
        kept.extend_from_slice(self.bytes.get(copied..).unwrap_or_default());
        Ok(Self::parse_with(kept.freeze(), self.options)?)
    }
}

fn numbered(count: usize) -> impl Iterator<Item = Index> {
    (1..=count).map_while(|number| u16::try_from(number).ok().map(Index::Nth))
}
