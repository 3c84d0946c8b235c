//! What the watch saw last: everything a page needs to be drawn at once, without asking the engine.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use wardline_engine::control::protocol::{ListenerRow, QueueRow, Status, StoreFigures, Wiring};

use super::condition::Condition;
use super::interface::{Interface, Side};
use super::series::Series;

/// One look at the engine.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// When.
    pub(crate) at: Timestamp,
    /// What the engine said.
    pub(crate) status: Arc<Status>,
    /// How its parts are joined.
    pub(crate) wiring: Arc<Wiring>,
    /// The store, looked at less often.
    pub(crate) store: Option<Arc<StoreFigures>>,
    /// Listeners and then destinations, in the order of the configuration.
    pub(crate) interfaces: Arc<Vec<Interface>>,
    /// All of them together.
    pub(crate) totals: Arc<Totals>,
    /// State changes, the newest first.
    pub(crate) changes: Arc<Vec<StateChange>>,
}

/// What came in and went out of the whole engine.
#[derive(Debug, Clone)]
pub(crate) struct Totals {
    /// Received, a minute each, a day.
    pub(crate) received: Series,
    /// Delivered, likewise.
    pub(crate) delivered: Series,
    /// Received, ten minutes each, eight days.
    pub(crate) received_long: Series,
    /// Delivered, likewise.
    pub(crate) delivered_long: Series,
}

/// An interface went over to another state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateChange {
    /// When.
    pub(crate) at: Timestamp,
    /// Which.
    pub(crate) interface: String,
    /// To what.
    pub(crate) to: Condition,
    /// From what.
    pub(crate) from: Condition,
    /// Since when it stood as it did before.
    pub(crate) from_since: Timestamp,
    /// The cause's code, or who decided.
    pub(crate) reason: Option<String>,
}

impl Snapshot {
    pub(crate) fn interface(&self, id: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|one| one.id == id)
    }

    pub(crate) fn listener(&self, id: &str) -> Option<&ListenerRow> {
        self.status.listeners.iter().find(|row| row.id == id)
    }

    pub(crate) fn queue(&self, id: &str) -> Option<&QueueRow> {
        self.status.destinations.iter().find(|row| row.destination == id)
    }

    /// Listeners with their rows, in the order of the configuration.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = (&Interface, &ListenerRow)> {
        let rows: HashMap<&str, &ListenerRow> =
            self.status.listeners.iter().map(|row| (row.id.as_str(), row)).collect();
        let listeners = self.interfaces.iter().filter(|one| one.side == Side::Listener);
        listeners.filter_map(move |one| Some((one, *rows.get(one.id.as_str())?)))
    }

    /// Destinations with their rows, in the order of the configuration.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = (&Interface, &QueueRow)> {
        let rows: HashMap<&str, &QueueRow> =
            self.status.destinations.iter().map(|row| (row.destination.as_str(), row)).collect();
        let destinations = self.interfaces.iter().filter(|one| one.side == Side::Destination);
        destinations.filter_map(move |one| Some((one, *rows.get(one.id.as_str())?)))
    }

    /// All interfaces, the worst first, then by name.
    pub(crate) fn worst_first(&self) -> Vec<&Interface> {
        let mut all: Vec<&Interface> = self.interfaces.iter().collect();
        all.sort_by(|one, other| (one.condition, &one.id).cmp(&(other.condition, &other.id)));
        all
    }

    /// How many interfaces fulfil this.
    pub(crate) fn count(&self, is: impl Fn(Condition) -> bool) -> u64 {
        self.interfaces.iter().filter(|one| is(one.condition)).count() as u64
    }

    /// Deliveries that wait, those held as unclear included.
    pub(crate) fn queued(&self) -> u64 {
        self.status.destinations.iter().map(|row| row.pending + row.held).sum()
    }

    /// Dead letters.
    pub(crate) fn dead(&self) -> u64 {
        self.status.destinations.iter().map(|row| row.dead).sum()
    }

    /// Whether messages are taken in.
    pub(crate) fn takes_messages(&self) -> bool {
        self.status.intake == "open"
    }
}

/// When an RFC 3339 text says.
pub(crate) fn moment(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
}
