//! Moving what waits for one destination to another of the running engine. Of one that is gone from the configuration a
//! reload does it.

use std::mem::discriminant;
use std::sync::Arc;

use super::super::face::DestinationFace;
use super::super::protocol::{Response, Which};
use super::{Act, Desk, DeskError};
use crate::outbound::relocation::Relocation;

impl Desk {
    /// Each delivery is at exactly one of the two at any time.
    pub(super) async fn move_queue(
        &self,
        from: &str,
        to: &str,
        which: Which,
        act: &Act,
    ) -> Result<Response, DeskError> {
        let face = self.face().ok_or(DeskError::NotRunning)?;
        let find = |id: &str| -> Result<&Arc<DestinationFace>, DeskError> {
            let mut all = face.destinations.iter();
            all.find(|one| one.destination.id.as_str() == id).ok_or(DeskError::NotFound)
        };
        let (source, target) = (find(from)?, find(to)?);
        if from == to {
            return Err(DeskError::MovedToItself);
        }
        if discriminant(&source.destination.kind) != discriminant(&target.destination.kind) {
            return Err(DeskError::AnotherKind);
        }
        // As long as this version is gone by, neither of them goes.
        face.ways.opened().await;
        let _deciding = face.ways.begin().ok_or(DeskError::Busy)?;
        let to = target.destination.id.clone();
        let relocation = Relocation::new(to, Arc::clone(&act.by), &act.reason);
        let charsets = &face.ways.charsets;
        let done = source.pool.relocate(which.into(), &relocation, charsets, act.dry_run).await?;
        self.done(from, done.into(), act).await
    }
}
