//! The gate of the intake: what the threads know about room, folded into one state.
//!
//! ```text
//!   filler ─ free space, next segment ─┐
//!   index, writer ─ lag ───────────────┼─▶ Gate ──▶ accept: one atomic read
//!   close, a fault ────────────────────┘       └──▶ on_intake, when it changed
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::api::Intake;

/// Whether messages are taken in.
pub(crate) struct Gate {
    open: AtomicBool,
    known: Mutex<Known>,
    on_intake: Box<dyn Fn(Intake) + Send + Sync>,
    /// What `on_intake` was told last. Held while it is told, so that no thread overtakes another on the way.
    told: Mutex<Intake>,
    min_free: u64,
    max_lag: u64,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    closed: bool,
    free: u64,
    /// No next segment could be filled.
    unfilled: bool,
    lag: u64,
    lagging: bool,
    state: Intake,
}

impl Gate {
    pub(crate) fn new(
        min_free: u64,
        max_lag: u64,
        on_intake: Box<dyn Fn(Intake) + Send + Sync>,
    ) -> Self {
        let known = Known {
            closed: false,
            free: u64::MAX,
            unfilled: false,
            lag: 0,
            lagging: false,
            state: Intake::Open,
        };
        Self {
            open: AtomicBool::new(true),
            known: Mutex::new(known),
            on_intake,
            told: Mutex::new(Intake::Open),
            min_free,
            max_lag,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn state(&self) -> Intake {
        self.known().state
    }

    /// Whether there is room for messages, whatever else keeps them out.
    pub(crate) fn has_space(&self) -> bool {
        let known = self.known();
        !known.unfilled && known.free >= self.min_free
    }

    /// Whether there is room for what is only looked at later: twice what must stay free, so that it is never what closes
    /// the intake.
    pub(crate) fn has_room_to_spare(&self) -> bool {
        self.is_open() && self.known().free >= self.min_free.saturating_mul(2)
    }

    pub(crate) fn min_free(&self) -> u64 {
        self.min_free
    }

    /// The free space, and whether the next segment could not be filled.
    pub(crate) fn space(&self, free: u64, unfilled: bool) {
        self.update(|known| {
            known.free = free;
            known.unfilled = unfilled;
        });
    }

    /// How far the index is behind.
    pub(crate) fn lag(&self, bytes: u64) {
        let mut known = self.known();
        known.lag = bytes;
        let turns = known.lagging != (bytes > self.lag_limit(&known));
        drop(known);
        if turns {
            self.update(|known| known.lagging = known.lag > self.lag_limit(known));
        }
    }

    /// Having closed, it opens again only when some of the lag is gone, so that it does not flutter.
    fn lag_limit(&self, known: &Known) -> u64 {
        if known.lagging { self.max_lag - self.max_lag / 8 } else { self.max_lag }
    }

    /// For good.
    pub(crate) fn close(&self) {
        self.update(|known| known.closed = true);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known();
        change(&mut known);
        let state = self.evaluate(&known);
        let turned = std::mem::discriminant(&state) != std::mem::discriminant(&known.state);
        known.state = state;
        self.open.store(state == Intake::Open, Ordering::Relaxed);
        drop(known);
        if turned {
            self.tell();
        }
    }

    /// Tells the state there is by now, unless another thread has told it.
    fn tell(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        if std::mem::discriminant(&state) != std::mem::discriminant(&told) {
            *told = state;
            (self.on_intake)(state);
        }
    }

    fn evaluate(&self, known: &Known) -> Intake {
        if known.closed {
            Intake::Closed
        } else if known.unfilled || known.free < self.min_free {
            Intake::NoSpace { free: known.free, min_free: self.min_free }
        } else if known.lagging {
            Intake::Lagging { bytes: known.lag }
        } else {
            Intake::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    fn gate() -> (Gate, Arc<Mutex<Vec<Intake>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearer = Arc::clone(&heard);
        let on_intake = Box::new(move |state| hearer.lock().expect("heard").push(state));
        (Gate::new(1000, 800, on_intake), heard)
    }

    #[test]
    fn it_closes_below_min_free_and_opens_by_itself() {
        let (gate, heard) = gate();
        gate.space(999, false);
        gate.space(500, false);
        assert!(!gate.is_open());
        gate.space(1000, false);
        assert!(gate.is_open());
        let no_space = Intake::NoSpace { free: 999, min_free: 1000 };
        assert_eq!(*heard.lock().expect("heard"), [no_space, Intake::Open]);
    }

    #[test]
    fn what_is_only_looked_at_later_has_no_room_before_the_intake_closes() {
        let (gate, _) = gate();
        gate.space(2000, false);
        assert!(gate.has_room_to_spare());
        gate.space(1999, false);
        assert!(gate.is_open() && !gate.has_room_to_spare());
    }

    #[test]
    fn it_closes_above_the_greatest_lag_and_opens_when_an_eighth_is_gone() {
        let (gate, _) = gate();
        gate.lag(801);
        assert_eq!(gate.state(), Intake::Lagging { bytes: 801 });
        gate.lag(750);
        assert!(!gate.is_open(), "it flutters");
        gate.lag(700);
        assert!(gate.is_open());
    }

    #[test]
    fn who_is_slow_to_tell_a_state_is_not_overtaken_by_a_later_one() {
        let (telling, is_telling) = mpsc::channel();
        let (ear, heard) = mpsc::channel();
        let (proceed, may_proceed) = mpsc::channel::<()>();
        let may_proceed = Mutex::new(may_proceed);
        let on_intake = Box::new(move |state| {
            if state != Intake::Open {
                telling.send(()).expect("awaited");
                may_proceed.lock().expect("one at a time").recv().expect("told to");
            }
            ear.send(state).expect("awaited");
        });
        let gate = Gate::new(1000, 800, on_intake);
        std::thread::scope(|scope| {
            scope.spawn(|| gate.space(999, false));
            is_telling.recv().expect("it closes");
            scope.spawn(|| gate.space(1000, false));
            while gate.state() != Intake::Open {
                std::thread::yield_now();
            }
            let overtaken = heard.recv_timeout(Duration::from_millis(50));
            proceed.send(()).expect("awaited");
            assert_eq!(overtaken, Err(mpsc::RecvTimeoutError::Timeout));
            assert!(matches!(heard.recv(), Ok(Intake::NoSpace { .. })));
            assert_eq!(heard.recv(), Ok(Intake::Open));
        });
    }

    #[test]
    fn closed_is_for_good() {
        let (gate, _) = gate();
        gate.close();
        gate.space(u64::MAX, false);
        assert_eq!(gate.state(), Intake::Closed);
    }
}
