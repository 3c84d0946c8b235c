//! How much of what is refused may go into the journal: enough for what people look for later, and too little for a
//! sender that never says anything right to push everything else out of it.
//!
//! ```text
//!   bytes
//!     burst ┤‾‾‾‾\      /‾‾‾   what is left: taken by each record, given back at a rate
//!           │     \____/
//!         0 ┴──────────────── beyond it nothing is kept but the count
//! ```
//!
//! In all the time that is kept no more comes together than a share of the space that is kept.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One part in so many of `retain_bytes` is what is refused, at most.
pub(crate) const PART: f64 = 10.0;

/// Bytes that are kept at once, at most: the storm of one bad release, from its first message on.
const BURST: f64 = 64.0 * 1024.0 * 1024.0;

/// Of what may be refused in all, one part in so many is kept at once.
const BURST_PART: f64 = 4.0;

/// Bytes a second that are kept in the long run, at most: about 64 messages of a kilobyte.
const RATE: f64 = 64.0 * 1024.0;

/// What is left for what is refused.
#[derive(Debug)]
pub(crate) struct Allowance {
    burst: f64,
    rate: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: f64,
    at: Instant,
}

impl Allowance {
    /// That of a journal that is kept for so long, and no larger than so many bytes.
    #[expect(clippy::cast_precision_loss, reason = "a share, to the nearest kilobyte")]
    pub(crate) fn new(retain_bytes: u64, retain_for: Duration, now: Instant) -> Self {
        let share = retain_bytes as f64 / PART;
        let burst = BURST.min(share / BURST_PART);
        let rate = RATE.min((share - burst) / retain_for.as_secs_f64().max(1.0));
        Self { burst, rate, state: Mutex::new(State { left: burst, at: now }) }
    }

    /// Takes so many bytes out of what is left; `false` = there are not so many.
    pub(crate) fn take(&self, bytes: u32, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(state.at);
        state.left = (state.left + since.as_secs_f64() * self.rate).min(self.burst);
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
    use super::*;

    const MEBIBYTE: u32 = 1024 * 1024;
    const GIBIBYTE: u64 = 1024 * 1024 * 1024;
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn a_storm_is_kept_to_its_burst_and_then_to_its_rate() {
        let start = Instant::now();
        let allowance = Allowance::new(10_000 * GIBIBYTE, DAY, start);
        let kept = (0..1000).filter(|_| allowance.take(MEBIBYTE, start)).count();
        assert_eq!(kept, 64);
        let later = start + Duration::from_secs(160);
        let kept = (0..1000).filter(|_| allowance.take(MEBIBYTE, later)).count();
        assert_eq!(kept, 10, "64 KiB a second");
    }

    #[test]
    fn what_is_saved_up_never_passes_the_burst() {
        let start = Instant::now();
        let allowance = Allowance::new(20 * GIBIBYTE, DAY, start);
        let days_later = start + Duration::from_secs(1_000_000);
        let kept = (0..1000).filter(|_| allowance.take(MEBIBYTE, days_later)).count();
        assert_eq!(kept, 64);
    }

    #[test]
    fn in_the_time_that_is_kept_a_tenth_of_the_space_is_taken_however_much_is_refused() {
        for retain_bytes in [GIBIBYTE / 8, GIBIBYTE, 20 * GIBIBYTE] {
            let start = Instant::now();
            let allowance = Allowance::new(retain_bytes, 30 * DAY, start);
            let hours = (0..30 * 24).map(|hour| start + hour * DAY / 24);
            let of_hour = |at| (0..4000).filter(|_| allowance.take(MEBIBYTE / 16, at)).count();
            let taken = hours.map(of_hour).sum::<usize>() as u64 * u64::from(MEBIBYTE / 16);
            let tenth = retain_bytes / 10;
            assert!((tenth / 2..=tenth).contains(&taken), "{taken} of {retain_bytes}");
        }
    }
}
