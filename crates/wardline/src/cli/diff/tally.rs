//! What is otherwise, counted: groups of messages to which the same happens for the same reason.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use wardline_engine::trial::Difference;
use wardline_hl7::Message;

use super::super::printable;
use super::change::{Change, Kind};
use super::received::{Came, PassedOver};

/// Groups that are told apart: reasons name rules and routes, of which a site has fewer. What is beyond is counted.
const MAX_GROUPS: usize = 1000;

/// Paths that are told apart in a group.
const MAX_FIELDS: usize = 1000;

/// Everything that was compared.
pub(super) struct Tally {
    examples: usize,
    show: bool,
    pub(super) messages: u64,
    pub(super) otherwise: u64,
    /// When the first and the last of them were received.
    pub(super) received: Option<(Timestamp, Timestamp)>,
    pub(super) passed_over: PassedOver,
    groups: BTreeMap<Key, Group>,
    /// Changes that are in no group, for there were too many.
    pub(super) beyond: u64,
}

/// What happens, where and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Key {
    pub(super) kind: Kind,
    pub(super) listener: String,
    pub(super) destination: Option<String>,
    pub(super) why: Option<String>,
}

/// The messages to which it happens.
#[derive(Debug, Default, Serialize)]
pub(super) struct Group {
    pub(super) messages: u64,
    /// In how many of them each field changes.
    pub(super) fields: BTreeMap<String, u64>,
    pub(super) examples: Vec<Example>,
}

/// One of them.
#[derive(Debug, Serialize)]
pub(super) struct Example {
    /// Our number for it, or the file it stands in.
    pub(super) message: String,
    /// MSH-10.
    pub(super) control_id: String,
    /// With `--show`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) differences: Vec<Difference>,
}

impl Tally {
    pub(super) fn new(examples: usize, show: bool) -> Self {
        Self {
            examples,
            show,
            messages: 0,
            otherwise: 0,
            received: None,
            passed_over: PassedOver::default(),
            groups: BTreeMap::new(),
            beyond: 0,
        }
    }

    /// Counts a message with all that is otherwise with it.
    pub(super) fn note(&mut self, came: &Came<'_>, changes: Vec<Change>) {
        self.messages += 1;
        if let Some(at) = came.received_at {
            let (first, _) = self.received.unwrap_or((at, at));
            self.received = Some((first, at));
        }
        self.otherwise += u64::from(!changes.is_empty());
        for Change { kind, destination, why, differences } in changes {
            let listener = came.listener.to_string();
            let key = Key { kind, listener, destination, why };
            if self.groups.len() >= MAX_GROUPS && !self.groups.contains_key(&key) {
                self.beyond += 1;
                continue;
            }
            let group = self.groups.entry(key).or_default();
            group.note(&differences);
            if group.examples.len() < self.examples {
                let differences = if self.show { differences } else { Vec::new() };
                group.examples.push(Example::of(came, differences));
            }
        }
    }

    /// What was not looked at.
    pub(super) fn passed_over(&mut self, passed_over: PassedOver) {
        let unknown = self.passed_over.unknown;
        self.passed_over = PassedOver { unknown, ..passed_over };
    }

    /// It came through a listener that the old configuration does not have.
    pub(super) fn pass_over_unknown(&mut self) {
        self.passed_over.unknown += 1;
    }

    /// Whether no message would come out otherwise.
    pub(super) fn is_all_as_before(&self) -> bool {
        self.otherwise == 0
    }

    /// The gravest first, of those the largest.
    pub(super) fn groups(&self) -> Vec<(&Key, &Group)> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(key, group)| (key.kind, Reverse(group.messages)));
        groups
    }
}

impl Group {
    fn note(&mut self, differences: &[Difference]) {
        self.messages += 1;
        let paths: BTreeSet<String> = differences.iter().map(|one| anywhere(&one.path)).collect();
        for path in paths {
            if self.fields.len() < MAX_FIELDS || self.fields.contains_key(&path) {
                *self.fields.entry(path).or_default() += 1;
            }
        }
    }

    /// The fields, those of most messages first.
    pub(super) fn fields(&self) -> Vec<(&str, u64)> {
        let mut fields: Vec<_> = self.fields.iter().map(|(path, n)| (path.as_str(), *n)).collect();
        fields.sort_by_key(|(_, messages)| Reverse(*messages));
        fields
    }
}

impl Example {
    fn of(came: &Came<'_>, differences: Vec<Difference>) -> Self {
        let message = Message::parse(came.body.clone());
        let control_id = message.map(|message| printable::id(message.header().control_id()));
        let control_id = control_id.unwrap_or_default();
        Self { message: came.name.to_string(), control_id, differences }
    }
}

/// The path without the numbers of segments and repetitions.
fn anywhere(path: &str) -> String {
    let mut depth = 0;
    let mut kept = path.to_owned();
    kept.retain(|character| {
        match character {
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                return false;
            }
            _ => {}
        }
        depth == 0
    });
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_the_same_in_every_segment_and_repetition() {
        for (path, expected) in
            [("OBX[12]-6.1", "OBX-6.1"), ("PID-3[2].4", "PID-3.4"), ("PID-7.1", "PID-7.1")]
        {
            assert_eq!(anywhere(path), expected);
        }
    }
}
