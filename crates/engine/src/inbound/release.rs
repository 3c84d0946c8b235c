//! Releasing a copy: what was answered again and not delivered is processed after all, because an operator says so.
//!
//! It is decided about as if it came now, through its listener, and becomes a message of its own. The copy stays what it
//! was: nothing of it is sent twice unless it is released twice.

use jiff::Timestamp;
use wardline_flow::Refusal;
use wardline_hl7::{Message, ParseError};
use wardline_store::{Accept, KeptMessage, Marks, MessageId};

use super::handover::hand_over;
use super::intake::{Decided, Settled};
use super::surroundings::Surroundings;

/// Why a copy is not released.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReleased {
    /// It cannot be read: the listener reads otherwise than it did.
    #[error("it can no longer be read as a message")]
    Unreadable(#[from] ParseError),
    /// The listener would not take it now.
    #[error("its listener does not take it: {}", .0.text)]
    Refused(Refusal),
    /// No route takes it, and the listener keeps no such message.
    #[error("no route takes it")]
    Unrouted,
    /// The configuration is changed at this moment.
    #[error("its listener is being changed")]
    Replaced,
    /// Nothing can be stored.
    #[error("the store takes nothing")]
    Unavailable,
}

impl Surroundings {
    /// Processes a copy that came through this listener. The number of the message that is delivered in its place.
    pub(crate) async fn release(&self, copy: &KeptMessage) -> Result<MessageId, NotReleased> {
        self.intake.opened().await;
        let _deciding = self.intake.begin().ok_or(NotReleased::Replaced)?;
        let listener = self.intake.listener();
        let message = Message::parse_with(copy.body.clone(), listener.reading())?;
        let now = Timestamp::now();
        let mut settled = match self.intake.decide(&message, None, now, &self.counters).await {
            Decided::Store(settled) => settled,
            Decided::Discard { .. } => return Err(NotReleased::Unrouted),
            Decided::Refuse(refusal) | Decided::Undecided { refusal, .. } => {
                return Err(NotReleased::Refused(refusal));
            }
        };
        settled.mark(Marks::DUPLICATE, None);
        self.keep_released(settled, copy, now).await
    }

    async fn keep_released(
        &self,
        mut settled: Settled,
        copy: &KeptMessage,
        received_at: Timestamp,
    ) -> Result<MessageId, NotReleased> {
        let accept = Accept {
            received_at,
            listener: copy.listener.clone(),
            peer: copy.peer.clone(),
            answer: None,
            messages: std::mem::take(&mut settled.messages),
            concludes: None,
        };
        let wait = self.intake.listener().unavailable_wait;
        let deadline = tokio::time::Instant::now() + wait;
        let intake = self.store_intake.clone();
        let handed = hand_over(&*self.store, &self.completions, intake, accept, deadline).await;
        let awaited = handed.map_err(|_not_taken| NotReleased::Unavailable)?;
        let stored = awaited.stored().await.ok_or(NotReleased::Unavailable)?;
        self.intake.stored(&settled, &self.replies, &self.counters);
        self.counters.duplicates_released.one();
        Ok(stored.first)
    }
}
