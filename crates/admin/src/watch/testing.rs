//! Rows of an engine that does not run, for tests.

use wardline_engine::control::protocol::{
    DeliveryRow, DeliveryState, ListenerRow, ProcessFigures, QueueRow, Status, Wiring,
};
use wardline_engine::observe::{DestinationCounts, ListenerCounts};

use super::sampler::Memory;
use super::snapshot::Snapshot;

/// A listener that was sent something.
pub(crate) fn listener(id: &str) -> ListenerRow {
    ListenerRow {
        id: id.to_owned(),
        address: "0.0.0.0:2575".to_owned(),
        role: Some("server".to_owned()),
        connections: 1,
        max_connections: 16,
        last_received: Some("2026-11-21T03:11:50Z".to_owned()),
        paused: None,
        counts: ListenerCounts::default(),
    }
}

/// A destination with an empty queue.
pub(crate) fn queue(id: &str, state: &str) -> QueueRow {
    QueueRow {
        destination: id.to_owned(),
        kind: "mllp".to_owned(),
        endpoint: "10.1.2.3:2575".to_owned(),
        role: Some("client".to_owned()),
        state: state.to_owned(),
        reason: None,
        pending: 0,
        held: 0,
        dead: 0,
        oldest: None,
        head_attempts: 0,
        next_retry: None,
        last_close: None,
        last_delivered: None,
        application_awaited: 0,
        warnings: Vec::new(),
        withheld: 0,
        counts: Some(DestinationCounts::default()),
    }
}

/// An engine with these.
pub(crate) fn status(listeners: Vec<ListenerRow>, destinations: Vec<QueueRow>) -> Status {
    Status {
        name: "st-elsewhere".to_owned(),
        version: "0.1.0".to_owned(),
        pid: 1,
        started: "1970-01-01T00:00:00Z".to_owned(),
        phase: "running".to_owned(),
        intake: "open".to_owned(),
        resident_bytes: 0,
        process: ProcessFigures::default(),
        listeners,
        destinations,
        handlers: Vec::new(),
        unrouted: 0,
        lookups: Vec::new(),
        certificates: Vec::new(),
        certificates_expiring: 0,
    }
}

/// The first look at such an engine.
pub(crate) fn seen(
    now: &str,
    listeners: Vec<ListenerRow>,
    destinations: Vec<QueueRow>,
) -> Snapshot {
    let mut memory = Memory::new();
    let now = now.parse().expect("a moment");
    memory.look(
        now,
        Status { started: now.to_string(), ..status(listeners, destinations) },
        Wiring::default(),
    )
}

/// One delivery that waits.
pub(crate) fn delivery(number: u64, destination: &str, control_id: &str) -> DeliveryRow {
    DeliveryRow {
        message: number.to_string().parse().expect("a number"),
        destination: destination.to_owned(),
        state: DeliveryState::Pending,
        control_id: control_id.to_owned(),
        message_type: "ORM^O01".to_owned(),
        received: "2026-11-21T02:41:07Z".to_owned(),
        listener: "ris-orm-in".to_owned(),
        attempts: 14,
        cause: Some("error".to_owned()),
        due: None,
        size: 700,
    }
}
