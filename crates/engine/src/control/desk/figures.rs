//! Figures of the store and of the process.

use std::sync::Arc;

use super::super::protocol::{Response, StoreFigures, StoreOutlook};
use super::super::verifying::{self, Ground};
use super::retained::of_history;
use super::{Desk, DeskError};

impl Desk {
    /// Reads the whole store.
    pub(super) async fn store_verified(&self) -> Result<Response, DeskError> {
        let store = Arc::clone(&self.store);
        let verified = tokio::task::spawn_blocking(move || store.verify()).await??;
        Ok(Response::StoreVerified(Box::new(verifying::figures(&verified))))
    }

    /// Begins to read the whole store beside the engine.
    pub(super) fn verify_start(&self, by: String) -> Result<Response, DeskError> {
        let live = self.live.as_ref().ok_or(DeskError::NotRunning)?;
        let face = live.face.borrow();
        if face.drain.is_draining() {
            return Err(DeskError::Draining);
        }
        let (drain, intake) = (face.drain.clone(), face.intake.clone());
        let ground = Ground { store: Arc::clone(&self.store), drain, intake };
        Ok(Response::Verification(Box::new(live.verifying.start(ground, by))))
    }

    /// How that stands.
    pub(super) fn verification(&self) -> Result<Response, DeskError> {
        let live = self.live.as_ref().ok_or(DeskError::NotRunning)?;
        Ok(Response::Verification(Box::new(live.verifying.now())))
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
