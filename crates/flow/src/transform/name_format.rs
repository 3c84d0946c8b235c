//! The form of a person's name: `{family}, {given} {middle}` over the components of XPN and XCN (HL7 v2.5 2.A.88, 2.A.86).

use std::fmt;
use std::str::FromStr;

/// A form, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFormat {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The component, from 1, as XPN counts.
    Part(u16),
}

/// A form that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFormatError {
    /// A part that no name has.
    #[error("a name has no `{0}`; it has family, given, middle, suffix, prefix and degree")]
    UnknownPart(String),
    /// `{` without its `}`.
    #[error("`{{` is not closed")]
    Unclosed,
}

/// The parts of a name and their components in XPN.
const PARTS: [(&str, u16); 6] =
    [("family", 1), ("given", 2), ("middle", 3), ("suffix", 4), ("prefix", 5), ("degree", 6)];

impl NameFormat {
    /// The name in this form, given the text of each component. What belongs to an absent part goes with it: blanks and
    /// commas are never doubled or left at an end.
    pub fn written(&self, part: impl Fn(u16) -> String) -> String {
        let mut written = String::new();
        let mut between = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => between.push_str(text),
                Piece::Part(number) => {
                    let text = part(*number);
                    if text.is_empty() {
                        if is_separator(&between) {
                            between.clear();
                        }
                        continue;
                    }
                    if !written.is_empty() || !is_separator(&between) {
                        written.push_str(&between);
                    }
                    between.clear();
                    written.push_str(&text);
                }
            }
        }
        if !is_separator(&between) {
            written.push_str(&between);
        }
        written
    }
}

/// Whether the text only stands between parts.
fn is_separator(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || matches!(c, ',' | ';' | '.'))
}

impl FromStr for NameFormat {
    type Err = NameFormatError;

    fn from_str(text: &str) -> Result<Self, NameFormatError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, behind) = behind.split_once('}').ok_or(NameFormatError::Unclosed)?;
            let part = PARTS.iter().find(|(part, _)| *part == name);
            let part = part.ok_or_else(|| NameFormatError::UnknownPart(name.to_owned()))?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Part(part.1));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces })
    }
}

impl fmt::Display for NameFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Part(number) => {
                let name = PARTS.iter().find(|(_, component)| component == number);
                write!(f, "{{{}}}", name.map_or("", |(name, _)| name))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: &str, parts: [&str; 6]) -> String {
        let form: NameFormat = form.parse().unwrap();
        form.written(|number| parts[usize::from(number) - 1].to_owned())
    }

    #[test]
    fn what_belongs_to_an_absent_part_goes_with_it() {
        let form = "{prefix} {given} {middle} {family}, {degree}";
        assert_eq!(written(form, ["Doe", "John", "Q", "", "Dr", "MD"]), "Dr John Q Doe, MD");
        assert_eq!(written(form, ["Doe", "John", "", "", "", ""]), "John Doe");
        assert_eq!(written(form, ["Doe", "", "", "", "", ""]), "Doe");
        assert_eq!(written(form, [""; 6]), "");
        assert_eq!(written("{family}, {given}", ["Doe", "", "", "", "", ""]), "Doe");
        assert_eq!(written("Name: {family}", ["Doe", "", "", "", "", ""]), "Name: Doe");
    }

    #[test]
    fn a_form_shows_as_it_was_written_or_is_refused() {
        let form = "{family}, {given}.";
        assert_eq!(form.parse::<NameFormat>().unwrap().to_string(), form);
        assert_eq!(
            "{first}".parse::<NameFormat>(),
            Err(NameFormatError::UnknownPart("first".into()))
        );
        assert_eq!("{family".parse::<NameFormat>(), Err(NameFormatError::Unclosed));
    }
}
