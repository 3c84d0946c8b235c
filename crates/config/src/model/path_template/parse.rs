//! From the text of `path` to a [`PathTemplate`], refusing what would surprise at night.

use std::str::FromStr;

use jiff::fmt::strtime;
use jiff::{Timestamp, tz::TimeZone};

use super::{Component, MAX_COMPONENT, Part, PathTemplate, Placeholder};

/// Every placeholder, as it is written.
pub(crate) const PLACEHOLDERS: &[&str] = &[
    "{received:%Y-%m-%d}",
    "{control_id}",
    "{message_type}",
    "{trigger_event}",
    "{sending_application}",
    "{sending_facility}",
    "{id}",
];

/// Room kept for each value of a folder or file name, in bytes, however much text stands beside it.
const MIN_VALUE: usize = 20;

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// A brace without its partner.
    #[error("a `{{` or `}}` has no partner")]
    UnpairedBrace,
    /// `{name}` with a name that stands for nothing.
    #[error("unknown placeholder `{{{name}}}`")]
    UnknownPlaceholder {
        /// What stands between the braces.
        name: String,
    },
    /// `{received:…}` with a format that means nothing.
    #[error("`{format}` is no format for a time")]
    BadTimeFormat {
        /// What stands behind the colon.
        format: String,
    },
    /// It is empty or ends in `/`.
    #[error("the path has no file name")]
    NoFileName,
    /// The file name has no placeholder.
    #[error("every message would get the same file name")]
    SameNameForAll,
    /// Too much text and too many placeholders between two `/`.
    #[error("a folder or file name would not fit into {MAX_COMPONENT} bytes")]
    TooLong,
    /// A byte that no path may hold.
    #[error("a path cannot hold a NUL character")]
    Nul,
}

impl FromStr for PathTemplate {
    type Err = TemplateFault;

    fn from_str(text: &str) -> Result<Self, TemplateFault> {
        if text.contains('\0') {
            return Err(TemplateFault::Nul);
        }
        let mut components = vec![Component::default()];
        let mut rest = text;
        while !rest.is_empty() {
            let (part, behind) = next_part(rest)?;
            rest = behind;
            let Part::Literal(literal) = part else {
                push(&mut components, part);
                continue;
            };
            for (number, name) in literal.split('/').enumerate() {
                if number > 0 {
                    components.push(Component::default());
                }
                if !name.is_empty() {
                    push(&mut components, Part::Literal(name.to_owned()));
                }
            }
        }
        check_file_name(components.last())?;
        components.retain(|component| !component.parts.is_empty());
        if components.iter().any(|component| !component.fits()) {
            return Err(TemplateFault::TooLong);
        }
        Ok(Self { text: text.to_owned(), absolute: text.starts_with('/'), components })
    }
}

/// Splits off the text before the next brace, or one placeholder.
fn next_part(text: &str) -> Result<(Part, &str), TemplateFault> {
    let Some(inside) = text.strip_prefix('{') else {
        let end = text.find(['{', '}']).unwrap_or(text.len());
        let (literal, behind) = text.split_at(end);
        return if literal.is_empty() {
            Err(TemplateFault::UnpairedBrace)
        } else {
            Ok((Part::Literal(literal.to_owned()), behind))
        };
    };
    let (name, behind) = inside.split_once('}').ok_or(TemplateFault::UnpairedBrace)?;
    if name.contains('{') {
        return Err(TemplateFault::UnpairedBrace);
    }
    Ok((placeholder(name)?, behind))
}

fn placeholder(name: &str) -> Result<Part, TemplateFault> {
    if let Some(format) = name.strip_prefix("received:") {
        return check_time_format(format).map(|()| Part::Received(format.to_owned()));
    }
    Ok(Part::Value(match name {
        "control_id" => Placeholder::ControlId,
        "message_type" => Placeholder::MessageType,
        "trigger_event" => Placeholder::TriggerEvent,
        "sending_application" => Placeholder::SendingApplication,
        "sending_facility" => Placeholder::SendingFacility,
        "id" => Placeholder::Id,
        _ => return Err(TemplateFault::UnknownPlaceholder { name: name.to_owned() }),
    }))
}

/// A format is good when it formats some time to something without a `/`.
fn check_time_format(format: &str) -> Result<(), TemplateFault> {
    match strtime::format(format, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)) {
        Ok(text) if !text.is_empty() && !text.contains('/') => Ok(()),
        Ok(_) | Err(_) => Err(TemplateFault::BadTimeFormat { format: format.to_owned() }),
    }
}

fn push(components: &mut [Component], part: Part) {
    if let Some(last) = components.last_mut() {
        last.parts.push(part);
    }
}

fn check_file_name(last: Option<&Component>) -> Result<(), TemplateFault> {
    match last {
        None => Err(TemplateFault::NoFileName),
        Some(name) if name.parts.is_empty() => Err(TemplateFault::NoFileName),
        Some(name) if name.values() == 0 => Err(TemplateFault::SameNameForAll),
        Some(_) => Ok(()),
    }
}

impl Component {
    fn fits(&self) -> bool {
        self.literal_bytes() + self.values() * MIN_VALUE <= MAX_COMPONENT
    }
}
