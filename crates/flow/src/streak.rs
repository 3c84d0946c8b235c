//! Rejections in a row: the sign that not the messages are wrong but a setting at the peer.
//!
//! Without it, one wrong receiver name over there would turn a whole queue into dead letters over night.

use std::num::NonZeroU32;

/// Counts dead letters of one destination that no delivery has interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsecutiveDead {
    limit: NonZeroU32,
    count: u32,
}

impl ConsecutiveDead {
    /// None so far; `limit` is `max_consecutive_dead`.
    pub fn new(limit: NonZeroU32) -> Self {
        Self { limit, count: 0 }
    }

    /// One more dead letter. True when the destination must be held now.
    ///
    /// Only what the peer brought about counts, not what an operator skipped.
    #[must_use = "a destination that reached the limit must be held"]
    pub fn dead(&mut self) -> bool {
        self.count = self.count.saturating_add(1);
        self.count >= self.limit.get()
    }

    /// A delivery went through, or an operator released the destination.
    pub fn reset(&mut self) {
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();

    #[test]
    fn the_fifth_in_a_row_holds() {
        let mut streak = ConsecutiveDead::new(FIVE);
        let holds: Vec<_> = (0..6).map(|_| streak.dead()).collect();
        assert_eq!(holds, [false, false, false, false, true, true]);
    }

    #[test]
    fn a_delivery_between_begins_the_count_anew() {
        let mut streak = ConsecutiveDead::new(FIVE);
        for _ in 0..4 {
            assert!(!streak.dead());
        }
        streak.reset();
        assert!(!streak.dead());
    }
}
