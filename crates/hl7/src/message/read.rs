//! Reading by path.

use std::borrow::Cow;

use super::segments::is_named;
use super::{Message, Segment};
use crate::locate::{Spot, Step, locate, locate_in_each_repetition};
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

    /// What stands at each place that the path names, [`Value::Absent`] where the message doesn't reach to it.
    pub fn each(&self, path: &Path) -> impl Iterator<Item = Value<'_>> + use<'_> {
        self.spots(path).map(|spot| spot.value(&self.bytes))
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
        let (bytes, delimiters) = (self.outline(), &self.delimiters);
        self.named(path).flat_map(move |segment| {
            let (one, each) = match path.repetition {
                None => (Some(Step::of(&path, None)), None),
                Some(Index::Nth(nth)) => (Some(Step::of(&path, Some(nth))), None),
                Some(Index::Every) => (None, Some(Step::of(&path, None))),
            };
            let range = segment.range();
            let one = one.map(|step| locate(bytes, range.clone(), delimiters, step));
            let each = each.into_iter().flat_map(move |step| {
                locate_in_each_repetition(bytes, range.clone(), delimiters, step)
            });
            one.into_iter().chain(each)
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
}
