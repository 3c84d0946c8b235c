//! At most so many ids of each kind: what is beyond is one row of sums, so that a configuration of any size costs
//! Prometheus no more than its keeper expects.

use wardline_engine::control::protocol::{HandlerRow, ListenerRow, QueueRow};

/// The most ids of one kind: twice what a large hospital has.
pub const MAX_IDS: usize = 1000;
/// The id under which those beyond are summed. No id of a configuration begins like this.
pub const OTHERS: &str = "_others";

/// The first rows, and the others as one.
fn bounded<R: Clone>(rows: &[R], sum: impl Fn(&[R]) -> R) -> Vec<R> {
    match rows.split_at_checked(MAX_IDS) {
        Some((first, others)) if !others.is_empty() => {
            first.iter().cloned().chain([sum(others)]).collect()
        }
        _ => rows.to_vec(),
    }
}

pub(crate) fn listeners(rows: &[ListenerRow]) -> Vec<ListenerRow> {
    bounded(rows, |others| ListenerRow {
        id: OTHERS.to_owned(),
        address: String::new(),
        role: None,
        connections: others.iter().map(|row| row.connections).sum(),
        max_connections: others.iter().map(|row| row.max_connections).sum(),
        last_received: None,
        paused: None,
        counts: others.iter().map(|row| row.counts).sum(),
    })
}

pub(crate) fn destinations(rows: &[QueueRow]) -> Vec<QueueRow> {
    bounded(rows, |others| {
        let sum = |of: fn(&QueueRow) -> u64| others.iter().map(of).sum();
        QueueRow {
            destination: OTHERS.to_owned(),
            kind: String::new(),
            endpoint: String::new(),
            role: None,
            state: String::new(),
            reason: None,
            pending: sum(|row| row.pending),
            held: sum(|row| row.held),
            dead: sum(|row| row.dead),
            oldest: others.iter().filter_map(|row| row.oldest.clone()).min(),
            head_attempts: others.iter().map(|row| row.head_attempts).max().unwrap_or_default(),
            next_retry: None,
            last_close: None,
            last_delivered: None,
            application_awaited: sum(|row| row.application_awaited),
            warnings: Vec::new(),
            withheld: sum(|row| row.withheld),
            counts: Some(others.iter().filter_map(|row| row.counts).sum()),
        }
    })
}

pub(crate) fn handlers(rows: &[HandlerRow]) -> Vec<HandlerRow> {
    bounded(rows, |others| HandlerRow {
        name: OTHERS.to_owned(),
        state: String::new(),
        instances: others.iter().map(|row| row.instances).sum(),
        stuck: others.iter().map(|row| row.stuck).sum(),
        counts: others.iter().map(|row| row.counts).sum(),
    })
}
