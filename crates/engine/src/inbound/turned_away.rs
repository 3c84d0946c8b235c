//! Newcomers that get no place: each is counted, and told of once in a while. Somebody who knocks all day must not fill
//! the log.

use std::time::{Duration, Instant};

/// The shortest time between two lines about it.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Those of one kind that nobody was told of yet.
#[derive(Debug, Default)]
pub(crate) struct TurnedAway {
    untold: u64,
    told: Option<Instant>,
}

impl TurnedAway {
    /// One more. How many there are to tell of, if it is time to.
    pub(crate) fn one(&mut self, now: Instant) -> Option<u64> {
        self.untold += 1;
        if self.told.is_some_and(|told| now.duration_since(told) < TELL_EVERY) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_next_ones_together() {
        let mut turned_away = TurnedAway::default();
        let start = Instant::now();
        let told =
            [0, 1, 59, 60, 61].map(|second| turned_away.one(start + Duration::from_secs(second)));
        assert_eq!(told, [Some(1), None, None, Some(3), None]);
    }
}
