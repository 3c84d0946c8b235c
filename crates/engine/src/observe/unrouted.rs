//! The alarm about messages that no route takes: once for each type.

use wardline_flow::Source;

use super::news::News;

/// The types of one source that have been told of.
#[derive(Debug, Default)]
pub(crate) struct UnroutedTypes {
    told: News,
}

impl UnroutedTypes {
    /// Tells of a message of `source` with this type, unless that has been done.
    pub(crate) fn tell(&self, source: &Source, message_type: &str) {
        if self.told.is_news(message_type) {
            tracing::warn!(%source, message_type, "no route takes messages of this type");
        }
    }
}
