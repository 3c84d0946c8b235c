//! What retention would let go, before it does.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use wardline_store::history::History;
use wardline_store::{NotEnded as StoreNotEnded, PrunedSegment, Pruning};

use super::super::protocol::{
    HistoryFigures, NotEnded, PreviewListener, PreviewSegment, Response, StorePreview,
};
use super::{Desk, DeskError};

impl Desk {
    /// What would go under these limits, or under those of the configuration.
    pub(super) async fn store_preview(
        &self,
        retain_for_seconds: Option<u64>,
        retain_bytes: Option<u64>,
    ) -> Result<Response, DeskError> {
        let store = Arc::clone(&self.store);
        let retain_for = retain_for_seconds.map(Duration::from_secs);
        let read = move || store.pruning(retain_for, retain_bytes);
        let pruning = tokio::task::spawn_blocking(read).await??;
        Ok(Response::StorePreviewed(Box::new(preview(pruning))))
    }
}

fn preview(pruning: Pruning) -> StorePreview {
    let listeners = pruning.listeners.into_iter().map(|one| PreviewListener {
        listener: one.listener.to_string(),
        messages: one.messages,
        bytes: one.bytes,
    });
    StorePreview {
        retain_for_seconds: pruning.retain_for.as_secs(),
        retain_bytes: pruning.retain_bytes,
        segments: pruning.segments,
        bytes: pruning.bytes,
        messages: pruning.messages,
        until: shown(pruning.until),
        carried: not_ended(pruning.carried),
        each: pruning.each.iter().map(segment).collect(),
        listeners: listeners.collect(),
        whole: pruning.whole,
        stays_because: pruning.stays.map(|why| why.to_string()),
    }
}

fn segment(one: &PrunedSegment) -> PreviewSegment {
    PreviewSegment {
        segment: one.segment,
        bytes: one.bytes,
        from: shown(one.from),
        until: shown(one.until),
        messages: one.messages,
        carried: not_ended(one.carried),
    }
}

fn not_ended(StoreNotEnded { pending, held, dead }: StoreNotEnded) -> NotEnded {
    NotEnded { pending, held, dead }
}

fn shown(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// How the history is doing. Blocks shortly.
pub(super) fn of_history(history: &History) -> HistoryFigures {
    let figures = history.figures();
    HistoryFigures {
        ready: figures.ready,
        messages: figures.messages,
        oldest: shown(figures.oldest),
        lag: figures.lag,
        bytes: figures.bytes,
        runs: figures.runs,
        outdated: figures.outdated,
        faults: figures.faults,
    }
}
