//! How much of what is refused may go into the journal: enough for what people look for later, and too little for a
//! sender that never says anything right to push everything else out of it.
//!
//! ```text
//!   bytes
//!     BURST ┤‾‾‾‾\      /‾‾‾   what is left: taken by each record, given back at RATE
//!           │     \____/
//!         0 ┴──────────────── beyond it nothing is kept but the count
//! ```

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Bytes that are kept at once: the storm of one bad release, from its first message on.
const BURST: f64 = 64.0 * 1024.0 * 1024.0;

/// Bytes a second that are kept in the long run: about 64 messages of a kilobyte, five gigabytes a day.
const RATE: f64 = 64.0 * 1024.0;

/// What is left for what is refused.
#[derive(Debug)]
pub(crate) struct Allowance(Mutex<State>);

#[derive(Debug)]
struct State {
    left: f64,
    at: Instant,
}

impl Allowance {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(State { left: BURST, at: now }))
    }

    /// Takes so many bytes out of what is left; `false` = there are not so many.
    pub(crate) fn take(&self, bytes: u32, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(state.at);
        state.left = (state.left + since.as_secs_f64() * RATE).min(BURST);
        state.at = now;
        let has_room = state.left >= f64::from(bytes);
        if has_room {
            state.left -= f64::from(bytes);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MEBIBYTE: u32 = 1024 * 1024;

    #[test]
    fn a_storm_is_kept_to_its_burst_and_then_to_its_rate() {
        let start = Instant::now();
        let allowance = Allowance::new(start);
        let kept = (0..1000).filter(|_| allowance.take(MEBIBYTE, start)).count();
        assert_eq!(kept, 64);
        let later = start + Duration::from_secs(160);
        let kept = (0..1000).filter(|_| allowance.take(MEBIBYTE, later)).count();
        assert_eq!(kept, 10, "64 KiB a second");
    }

    #[test]
    fn what_is_saved_up_never_passes_the_burst() {
        let start = Instant::now();
        let allowance = Allowance::new(start);
        let days_later = start + Duration::from_secs(1_000_000);
        let kept = (0..1000).filter(|_| allowance.take(MEBIBYTE, days_later)).count();
        assert_eq!(kept, 64);
    }
}
