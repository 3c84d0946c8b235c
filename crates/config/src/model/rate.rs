//! How many messages in how much time.

use std::num::NonZeroU32;
use std::time::Duration;

/// A rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many messages …
    pub messages: NonZeroU32,
    /// … in this time.
    pub per: Duration,
}

impl Rate {
    /// The time between two messages that come evenly.
    pub fn interval(&self) -> Duration {
        self.per / self.messages.get()
    }
}
