//! Waiting for something to be so, with a deadline: never a sleep for luck.

use std::time::{Duration, Instant};

/// How long a test waits for what must come. Long, since machines are shared: it is spent only by tests that fail.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Returns the first `Some`; panics with `what` after [`DEADLINE`].
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    match within(DEADLINE, look) {
        Some(found) => found,
        None => panic!("waited {} s in vain: {what}", DEADLINE.as_secs()),
    }
}

/// Returns when `is_so`; panics with `what` after [`DEADLINE`].
pub fn until_so(what: &str, mut is_so: impl FnMut() -> bool) {
    until(what, || is_so().then_some(()));
}

/// The first `Some` within `time`.
pub fn within<T>(time: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + time;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}
