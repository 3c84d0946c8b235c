//! Deciding about a payload of the past as if it came now, through its listener: copies are not recognised, nobody is
//! answered, and no destination's answer is waited for.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::RefusalCause;

use super::intake::{BatchDecided, Decided, Read, Settled};
use super::surroundings::Surroundings;

/// Why nothing is to be kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotDecided {
    /// It would be refused, or be answered positively and not kept.
    Refused(RefusalCause),
    /// A handler did not decide: at another time it may. Who sends asks for that again.
    Undecided(RefusalCause),
}

impl Surroundings {
    /// What is to be kept of it, as one record. Whoever asks is counted among those who decide by this version.
    ///
    /// # Errors
    ///
    /// Why not; [`RefusalCause::Unrouted`] where it would be answered positively and not kept.
    pub(crate) async fn decide_again(
        &self,
        payload: &Bytes,
        now: Timestamp,
    ) -> Result<Settled, NotDecided> {
        let (intake, counters) = (Arc::clone(&self.intake), &self.counters);
        let settled = match intake.read(payload, counters) {
            Read::Unreadable(refusal) | Read::Message(_, Err(refusal)) => {
                return Err(NotDecided::Refused(refusal.cause));
            }
            Read::Message(message, Ok(())) => {
                match intake.decide(&message, None, now, counters).await {
                    Decided::Store(settled) => settled,
                    Decided::Discard { .. } => Settled::default(),
                    Decided::Refuse(refusal) => return Err(NotDecided::Refused(refusal.cause)),
                    Decided::Undecided { refusal, .. } => {
                        return Err(NotDecided::Undecided(refusal.cause));
                    }
                }
            }
            Read::Batch => self.decide_batch_again(payload, now).await?,
        };
        if settled.messages.is_empty() {
            return Err(NotDecided::Refused(RefusalCause::Unrouted));
        }
        Ok(settled)
    }

    async fn decide_batch_again(
        &self,
        payload: &Bytes,
        now: Timestamp,
    ) -> Result<Settled, NotDecided> {
        let batch = self.intake.split_apart(payload).await;
        let batch = batch.map_err(|refusal| NotDecided::Refused(refusal.cause))?;
        let members = self.intake.read_each(&batch, &self.replies, &self.counters).await;
        match self.intake.decide_each(&members, None, now, &self.counters).await {
            BatchDecided::Store(settled) => Ok(settled),
            BatchDecided::Refuse { refusal, reason: None, .. } => {
                Err(NotDecided::Refused(refusal.cause))
            }
            BatchDecided::Refuse { refusal, reason: Some(_), .. } => {
                Err(NotDecided::Undecided(refusal.cause))
            }
        }
    }
}
