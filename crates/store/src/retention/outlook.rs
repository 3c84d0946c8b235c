//! Reckoning how long the room lasts, from what was written lately.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Policy;
use crate::api::Outlook;
use crate::core::Core;
use crate::format::BLOCK;
use crate::history::Shelf;

/// What was written in this time is the measure: a week has its nights and its Sunday.
const MEASURED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Less says nothing.
const LEAST: SignedDuration = SignedDuration::from_mins(10);

const DAY: f64 = 24.0 * 60.0 * 60.0;

/// What there is now.
#[derive(Debug, Clone, Copy)]
struct Room {
    journal: u64,
    history: u64,
    /// Beside what is kept free.
    free: u64,
}

pub(crate) fn outlook(core: &Core, policy: &Policy, now: Timestamp) -> Outlook {
    let Some(a_second) = bytes_a_second(core, now) else { return Outlook::default() };
    let free = core.disk.free(&core.dir).unwrap_or_default();
    let room = Room {
        journal: core.segments.bytes(),
        history: core.history.as_ref().map_or(0, Shelf::bytes),
        free: free.saturating_sub(core.gate.min_free()),
    };
    reckon(a_second, room, policy)
}

fn reckon(a_second: f64, room: Room, policy: &Policy) -> Outlook {
    let with_history = a_second * (1.0 + float(room.history) / float(room.journal.max(1)));
    let by_bytes = lasts(policy.retain_bytes, a_second);
    Outlook {
        bytes_a_day: Some(whole(with_history * DAY)),
        limit_in: lasts(policy.retain_bytes.saturating_sub(room.journal), a_second),
        no_space_in: lasts(room.free, with_history),
        reaches_back: by_bytes.map(|by_bytes| by_bytes.min(policy.retain_for)),
    }
}

/// What is written to the journal; `None` = nothing, or not long enough to tell.
fn bytes_a_second(core: &Core, now: Timestamp) -> Option<f64> {
    let durable = core.progress.durable();
    let (mut bytes, mut since) = (0, now);
    for segment in core.segments.all().into_iter().rev() {
        let Some(created) = segment.created() else { break };
        if now.duration_since(created) > MEASURED {
            break;
        }
        let is_written = segment.id() == durable.segment;
        let end = segment.end().unwrap_or(if is_written { durable.offset } else { BLOCK });
        bytes += end.saturating_sub(BLOCK);
        since = since.min(created);
    }
    let measured = now.duration_since(since);
    (measured >= LEAST && bytes > 0).then(|| float(bytes) / measured.as_secs_f64())
}

/// How long so many bytes last.
fn lasts(bytes: u64, a_second: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(float(bytes) / a_second).ok()
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and never negative"
)]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * 1024 * 1024;

    #[test]
    fn the_room_lasts_as_long_as_the_rate_says() {
        let day = Duration::from_secs(24 * 60 * 60);
        let policy = Policy {
            retain_for: 30 * day,
            retain_bytes: 20 * GIB,
            dead_letter_retention: None,
            tick: Duration::ZERO,
        };
        let room = Room { journal: 8 * GIB, history: 2 * GIB, free: 100 * GIB };
        let hours = |time: Option<Duration>| (time.expect("known").as_secs() + 1800) / 3600;
        let two_a_day = reckon(float(2 * GIB) / DAY, room, &policy);
        let bytes_a_day = two_a_day.bytes_a_day.expect("known");
        assert!(bytes_a_day.abs_diff(2 * GIB + GIB / 2) <= 1, "{bytes_a_day} with the history");
        assert_eq!(hours(two_a_day.limit_in), 6 * 24);
        assert_eq!(hours(two_a_day.no_space_in), 40 * 24);
        assert_eq!(hours(two_a_day.reaches_back), 10 * 24);

        let at_its_limit = Room { journal: 21 * GIB, ..room };
        assert_eq!(reckon(1.0, at_its_limit, &policy).limit_in, Some(Duration::ZERO));
        assert_eq!(reckon(1.0, room, &policy).reaches_back, Some(30 * day), "by age");
    }
}
