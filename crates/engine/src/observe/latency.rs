//! How long something took: counted into fixed steps, so that a figure costs two additions and no memory of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::counters::Counter;

/// Where the steps end, in microseconds: from half a millisecond, which a sync of a good disk takes, to half an hour, which a
/// peer is away.
pub const BOUNDS_MICROS: [u64; STEPS - 1] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    1_800_000_000,
];
/// The steps, with that beyond the last bound.
const STEPS: usize = 19;

/// How long something took, each time.
#[derive(Debug, Default)]
pub struct Latency {
    steps: [Counter; STEPS],
    micros: Counter,
}

/// The values of a [`Latency`], which sum.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LatencyCounts {
    /// How often it took longer than the bound before and not longer than that of the same place in [`BOUNDS_MICROS`]; last,
    /// how often it took longer than all of them.
    pub steps: [u64; STEPS],
    /// All of it together, in microseconds.
    pub micros: u64,
}

impl Latency {
    /// Counts one.
    pub fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let step = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        if let Some(step) = self.steps.get(step) {
            step.one();
        }
        self.micros.add(micros);
    }

    /// The values at this moment.
    pub fn read(&self) -> LatencyCounts {
        let steps = std::array::from_fn(|step| self.steps.get(step).map_or(0, Counter::get));
        LatencyCounts { steps, micros: self.micros.get() }
    }
}

impl LatencyCounts {
    /// How often something took its time.
    pub fn count(&self) -> u64 {
        self.steps.iter().sum()
    }

    /// The bound below which this share of them stayed, `0.95` for 95 %; `None` where there are none, or where it is beyond
    /// every bound.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count, rounded up"
    )]
    pub fn within(&self, share: f64) -> Option<Duration> {
        let wanted = (self.count() as f64 * share).ceil() as u64;
        let mut so_far = 0;
        let reached = self.steps.iter().position(|step| {
            so_far += step;
            so_far >= wanted && so_far > 0
        });
        reached.and_then(|step| BOUNDS_MICROS.get(step)).map(|bound| Duration::from_micros(*bound))
    }

    /// What was added since `before`, which is an earlier reading.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let of = |step: usize| {
            let [now, then] = [self, before].map(|counts| counts.steps.get(step).copied());
            now.unwrap_or_default().saturating_sub(then.unwrap_or_default())
        };
        Self { steps: std::array::from_fn(of), micros: self.micros.saturating_sub(before.micros) }
    }
}

impl std::ops::Add for LatencyCounts {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.steps.iter_mut().zip(other.steps).for_each(|(step, more)| *step += more);
        self.micros += other.micros;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_step_that_ends_with_it_or_behind_it() {
        let latency = Latency::default();
        for micros in [0, 500, 501, 1_000, 1_800_000_000, 1_800_000_001] {
            latency.add(Duration::from_micros(micros));
        }
        latency.add(Duration::MAX / 2);
        let counts = latency.read();
        assert_eq!((counts.steps[0], counts.steps[1]), (2, 2));
        assert_eq!((counts.steps[STEPS - 2], counts.steps[STEPS - 1]), (1, 2));
        assert_eq!(counts.count(), 7);
    }

    #[test]
    fn a_share_is_told_by_the_bound_it_stays_below() {
        let latency = Latency::default();
        assert_eq!(latency.read().within(0.95), None);
        for _ in 0..95 {
            latency.add(Duration::from_millis(2));
        }
        for _ in 0..5 {
            latency.add(Duration::from_secs(2));
        }
        let counts = latency.read();
        assert_eq!(counts.within(0.95), Some(Duration::from_micros(2_500)));
        assert_eq!(counts.within(0.96), Some(Duration::from_millis(2_500)));
        latency.add(Duration::from_secs(3600));
        assert_eq!(latency.read().within(1.0), None);
    }

    #[test]
    fn what_came_since_an_earlier_reading_is_what_was_added() {
        let latency = Latency::default();
        latency.add(Duration::from_millis(1));
        let before = latency.read();
        latency.add(Duration::from_millis(40));
        let since = latency.read().since(&before);
        assert_eq!((since.count(), since.micros), (1, 40_000));
        assert_eq!(before + since, latency.read());
    }

    #[test]
    fn bounds_grow() {
        assert!(BOUNDS_MICROS.is_sorted_by(|one, next| one < next));
    }
}
