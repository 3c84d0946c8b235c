//! Where two messages differ, by path: what a transform changed, what another system was sent.
//!
//! Segments are paired by name and place among their namesakes. Compared is text: line ends and charsets don't count,
//! escape sequences do.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};
use wardline_hl7::{Message, Segment, printable};

/// One place that differs; absent on the side that does not reach to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which message of several, counted from 1.
    pub message: usize,
    /// Where.
    pub path: String,
    /// What the first message has there.
    pub left: Option<String>,
    /// What the second one has.
    pub right: Option<String>,
}

/// Where a component stands: the segment by the order of the first message that has it, then field, repetition,
/// component.
type Place = (usize, usize, usize, usize);

/// Segments by name and occurrence, in the order in which they were first seen.
#[derive(Default)]
struct Order {
    seen: Vec<(String, usize)>,
    places: HashMap<(String, usize), usize>,
}

/// Where two messages differ, in the order of their segments.
pub fn differences(
    number: usize,
    left: Option<&Message>,
    right: Option<&Message>,
) -> Vec<Difference> {
    let mut order = Order::default();
    let mut components = |message: Option<&Message>| {
        message.map(|message| order.components(&message.in_utf8())).unwrap_or_default()
    };
    let (mut left, mut right) = (components(left), components(right));
    let mut places: Vec<Place> = left.keys().chain(right.keys()).copied().collect();
    places.sort_unstable();
    places.dedup();
    places
        .into_iter()
        .filter_map(|place| {
            let (left, right) = (left.remove(&place), right.remove(&place));
            (left != right).then(|| Difference {
                message: number,
                path: order.path(place),
                left,
                right,
            })
        })
        .collect()
}

impl Order {
    /// The components of a message that hold something.
    fn components(&mut self, message: &Message) -> BTreeMap<Place, String> {
        let mut components = BTreeMap::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for segment in message.segments() {
            let name = printable::id(segment.name());
            let occurrence = seen.entry(name.clone()).or_default();
            *occurrence += 1;
            let at = self.position(name, *occurrence);
            collect(&mut components, at, message, &segment);
        }
        components
    }

    fn position(&mut self, name: String, occurrence: usize) -> usize {
        let wanted = (name, occurrence);
        if let Some(place) = self.places.get(&wanted) {
            return *place;
        }
        let place = self.seen.len();
        self.seen.push(wanted.clone());
        self.places.insert(wanted, place);
        place
    }

    /// As a [`wardline_hl7::Path`] is read, shortened where a field has one repetition or one component.
    fn path(&self, (at, field, repetition, component): Place) -> String {
        let segment = match self.seen.get(at) {
            Some((name, 1)) => name.clone(),
            Some((name, occurrence)) => format!("{name}[{occurrence}]"),
            None => String::new(),
        };
        let repetition = if repetition > 1 { format!("[{repetition}]") } else { String::new() };
        let component = if component > 0 { format!(".{component}") } else { String::new() };
        format!("{segment}-{field}{repetition}{component}")
    }
}

/// Notes each component of a segment; MSH-1 and MSH-2, which are not split, as a whole.
fn collect(
    components: &mut BTreeMap<Place, String>,
    at: usize,
    message: &Message,
    segment: &Segment<'_>,
) {
    let delimiters = message.delimiters();
    let is_header = segment.name() == b"MSH";
    for (value, field) in segment.fields().zip(1..) {
        let mut note = |repetition, component, raw: &[u8]| {
            if !raw.is_empty() {
                let text = printable::text(raw).into_owned();
                components.insert((at, field, repetition, component), text);
            }
        };
        if is_header && field <= 2 {
            note(1, 0, value.raw());
            continue;
        }
        let repetitions = value.raw().split(|byte| Some(*byte) == delimiters.repetition);
        for (repetition, number) in repetitions.zip(1..) {
            let parts = repetition.split(|byte| *byte == delimiters.component);
            parts.zip(1..).for_each(|(part, component)| note(number, component, part));
        }
    }
}

impl fmt::Debug for Difference {
    /// The place only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Difference({})", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::parse(text.to_owned().into()).unwrap()
    }

    fn told(left: &str, right: &str) -> Vec<String> {
        let differences = differences(1, Some(&message(left)), Some(&message(right)));
        let side = |text: Option<String>| text.unwrap_or_default();
        let told = differences.into_iter();
        told.map(|one| format!("{} {}|{}", one.path, side(one.left), side(one.right))).collect()
    }

    #[test]
    fn each_place_that_differs_is_told_by_its_path() {
        assert_eq!(
            told(
                "MSH|^~\\&|A|B\rPID|1||7^^^H~8||DOE^J\rOBX|1\rOBX|2||x\r",
                "MSH|^~\\&|A|C\rPID|1||7^^^H~9||DOE^K||1970\rOBX|1\rOBX|2\rNTE|1\r",
            ),
            [
                "MSH-4.1 B|C",
                "PID-3[2].1 8|9",
                "PID-5.2 J|K",
                "PID-7.1 |1970",
                "OBX[2]-3.1 x|",
                "NTE-1.1 |1"
            ]
        );
    }

    #[test]
    fn line_ends_and_charsets_are_no_difference() {
        let left = message("MSH|^~\\&|A\nPID|1||||Seán\n");
        let right = Message::parse(b"MSH|^~\\&|A\rPID|1||||Se\xe1n\r"[..].into()).unwrap();
        assert_eq!(differences(1, Some(&left), Some(&right)), []);
    }

    #[test]
    fn a_message_that_one_file_lacks_differs_in_all_it_has() {
        let differences = differences(2, Some(&message("MSH|^~\\&|A\r")), None);
        assert_eq!(differences.len(), 3);
        assert!(differences.iter().all(|one| one.message == 2 && one.right.is_none()));
    }
}
