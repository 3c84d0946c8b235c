//! A moment that many may set and anyone may read: "last received", "last delivered".

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// The latest of the moments set, in milliseconds; nothing before the first.
#[derive(Debug)]
pub struct Moment(AtomicI64);

/// Before any moment was set.
const NEVER: i64 = i64::MIN;

impl Default for Moment {
    fn default() -> Self {
        Self(AtomicI64::new(NEVER))
    }
}

impl Moment {
    /// Remembers `at`, unless a later one is known.
    pub fn set(&self, at: Timestamp) {
        self.0.fetch_max(at.as_millisecond(), Ordering::Relaxed);
    }

    /// The latest moment set.
    pub fn get(&self) -> Option<Timestamp> {
        match self.0.load(Ordering::Relaxed) {
            NEVER => None,
            millisecond => Timestamp::from_millisecond(millisecond).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_absent_first_and_then_the_latest_set() {
        let moment = Moment::default();
        assert_eq!(moment.get(), None);
        let (early, late) =
            (Timestamp::from_second(1).unwrap(), Timestamp::from_second(2).unwrap());
        moment.set(late);
        moment.set(early);
        assert_eq!(moment.get(), Some(late));
    }
}
