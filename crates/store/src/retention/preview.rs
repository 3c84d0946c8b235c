//! What retention would let go under some limits, told before it does: by segment, by interface, and what of it has not
//! ended and is carried forward.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Policy;
use super::oldest::{LiveShare, mostly_live};
use crate::api::{
    DeliveryState, Name, NotEnded, PrunedListener, PrunedSegment, Pruning, ReadError,
};
use crate::core::Core;
use crate::history::each_row;
use crate::journal::segments::Segment;

/// How long messages are counted by interface: an operator waits.
const COUNT_TIME: Duration = Duration::from_secs(5);

/// Rows between two looks at the clock.
const BETWEEN_LOOKS: u64 = 1024;

/// What is live in one segment.
#[derive(Default)]
struct Live {
    not_ended: NotEnded,
    /// The most that a delivery of each message sends.
    bytes: BTreeMap<u64, u32>,
    by_destination: BTreeMap<Name, u64>,
}

/// What would go under these limits, as if retention ran now.
pub(crate) fn pruning(core: &Core, limits: &Policy, now: Timestamp) -> Result<Pruning, ReadError> {
    let segments = core.segments.all();
    let due = due(core, &segments, limits, now);
    let mut live = live(core, segments.get(due).map_or(0, |next| next.header.first_number))?;
    let mut left = core.segments.bytes();
    let mut pruning = Pruning {
        retain_for: limits.retain_for,
        retain_bytes: limits.retain_bytes,
        messages: core.history.is_some().then_some(0),
        whole: true,
        ..Pruning::default()
    };
    for (segment, next) in segments.iter().take(due).zip(segments.iter().skip(1)) {
        if !is_due(left, next, limits, now) {
            break;
        }
        let live = live.remove(&segment.id()).unwrap_or_default();
        let share = LiveShare {
            bytes: live.bytes.values().copied().map(u64::from).sum(),
            by_destination: live.by_destination,
        };
        let carried_bytes = share.bytes;
        pruning.stays = mostly_live(segment, share);
        if pruning.stays.is_some() {
            break;
        }
        left = left.saturating_sub(segment.length().saturating_sub(carried_bytes));
        let messages = core.history.as_ref().map(|history| history.messages_in(segment.id()));
        pruning.each.push(PrunedSegment {
            segment: segment.id(),
            bytes: segment.length(),
            from: segment.created(),
            until: next.created(),
            messages,
            carried: live.not_ended,
        });
        pruning.segments += 1;
        pruning.bytes += segment.length();
        pruning.until = next.created();
        pruning.messages = pruning.messages.map(|all| all + messages.unwrap_or_default());
        pruning.carried.add(&live.not_ended);
    }
    count_by_listener(core, &mut pruning);
    Ok(pruning)
}

/// How many segments might go at most, from the oldest on: each gives back half of its bytes at least, or it stays.
fn due(
    core: &Core,
    segments: &[std::sync::Arc<Segment>],
    limits: &Policy,
    now: Timestamp,
) -> usize {
    let mut left = core.segments.bytes();
    let pairs = segments.iter().zip(segments.iter().skip(1));
    let due = pairs.take_while(|(segment, next)| {
        let is_due = is_due(left, next, limits, now);
        left = left.saturating_sub(segment.length() / 2);
        is_due
    });
    due.count()
}

/// `next` tells about when the last record of the segment before it was written.
fn is_due(left: u64, next: &Segment, limits: &Policy, now: Timestamp) -> bool {
    let age = next.created().map(|last| now.duration_since(last).unsigned_abs());
    left > limits.retain_bytes || age.is_some_and(|age| age > limits.retain_for)
}

/// What the index knows to be live of the messages before `below`, by the segment it stands in.
fn live(core: &Core, below: u64) -> Result<BTreeMap<u64, Live>, ReadError> {
    core.index.with(|view| {
        view.catch_up(&core.segments, core.progress.durable())?;
        let mut live: BTreeMap<u64, Live> = BTreeMap::new();
        for destination in view.destinations() {
            view.each(&destination, 0, |found| {
                if found.number >= below {
                    return false;
                }
                let of_segment = live.entry(found.entry.place.segment).or_default();
                of_segment.not_ended.count(found.entry.state.stands);
                let bytes = of_segment.bytes.entry(found.number).or_default();
                *bytes = found.entry.body_bytes.max(*bytes);
                *of_segment.by_destination.entry(destination.clone()).or_default() += 1;
                true
            })?;
        }
        Ok(live)
    })
}

/// Counts the messages that would go by their listener, as far as the time goes.
fn count_by_listener(core: &Core, pruning: &mut Pruning) {
    let Some(history) = &core.history else { return };
    let until = Instant::now() + COUNT_TIME;
    let mut listeners: BTreeMap<Name, (u64, u64)> = BTreeMap::new();
    let mut looked = 0_u64;
    for segment in &pruning.each {
        let counted = each_row(history, segment.segment, &mut |listener, bytes| {
            let (messages, all) = listeners.entry(listener.clone()).or_default();
            (*messages, *all) = (*messages + 1, *all + bytes);
            looked += 1;
            !looked.is_multiple_of(BETWEEN_LOOKS) || Instant::now() < until
        });
        if !counted {
            pruning.whole = false;
            break;
        }
    }
    let listener = |(listener, (messages, bytes))| PrunedListener { listener, messages, bytes };
    pruning.listeners = listeners.into_iter().map(listener).collect();
}

impl NotEnded {
    fn count(&mut self, state: DeliveryState) {
        match state {
            DeliveryState::Pending => self.pending += 1,
            DeliveryState::Held => self.held += 1,
            DeliveryState::Dead => self.dead += 1,
        }
    }

    fn add(&mut self, other: &Self) {
        self.pending += other.pending;
        self.held += other.held;
        self.dead += other.dead;
    }
}
