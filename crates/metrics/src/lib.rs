//! The figures of a running engine as metrics, in the text that Prometheus scrapes (`OpenMetrics` 1.0).
//!
//! Nothing is counted here: [`exposition`] writes down what the engine's desk answers, at the moment of a scrape. So a
//! scrape costs what `wardline status` costs, and an engine that nobody scrapes pays nothing.
//!
//! ```text
//!   Status, StoreFigures, Readiness ─▶ bounded ─▶ listeners, destinations, handlers, engine ─▶ text
//! ```
//!
//! Labels are the ids of listeners, destinations and handlers, which are the configuration's, and stable codes, which are
//! the program's: nothing that a peer sends is in them (PHI-1). Of each kind of id there are at most [`MAX_IDS`]; what is
//! beyond is summed as [`OTHERS`] (BOUND-1).

mod bounded;
mod destinations;
mod engine;
mod family;
mod handlers;
mod listeners;

#[cfg(test)]
mod tests;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;
use wardline_engine::control::protocol::{Readiness, Status, StoreFigures};

pub use bounded::{MAX_IDS, OTHERS};
use family::Page;

/// What every name begins with.
const PREFIX: &str = "wardline";

/// What the text is, for whoever serves it.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a running engine answers about itself.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The engine at a glance.
    pub status: Status,
    /// Whether it takes messages.
    pub readiness: Readiness,
    /// Its store.
    pub store: StoreFigures,
}

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page::new(encoder);
        engine::write(self, &mut page)?;
        listeners::write(&bounded::listeners(&self.status.listeners), &mut page)?;
        destinations::write(&bounded::destinations(&self.status.destinations), &mut page)?;
        handlers::write(&bounded::handlers(&self.status.handlers), &mut page)
    }
}

/// The metrics of these figures, as text.
///
/// # Errors
///
/// None that a text in memory could have; the writer's interface has it.
pub fn exposition(figures: Figures) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(figures));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}
