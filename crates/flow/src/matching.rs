//! The table `match` of a route: which messages it wants, by header or by any path.
//!
//! Compared are bytes, as they came: a route must not depend on how a charset is read. Within a key one value is enough,
//! between keys all must hold.

use wardline_hl7::{Message, Path};

pub use wardline_hl7::{MessagePattern, PatternError};

/// A `match` table. Without any key it wants every message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matcher {
    /// `message`: type and trigger event. Empty = any.
    pub messages: Vec<MessagePattern>,
    /// `sending_application`, MSH-3: its namespace id, or its universal id where that is empty. Empty = any.
    pub sending_applications: Vec<String>,
    /// `sending_facility`, MSH-4, likewise.
    pub sending_facilities: Vec<String>,
    /// `receiving_application`, MSH-5, likewise.
    pub receiving_applications: Vec<String>,
    /// `receiving_facility`, MSH-6, likewise.
    pub receiving_facilities: Vec<String>,
    /// Any other place of the message, each with the values wanted there.
    pub paths: Vec<MatchedPath>,
}

/// One path of a `match` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedPath {
    /// Where to look; with `[*]`, one of the places is enough.
    pub path: Path,
    /// What to find there, escapes as they stand in the message. `""` finds an element that is absent or empty.
    pub values: Vec<String>,
}

impl Matcher {
    /// Whether the route wants this message.
    pub fn matches(&self, message: &Message) -> bool {
        self.wants_type(message)
            && self.header_keys(message).iter().all(|(_, wanted, found)| one_of(wanted, found))
            && self.paths.iter().all(|wanted| wanted.found_in(message))
    }

    /// The first key that keeps the message out, as it is written; `None` where none does.
    pub fn misses(&self, message: &Message) -> Option<String> {
        if !self.wants_type(message) {
            return Some("message".to_owned());
        }
        let header = self.header_keys(message).into_iter();
        let mut missing = header.filter(|(_, wanted, found)| !one_of(wanted, found));
        if let Some((key, ..)) = missing.next() {
            return Some(key.to_owned());
        }
        let path = self.paths.iter().find(|wanted| !wanted.found_in(message))?;
        Some(path.path.to_string())
    }

    fn wants_type(&self, message: &Message) -> bool {
        self.messages.is_empty() || self.messages.iter().any(|pattern| pattern.matches(message))
    }

    /// The keys of the header: as they are written, what they want, what stands there.
    fn header_keys<'m>(
        &'m self,
        message: &'m Message,
    ) -> [(&'static str, &'m [String], &'m [u8]); 4] {
        let header = message.header();
        [
            ("sending_application", &self.sending_applications, header.sending_application()),
            ("sending_facility", &self.sending_facilities, header.sending_facility()),
            ("receiving_application", &self.receiving_applications, header.receiving_application()),
            ("receiving_facility", &self.receiving_facilities, header.receiving_facility()),
        ]
    }

    /// Whether it wants every message that the other wants, as far as both say so.
    pub fn covers(&self, other: &Self) -> bool {
        let wider = |one: &[String], other: &[String]| {
            one.is_empty() || (!other.is_empty() && other.iter().all(|value| one.contains(value)))
        };
        let wider_types = self.messages.is_empty()
            || (!other.messages.is_empty()
                && other
                    .messages
                    .iter()
                    .all(|wanted| self.messages.iter().any(|pattern| pattern.covers(wanted))));
        let wider_path = |one: &MatchedPath| {
            let same = other.paths.iter().filter(|other| other.path == one.path);
            same.into_iter().any(|other| wider(&one.values, &other.values))
        };
        wider_types
            && wider(&self.sending_applications, &other.sending_applications)
            && wider(&self.sending_facilities, &other.sending_facilities)
            && wider(&self.receiving_applications, &other.receiving_applications)
            && wider(&self.receiving_facilities, &other.receiving_facilities)
            && self.paths.iter().all(wider_path)
    }

    /// Whether it wants this message and says its type.
    pub fn names(&self, message: &Message) -> bool {
        let by_type = |pattern: &MessagePattern| pattern.names_a_type() && pattern.matches(message);
        self.messages.iter().any(by_type) && self.matches(message)
    }
}

impl MatchedPath {
    fn found_in(&self, message: &Message) -> bool {
        if self.path.is_plural() {
            message.all(&self.path).any(|value| self.wants(value.raw()))
        } else {
            self.wants(message.get(&self.path).raw())
        }
    }

    fn wants(&self, found: &[u8]) -> bool {
        self.values.iter().any(|value| value.as_bytes() == found)
    }
}

/// Whether the list is empty or holds what was found.
fn one_of(wanted: &[String], found: &[u8]) -> bool {
    wanted.is_empty() || wanted.iter().any(|value| value.as_bytes() == found)
}

#[cfg(test)]
mod tests;
