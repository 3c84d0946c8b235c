//! A message taken apart for whoever looks at it: segments, elements, and what differs between what came and what is sent.
//!
//! Without content only the structure is there, with the header's ids and codes: a value that is masked is not in it at
//! all, so that nothing behind this can show it (PHI-1).

pub(crate) mod document;
mod names;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use wardline_hl7::{Delimiters, Message, ParseOptions, Segment, Value};

use super::protocol::{ElementChange, ElementPart, SegmentPart};

/// The largest payload that is taken apart, in bytes: what is larger is a document, and its parts take many times its room.
const LARGEST: usize = 4 * 1024 * 1024;
/// The most segments that are taken apart; a message of results has dozens.
const MOST_SEGMENTS: usize = 500;
/// The most elements, all segments together: a page of more is read by nobody.
const MOST_ELEMENTS: usize = 3000;
/// The most components of one field, which is what the largest type of the standard has.
const MOST_COMPONENTS: u16 = 30;
/// The most repetitions of one field that are shown.
const MOST_REPETITIONS: usize = 50;
/// The most characters of one value; a document in it is no text.
const MOST_CHARACTERS: usize = 500;

/// Ids and codes of the header, which tell nothing about a patient.
const OPEN_FIELDS: [u16; 15] = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 17, 18];

/// A message taken apart.
pub(crate) struct Anatomy {
    pub(crate) segments: Vec<SegmentPart>,
    /// Whether there is more than is shown.
    pub(crate) is_cut: bool,
}

/// One element, where it stands and what is there.
struct Element<'m> {
    path: String,
    field: u16,
    component: Option<u16>,
    value: Value<'m>,
}

/// What a payload is made of; nothing where it is no message.
pub(crate) fn of(body: &Bytes, options: ParseOptions, with_content: bool) -> Anatomy {
    let mut anatomy = Anatomy { segments: Vec::new(), is_cut: body.len() > LARGEST };
    let Some(message) = parsed(body, options) else { return anatomy };
    let mut room = MOST_ELEMENTS;
    each_segment(&message, with_content, |segment, name, place| {
        if anatomy.segments.len() == MOST_SEGMENTS || room == 0 {
            anatomy.is_cut = true;
            return;
        }
        let mut part = SegmentPart {
            name: name.to_owned(),
            title: names::segment(name).map(str::to_owned),
            path: place.to_owned(),
            fields: 0,
            document: document::part(segment),
            elements: Vec::new(),
        };
        for (field, value) in (1..).zip(segment.fields()) {
            part.fields = field;
            if value.raw().is_empty() {
                continue;
            }
            for element in elements(&message, segment, place, field, value) {
                if room == 0 {
                    anatomy.is_cut = true;
                    break;
                }
                room -= 1;
                part.elements.push(shown(&message, name, element, with_content));
            }
        }
        anatomy.segments.push(part);
    });
    anatomy
}

/// Every element of a message by its path, to be held against another one's.
#[derive(Default)]
pub(crate) struct Flat {
    order: Vec<String>,
    /// What tells its bytes from others, and the text where it may be shown.
    values: BTreeMap<String, (u64, Option<String>)>,
}

impl Flat {
    /// Nothing where the payload is no message, or too large to be taken apart.
    pub(crate) fn of(body: &Bytes, options: ParseOptions, with_content: bool) -> Self {
        let mut flat = Self::default();
        let Some(message) = parsed(body, options) else { return flat };
        each_segment(&message, with_content, |segment, name, place| {
            for (field, value) in (1..).zip(segment.fields()) {
                if value.raw().is_empty() || flat.order.len() >= MOST_ELEMENTS {
                    continue;
                }
                for element in elements(&message, segment, place, field, value) {
                    let mut hasher = DefaultHasher::new();
                    element.value.raw().hash(&mut hasher);
                    let path = element.path.clone();
                    let shown = shown(&message, name, element, with_content).value;
                    flat.order.push(path.clone());
                    flat.values.insert(path, (hasher.finish(), shown));
                }
            }
        });
        flat
    }

    /// Where what is sent differs from what came.
    pub(crate) fn changes(&self, sent: &Self) -> Vec<ElementChange> {
        if self.order.is_empty() || sent.order.is_empty() {
            return Vec::new();
        }
        let mut paths: Vec<&String> = self.order.iter().collect();
        paths.extend(sent.order.iter().filter(|path| !self.values.contains_key(*path)));
        let change = |path: &String| {
            let [old, new] = [self.values.get(path), sent.values.get(path)];
            let differs = old.map(|(bytes, _)| bytes) != new.map(|(bytes, _)| bytes);
            differs.then(|| ElementChange {
                path: path.clone(),
                before: old.and_then(|(_, shown)| shown.clone()),
                after: new.and_then(|(_, shown)| shown.clone()),
                is_added: old.is_none(),
                is_removed: new.is_none(),
            })
        };
        paths.into_iter().filter_map(change).take(MOST_ELEMENTS).collect()
    }
}

/// The message of a payload; none where it is none, or larger than anybody takes apart.
fn parsed(body: &Bytes, options: ParseOptions) -> Option<Message> {
    (body.len() <= LARGEST).then(|| Message::parse_with(body.clone(), options).ok())?
}

/// Each segment with its name and where it stands: `OBX`, then `OBX[2]`.
fn each_segment(
    message: &Message,
    with_content: bool,
    mut visit: impl FnMut(&Segment<'_>, &str, &str),
) {
    let mut seen: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for segment in message.segments().take(MOST_SEGMENTS + 1) {
        let name = String::from_utf8_lossy(segment.name());
        // A line that is no segment may be anything: broken text, where nothing follows and nobody knows the name.
        let is_one =
            with_content || names::segment(&name).is_some() || segment.fields().next().is_some();
        let name: Cow<'_, str> = match segment.name() {
            [_, _, _] if is_one && name.chars().all(|c| c.is_ascii_alphanumeric()) => name,
            _ => "?".into(),
        };
        let nth = seen.entry(name.as_bytes().to_vec()).or_default();
        *nth += 1;
        let place = if *nth == 1 { name.to_string() } else { format!("{name}[{nth}]") };
        visit(&segment, &name, &place);
    }
}

/// The elements of a field: itself, or its components where it has several, for each of its repetitions.
fn elements<'m>(
    message: &'m Message,
    segment: &Segment<'m>,
    place: &str,
    field: u16,
    whole: Value<'m>,
) -> Vec<Element<'m>> {
    let is_delimiters = segment.name() == b"MSH" && field <= 2;
    let components = components(whole.raw(), message.delimiters());
    let repetitions = segment.each(field, 1).take(MOST_REPETITIONS).count();
    if is_delimiters || (components == 1 && repetitions <= 1) {
        let path = format!("{place}-{field}");
        return vec![Element { path, field, component: None, value: whole }];
    }
    let mut found = Vec::new();
    for component in 1..=components {
        for (repetition, value) in (1..=repetitions).zip(segment.each(field, component)) {
            if value.raw().is_empty() {
                continue;
            }
            let nth = if repetitions > 1 { format!("[{repetition}]") } else { String::new() };
            let path = match components {
                1 => format!("{place}-{field}{nth}"),
                _ => format!("{place}-{field}{nth}.{component}"),
            };
            let component = (components > 1).then_some(component);
            found.push((repetition, Element { path, field, component, value }));
        }
    }
    found.sort_by_key(|(repetition, _)| *repetition);
    found.into_iter().map(|(_, element)| element).collect()
}

/// How many components the longest repetition may have.
fn components(raw: &[u8], delimiters: &Delimiters) -> u16 {
    let parts = |repetition: &[u8]| repetition.split(|byte| *byte == delimiters.component).count();
    let repetitions = raw.split(|byte| Some(*byte) == delimiters.repetition);
    let most = repetitions.map(parts).max().unwrap_or(1);
    u16::try_from(most).unwrap_or(u16::MAX).min(MOST_COMPONENTS)
}

fn shown(
    message: &Message,
    segment: &str,
    element: Element<'_>,
    with_content: bool,
) -> ElementPart {
    let Element { path, field, component, value } = element;
    let is_open = match segment {
        "MSH" => OPEN_FIELDS.contains(&field),
        "MSA" => field <= 2,
        _ => false,
    };
    let text = (with_content || is_open).then(|| text(message, value));
    ElementPart {
        path,
        title: names::field(segment, field, component).map(str::to_owned),
        value: text,
    }
}

fn text(message: &Message, value: Value<'_>) -> String {
    let raw = value.raw();
    // A character takes at most some bytes; what is behind is not looked at.
    let head = raw.get(..MOST_CHARACTERS * 8).unwrap_or(raw);
    let text = message.text_of(Value::Present(head)).unwrap_or_default();
    let mut shown: String = text.chars().take(MOST_CHARACTERS).collect();
    if head.len() < raw.len() || shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
