//! Letting the oldest segment go.

use std::collections::BTreeMap;

use super::carry;
use super::watch::Epoch;
use crate::api::{Name, OldestStays, ReadError};
use crate::core::Core;
use crate::format::BLOCK;
use crate::index::Found;
use crate::index::thread::has_room;
use crate::journal::segments::Segment;

/// Above this share of live bytes copying costs more than it frees.
const MOSTLY: f64 = 0.5;

/// How often it is looked at before the next tick: what was touched while it was carried is read again.
const ROUNDS: usize = 6;

/// What is live in a segment: by message, with the destinations.
pub(super) type Live = BTreeMap<u64, Vec<(Name, Found)>>;

/// Carries what is live in `segment`, and deletes it; or tells why it stays.
pub(super) fn release(core: &Core, segment: &Segment) -> Result<Option<OldestStays>, ReadError> {
    for _ in 0..ROUNDS {
        if is_ended(core, segment)? {
            return delete(core, segment).map(|()| None);
        }
        let epoch = core.watch.begin();
        let stays = carry_round(core, epoch, segment);
        core.watch.end();
        if let Some(stays) = stays? {
            return Ok(Some(stays));
        }
    }
    Ok(Some(OldestStays::Busy))
}

/// Whether nothing in it is live. What has ended stays ended, whatever is still to be written: so nothing is waited for,
/// and the segment can go even if the writer stands still for want of the very space it takes.
fn is_ended(core: &Core, segment: &Segment) -> Result<bool, ReadError> {
    let (live, holds) = live_in(core, segment)?;
    Ok(live.is_empty() && holds.is_empty())
}

/// Carries what is live; or tells why not.
fn carry_round(
    core: &Core,
    epoch: Epoch,
    segment: &Segment,
) -> Result<Option<OldestStays>, ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let (live, holds) = live_in(core, segment)?;
    if let Some(stays) = mostly_live(segment, LiveShare::of(&live)) {
        return Ok(Some(stays));
    }
    let all = carry::carry(core, epoch, &live, &holds)?;
    Ok((!all).then_some(OldestStays::NoSpace))
}

/// What the index knows to be live in `segment`, and the destinations whose hold it says.
fn live_in(core: &Core, segment: &Segment) -> Result<(Live, Vec<Name>), ReadError> {
    let last =
        core.segments.get(segment.id() + 1).map_or(u64::MAX, |next| next.header.first_number);
    core.index.with(|view| {
        view.catch_up(&core.segments, core.progress.durable())?;
        let mut live = Live::new();
        let mut holds = Vec::new();
        for destination in view.destinations() {
            view.each(&destination, 0, |found| {
                if found.number >= last {
                    return false;
                }
                if found.entry.place.segment == segment.id() {
                    live.entry(found.number).or_default().push((destination.clone(), found));
                }
                true
            })?;
            if view.hold(&destination).is_some_and(|hold| hold.place.segment == segment.id()) {
                holds.push(destination);
            }
        }
        Ok((live, holds))
    })
}

/// What of a segment is live.
pub(super) struct LiveShare {
    pub(super) bytes: u64,
    /// Its deliveries.
    pub(super) by_destination: BTreeMap<Name, u64>,
}

impl LiveShare {
    fn of(live: &Live) -> Self {
        let mut share = Self { bytes: 0, by_destination: BTreeMap::new() };
        for deliveries in live.values() {
            let sizes = deliveries.iter().map(|(_, found)| u64::from(found.entry.body_bytes));
            share.bytes += sizes.max().unwrap_or(0);
            for (destination, _) in deliveries {
                *share.by_destination.entry(destination.clone()).or_default() += 1;
            }
        }
        share
    }
}

/// Why a segment stays in which too much is live.
pub(super) fn mostly_live(segment: &Segment, live: LiveShare) -> Option<OldestStays> {
    let bytes = segment.end().unwrap_or(BLOCK) - BLOCK;
    let LiveShare { bytes: live_bytes, by_destination } = live;
    #[expect(clippy::cast_precision_loss, reason = "a share, not a size")]
    let share = live_bytes as f64 / bytes.max(1) as f64;
    if share <= MOSTLY {
        return None;
    }
    let deliveries = by_destination.values().sum();
    let (most, _) = by_destination.into_iter().max_by_key(|(_, count)| *count)?;
    Some(OldestStays::MostlyLive { live_bytes, bytes, deliveries, most })
}

fn delete(core: &Core, segment: &Segment) -> Result<(), ReadError> {
    // On a full disk sled may not write, and this segment is the room it needs. A crash then costs a rebuild.
    if has_room(core) {
        core.index.write_down(core)?;
    }
    let io = |source| ReadError::Io { file: segment.path.clone(), source };
    core.segments.remove(segment.id());
    if let Some(history) = &core.history {
        history.forget(segment.id());
    }
    core.disk.remove(&segment.path).and_then(|()| core.disk.sync_folder(&core.dir)).map_err(io)?;
    tracing::info!(segment = segment.id(), bytes = segment.length(), "segment deleted");
    Ok(())
}
