//! Finds an element inside a segment: the one descent that reading and editing share.
//!
//! ```text
//! PID|1||12^^^H~34^^^I   PID-3[2].4:  field 3 ─▶ 12^^^H~34^^^I ─▶ repetition 2 ─▶ 34^^^I ─▶ component 4 ─▶ I
//! ```
//!
//! A path of every repetition descends to the field once and walks it: a peer decides how many repetitions there are.
//!
//! Where the segment is too short, the descent ends behind what is there, and the spot tells how many separators of
//! each level are missing up to the element: an edit writes them.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::{Delimiters, Path, Value};

/// The part of a path inside its segment, with one repetition chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) field: u16,
    pub(crate) repetition: Option<u16>,
    pub(crate) component: Option<u16>,
    pub(crate) subcomponent: Option<u16>,
}

/// Separators at the levels of a segment.
const LEVELS: usize = 4;
const FIELD: usize = 0;
const REPETITION: usize = 1;
const COMPONENT: usize = 2;
const SUBCOMPONENT: usize = 3;

/// The place of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Its bytes, in the payload; empty, and behind what is there, where it is missing.
    pub(crate) range: Range<usize>,
    /// How many separators of each level are missing before it.
    pub(crate) missing: [(Option<u8>, usize); LEVELS],
}

impl Step {
    /// A field with all its repetitions.
    pub(crate) fn whole_field(field: u16) -> Self {
        Self { field, repetition: None, component: None, subcomponent: None }
    }

    /// The first or the named repetition. Without one in the path and without a component, the whole field.
    pub(crate) fn of(path: &Path, repetition: Option<u16>) -> Self {
        let repetition = repetition.or(path.component.is_some().then_some(1));
        Self {
            field: path.field,
            repetition,
            component: path.component,
            subcomponent: path.subcomponent,
        }
    }
}

impl Spot {
    fn at(range: Range<usize>) -> Self {
        Self { range, missing: [(None, 0); LEVELS] }
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.missing.iter().any(|(_, count)| *count > 0)
    }

    /// What stands there.
    pub(crate) fn value<'m>(&self, bytes: &'m [u8]) -> Value<'m> {
        match bytes.get(self.range.clone()) {
            Some(raw) if !self.is_missing() => Value::of(raw),
            _ => Value::Absent,
        }
    }
}

/// Finds an element in the segment at this place of the payload.
pub(crate) fn locate(
    bytes: &[u8],
    segment: Range<usize>,
    delimiters: &Delimiters,
    step: Step,
) -> Spot {
    let is_header = is_header(bytes, &segment);
    if is_header && step.field <= 2 {
        return delimiter_field(bytes, segment, delimiters, step);
    }
    // MSH-1 is the separator itself, so MSH-3 is the third part where PID-2 is.
    let part = usize::from(step.field) + usize::from(!is_header);
    let mut spot = Spot::at(segment);
    spot.descend(bytes, Some(delimiters.field), part, FIELD);
    if let Some(repetition) = step.repetition {
        spot.descend(bytes, delimiters.repetition, usize::from(repetition), REPETITION);
    }
    spot.descend_inside_repetition(bytes, delimiters, step);
    spot
}

/// Finds an element in each repetition of its field; nothing where there is no such field.
pub(crate) fn locate_in_each_repetition<'b>(
    bytes: &'b [u8],
    segment: Range<usize>,
    delimiters: &'b Delimiters,
    step: Step,
) -> impl Iterator<Item = Spot> + use<'b> {
    let is_delimiters = step.field <= 2 && is_header(bytes, &segment);
    let delimiter_field = is_delimiters.then(|| {
        delimiter_field(bytes, segment.clone(), delimiters, Step { repetition: None, ..step })
    });
    let field = (!is_delimiters)
        .then(|| locate(bytes, segment, delimiters, Step::whole_field(step.field)))
        .filter(|spot| !spot.is_missing());
    let repetitions =
        field.into_iter().flat_map(|spot| parts(bytes, spot.range, delimiters.repetition));
    let located = repetitions.map(move |range| {
        let mut spot = Spot::at(range);
        spot.descend_inside_repetition(bytes, delimiters, step);
        spot
    });
    delimiter_field.into_iter().chain(located)
}

/// The fields of a segment behind its name, and of a header behind MSH-2, by the places of their bytes.
pub(crate) fn fields_behind_the_delimiters<'b>(
    bytes: &'b [u8],
    segment: Range<usize>,
    delimiters: &Delimiters,
) -> impl Iterator<Item = Range<usize>> + use<'b> {
    let before = if is_header(bytes, &segment) { 2 } else { 1 };
    parts(bytes, segment, Some(delimiters.field)).skip(before)
}

/// Whether this is a segment that declares the delimiters.
pub(crate) fn is_header(bytes: &[u8], segment: &Range<usize>) -> bool {
    bytes.get(segment.clone()).is_some_and(|bytes| {
        matches!(bytes, [b'M', b'S', b'H', ..] | [b'F' | b'B', b'H', b'S', ..])
    })
}

impl Spot {
    fn descend_inside_repetition(&mut self, bytes: &[u8], delimiters: &Delimiters, step: Step) {
        if let Some(component) = step.component {
            self.descend(bytes, Some(delimiters.component), usize::from(component), COMPONENT);
        }
        if let Some(subcomponent) = step.subcomponent {
            self.descend(bytes, delimiters.subcomponent, usize::from(subcomponent), SUBCOMPONENT);
        }
    }

    /// Goes to the `number`th part between these separators, or notes how many of them are missing.
    fn descend(&mut self, bytes: &[u8], separator: Option<u8>, number: usize, level: usize) {
        let lacking = if self.is_missing() {
            number - 1
        } else {
            match part(bytes.get(self.range.clone()).unwrap_or_default(), separator, number) {
                Ok(range) => {
                    self.range = self.range.start + range.start..self.range.start + range.end;
                    return;
                }
                Err(lacking) => {
                    self.range.start = self.range.end;
                    lacking
                }
            }
        };
        if let Some(missing) = self.missing.get_mut(level) {
            *missing = (separator, lacking);
        }
    }
}

/// The `number`th part, from 1, or how many separators are lacking for it.
fn part(bytes: &[u8], separator: Option<u8>, number: usize) -> Result<Range<usize>, usize> {
    let Some(separator) = separator else {
        return if number == 1 { Ok(0..bytes.len()) } else { Err(number - 1) };
    };
    let mut start = 0;
    let mut found = 1;
    if number > 1 {
        for at in memchr_iter(separator, bytes) {
            start = at + 1;
            found += 1;
            if found == number {
                break;
            }
        }
    }
    if found < number {
        return Err(number - found);
    }
    let rest = bytes.get(start..).unwrap_or_default();
    Ok(start..start + memchr(separator, rest).unwrap_or(rest.len()))
}

/// MSH-1 and MSH-2, which are never split: their bytes are separators.
fn delimiter_field(
    bytes: &[u8],
    segment: Range<usize>,
    delimiters: &Delimiters,
    step: Step,
) -> Spot {
    let behind = segment.end.min(segment.start + 4);
    let range = if step.field == 1 {
        segment.start + 3..behind
    } else {
        let rest = bytes.get(behind..segment.end).unwrap_or_default();
        behind..behind + memchr(delimiters.field, rest).unwrap_or(rest.len())
    };
    let beyond = [step.repetition, step.component, step.subcomponent]
        .into_iter()
        .flatten()
        .any(|number| number > 1);
    let mut spot = Spot::at(range);
    if beyond {
        spot.missing = [(None, 1); LEVELS];
    }
    spot
}

/// The parts of a place between these separators.
fn parts(
    bytes: &[u8],
    place: Range<usize>,
    separator: Option<u8>,
) -> impl Iterator<Item = Range<usize>> + use<'_> {
    let Range { mut start, end } = place;
    let offset = start;
    let inside = bytes.get(place).unwrap_or_default();
    let separators = separator.into_iter().flat_map(move |byte| memchr_iter(byte, inside));
    separators.map(move |at| offset + at).chain(std::iter::once(end)).map(move |end| {
        let part = start..end;
        start = end + 1;
        part
    })
}
