//! Deciding about a payload of the past as if it came now, through its listener: copies are not recognised, nobody is
//! answered, and no destination's answer is waited for.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::{Refusal, RefusalCause};

use super::intake::{BatchDecided, Decided, Read, Settled};
use super::surroundings::Surroundings;

impl Surroundings {
    /// What is to be kept of it, as one record. Whoever asks is counted among those who decide by this version.
    ///
    /// # Errors
    ///
    /// Why it would be refused, or [`RefusalCause::Unrouted`] where it would be answered positively and not kept.
    pub(crate) async fn decide_again(
        &self,
        payload: &Bytes,
        now: Timestamp,
    ) -> Result<Settled, RefusalCause> {
        let (intake, counters) = (Arc::clone(&self.intake), &self.counters);
        let settled = match intake.read(payload, counters) {
            Read::Unreadable(refusal) | Read::Message(_, Err(refusal)) => {
                return Err(refusal.cause);
            }
            Read::Message(message, Ok(())) => {
                match intake.decide(&message, None, now, counters).await {
                    Decided::Store(settled) => settled,
                    Decided::Discard { .. } => Settled::default(),
                    Decided::Refuse(refusal) | Decided::Undecided { refusal, .. } => {
                        return Err(refusal.cause);
                    }
                }
            }
            Read::Batch => self.decide_batch_again(payload, now).await.map_err(|no| no.cause)?,
        };
        if settled.messages.is_empty() { Err(RefusalCause::Unrouted) } else { Ok(settled) }
    }

    async fn decide_batch_again(
        &self,
        payload: &Bytes,
        now: Timestamp,
    ) -> Result<Settled, Refusal> {
        let batch = self.intake.split_apart(payload).await?;
        let members = self.intake.read_each(&batch, &self.replies, &self.counters).await;
        match self.intake.decide_each(&members, None, now, &self.counters).await {
            BatchDecided::Store(settled) => Ok(settled),
            BatchDecided::Refuse { refusal, .. } => Err(refusal),
        }
    }
}
