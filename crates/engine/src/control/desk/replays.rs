//! Replays: what one would be about, starting it, and having a say in it while it runs.

use super::super::protocol::{ReplayOrder, ReplayState, Response};
use super::{Desk, DeskError};
use crate::replay::Replays;

impl Desk {
    pub(super) async fn replay_preview(&self, order: ReplayOrder) -> Result<Response, DeskError> {
        let preview = self.replays()?.preview(order).await?;
        Ok(Response::ReplayPreviewed(Box::new(preview)))
    }

    pub(super) async fn replay_start(
        &self,
        order: ReplayOrder,
        count: u64,
        who: (String, String),
    ) -> Result<Response, DeskError> {
        let replays = self.replays()?;
        let face = self.face().ok_or(DeskError::NotRunning)?;
        if face.drain.is_draining() {
            return Err(DeskError::Draining);
        }
        Ok(Response::Replay(Box::new(replays.begin(order, count, who).await?)))
    }

    pub(super) fn replay_rows(&self, job: Option<u64>) -> Result<Response, DeskError> {
        let replays = self.replays()?;
        let rows = match job {
            Some(job) => vec![replays.row(job)?],
            None => replays.rows(),
        };
        Ok(Response::Replays { replays: rows })
    }

    pub(super) async fn replay_stop(
        &self,
        job: u64,
        state: ReplayState,
        who: (String, String),
    ) -> Result<Response, DeskError> {
        Ok(Response::Replay(Box::new(self.replays()?.stop(job, state, who).await?)))
    }

    pub(super) async fn replay_resume(&self, job: u64, by: &str) -> Result<Response, DeskError> {
        Ok(Response::Replay(Box::new(self.replays()?.resume(job, by).await?)))
    }

    fn replays(&self) -> Result<&Replays, DeskError> {
        self.live.as_ref().map(|live| &*live.replays).ok_or(DeskError::NotRunning)
    }
}
