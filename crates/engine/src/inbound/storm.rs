//! Storms: a sender that sends the same message, with the same bytes, again and again. One that gives one id to several
//! messages is none: it gets on.
//!
//! Something over there does not get on: it does not like the answer, or never reads it. Its connection is slowed down
//! so that it harms nobody, and somebody is told. It is never refused for that: it may be right. What was not taken is
//! watched as well as what comes again: who hears AE and resends at once is the usual storm.
//!
//! ```text
//!   calm ──10 times within a minute──▶ storm: 1 s before the next read, 2 s, 4 s … 30 s
//!     ▲                                   │
//!     └──────── a minute without it ◀─────┘
//! ```

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wardline_store::Digest;

/// So often the same message must come …
const TIMES: u32 = 10;
/// … within this, to be a storm; and so long it must be away for the storm to be over.
const WITHIN: Duration = Duration::from_secs(60);
/// The first pause. Each one after is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest: shorter than [`WITHIN`], so that a storm goes on while it blows.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Messages of which repeats are counted. A sender that does not get on repeats one.
const WATCHED: usize = 64;

/// The repeats of one listener.
#[derive(Debug, Default)]
pub(crate) struct Storms {
    repeated: Mutex<VecDeque<Repeated>>,
}

#[derive(Debug)]
struct Repeated {
    message: Digest,
    times: u32,
    /// When the count began.
    since: Instant,
    last: Instant,
}

/// What a repeat means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nothing.
    Calm,
    /// The connection rests before it reads on.
    Storm {
        /// How long.
        pause: Duration,
        /// Whether the storm begins with it.
        begins: bool,
    },
}

impl Storms {
    /// The message came again.
    pub(crate) fn repeated(&self, message: Digest, now: Instant) -> Weather {
        let mut all = self.watched(now);
        let known = take(&mut all, message);
        // The first copy is the second of its kind.
        put(&mut all, known.unwrap_or(Repeated::first(message, now)).again(now))
    }

    /// The message came, as a new one: it is again if it was not taken before.
    pub(crate) fn came(&self, message: Digest, now: Instant) -> Weather {
        let mut all = self.watched(now);
        match take(&mut all, message) {
            Some(known) => put(&mut all, known.again(now)),
            None => Weather::Calm,
        }
    }

    /// The message was not taken: it may come again.
    pub(crate) fn not_taken(&self, message: Digest, now: Instant) {
        let mut all = self.watched(now);
        let known = take(&mut all, message);
        put(&mut all, known.unwrap_or(Repeated::first(message, now)));
    }

    fn watched(&self, now: Instant) -> MutexGuard<'_, VecDeque<Repeated>> {
        let mut all = self.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| now.duration_since(one.last) < WITHIN);
        all
    }
}

impl Repeated {
    fn first(message: Digest, now: Instant) -> Self {
        Self { message, times: 1, since: now, last: now }
    }

    fn again(mut self, now: Instant) -> Self {
        if self.times < TIMES && now.duration_since(self.since) >= WITHIN {
            (self.times, self.since) = (1, now);
        }
        Self { times: self.times.saturating_add(1), last: now, ..self }
    }
}

fn take(all: &mut VecDeque<Repeated>, message: Digest) -> Option<Repeated> {
    let place = all.iter().position(|one| one.message == message)?;
    all.remove(place)
}

/// Puts it behind the others, of which the first makes room; what it means.
fn put(all: &mut VecDeque<Repeated>, one: Repeated) -> Weather {
    let weather = weather(one.times);
    if all.len() == WATCHED {
        all.pop_front();
    }
    all.push_back(one);
    weather
}

fn weather(times: u32) -> Weather {
    let Some(doubled) = times.checked_sub(TIMES) else { return Weather::Calm };
    let factor = 2_u32.checked_pow(doubled).unwrap_or(u32::MAX);
    Weather::Storm {
        pause: FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE),
        begins: doubled == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(key: u64) -> Digest {
        Digest { key, bytes: [0; 16] }
    }

    fn pauses(storms: &Storms, start: Instant, seconds: impl Iterator<Item = u64>) -> Vec<u64> {
        seconds
            .map(|second| match storms.repeated(message(1), start + Duration::from_secs(second)) {
                Weather::Calm => 0,
                Weather::Storm { pause, .. } => pause.as_secs(),
            })
            .collect()
    }

    #[test]
    fn the_tenth_of_a_kind_within_a_minute_is_slowed_down_and_each_after_it_more() {
        let (storms, start) = (Storms::default(), Instant::now());
        let expected = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30];
        assert_eq!(pauses(&storms, start, 0..15), expected);
    }

    #[test]
    fn a_storm_begins_once_and_ends_with_a_minute_of_calm() {
        let (storms, start) = (Storms::default(), Instant::now());
        let begins = |second| {
            let weather = storms.repeated(message(1), start + Duration::from_secs(second));
            matches!(weather, Weather::Storm { begins: true, .. })
        };
        assert_eq!((0..200).filter(|second| begins(*second)).count(), 1);
        assert_eq!((259..400).filter(|second| begins(*second)).count(), 1, "another one");
    }

    #[test]
    fn repeats_that_take_their_time_are_no_storm() {
        let (storms, start) = (Storms::default(), Instant::now());
        let slowly = pauses(&storms, start, (0..100).map(|number| number * 10));
        assert!(slowly.iter().all(|pause| *pause == 0), "{slowly:?}");
    }

    #[test]
    fn what_is_never_taken_is_a_storm_as_well_and_what_is_taken_once_is_none() {
        let (storms, now) = (Storms::default(), Instant::now());
        let mut weather = Vec::new();
        for _ in 0..TIMES {
            weather.push(storms.came(message(1), now));
            storms.not_taken(message(1), now);
        }
        let storm = Weather::Storm { pause: FIRST_PAUSE, begins: true };
        assert_eq!(weather.pop(), Some(storm));
        assert!(weather.iter().all(|one| *one == Weather::Calm), "{weather:?}");
        for key in 2..1000 {
            assert_eq!(storms.came(message(key), now), Weather::Calm);
        }
        assert!(matches!(storms.came(message(1), now), Weather::Storm { begins: false, .. }));
        let other_bytes = Digest { bytes: [1; 16], ..message(1) };
        assert_eq!(storms.came(other_bytes, now), Weather::Calm);
    }

    #[test]
    fn bound_1_only_so_many_messages_are_watched() {
        let (storms, now) = (Storms::default(), Instant::now());
        for key in 0..1000 {
            storms.repeated(message(key), now);
            storms.not_taken(message(key + 1), now);
        }
        assert_eq!(storms.repeated.lock().map_or(0, |all| all.len()), WATCHED);
    }
}
