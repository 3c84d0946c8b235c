//! Reading by path.

use std::borrow::Cow;

use super::segments::is_named;
use super::{Message, Segment};
use crate::locate::{Spot, Step, locate, repetitions};
use crate::{Index, Path, Value, escape};

impl Message {
    /// What stands at this place; the first where the path names several.
    pub fn get(&self, path: &Path) -> Value<'_> {
        self.all(path).next().unwrap_or(Value::Absent)
    }

    /// What stands at each place that the path names, in the message's order; places that the message doesn't reach to
    /// are passed over.
    pub fn all(&self, path: &Path) -> impl Iterator<Item = Value<'_>> + use<'_> {
        self.spots(path).map(|spot| spot.value(&self.bytes)).filter(|value| !value.is_absent())
    }

    /// The text at this place, escapes resolved and charset decoded; `None` where absent, `""` (the two quotes) where
    /// null.
    pub fn text(&self, path: &Path) -> Option<Cow<'_, str>> {
        self.text_of(self.get(path))
    }

    /// The text of a value of this message, as [`Message::text`]. Never fails: what has no meaning stays as it is.
    pub fn text_of<'m>(&self, value: Value<'m>) -> Option<Cow<'m, str>> {
        if value.is_absent() {
            return None;
        }
        Some(escape::text(value.raw(), &self.delimiters, self.charset()))
    }

    /// The places that a path names, found or missing, in the message's order.
    pub(super) fn spots(&self, path: &Path) -> impl Iterator<Item = Spot> + use<'_> {
        let path = *path;
        self.named(path).flat_map(move |segment| {
            self.chosen_repetitions(&segment, &path).map(move |repetition| {
                locate(&self.bytes, segment.range(), &self.delimiters, Step::of(&path, repetition))
            })
        })
    }

    /// The segments that a path names.
    fn named(&self, path: Path) -> impl Iterator<Item = Segment<'_>> + use<'_> {
        let most = match path.occurrence {
            Index::Nth(nth) => usize::from(nth),
            Index::Every => usize::MAX,
        };
        self.segments()
            .filter(move |segment| is_named(segment.bytes(), &path.segment, &self.delimiters))
            .take(most)
            .zip(1..)
            .filter(move |(_, number)| path.occurrence.includes(*number))
            .map(|(segment, _)| segment)
    }

    /// The repetitions that a path names in one segment.
    fn chosen_repetitions(
        &self,
        segment: &Segment<'_>,
        path: &Path,
    ) -> impl Iterator<Item = Option<u16>> + use<> {
        let (one, several) = match path.repetition {
            None => (Some(None), 0),
            Some(Index::Nth(nth)) => (Some(Some(nth)), 0),
            Some(Index::Every) => {
                let field = segment.field(path.field);
                let count =
                    if field.is_absent() { 0 } else { repetitions(field.raw(), &self.delimiters) };
                (None, u16::try_from(count).unwrap_or(u16::MAX))
            }
        };
        one.into_iter().chain((1..=several).map(Some))
    }
}
