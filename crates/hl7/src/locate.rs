//! Finds an element inside a segment: the one descent that reading and editing share.
//!
//! ```text
//! PID|1||12^^^H~34^^^I   PID-3[2].4:  field 3 ─▶ 12^^^H~34^^^I ─▶ repetition 2 ─▶ 34^^^I ─▶ component 4 ─▶ I
//! ```
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

/// Separators at the levels of a segment: field, repetition, component, subcomponent.
const LEVELS: usize = 4;

/// The place of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Its bytes, in the payload; empty, and behind what is there, where it is missing.
    pub(crate) range: Range<usize>,
    /// How many separators of each level are missing before it.
    pub(crate) missing: [(Option<u8>, usize); LEVELS],
}

impl Step {
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
    let is_header = bytes.get(segment.clone()).is_some_and(|bytes| {
        matches!(bytes, [b'M', b'S', b'H', ..] | [b'F' | b'B', b'H', b'S', ..])
    });
    if is_header && step.field <= 2 {
        return delimiter_field(bytes, segment, delimiters, step);
    }
    // MSH-1 is the separator itself, so MSH-3 is the third part where PID-2 is.
    let part = usize::from(step.field) + usize::from(!is_header);
    let levels = [
        (Some(delimiters.field), Some(part)),
        (delimiters.repetition, step.repetition.map(usize::from)),
        (Some(delimiters.component), step.component.map(usize::from)),
        (delimiters.subcomponent, step.subcomponent.map(usize::from)),
    ];
    let mut spot = Spot::at(segment);
    for ((separator, number), missing) in levels.into_iter().zip(0..) {
        let Some(number) = number else { continue };
        spot.descend(bytes, separator, number, missing);
    }
    spot
}

impl Spot {
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

/// How many repetitions the field at this place has.
pub(crate) fn repetitions(field: &[u8], delimiters: &Delimiters) -> usize {
    delimiters.repetition.map_or(1, |separator| memchr_iter(separator, field).count() + 1)
}
