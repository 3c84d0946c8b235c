//! Replays: what one would be about, starting it, and having a say in it while it runs.

mod lists;

use std::sync::Arc;

use super::super::protocol::{MAX_REPLAYED, ReplayOrder, ReplayState, Response};
use super::{Desk, DeskError};
use crate::replay::Replays;

pub(super) use lists::Lists;

/// What is to be known of a search beside its messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    /// Bytes that were received lately and are not noted down yet.
    behind: u64,
    /// How many messages were sent in by a replay themselves.
    replays: u64,
}

impl Desk {
    pub(super) async fn replay_preview(
        &self,
        order: ReplayOrder,
        by: String,
    ) -> Result<Response, DeskError> {
        let replays = self.replays()?;
        let was_kept = order.list.filter(|_| order.names_a_list_alone());
        let (order, told) = self.named(order, &by).await?;
        let (mut preview, messages) = replays.preview(order).await?;
        (preview.behind, preview.replays) = (told.behind, told.replays);
        preview.list = match was_kept {
            Some(list) => list,
            None => self.lists.keep(by, messages, told),
        };
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
        let (order, _) = self.named(order, &who.0).await?;
        Ok(Response::Replay(Box::new(replays.begin(order, count, who).await?)))
    }

    /// The order with every message by its number: those of its list, and what its search finds. Beside it, what is to be
    /// told of that search.
    async fn named(
        &self,
        mut order: ReplayOrder,
        by: &str,
    ) -> Result<(ReplayOrder, Told), DeskError> {
        let mut told = Told::default();
        if let Some(list) = order.list.take() {
            let (listed, of_list) = self.lists.of(list, by).ok_or(DeskError::NoSuchList)?;
            order.messages.extend_from_slice(&listed);
            told = of_list;
        }
        let Some(mut search) = order.search.take() else { return Ok((order, told)) };
        by.clone_into(&mut search.by);
        let found = self.every_match(&search, MAX_REPLAYED).await?;
        match (found.count, found.is_whole) {
            (count, is_whole) if count > MAX_REPLAYED => {
                return Err(DeskError::TooManyFound { count, is_whole });
            }
            (count, false) => return Err(DeskError::NotAllFound(count)),
            (_, true) => order.messages.extend(found.messages),
        }
        Ok((order, Told { behind: found.behind, replays: found.replays }))
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

    fn replays(&self) -> Result<&Arc<Replays>, DeskError> {
        self.live.as_ref().map(|live| &live.replays).ok_or(DeskError::NotRunning)
    }
}
