//! How long to wait before the next attempt.
//!
//! Doubling from `first` to `max`, then ±20 % of chance so that a hundred lanes that fell together do not come back in
//! the same instant. Chance is an argument: the same number gives the same delay.

use std::num::NonZeroU32;
use std::time::Duration;

/// The share by which a delay is spread to both sides, per mille.
const SPREAD: u64 = 200;
/// The share that is left of it at least, per mille.
const LEAST: u32 = 800;

/// The table `retry` of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait, before it is spread.
    pub max: Duration,
    /// How long errors (AE, CE, a failing handler) are retried, counted from the first of them: the key `for`.
    pub retry_for: Duration,
    /// The most sends of one message, the first included. Limits errors and unclear answers, never transport faults.
    pub max_attempts: Option<NonZeroU32>,
}

impl Default for RetryPolicy {
    /// 1 s doubling to 60 s, errors for 1 h, sends without a limit of their own.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_secs(60),
            retry_for: Duration::from_secs(60 * 60),
            max_attempts: None,
        }
    }
}

impl RetryPolicy {
    /// The wait after so many failures in a row (at least one), within ±20 % of [`Self::plain_delay`].
    ///
    /// `random` is any number; all its values are used evenly.
    pub fn next_delay(&self, failures: u32, random: u64) -> Duration {
        let plain = self.plain_delay(failures);
        let per_mille = u32::try_from(random % (2 * SPREAD + 1)).unwrap_or_default();
        let shortest = plain.saturating_mul(LEAST) / 1000;
        shortest.saturating_add(plain.saturating_mul(per_mille) / 1000)
    }

    /// The wait before it is spread: `first` doubled for every failure after the first, at most `max`.
    pub fn plain_delay(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> impl Strategy<Value = RetryPolicy> {
        (1_u64..100_000, 1_u64..10_000_000).prop_map(|(first, max)| RetryPolicy {
            first: Duration::from_millis(first),
            max: Duration::from_millis(max.max(first)),
            ..RetryPolicy::default()
        })
    }

    proptest! {
        #[test]
        fn a_delay_stays_within_a_fifth_of_the_plain_one(policy in policy(), failures: u32, random: u64) {
            let plain = policy.plain_delay(failures);
            let delay = policy.next_delay(failures, random);
            prop_assert!(delay >= plain * 4 / 5, "{delay:?} < 80 % of {plain:?}");
            prop_assert!(delay <= plain * 6 / 5, "{delay:?} > 120 % of {plain:?}");
        }

        #[test]
        fn plain_delays_never_shrink_and_end_at_the_maximum(policy in policy(), failures in 1_u32..u32::MAX) {
            prop_assert!(policy.plain_delay(failures) <= policy.plain_delay(failures + 1));
            prop_assert!(policy.plain_delay(failures) >= policy.first);
            prop_assert_eq!(policy.plain_delay(u32::MAX), policy.max);
        }
    }

    #[test]
    fn the_default_doubles_from_one_second_to_sixty() {
        let policy = RetryPolicy::default();
        let seconds: Vec<_> =
            (1..=8).map(|failures| policy.plain_delay(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn chance_reaches_both_ends_of_the_spread() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.next_delay(1, 0), Duration::from_millis(800));
        assert_eq!(policy.next_delay(1, 200), Duration::from_secs(1));
        assert_eq!(policy.next_delay(1, 400), Duration::from_millis(1200));
    }
}
