//! `wardline hl7 deid`: messages without the people in them, for a test bench or a bug report.
//!
//! What is replaced stands in one table, [`elements::ELEMENTS`]. A value becomes the same pseudonym wherever it occurs
//! in one run, so that messages still belong together; another run gives others, and nobody, we included, can go back:
//! the key of the hash is random and forgotten.

mod elements;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::PathBuf;

use clap::Args;
use wardline_hl7::{EditError, Message, Path};

use super::super::failure::Outcome;
use super::super::terminal::Terminal;
use super::{Hl7Error, Reading, messages};
use elements::{ELEMENTS, Kind};

/// Print messages with pseudonyms for the people in them.
///
/// Replaced are names, ids, addresses, telephone numbers and birth dates of patients, relatives, guarantors and insured
/// in PID, MRG, NK1, GT1, IN1, IN2, ACC and PV1-19, and the text of NTE-3 and of OBX-5 that is no number, code or date.
/// What stands elsewhere is not found: other dates, staff, Z segments, codes that name a person. Read the result before
/// you give it away.
#[derive(Debug, Args)]
pub(crate) struct Deid {
    /// Files, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// Leave NTE-3 and OBX-5 as they are.
    #[arg(long)]
    keep_text: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Deid {
    pub(super) fn execute(self, terminal: Terminal) -> Outcome {
        let pseudonyms = Pseudonyms(RandomState::new());
        for file in &self.files {
            for (message, place) in messages(file, self.reading)?.iter().zip(1..) {
                let message = pseudonyms.instead(message, self.keep_text).map_err(|source| {
                    Hl7Error::Deid { number: place, path: file.clone(), source }
                })?;
                terminal.bytes(message.bytes())?;
                if !message.bytes().ends_with(b"\r") && !message.bytes().ends_with(b"\n") {
                    terminal.bytes(b"\r")?;
                }
            }
        }
        Ok(super::super::exit::Exit::Ok)
    }
}

/// The pseudonyms of one run.
struct Pseudonyms<S>(S);

impl<S: BuildHasher> Pseudonyms<S> {
    /// The message with a pseudonym in the place of each element of the table.
    fn instead(&self, message: &Message, keep_text: bool) -> Result<Message, EditError> {
        let mut message = message.clone();
        for element in ELEMENTS {
            if keep_text && element.kind == Kind::Text {
                continue;
            }
            for path in places(&message, element.segment, element.field, element.component) {
                let wanted = message.get(&path).is_present()
                    && (element.segment != "OBX" || holds_text(&message, &path));
                if wanted {
                    let text = message.text(&path).unwrap_or_default().into_owned();
                    message = message.set(&path, &self.of(element.kind, &text))?;
                }
            }
        }
        Ok(message)
    }

    /// What takes the place of this text.
    fn of(&self, kind: Kind, text: &str) -> String {
        let number = self.0.hash_one((kind.as_str(), text.trim().to_uppercase()));
        match kind {
            Kind::Name | Kind::Address => format!("{}{:06}", kind.as_str(), number % 1_000_000),
            // As long as before, digits for digits: receivers check lengths and check ids for being numbers.
            Kind::Id | Kind::Telephone => digits(text, number),
            // The year stays: age decides about reference ranges.
            Kind::Birth => {
                match text.get(..4).filter(|year| year.bytes().all(|b| b.is_ascii_digit())) {
                    Some(year) if text.len() >= 8 => format!("{year}0101"),
                    Some(year) => year.to_owned(),
                    None => String::new(),
                }
            }
            Kind::Text => "text removed".to_owned(),
        }
    }
}

/// The text with each digit and letter replaced by another, so that its shape stays.
fn digits(text: &str, number: u64) -> String {
    let mut state = number;
    let mut next = |among: u32| {
        // The multiplier and increment of Knuth's MMIX generator: the hash is the seed, this only stretches it.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % u64::from(among)).unwrap_or_default()
    };
    text.chars()
        .map(|c| match c {
            '0'..='9' => char::from_digit(next(10), 10).unwrap_or('0'),
            c if c.is_alphabetic() => char::from_u32(u32::from('A') + next(26)).unwrap_or('X'),
            c => c,
        })
        .collect()
}

/// Every place of an element that is there: of each segment of the name, of each repetition.
fn places(message: &Message, segment: &str, field: u16, component: u16) -> Vec<Path> {
    let path = |text: String| text.parse::<Path>().ok();
    let named = message.segments().filter(|one| one.name() == segment.as_bytes()).count();
    let mut places = Vec::new();
    for occurrence in 1..=named {
        let repetitions = path(format!("{segment}[{occurrence}]-{field}[*]"))
            .map_or(0, |repetitions| message.all(&repetitions).count());
        for repetition in 1..=repetitions {
            let component = if component > 0 { format!(".{component}") } else { String::new() };
            places
                .extend(path(format!("{segment}[{occurrence}]-{field}[{repetition}]{component}")));
        }
    }
    places
}

/// Whether OBX-2 of this segment says that OBX-5 is text: everything but numbers, codes and dates, so that what is
/// unknown counts as text.
fn holds_text(message: &Message, path: &Path) -> bool {
    const OTHERS: [&str; 10] = ["NM", "SN", "CE", "CWE", "CNE", "CF", "DT", "TM", "TS", "DTM"];
    let value_type = path.to_string();
    let value_type =
        value_type.split('-').next().and_then(|obx| format!("{obx}-2").parse::<Path>().ok());
    let value_type = value_type.and_then(|path| message.text(&path).map(String::from));
    !value_type.is_some_and(|value_type| OTHERS.contains(&value_type.as_str()))
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::DefaultHasher;
    use std::hash::BuildHasherDefault;

    use super::*;

    const MESSAGE: &str = "MSH|^~\\&|A|B|C|D|2026||ORU^R01|M1|P|2.5\r\
        PID|1||M12345^^^H~X-98||DOE^JOHN^Q~DOE^J||19700509|M|||ELM ST 5^^YORK||555-1234\r\
        NK1|1|DOE^JANE\rOBX|1|NM|GLU||5.4|mmol\rOBX|2|TX|NOTE||John is well^and here~Doe too\rNTE|1||call 555-1234\r";

    fn without_people(keep_text: bool) -> Message {
        let pseudonyms = Pseudonyms(BuildHasherDefault::<DefaultHasher>::default());
        pseudonyms.instead(&Message::parse(MESSAGE.into()).unwrap(), keep_text).unwrap()
    }

    fn text(message: &Message, path: &str) -> String {
        message.text(&path.parse().unwrap()).unwrap_or_default().into_owned()
    }

    #[test]
    fn nobody_is_left_and_everything_else_is() {
        let message = without_people(false);
        let all = String::from_utf8_lossy(message.bytes()).into_owned();
        for person in
            ["DOE", "JOHN", "JANE", "12345", "X-98", "0509", "ELM", "YORK", "555-1234", "well"]
        {
            assert!(!all.to_uppercase().contains(&person.to_uppercase()), "{person}: {all}");
        }
        for (path, kept) in [
            ("MSH-10", "M1"),
            ("PID-3.4", "H"),
            ("PID-7", "19700101"),
            ("PID-8", "M"),
            ("OBX-5", "5.4"),
        ] {
            assert_eq!(text(&message, path), kept, "{path}");
        }
        assert_eq!(message.segments().count(), 6);
        assert_eq!(text(&without_people(true), "NTE-3"), "call 555-1234");
    }

    #[test]
    fn one_value_has_one_pseudonym() {
        let message = without_people(false);
        assert_eq!(text(&message, "PID-5[1].1"), text(&message, "NK1-2.1"));
        assert_ne!(text(&message, "PID-5.1"), text(&message, "PID-5.2"));
    }

    #[test]
    fn ids_keep_their_shape() {
        let id = text(&without_people(false), "PID-3.1");
        assert!(id.len() == 6 && id.starts_with(|c: char| c.is_ascii_uppercase()), "{id}");
        assert!(id.bytes().skip(1).all(|byte| byte.is_ascii_digit()), "{id}");
        assert_eq!(text(&without_people(false), "PID-3[2].1").find('-'), Some(1));
    }
}
