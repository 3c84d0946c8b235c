//! Messages that are being decided by one version: they are counted, so that it is known when the last of them is stored.
//!
//! ```text
//!   open ──begin──▶ one more is in hand ──stored, or answered──▶ one less
//!     └──somebody asks, and none is──▶ over: nobody begins with it any more
//! ```
//!
//! Who has a version and nothing in hand is not counted: a connection that idles, or is in the middle of a frame.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Beside the count: it is over.
const OVER: usize = 1 << (usize::BITS - 1);

/// How many are in hand, and whether more may be.
#[derive(Default)]
pub(super) struct Count {
    state: AtomicUsize,
    none: Notify,
}

/// A message is being decided by a version. To be dropped when what is decided is stored.
pub(crate) struct Deciding(Arc<Count>);

/// Tells when nobody decides by a version any more, nor will.
#[derive(Clone)]
pub(crate) struct Unused(pub(super) Arc<Count>);

impl Deciding {
    /// None where the version is over: there is a newer one.
    pub(super) fn begin(count: &Arc<Count>) -> Option<Self> {
        let before = count.state.fetch_add(1, Ordering::AcqRel);
        let deciding = Self(Arc::clone(count));
        (before & OVER == 0).then_some(deciding)
    }
}

impl Drop for Deciding {
    fn drop(&mut self) {
        if self.0.state.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

impl Unused {
    /// Whether it is. Only to be asked of a version that another has replaced.
    pub(crate) fn is_now(&self) -> bool {
        let ended = self.0.state.compare_exchange(0, OVER, Ordering::AcqRel, Ordering::Acquire);
        ended.map_or_else(|state| state & OVER != 0, |_none| true)
    }

    /// Returns when all of these are.
    pub(crate) async fn all(versions: Vec<Self>) {
        for version in versions {
            loop {
                // Before looking: the last may go in between.
                let mut none = pin!(version.0.none.notified());
                none.as_mut().enable();
                if version.is_now() {
                    break;
                }
                none.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_version_is_over_when_nobody_decides_by_it_and_nobody_begins_behind_that() {
        let count = Arc::<Count>::default();
        let unused = Unused(Arc::clone(&count));
        let [first, second] = [(); 2].map(|()| Deciding::begin(&count).expect("it is open"));
        assert!(!unused.is_now());
        drop(first);
        assert!(!unused.is_now(), "one is in hand still");
        let third = Deciding::begin(&count).expect("it is not over");
        drop((second, third));
        assert!(unused.is_now());
        assert!(Deciding::begin(&count).is_none());
        assert!(unused.is_now(), "who asked in vain is not in hand");
    }

    #[test]
    fn whoever_waits_is_told_of_the_last_of_all_versions() {
        let counts = [(); 2].map(|()| Arc::<Count>::default());
        let [first, second] = [&counts[0], &counts[1]].map(Deciding::begin);
        let mut waits = pin!(Unused::all(counts.map(Unused).into()));
        assert_eq!(waits.as_mut().now_or_never(), None);
        drop(second);
        assert_eq!(waits.as_mut().now_or_never(), None);
        drop(first);
        assert_eq!(waits.as_mut().now_or_never(), Some(()));
    }
}
