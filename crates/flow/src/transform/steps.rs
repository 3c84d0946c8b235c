//! The changes themselves.

use std::borrow::Cow;

use wardline_hl7::{Index, Message, Path, SegmentPath};

use super::{Change, Content, NameFormat, Step, StepFault, Surroundings, Turn, facts};
use crate::lookup::LookupError;
use crate::time;

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
            Self::Map { path, table } => each_text(message, &meant(path), |place, text| {
                around.lookups.find(table, text).map(Some).map_err(|error| match error {
                    LookupError::Miss => {
                        StepFault::LookupMiss { table: table.clone(), path: *place }
                    }
                    LookupError::NoTable => StepFault::NoLookup(table.clone()),
                })
            })?,
            Self::Replace { path, pattern, with } => {
                each_text(message, &meant(path), |_, text| {
                    let replaced = pattern.replace_all(text, with.as_str());
                    Ok((replaced != text).then(|| replaced.into_owned()))
                })?
            }
            Self::FormatDate { path, format } => {
                each_text(message, &meant(path), |place, text| {
                    let civil = time::civil_part(text).ok_or(StepFault::NoDate(*place))?;
                    Ok(Some(format.written(civil)))
                })?
            }
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
    edit_each(message, path, |message, place| {
        let part = |number: u16| {
            let component = place.with_component(number + u16::from(with_id));
            message.text(&component).map(Cow::into_owned).unwrap_or_default()
        };
        Ok(Some(format.written(part)).filter(|name| !name.is_empty()))
    })
}

/// The texts of these places that are not empty, in one.
fn joined(message: &Message, paths: &[Path], with: &str) -> String {
    let values = paths.iter().flat_map(|path| message.all(path));
    let texts = values.filter_map(|value| message.text_of(value));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(with)
}

fn renumber(message: &Message, segment: &str, from: u32) -> Result<Message, StepFault> {
    let count = message.count_segments(segment);
    let mut made = message.clone();
    for number in (1..=count).map_while(|number| u16::try_from(number).ok()) {
        let value = u32::from(number - 1).saturating_add(from).to_string();
        made = made.set(&Path::set_id(segment, number), &value)?;
    }
    Ok(made)
}

/// Changes the text of each place that holds one; `None` leaves it.
fn each_text(
    message: &Message,
    path: &Path,
    change: impl Fn(&Path, &str) -> Result<Option<String>, StepFault>,
) -> Result<Message, StepFault> {
    edit_each(message, path, |message, place| {
        let value = message.get(place);
        match message.text_of(value) {
            Some(text) if value.is_present() => change(place, &text),
            _ => Ok(None),
        }
    })
}

fn edit_each(
    message: &Message,
    path: &Path,
    change: impl Fn(&Message, &Path) -> Result<Option<String>, StepFault>,
) -> Result<Message, StepFault> {
    let mut made = message.clone();
    for place in message.places(path) {
        if let Some(text) = change(&made, &place)? {
            made = made.set(&place, &text)?;
        }
    }
    Ok(made)
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
