//! The alarm about messages that no route takes: once for each type.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use wardline_flow::Source;

/// How many types one source tells of: a sender that makes types up must not fill a log.
const MAX_TOLD: usize = 256;

/// The types of one source that have been told of.
#[derive(Debug, Default)]
pub(crate) struct UnroutedTypes {
    told: Mutex<BTreeSet<String>>,
}

impl UnroutedTypes {
    /// Tells of a message of `source` with this type, unless that has been done.
    pub(crate) fn tell(&self, source: &Source, message_type: &str) {
        if self.is_news(message_type) {
            tracing::warn!(%source, message_type, "no route takes messages of this type");
        }
    }

    fn is_news(&self, message_type: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MAX_TOLD && told.insert(message_type.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_news_once_and_made_up_ones_come_to_an_end() {
        let types = UnroutedTypes::default();
        assert!(types.is_news("ADT^A01"));
        assert!(!types.is_news("ADT^A01"));
        let told = (0..1000).filter(|number| types.is_news(&format!("Z{number}"))).count();
        assert_eq!(told, MAX_TOLD - 1);
    }
}
