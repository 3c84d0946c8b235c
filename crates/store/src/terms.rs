//! How long what came through each listener may be found and read, where that is shorter than the journal is kept.
//!
//! ```text
//!   segment 7 ── lab-in: 7d │ adt-in: 30d │ lab-in ──── goes as a whole, when all of it is over
//!                  └ 8 days old, and ended: not found, not read; its bytes go with the segment
//! ```
//!
//! A segment holds messages of all listeners, and only whole segments go, the oldest first: one from the middle would take
//! outcomes with it. So a shorter term hides first. What has not ended is never hidden: somebody has to see it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::api::Name;

/// Those of all listeners that have one.
#[derive(Default)]
pub(crate) struct Terms(RwLock<Arc<BTreeMap<Name, Duration>>>);

impl Terms {
    pub(crate) fn set(&self, terms: BTreeMap<Name, Duration>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(terms);
    }

    /// As they are at this moment.
    pub(crate) fn now(&self) -> TermsNow {
        let terms = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        TermsNow { terms, now: Timestamp::now() }
    }
}

/// One moment's terms, for all that one question looks at.
pub(crate) struct TermsNow {
    terms: Arc<BTreeMap<Name, Duration>>,
    now: Timestamp,
}

impl TermsNow {
    /// Whether the term of a message is over, so that it is hidden as soon as it has ended.
    pub(crate) fn are_over(&self, listener: &str, received_at: Timestamp) -> bool {
        let age = self.now.duration_since(received_at);
        let age = Duration::try_from(age).unwrap_or_default();
        self.terms.get(listener).is_some_and(|term| age > *term)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_over_when_it_has_passed_and_only_its_listener_s() {
        let terms = Terms::default();
        let hour = Duration::from_secs(3600);
        terms.set(BTreeMap::from([("lab-in".into(), hour)]));
        let now = terms.now();
        let before = |age: Duration| now.now - age;
        assert!(now.are_over("lab-in", before(hour + Duration::from_secs(1))));
        assert!(!now.are_over("lab-in", before(hour)));
        assert!(!now.are_over("adt-in", before(1000 * hour)));
        assert!(!now.are_over("lab-in", now.now + hour), "the clock was set back");
    }
}
