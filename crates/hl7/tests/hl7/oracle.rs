//! A second reading of a message, by splitting and nothing else: what the view must agree with.

use std::collections::BTreeMap;

use wardline_hl7::Delimiters;

/// The place of a leaf: segment, its occurrence, field, repetition, component, subcomponent, each from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) segment: String,
    pub(crate) occurrence: u16,
    pub(crate) field: u16,
    pub(crate) repetition: u16,
    pub(crate) component: u16,
    pub(crate) subcomponent: u16,
}

impl Place {
    pub(crate) fn path(&self) -> String {
        let Self { segment, occurrence, field, repetition, component, subcomponent } = self;
        format!("{segment}[{occurrence}]-{field}[{repetition}].{component}.{subcomponent}")
    }
}

/// Every leaf with bytes in it, of a payload whose segments end in CR. MSH-1 and MSH-2 are left out.
pub(crate) fn leaves(payload: &[u8], delimiters: &Delimiters) -> BTreeMap<Place, Vec<u8>> {
    let mut leaves = BTreeMap::new();
    let mut occurrences: BTreeMap<String, u16> = BTreeMap::new();
    for line in payload.split(|byte| *byte == b'\r') {
        let mut fields = line.split(|byte| *byte == delimiters.field);
        let name = String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
        if name.is_empty() {
            continue;
        }
        let occurrence = occurrences.entry(name.clone()).or_default();
        *occurrence += 1;
        let is_header = name == "MSH";
        let numbered = fields.zip(if is_header { 2.. } else { 1.. });
        for (field, number) in numbered.filter(|(_, number)| !(is_header && *number <= 2)) {
            let place = Place {
                segment: name.clone(),
                occurrence: *occurrence,
                field: number,
                repetition: 1,
                component: 1,
                subcomponent: 1,
            };
            split_field(field, delimiters, &place, &mut leaves);
        }
    }
    leaves
}

fn split_field(
    field: &[u8],
    delimiters: &Delimiters,
    place: &Place,
    leaves: &mut BTreeMap<Place, Vec<u8>>,
) {
    for (repetition, bytes) in split(field, delimiters.repetition) {
        for (component, bytes) in split(bytes, Some(delimiters.component)) {
            for (subcomponent, bytes) in split(bytes, delimiters.subcomponent) {
                if !bytes.is_empty() {
                    let place = Place { repetition, component, subcomponent, ..place.clone() };
                    leaves.insert(place, bytes.to_vec());
                }
            }
        }
    }
}

fn split(bytes: &[u8], separator: Option<u8>) -> impl Iterator<Item = (u16, &[u8])> {
    (1..).zip(bytes.split(move |byte| Some(*byte) == separator))
}
