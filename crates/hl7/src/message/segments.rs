//! The segments of a message, found once and only when somebody asks.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memmem};

use super::Message;
use crate::locate::{
    Step, fields_behind_the_delimiters, is_header, locate, locate_in_each_repetition,
};
use crate::segment_ends::{Ends, LF};
use crate::{Delimiters, Value};

/// Where a segment lies in the payload, its end not included.
pub(super) type Span = Range<usize>;

/// Room for the segments of nearly every message, so that finding them grows nothing.
const USUAL_SEGMENTS: usize = 32;

/// One segment of a message, without its end.
#[derive(Clone)]
pub struct Segment<'m> {
    message: &'m Message,
    span: Span,
}

/// The segments of a message in their order.
#[derive(Clone)]
pub struct Segments<'m> {
    message: &'m Message,
    spans: std::slice::Iter<'m, Span>,
}

impl<'m> Segments<'m> {
    pub(super) fn of(message: &'m Message) -> Self {
        let spans = message.spans.get_or_init(|| find(message)).iter();
        Self { message, spans }
    }
}

/// The first segments, for whoever needs no more: nothing is found beyond them, or kept.
pub(super) fn leading(message: &Message, most: usize) -> impl Iterator<Item = Segment<'_>> {
    spans_of(message).take(most).map(move |span| Segment { message, span })
}

impl<'m> Iterator for Segments<'m> {
    type Item = Segment<'m>;

    fn next(&mut self) -> Option<Segment<'m>> {
        let span = self.spans.next()?.clone();
        Some(Segment { message: self.message, span })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl ExactSizeIterator for Segments<'_> {}

impl<'m> Segment<'m> {
    /// The bytes of the segment, without its end.
    pub fn bytes(&self) -> &'m [u8] {
        self.message.bytes.get(self.span.clone()).unwrap_or_default()
    }

    /// Where its bytes lie in the payload.
    pub fn range(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What stands before the first field separator; three characters in a segment as the standard knows it.
    pub fn name(&self) -> &'m [u8] {
        let bytes = self.bytes();
        let end = memchr(self.message.delimiters.field, bytes).unwrap_or(bytes.len());
        bytes.get(..end).unwrap_or_default()
    }

    /// The field with this number, from 1, with all its repetitions. MSH-1 is the field separator itself.
    pub fn field(&self, number: u16) -> Value<'m> {
        let step = Step::whole_field(number);
        locate(self.message.outline(), self.span.clone(), &self.message.delimiters, step)
            .value(&self.message.bytes)
    }

    /// The first repetition of a field, or a component of it.
    pub fn first(&self, field: u16, component: Option<u16>) -> Value<'m> {
        let step = Step { field, repetition: Some(1), component, subcomponent: None };
        locate(self.message.outline(), self.span.clone(), &self.message.delimiters, step)
            .value(&self.message.bytes)
    }

    /// A component of each repetition of a field.
    pub fn each(&self, field: u16, component: u16) -> impl Iterator<Item = Value<'m>> + use<'m> {
        let Self { message, span } = self;
        let bytes: &'m [u8] = &message.bytes;
        let component = Some(component);
        let step = Step { field, repetition: None, component, subcomponent: None };
        locate_in_each_repetition(message.outline(), span.clone(), &message.delimiters, step)
            .map(|spot| spot.value(bytes))
    }

    /// All fields, from number 1.
    pub fn fields(&self) -> impl Iterator<Item = Value<'m>> + use<'m> {
        let Self { message, span } = self;
        let bytes: &'m [u8] = &message.bytes;
        let delimiters = is_header(bytes, span).then(|| [self.field(1), self.field(2)]);
        let outline = message.outline();
        let others = fields_behind_the_delimiters(outline, span.clone(), &message.delimiters);
        let others = others.map(|field| Value::of(bytes.get(field).unwrap_or_default()));
        delimiters.into_iter().flatten().chain(others)
    }
}

impl fmt::Debug for Segment<'_> {
    /// The place only: PHI-1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({:?})", self.span)
    }
}

impl fmt::Debug for Segments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segments({} left)", self.spans.len())
    }
}

/// Whether these bytes are a segment of this name.
pub(crate) fn is_named(bytes: &[u8], name: &[u8], delimiters: &Delimiters) -> bool {
    bytes
        .strip_prefix(name)
        .is_some_and(|behind| behind.first().is_none_or(|separator| *separator == delimiters.field))
}

/// Splits the payload at its segment ends.
fn find(message: &Message) -> Arc<[Span]> {
    let mut spans = Vec::with_capacity(USUAL_SEGMENTS);
    spans.extend(spans_of(message));
    spans.into()
}

/// Where the segments lie, found one after the other.
fn spans_of(message: &Message) -> impl Iterator<Item = Span> + use<'_> {
    let body = message.body();
    let offset = message.bytes.len() - body.len();
    let ends = memchr_iter(message.ends.byte(), body).chain(std::iter::once(body.len()));
    let mut start = 0;
    ends.filter_map(move |end| {
        let kept = message.ends.trim(body.get(start..end).unwrap_or_default());
        let first = match message.ends {
            Ends::Cr => end - kept.len(),
            Ends::Lf => start,
        };
        start = end + 1;
        (!is_blank(kept)).then(|| offset + first..offset + first + kept.len())
    })
}

/// A line that holds nothing but white space.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// Counts lines that begin with MSH and the field separator.
pub(super) fn count_headers(message: &Message) -> usize {
    let body = message.body();
    let header = [b'M', b'S', b'H', message.delimiters.field];
    memmem::find_iter(body, &header).filter(|at| begins_line(message, *at)).count()
}

/// Whether a segment begins here.
fn begins_line(message: &Message, at: usize) -> bool {
    let before = message.body().get(..at).unwrap_or_default();
    let end = message.ends.byte();
    match before {
        [] => true,
        [.., last] if *last == end => true,
        // The second half of CR LF.
        [.., earlier, LF] => *earlier == end,
        _ => false,
    }
}
