//! One interface as it is watched: its counters of the last look, what was counted since, and since when it stands as it
//! does.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use wardline_engine::control::LatencyCounts;
use wardline_engine::control::protocol::{ListenerRow, QueueRow};

use super::condition::Condition;
use super::series::Series;

/// Minutes that are kept of each interface: a day, 11 KiB for the two series of one.
pub(crate) const MINUTES_KEPT: usize = 24 * 60;
/// Minutes of the hour that rates and small charts look at.
pub(crate) const HOUR: usize = 60;

/// Seconds of one stretch of which the time of answers is kept.
pub(crate) const LATENCY_EVERY: i64 = 5 * 60;
/// Stretches that are kept: a day.
const STRETCHES_KEPT: usize = 24 * 12;
/// Of how many of them the time is told.
const SHARE: f64 = 0.95;

/// A listener has to be silent for so long at least to be called quiet.
const QUIET_AT_LEAST: u64 = 5 * 60;
/// And so many times longer than it ever was within a day.
const QUIET_FACTOR: u64 = 2;
/// Messages it must have had within a day: who sends three a day has no habit.
const QUIET_NEEDS: u64 = 20;

/// Seconds within which a queue has been read, however long it is: who starts for longer does not come up by himself.
const STARTING_MOST: u64 = 10 * 60;

/// Which way messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    /// In.
    Listener,
    /// Out.
    Destination,
}

/// What is counted of an interface, since the engine's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counted {
    /// Received, or delivered.
    pub(crate) messages: u64,
    /// Negative answers given, or attempts that failed.
    pub(crate) faults: u64,
    /// How long answers took, ours or the peer's.
    pub(crate) latency: LatencyCounts,
}

/// What is remembered of an interface between two looks.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    last: Option<Counted>,
    pub(crate) condition: Condition,
    pub(crate) since: Timestamp,
    pub(crate) messages: Series,
    pub(crate) faults: Series,
    latency: Stretches,
}

/// The time of answers, by stretches of [`LATENCY_EVERY`].
#[derive(Debug, Clone, Default)]
struct Stretches {
    began: Option<(Timestamp, LatencyCounts)>,
    /// Below which 95 of 100 stayed, microseconds; 0 where there was none.
    over: VecDeque<u32>,
    newest: Option<Duration>,
}

/// What a page shows of one interface beside the engine's own row.
#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub(crate) id: String,
    pub(crate) side: Side,
    pub(crate) condition: Condition,
    pub(crate) since: Timestamp,
    /// Messages in the last whole minute.
    pub(crate) a_minute: u64,
    /// Messages of each minute of the last hour, the oldest first.
    pub(crate) hour: Vec<u32>,
    /// Messages since it is watched, at most a day.
    pub(crate) day: u64,
    /// Faults of the last hour.
    pub(crate) faults_hour: u64,
    /// Seconds of the longest silence between two messages within a day.
    pub(crate) longest_gap: Option<u64>,
    /// Seconds of silence after which a listener counts as quiet; none while nobody knows its habit.
    pub(crate) quiet_at: Option<u64>,
    /// Messages a minute while it flowed: the median of the minutes of the last hour in which there were any.
    pub(crate) usual: u64,
    /// Below which 95 of 100 answers stayed in the last minutes; none where there was none.
    pub(crate) latency: Option<Duration>,
    /// The same of each stretch of [`LATENCY_EVERY`] within a day, in microseconds, the oldest first; 0 where there was none.
    pub(crate) latencies: Vec<u32>,
}

impl Stretches {
    fn look(&mut self, at: Timestamp, now: LatencyCounts) {
        let (began, before) = *self.began.get_or_insert((at, now));
        let grown = now.since(&before);
        // A stretch that has just begun shows the one before it until something was answered.
        if grown.count() > 0 {
            self.newest = grown.within(SHARE);
        }
        if at.as_second() - began.as_second() >= LATENCY_EVERY {
            let micros = grown.within(SHARE).map_or(0, |time| time.as_micros());
            self.over.push_back(u32::try_from(micros).unwrap_or(u32::MAX));
            if self.over.len() > STRETCHES_KEPT {
                self.over.pop_front();
            }
            if grown.count() == 0 {
                self.newest = None;
            }
            self.began = Some((at, now));
        }
    }
}

impl Counted {
    pub(crate) fn of_listener(row: &ListenerRow) -> Self {
        let counts = &row.counts;
        Self {
            messages: counts.frames + counts.files,
            faults: counts.answered_ae
                + counts.answered_ar
                + counts.answered_ce
                + counts.answered_cr,
            latency: counts.answer_latency,
        }
    }

    pub(crate) fn of_destination(row: &QueueRow) -> Self {
        let counts = row.counts.unwrap_or_default();
        Self {
            messages: counts.delivered,
            faults: counts.retried + counts.dead + counts.connect_failures,
            latency: counts.delivery_latency,
        }
    }
}

impl Watched {
    pub(crate) fn new(condition: Condition, since: Timestamp) -> Self {
        Self {
            last: None,
            condition,
            since,
            messages: Series::new(60, MINUTES_KEPT),
            faults: Series::new(60, MINUTES_KEPT),
            latency: Stretches::default(),
        }
    }

    /// Takes what was counted since the last look; how many messages that were. What was counted before the first look
    /// has no time, and counters that fell are another's.
    pub(crate) fn look(&mut self, at: Timestamp, counted: Counted) -> Counted {
        let last = self.last.replace(counted).unwrap_or(counted);
        let more = |now: u64, then: u64| now.checked_sub(then).unwrap_or(now);
        let grown = Counted {
            messages: more(counted.messages, last.messages),
            faults: more(counted.faults, last.faults),
            ..Counted::default()
        };
        self.latency.look(at, counted.latency);
        self.messages.add(at, grown.messages);
        self.faults.add(at, grown.faults);
        grown
    }

    /// Goes over to a state; true if it is another.
    pub(crate) fn stand(&mut self, condition: Condition, at: Timestamp) -> bool {
        let changed = self.condition != condition;
        if changed {
            self.condition = condition;
            self.since = at;
        }
        changed
    }

    /// How a destination stands that says this of itself: who starts again and again, or without end, has failed.
    pub(crate) fn destination(&self, says: Condition, at: Timestamp) -> Condition {
        let since = u64::try_from(at.as_second() - self.since.as_second()).unwrap_or(0);
        match (says, self.condition) {
            (Condition::Starting, Condition::Failed) => Condition::Failed,
            (Condition::Starting, Condition::Starting) if since > STARTING_MOST => {
                Condition::Failed
            }
            _ => says,
        }
    }

    /// After how many seconds of silence it is called quiet.
    pub(crate) fn quiet_at(&self) -> Option<u64> {
        let longest = self.longest_gap()?;
        let has_habit =
            self.messages.sum(MINUTES_KEPT) >= QUIET_NEEDS && self.messages.len() > HOUR;
        has_habit.then(|| (longest * QUIET_FACTOR).max(QUIET_AT_LEAST))
    }

    /// Whether it is quiet. Who was stays so until a message comes: a habit that is forgotten while nothing comes is no
    /// sign that all is well.
    pub(crate) fn is_quiet(&self, silence: u64, last: Option<Timestamp>) -> bool {
        let came = last.is_some_and(|last| last > self.since);
        if self.condition == Condition::Quiet && !came {
            return true;
        }
        self.quiet_at().is_some_and(|most| silence > most)
    }

    /// Of gaps shorter than a minute nobody knows more than that.
    fn longest_gap(&self) -> Option<u64> {
        self.messages.longest_gap().map(|minutes| (minutes + 1) * 60)
    }

    pub(crate) fn shown(&self, id: String, side: Side) -> Interface {
        let hour: Vec<u32> = self.messages.last(HOUR).collect();
        // The minute of now is not over yet: what stands in it is no rate.
        let a_minute = hour.iter().rev().nth(1).or(hour.last()).copied().unwrap_or(0);
        let mut flowing: Vec<u32> = hour.iter().copied().filter(|count| *count > 0).collect();
        flowing.sort_unstable();
        Interface {
            id,
            side,
            condition: self.condition,
            since: self.since,
            a_minute: a_minute.into(),
            day: self.messages.sum(MINUTES_KEPT),
            faults_hour: self.faults.sum(HOUR),
            longest_gap: self.longest_gap(),
            quiet_at: if side == Side::Listener { self.quiet_at() } else { None },
            usual: flowing.get(flowing.len() / 2).copied().unwrap_or(0).into(),
            latency: self.latency.newest,
            latencies: self.latency.over.iter().copied().collect(),
            hour,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).expect("a moment")
    }

    fn counted(messages: u64) -> Counted {
        Counted { messages, ..Counted::default() }
    }

    #[test]
    fn what_was_counted_before_anybody_looked_has_no_minute() {
        let mut watched = Watched::new(Condition::Up, minute(0));
        assert_eq!(watched.look(minute(0), counted(1000)), counted(0));
        assert_eq!(watched.look(minute(1), counted(1007)), counted(7));
        assert_eq!(watched.shown("adt-in".into(), Side::Listener).day, 7);
    }

    #[test]
    fn counters_that_begin_anew_are_counted_from_nothing() {
        let mut watched = Watched::new(Condition::Up, minute(0));
        watched.look(minute(0), counted(1000));
        assert_eq!(watched.look(minute(1), counted(3)), counted(3));
    }

    #[test]
    fn a_listener_is_quiet_only_beyond_twice_its_longest_silence_of_a_day() {
        let mut watched = Watched::new(Condition::Up, minute(0));
        let mut messages = 0;
        for time in 0..120 {
            messages += u64::from(time % 10 == 0) * 2;
            watched.look(minute(time), counted(messages));
        }
        assert_eq!(watched.quiet_at(), Some(20 * 60));
        let new = Watched::new(Condition::Up, minute(0));
        assert_eq!(new.quiet_at(), None);
    }

    #[test]
    fn who_starts_without_end_or_again_and_again_has_failed() {
        let mut watched = Watched::new(Condition::Idle, minute(0));
        let mut stands = |says, time| {
            let condition = watched.destination(says, minute(time));
            watched.stand(condition, minute(time));
            condition
        };
        assert_eq!(stands(Condition::Starting, 1), Condition::Starting);
        assert_eq!(stands(Condition::Starting, 9), Condition::Starting);
        assert_eq!(stands(Condition::Starting, 12), Condition::Failed);
        assert_eq!(stands(Condition::Up, 13), Condition::Up);
        assert_eq!(stands(Condition::Failed, 14), Condition::Failed);
        assert_eq!(stands(Condition::Starting, 15), Condition::Failed);
    }

    #[test]
    fn who_is_quiet_stays_so_for_days_until_a_message_comes() {
        let mut watched = Watched::new(Condition::Up, minute(0));
        let mut messages = 0;
        for time in 0..3000 {
            messages += u64::from(time < 120 && time % 10 == 0) * 2;
            watched.look(minute(time), counted(messages));
            let last = time.min(110) / 10 * 10;
            let silence = u64::try_from((time - last) * 60).unwrap();
            let quiet = watched.is_quiet(silence, Some(minute(last)));
            assert_eq!(quiet, time > 130, "{time}");
            watched.stand(Condition::of_listener(false, quiet, true), minute(time));
        }
        assert_eq!(watched.quiet_at(), None, "its habit is forgotten");
        assert!(!watched.is_quiet(0, Some(minute(3000))));
    }

    #[test]
    fn a_state_is_as_old_as_its_last_change() {
        let mut watched = Watched::new(Condition::Up, minute(0));
        assert!(!watched.stand(Condition::Up, minute(5)));
        assert!(watched.stand(Condition::Down, minute(7)));
        assert!(!watched.stand(Condition::Down, minute(9)));
        assert_eq!(watched.since, minute(7));
    }
}
