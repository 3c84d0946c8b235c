//! Figures of the store and of the process.

use std::sync::Arc;

use wardline_store::Verified;

use super::super::protocol::{Response, StoreFigures, StoreOutlook, VerifyFigures};
use super::retained::of_history;
use super::{Desk, DeskError};

impl Desk {
    /// Reads the whole store.
    pub(super) async fn store_verified(&self) -> Result<Response, DeskError> {
        let store = Arc::clone(&self.store);
        let verified = tokio::task::spawn_blocking(move || store.verify()).await??;
        Ok(Response::StoreVerified(Box::new(verify_figures(&verified))))
    }

    pub(super) async fn store_figures(&self) -> Result<StoreFigures, DeskError> {
        let store = Arc::clone(&self.store);
        let read =
            move || (store.stats(), store.outlook(), store.history().as_ref().map(of_history));
        let (stats, outlook, history) = tokio::task::spawn_blocking(read).await?;
        Ok(StoreFigures {
            folder: self.folder.clone(),
            segments: stats.segments,
            journal_bytes: stats.journal_bytes,
            index_bytes: stats.index_bytes,
            index_blobs: stats.index_blobs,
            index_lag: stats.index_lag,
            index_rebuilds: stats.index_rebuilds,
            live_deliveries: stats.live_deliveries,
            free_bytes: stats.free_bytes,
            syncs: stats.syncs,
            records: stats.records,
            refused_kept: stats.refused_kept,
            refused_passed_over: stats.refused_passed_over,
            written_bytes: stats.written_bytes,
            oldest: stats.oldest.map(|at| at.to_string()),
            oldest_kept_because: stats.oldest_stays.map(|why| why.to_string()),
            history,
            outlook: StoreOutlook {
                bytes_a_day: outlook.bytes_a_day,
                limit_in_seconds: outlook.limit_in.map(|time| time.as_secs()),
                no_space_in_seconds: outlook.no_space_in.map(|time| time.as_secs()),
                reaches_back_seconds: outlook.reaches_back.map(|time| time.as_secs()),
            },
        })
    }
}

/// What reading the whole store found.
fn verify_figures(verified: &Verified) -> VerifyFigures {
    let mut faults: Vec<String> = verified.corruptions.iter().map(ToString::to_string).collect();
    if verified.index_differences > 0 {
        faults.push(format!(
            "the index and the journal differ on {} deliveries: run `wardline store rebuild`",
            verified.index_differences
        ));
    }
    VerifyFigures {
        records: verified.records,
        messages: verified.messages,
        live: verified.live,
        faults,
    }
}
