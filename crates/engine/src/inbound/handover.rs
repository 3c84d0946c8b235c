//! Handing a record to the store: waiting while it takes none, and telling what it can never take.
//!
//! The messages of one payload are one record (ROUTE-1). What is handed over is not yet durable: ACK-1 is kept by who
//! waits for it, in [`super::connection`].

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use wardline_store::{Accept, Intake, Refusal, Refused, Store};

use super::completions::{Awaited, Completions};

/// How long a record waits before it is offered again to a store whose writer is behind: about one sync.
const FULL_PAUSE: Duration = Duration::from_millis(2);

/// Why a record is not with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotHandedOver {
    /// The store took nothing until the deadline.
    InTime,
    /// It will never take this record: it is too large for any.
    Ever,
}

/// Gives the record to the store; waits until `deadline` while it takes nothing.
pub(crate) async fn hand_over(
    store: &dyn Store,
    completions: &Completions,
    mut intake: watch::Receiver<Intake>,
    mut accept: Accept,
    deadline: Instant,
) -> Result<Awaited, NotHandedOver> {
    loop {
        intake.mark_unchanged();
        let (ticket, awaited) = completions.ticket();
        match store.accept(accept, ticket) {
            Ok(()) => return Ok(awaited),
            Err(Refused { accept: back, refusal }) => {
                completions.give_back(ticket);
                room_may_come(refusal, &mut intake, deadline).await?;
                accept = back;
            }
        }
    }
}

/// Waits until the store may take again what it refused.
async fn room_may_come(
    refusal: Refusal,
    intake: &mut watch::Receiver<Intake>,
    deadline: Instant,
) -> Result<(), NotHandedOver> {
    match refusal {
        Refusal::Intake(_) => match tokio::time::timeout_at(deadline, intake.changed()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotHandedOver::InTime),
        },
        Refusal::Full { .. } => {
            tokio::time::sleep_until(deadline.min(Instant::now() + FULL_PAUSE)).await;
            if Instant::now() < deadline { Ok(()) } else { Err(NotHandedOver::InTime) }
        }
        Refusal::TooLarge { .. } => Err(NotHandedOver::Ever),
    }
}
