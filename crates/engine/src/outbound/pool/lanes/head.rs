//! Which delivery everything waits for, as the status shows it.

use std::time::Instant;

use wardline_store::MessageId;

use super::Lanes;
use crate::outbound::delivery::Lease;

/// The delivery that a lane waits for, as the status shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::outbound::pool) struct Head {
    /// The message.
    pub(in crate::outbound::pool) id: MessageId,
    /// How often it was tried, failed connections included.
    pub(in crate::outbound::pool) attempts: u32,
    /// When it is tried next; absent while it is in flight, ready or stopped.
    pub(in crate::outbound::pool) due: Option<Instant>,
}

impl Lanes {
    /// The first in line.
    pub(in crate::outbound::pool) fn head(&self) -> Option<Head> {
        let tries = |lease: &Lease| lease.delivery.sends.max(lease.failures);
        let ready = self.ready.iter().next().map(|(&id, lease)| (id, tries(lease), None));
        let flying = self.in_flight.iter().next().map(|(&id, lease)| (id, tries(lease), None));
        let waiting = self
            .waiting
            .iter()
            .min_by_key(|((_, id), _)| *id)
            .map(|(&(due, id), lease)| (id, tries(lease), Some(due)));
        let stopped = self.stopped.first().map(|&id| (id, 0, None));
        let (id, attempts, due) =
            [ready, flying, waiting, stopped].into_iter().flatten().min_by_key(|(id, ..)| *id)?;
        Some(Head { id, attempts, due })
    }
}
