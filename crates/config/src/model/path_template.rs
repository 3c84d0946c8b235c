//! Where a file destination puts a message: a path with placeholders, taken apart once.
//!
//! ```text
//!   var/archive/{received:%Y-%m-%d}/{control_id}.hl7
//!   └───┬─────┘ └───────┬─────────┘ └────┬─────┘└┬┘
//!    literal      time of receipt     a value   literal
//! ```
//!
//! What a peer can write into a value never leaves its place in the path: values are reduced to `[A-Za-z0-9._-]`, are
//! never empty, `.` or `..`, and share the room that a file name has. A rendered path is content (PHI-1): it is neither
//! logged nor shown.

mod parse;

use std::fmt;
use std::path::PathBuf;

use jiff::Zoned;
use jiff::fmt::strtime;
use wardline_hl7::Identity;

pub(crate) use parse::PLACEHOLDERS;
pub use parse::TemplateFault;

/// The longest one value becomes, in bytes.
const MAX_VALUE: usize = 120;
/// The longest one part of the path becomes, in bytes: file systems take 255, and a number (`-2`) and the suffix of a
/// temporary name must fit behind it.
const MAX_COMPONENT: usize = 220;

/// A path with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    text: String,
    absolute: bool,
    components: Vec<Component>,
}

/// One folder, or the file name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Component {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `{received:…}`: a format of `strftime`.
    Received(String),
    Value(Placeholder),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    ControlId,
    MessageType,
    TriggerEvent,
    SendingApplication,
    SendingFacility,
    Id,
}

/// What the placeholders of one message stand for.
#[derive(Debug, Clone, Copy)]
pub struct TemplateValues<'m> {
    /// When it was received, in the time zone in which folders are named.
    pub received: &'m Zoned,
    /// Its own id in this engine.
    pub id: u64,
    /// The ids of its header.
    pub identity: &'m Identity,
}

impl PathTemplate {
    /// The path of one message. The same values give the same path.
    pub fn render(&self, values: &TemplateValues<'_>) -> PathBuf {
        let mut path = if self.absolute { PathBuf::from("/") } else { PathBuf::new() };
        path.extend(self.components.iter().map(|component| component.render(values)));
        path
    }

    /// The folder that all of its paths lie in; a relative one starts at the working directory.
    pub fn fixed_folder(&self) -> PathBuf {
        let mut folder = PathBuf::from(if self.absolute { "/" } else { "." });
        let folders = self.components.split_last().map_or(&[][..], |(_, folders)| folders);
        let fixed = folders.iter().map_while(|component| match component.parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        });
        folder.extend(fixed);
        folder
    }
}

impl fmt::Display for PathTemplate {
    /// As it stands in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Component {
    fn render(&self, values: &TemplateValues<'_>) -> String {
        let room = self.room_of_a_value();
        self.parts.iter().fold(String::new(), |mut name, part| {
            match part {
                Part::Literal(text) => name.push_str(text),
                Part::Received(format) => {
                    name.push_str(&reduce(
                        &strtime::format(format, values.received).unwrap_or_default(),
                        room,
                    ));
                }
                Part::Value(placeholder) => name.push_str(&reduce(&placeholder.of(values), room)),
            }
            name
        })
    }

    /// What its values share evenly: its own room without its literals. The parser sees to it that this is not zero.
    fn room_of_a_value(&self) -> usize {
        (MAX_COMPONENT.saturating_sub(self.literal_bytes()) / self.values().max(1)).min(MAX_VALUE)
    }

    fn literal_bytes(&self) -> usize {
        self.parts
            .iter()
            .map(|part| if let Part::Literal(text) = part { text.len() } else { 0 })
            .sum()
    }

    fn values(&self) -> usize {
        self.parts.iter().filter(|part| !matches!(part, Part::Literal(_))).count()
    }
}

impl Placeholder {
    fn of(self, values: &TemplateValues<'_>) -> String {
        let identity = values.identity;
        match self {
            Self::ControlId => identity.control_id.clone(),
            Self::MessageType => identity.message_type.clone(),
            Self::TriggerEvent => identity.trigger_event.clone(),
            Self::SendingApplication => identity.sending_application.clone(),
            Self::SendingFacility => identity.sending_facility.clone(),
            Self::Id => values.id.to_string(),
        }
    }
}

/// A value as a part of a file name.
fn reduce(value: &str, room: usize) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let reduced: String = value.chars().take(room).map(plain).collect();
    match reduced.as_str() {
        "" | "." => "_".to_owned(),
        ".." => "__".to_owned(),
        _ => reduced,
    }
}

#[cfg(test)]
mod tests;
