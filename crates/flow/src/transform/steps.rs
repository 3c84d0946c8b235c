//! The changes themselves.

use std::borrow::Cow;

use wardline_hl7::{Index, Message, Path, SegmentPath};

use super::{Change, Content, NameFormat, Step, StepFault, Surroundings, Turn, facts};
use crate::lookup::LookupError;
use crate::time;

/// The most bytes that one step may copy, where it edits the message once for each segment or repetition: what a
/// connection's thread does in a third of a second.
const MAX_COPIED: usize = 1024 * 1024 * 1024;

/// The largest message that steps may make, in bytes. Copies of copies grow by doubling.
const MAX_MADE: usize = 256 * 1024 * 1024;

impl Change {
    pub(super) fn apply(
        &self,
        message: &Message,
        around: Surroundings<'_>,
        turn: Option<Turn<'_>>,
    ) -> Result<Message, StepFault> {
        let meant = |path: &Path| Turn::meant(turn, path);
        let made = match self {
            Self::Set { path, value: Content::Text(text) } => message.set(&meant(path), text)?,
            Self::Set { path, value: Content::Expression(expression) } => {
                let value = expression.value(&facts(message, around, turn));
                message.set(&meant(path), &value.map_err(StepFault::Expression)?)?
            }
            Self::Copy { from, to } => {
                let value = message.get(&meant(from)).raw().to_vec();
                message.set_raw(&meant(to), &value)?
            }
            Self::Clear { path } => message.clear(&meant(path))?,
            Self::RemoveSegments { segments } => {
                message.remove_segments(&in_turn(*segments, turn))?
            }
            Self::RemoveRepetition { path } => message.remove_repetition(&meant(path))?,
            Self::Map { path, table } => each_text(message, &meant(path), |text| {
                around.lookups.find(table, text).map(Some).map_err(|error| match error {
                    LookupError::Miss => {
                        StepFault::LookupMiss { table: table.clone(), path: meant(path) }
                    }
                    LookupError::NoTable => StepFault::NoLookup(table.clone()),
                })
            })?,
            Self::Replace { path, pattern, with } => each_text(message, &meant(path), |text| {
                let replaced = pattern.0.replace_all(text, with.as_str());
                Ok((replaced != text).then(|| replaced.into_owned()))
            })?,
            Self::FormatDate { path, format } => each_text(message, &meant(path), |text| {
                let civil = time::civil_part(text).ok_or(StepFault::NoDate(meant(path)))?;
                Ok(Some(format.written(civil)))
            })?,
            Self::FormatName { path, format, with_id } => {
                format_name(message, &meant(path), format, *with_id)?
            }
            Self::Split { path, at, into } => {
                let text = message.text(&meant(path)).map(Cow::into_owned).unwrap_or_default();
                let mut parts = text.splitn(into.len(), at.as_str());
                into.iter().try_fold(message.clone(), |made, place| {
                    made.set(&meant(place), parts.next().unwrap_or_default())
                })?
            }
            Self::Join { paths, with, to } => {
                let paths: Vec<Path> = paths.iter().map(meant).collect();
                message.set(&meant(to), &joined(message, &paths, with))?
            }
            Self::ForEach { segment, steps } => for_each(message, segment, steps, around)?,
            Self::Script(program) => {
                program.0.rewrite(message, around.lookups).map_err(StepFault::Script)?
            }
            Self::Renumber { segment, from } => renumber(message, segment, *from)?,
        };
        if made.bytes().len() > MAX_MADE {
            return Err(StepFault::TooLarge(MAX_MADE));
        }
        Ok(made)
    }
}

/// A name's components as one text, in each place that has any.
fn format_name(
    message: &Message,
    path: &Path,
    format: &NameFormat,
    with_id: bool,
) -> Result<Message, StepFault> {
    let places = message.places(path);
    bounded(message, places.len())?;
    let mut made = message.clone();
    for place in places {
        let part = |number: u16| {
            let component = place.with_component(number + u16::from(with_id));
            message.text(&component).map(Cow::into_owned).unwrap_or_default()
        };
        let name = format.written(part);
        if !name.is_empty() {
            made = made.set(&place, &name)?;
        }
    }
    Ok(made)
}

/// Whether so many edits, each a copy of the message, are taken.
fn bounded(message: &Message, edits: usize) -> Result<(), StepFault> {
    let is_numbered = u16::try_from(edits).is_ok();
    if is_numbered && edits.saturating_mul(message.bytes().len()) <= MAX_COPIED {
        return Ok(());
    }
    Err(StepFault::TooMuch)
}

/// The texts of these places that are not empty, in one.
fn joined(message: &Message, paths: &[Path], with: &str) -> String {
    let values = paths.iter().flat_map(|path| message.all(path));
    let texts = values.filter_map(|value| message.text_of(value));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(with)
}

fn renumber(message: &Message, segment: &str, from: u32) -> Result<Message, StepFault> {
    let mut next = from;
    message.set_each(&Path::set_ids(segment), |_| {
        let number = next;
        next = next.saturating_add(1);
        Ok(Some(number.to_string()))
    })
}

/// Changes the text of each place that holds one; `None` leaves it.
fn each_text(
    message: &Message,
    path: &Path,
    change: impl Fn(&str) -> Result<Option<String>, StepFault>,
) -> Result<Message, StepFault> {
    message.set_each(path, |value| match message.text_of(value) {
        Some(text) if value.is_present() => change(&text),
        _ => Ok(None),
    })
}

/// The steps for each segment; one that removes its segment is followed by the next, which stands in its place then.
fn for_each(
    message: &Message,
    segment: &str,
    steps: &[Step],
    around: Surroundings<'_>,
) -> Result<Message, StepFault> {
    let mut made = message.clone();
    let mut left = made.count_segments(segment);
    bounded(message, left)?;
    let mut number: u16 = 1;
    while left > 0 {
        let before = made.count_segments(segment);
        for step in steps {
            let turn = Turn { segment, number };
            if let Some(next) = step.apply(&made, around, Some(turn))? {
                made = next;
            }
            if made.count_segments(segment) < before {
                break;
            }
        }
        if made.count_segments(segment) == before {
            number = number.saturating_add(1);
        }
        left -= 1;
    }
    Ok(made)
}

/// The segments that are meant in this turn.
fn in_turn(segments: SegmentPath, turn: Option<Turn<'_>>) -> SegmentPath {
    match turn {
        Some(turn) if segments.name() == turn.segment && segments.occurrence() == Index::Nth(1) => {
            segments.in_occurrence(turn.number)
        }
        _ => segments,
    }
}
