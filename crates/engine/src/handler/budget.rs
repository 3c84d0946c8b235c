//! How often an instance may be replaced: with growing pauses, and at most so often in a window.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// The pause before the second replacement in a window; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Replacements within the last `window`.
#[derive(Debug)]
pub(super) struct RestartBudget {
    most: NonZeroU32,
    window: Duration,
    spent: VecDeque<Instant>,
}

/// What the budget allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    /// Replace after this pause.
    After(Duration),
    /// Too often: give up until this much time has passed, then try once more.
    Exhausted(Duration),
}

impl RestartBudget {
    pub(super) fn new(most: NonZeroU32, window: Duration) -> Self {
        Self { most, window, spent: VecDeque::new() }
    }

    /// Asks for one replacement at `now`; what is allowed counts as spent.
    pub(super) fn ask(&mut self, now: Instant) -> Restart {
        while self.spent.front().is_some_and(|&at| now.duration_since(at) >= self.window) {
            self.spent.pop_front();
        }
        if self.spent.len() >= self.most.get() as usize {
            let until_room = self
                .spent
                .front()
                .map_or(self.window, |&at| self.window.saturating_sub(now.duration_since(at)));
            return Restart::Exhausted(until_room);
        }
        let pause = match u32::try_from(self.spent.len()) {
            Ok(0) => Duration::ZERO,
            Ok(before) => {
                (FIRST_PAUSE * 2u32.saturating_pow(before.min(16) - 1)).min(LONGEST_PAUSE)
            }
            Err(_) => LONGEST_PAUSE,
        };
        self.spent.push_back(now);
        Restart::After(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    #[test]
    fn the_first_replacement_comes_at_once_and_later_ones_wait_longer() {
        let mut budget = RestartBudget::new(NonZeroU32::new(9).unwrap(), WINDOW);
        let now = Instant::now();
        let pauses: Vec<_> = (0..9).map(|_| budget.ask(now)).collect();
        let after = |ms| Restart::After(Duration::from_millis(ms));
        assert_eq!(pauses[..4], [after(0), after(100), after(200), after(400)]);
        assert_eq!(pauses[8], Restart::After(LONGEST_PAUSE));
    }

    #[test]
    fn an_exhausted_budget_says_when_there_is_room_and_then_has_it() {
        let mut budget = RestartBudget::new(NonZeroU32::MIN, WINDOW);
        let start = Instant::now();
        assert_eq!(budget.ask(start), Restart::After(Duration::ZERO));
        let later = start + Duration::from_secs(20);
        assert_eq!(budget.ask(later), Restart::Exhausted(Duration::from_secs(40)));
        assert_eq!(budget.ask(start + WINDOW), Restart::After(Duration::ZERO));
    }
}
